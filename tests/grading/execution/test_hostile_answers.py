"""What student code says to the worker, or leaves behind, costs neither the worker nor the submission."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from queue import Empty
from unittest.mock import MagicMock

import psutil
import pytest

from hubgrade_ext.grading.execution.bundle import BundleResult
from hubgrade_ext.grading.execution.direct_client import Channel
from hubgrade_ext.grading.execution.engine import LocalExecutor
from hubgrade_ext.grading.execution.frames import TooLarge, check_weight
from hubgrade_ext.grading.execution.limits import Limits

Run = Callable[..., BundleResult]
Said = Callable[[BundleResult], list[str]]
SEND = """
import json, struct
from hubgrade_ext.grading.execution.frames import frame
kernel = get_ipython().kernel
parent = kernel.get_parent("shell")["header"]["msg_id"]
def head(content):
    return ('{"channel":"iopub","header":{"msg_id":"1","msg_type":"display_data","date":"2026-01-01T00:00Z"},'
            '"parent_header":{"msg_id":"%s"},"metadata":{},"content":%s}' % (parent, content)).encode()
"""
MANY_DICTS = SEND + (
    'kernel.session.pipe.send(frame(head(\'{"data":{"application/json":[\''
    " + ','.join(['{}'] * 1_250_000) + ']},\"metadata\":{}}')))"
)
MANY_PARTS = (
    SEND
    + """
first, count = head('{"data":{},"metadata":{}}'), 900_000
body = struct.pack("!I", count + 1) + struct.pack("!I", len(first)) + bytes(4 * count) + first
kernel.session.pipe.send(struct.pack("!I", len(body)) + body)
"""
)


@pytest.mark.parametrize("code", [MANY_DICTS, MANY_PARTS])
def test_a_small_message_that_would_be_large_is_not_loaded(run: Run, code: str) -> None:
    before = psutil.Process().memory_info().rss
    result = run("1", code, limits=Limits(output_bytes=8 * 1024**2))
    assert result.outcome.kind == "too_large"
    assert psutil.Process().memory_info().rss - before < 100 * 1024**2


def test_a_plot_of_a_million_numbers_is_loaded() -> None:
    check_weight(json.dumps({"data": [0.125] * 1_000_000}).encode())
    with pytest.raises(TooLarge):
        check_weight(b"{}," * 1_000_000)


def test_half_of_a_surrogate_pair_costs_no_reply(run: Run, said: Said) -> None:
    result = run("print('\\ud800')", "print('on')", limits=Limits(cell_timeout_s=20))
    assert result.outcome.kind == "ok"
    assert result.wall_s < 10
    assert said(result)[1] == "on\n"


def test_of_very_many_files_some_come_back_and_none_counts_as_deleted(run: Run) -> None:
    many = "import os\nos.mkdir('a')\nfor n in range(11_000): os.mknod(f'a/{n}')"
    result = run(many, files={"zz.txt": b"mine", "timestamp.txt": b"2026-01-31 10:00:00 UTC"})
    assert (result.outcome.kind, result.deleted) == ("ok", ())
    few = run("import os\nos.unlink('zz.txt')", files={"zz.txt": b"mine"})
    assert few.deleted == ("zz.txt",)


def test_when_it_was_handed_in_is_not_the_students_to_say(run: Run) -> None:
    files = {"timestamp.txt": b"2026-01-31 10:00:00 UTC", "mine.txt": b"1"}
    code = "for name in ('timestamp.txt', 'mine.txt'):\n    open(name, 'w').write('2000-01-01 10:00:00 UTC')"
    result = run(code, files=files)
    assert [file.path for file in result.files] == ["mine.txt"]


async def test_the_end_of_a_kernel_is_not_lost_in_a_message_that_comes_with_it() -> None:
    channel = Channel(client=MagicMock())
    waiting = asyncio.ensure_future(channel.get_msg(30))
    await asyncio.sleep(0)
    channel.put({"msg_type": "execute_reply"})
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await channel.get_msg(0) == {"msg_type": "execute_reply"}
    with pytest.raises(Empty):
        await channel.get_msg(0.01)


def test_ctrl_c_in_a_terminal_is_not_for_the_warm_process(executor: LocalExecutor, run: Run) -> None:
    run("1")
    sessions = {
        os.getsid(child.pid) for child in psutil.Process().children() if "main(" in str(child.cmdline())
    }
    assert sessions
    assert os.getsid(0) not in sessions
