"""Every attack of `attacks`, at each level and as each kind of user, must fail; outside, it must succeed."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attacks
import pytest

from hubgrade_ext.grading.execution import seccomp
from hubgrade_ext.grading.execution.isolation import try_level

PROGRAM = Path(__file__).parent / "attack_program.py"
ORDINARY = "nobody"
COMBINATIONS = [
    pytest.param(("namespaces", "this user"), id="namespaces-this user"),
    pytest.param(("namespaces", ORDINARY), id=f"namespaces-{ORDINARY}"),
    pytest.param(("bubblewrap", "this user"), id="bubblewrap-this user"),
    pytest.param(("bubblewrap", ORDINARY), id=f"bubblewrap-{ORDINARY}", marks=pytest.mark.long),
]


@pytest.fixture(scope="module", params=COMBINATIONS)
def combination(request: pytest.FixtureRequest) -> tuple[str, str]:
    level, user = request.param
    verdict = try_level(level)
    if not verdict.works:
        pytest.skip(f"{level}: {verdict.why}")
    if user == ORDINARY and os.getuid() != 0:
        pytest.skip("only root can become another user")
    return level, user


@pytest.fixture(scope="module")
def told(combination: tuple[str, str]) -> dict[str, Any]:
    level, user = combination
    become: dict[str, Any] = {}
    # not in /tmp: with the readable library in it, no submission would get a /tmp of its own
    with tempfile.TemporaryDirectory(prefix="hubgrade-attack-", dir="/var/tmp") as base:
        if user == ORDINARY:
            entry = pwd.getpwnam(ORDINARY)
            os.chown(base, entry.pw_uid, entry.pw_gid)
            become = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        command = [sys.executable, str(PROGRAM), level, base]
        done = subprocess.run(command, capture_output=True, timeout=240, check=False, **become)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", [*attacks.ATTACKS, *attacks.ROOT_ATTACKS])
def test_nothing_is_stolen(told: dict[str, Any], name: str) -> None:
    steal = told["steal"]
    if name not in steal["outside"]:
        pytest.skip("only root can do this outside")
    assert steal["outside"][name], "the attack must work where nothing stands in its way"
    assert "GOT" not in steal["inside"][name]
    assert steal["kind"] == "ok"


def test_submissions_do_not_see_each_other(told: dict[str, Any]) -> None:
    spy = told["spy"]
    found = [line.split()[1:] for line in spy["outside"].splitlines() if line.startswith("GOT")]
    kinds, places = {what for what, _ in found}, {where for what, where in found if what == "file"}
    assert kinds == {"process", "signal", "trace", "file", "socket"}
    own = {"/tmp"} if not Path(sys.prefix).is_relative_to("/tmp") else set()
    assert places == {"/grading/work", "/grading/home", "/grading/tmp", "/dev/shm"} | own
    assert spy["victim"]["kind"] == "ok"
    assert spy["victim"]["files"] == ["victim-file"]
    assert spy["spy"]["kind"] == "ok"
    assert "GOT" not in spy["spy"]["said"]
    assert "terminals ['ptmx']" in spy["spy"]["said"]


def test_a_kernel_holds_no_file_of_the_worker(told: dict[str, Any]) -> None:
    spy = told["spy"]
    own = {
        link for link in json.loads(spy["files"]["said"]) if not link.startswith(("anon_inode:", "/grading/"))
    }
    usual = re.compile(r"/dev/null|(pipe|socket):\[\d+\]|/[\w/.-]*/log")
    assert [link for link in own if not usual.fullmatch(link)] == []
    assert [link for link in spy["held"] if not usual.fullmatch(link)], "the worker holds others"
    assert own & set(spy["held"]) <= {"/dev/null"}


def test_detached_children_end_with_the_submission(told: dict[str, Any]) -> None:
    assert told["spy"]["detached"] >= 2, "the kernel and its detached child"
    assert told["spy"]["detach"]["said"] == "detached\n"
    assert told["spy"]["left"] == []


def test_no_process_is_left(told: dict[str, Any]) -> None:
    assert len(told["left"]) == 15
    assert all(pids == [] for pids in told["left"].values())


def test_landlock_is_there_beside_the_mounts(told: dict[str, Any], combination: tuple[str, str]) -> None:
    # bubblewrap shows the same files without it
    assert told["landlock"]["said"] == ("PermissionError" if combination[0] == "namespaces" else "GOT\n")


def test_fork_bomb_is_stopped(told: dict[str, Any]) -> None:
    # Refused by the system it runs into its time limit, else the supervisor ends it.
    assert told["bomb"]["kind"] in {"kernel_died", "cell_timed_out"}
    assert told["bomb"]["cell"] == 0
    bomb, interrupted = told["bomb"], "KeyboardInterrupt\nCellTimeoutError"
    if bomb["said"] != "NotExecuted":
        assert bomb["kind"] == "cell_timed_out"
        # one that falls into what Python's own modules do before a fork is lost, and the next one comes
        assert bomb["said"].endswith(interrupted)


def test_a_list_too_large_is_a_memory_error(told: dict[str, Any]) -> None:
    assert told["list"]["said"] == "MemoryError"


def test_memory_that_no_rlimit_counts_is_out_of_memory(told: dict[str, Any]) -> None:
    assert told["shared"]["kind"] == "out_of_memory"
    assert "150 MiB" in told["shared"]["sentence"]


def test_memory_of_no_file_is_refused(told: dict[str, Any]) -> None:
    # where there is no filter of system calls, it is counted
    assert told["memfd"]["said"] == ("OSError" if seccomp.program() else "NotExecuted")


def test_the_disk_cannot_be_filled(told: dict[str, Any], combination: tuple[str, str]) -> None:
    assert "GOT" not in told["disk"]["said"]
    if combination[0] == "bubblewrap":
        assert told["disk"]["kind"] == "too_large"
    else:
        assert int(told["disk"]["said"]) <= 60 * 1024**2


def test_a_file_cannot_be_too_large(told: dict[str, Any]) -> None:
    assert "File too large" in told["file"]["said"]


def test_exit_is_told(told: dict[str, Any]) -> None:
    assert told["exit"]["kind"] == "kernel_died"
    assert told["exit"]["cell"] == 1
    assert "ended itself with status 0" in told["exit"]["sentence"]
    assert told["exit"]["said"].split() == ["NotExecuted", "NotExecuted"]


def test_an_endless_loop_that_ignores_interrupts_ends(told: dict[str, Any]) -> None:
    assert told["endless"]["kind"] == "cell_timed_out"
    assert told["endless"]["cell"] == 1
    assert told["endless"]["said"].split() == ["NotExecuted", "NotExecuted"]


def test_an_endless_loop_is_interrupted_and_the_next_cells_run(told: dict[str, Any]) -> None:
    assert told["loop"]["kind"] == "cell_timed_out"
    assert told["loop"]["cell"] == 1
    assert told["loop"]["said"].split() == ["KeyboardInterrupt", "CellTimeoutError", "after"]


def test_the_first_process_cannot_be_ended_from_inside(
    told: dict[str, Any], combination: tuple[str, str]
) -> None:
    assert told["supervisor"]["said"].endswith("alive\n")
    if combination[0] == "namespaces":
        # bubblewrap's own first process can be read; ours watches from outside of it.
        assert "GOT" not in told["supervisor"]["said"]


@pytest.mark.parametrize("name", ["flood", "big"])
def test_output_is_bounded(told: dict[str, Any], name: str) -> None:
    assert told[name]["kind"] == "too_large"
    assert told[name]["said"] == "NotExecuted"


def test_there_is_no_interface_that_leads_anywhere(told: dict[str, Any]) -> None:
    assert told["interfaces"]["said"] == "['lo']\n"


def test_links_and_pipes_do_not_come_back(told: dict[str, Any]) -> None:
    assert told["link"]["files"] == ["fine"]
    assert told["link"]["left_out"] == ["link", "pipe"]


def test_the_engine_works_after_all_that(told: dict[str, Any]) -> None:
    assert told["after"]["said"] == "42\n"
