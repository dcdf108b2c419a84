"""The supervisor's sums: what is shared counts once, the dead are no processes, and no CPU time gets lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult
from hubgrade_ext.grading.execution.engine import LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.watch import Meter, living

Run = Callable[..., BundleResult]
Said = Callable[..., list[str]]
MIB = 1024**2

FORKS = """
import os, time
data = bytearray(b'x') * ({shared} * 2**20)
for number in range(6):
    if os.fork() == 0:
        own = bytearray(b'y') * ({own} * 2**20)
        time.sleep(5)
        os._exit(0)
time.sleep(0.9)
print('fine')
"""
BURN = """
import os, signal, time
def burn(cpu_s):
    start = time.process_time()
    while time.process_time() - start < cpu_s:
        pass
"""
IGNORED = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number in range({number}):
    if os.fork() == 0:
        burn(0.4)
        os._exit(0)
    try:
        os.wait()
    except ChildProcessError:
        pass
"""
WAITED = """
for number in range(4):
    if os.fork() == 0:
        burn(0.1 * number)
        os._exit(0)
    os.wait()
"""
ORPHANED = """
if os.fork() == 0:
    if os.fork() == 0:
        burn(0.5)
        open('done', 'w').close()
    os._exit(0)
os.wait()
while not os.path.exists('done'):
    time.sleep(0.05)
time.sleep(0.1)
"""
SEGMENTS = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
for number in range(8):
    segment = libc.shmget(0, 25 * 2**20, 0o1600)
    if segment < 0:
        raise MemoryError
    place = ctypes.c_void_p(libc.shmat(segment, None, 0))
    ctypes.memset(place, 1, 25 * 2**20)
    libc.shmdt(place)
time.sleep(1)
print('GOT')
"""
UNDUMPABLE = """
import ctypes, mmap, os, signal
from hubgrade_ext.grading.execution.watch import Meter, fair_bytes
told, tell = os.pipe()
child = os.fork()
if child == 0:
    not_dumpable = 4
    ctypes.CDLL(None).prctl(not_dumpable, 0, 0, 0, 0)
    area = mmap.mmap(-1, 50 * 2**20)
    area[:] = b'x' * len(area)
    os.write(tell, b'.')
    signal.pause()
os.read(told, 1)
print(Meter().look([child]).memory_bytes, fair_bytes([child]))
os.kill(child, signal.SIGKILL)
"""


@contextmanager
def forked(work: Callable[[], None]) -> Iterator[int]:
    """Run this in a child, which nobody waits for until the end."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    yield pid
    os.waitpid(pid, 0)


def died(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until(true: Callable[[], object], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_memory_that_forks_share_counts_once(run: Run, said: Said) -> None:
    result = run(FORKS.format(shared=60, own=1), limits=Limits(memory_bytes=300 * MIB))
    assert said(result) == ["fine\n"]


def test_memory_of_the_forks_own_counts_for_each(run: Run) -> None:
    result = run(FORKS.format(shared=60, own=60), limits=Limits(memory_bytes=300 * MIB))
    assert result.outcome.kind == "out_of_memory"


def test_what_a_process_hides_does_not_hide_the_rest_of_it() -> None:
    become = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run(
        [sys.executable, "-c", UNDUMPABLE], capture_output=True, check=True, text=True, timeout=60, **become
    )
    assert all(50 * MIB < int(number) < 100 * MIB for number in done.stdout.split())


def test_system_v_segments_that_no_process_maps_count(run: Run, executor: LocalExecutor, said: Said) -> None:
    if executor.level != "namespaces":
        pytest.skip("only there are they seen")
    result = run(SEGMENTS, limits=Limits(memory_bytes=150 * MIB))
    assert result.outcome.kind == "out_of_memory" or said(result) == ["MemoryError"]


def test_the_dead_are_no_processes(run: Run, said: Said) -> None:
    cell = (
        "import os, time\nfor number in range(60):\n    os.system('true &')\ntime.sleep(0.5)\nprint('fine')"
    )
    result = run(cell, limits=Limits(processes=48))
    assert said(result) == ["fine\n"]
    with forked(lambda: None) as pid:
        wait_until(lambda: died(pid))
        assert living([pid, os.getpid()]) == 1


def test_children_that_nobody_waits_for_use_up_the_time(run: Run) -> None:
    result = run(BURN + IGNORED.format(number=20), limits=Limits(cpu_s=1, cell_timeout_s=20))
    assert result.outcome.kind == "submission_timed_out"
    assert 1 <= result.cpu_s < 2.5


@pytest.mark.parametrize(
    ("cell", "least_s", "most_s"),
    [
        pytest.param(IGNORED.format(number=2), 0.1, 1.1, id="ignored"),
        pytest.param(WAITED, 0.55, 0.9, id="waited for"),
        pytest.param(ORPHANED, 0.45, 0.8, id="orphaned"),
    ],
)
def test_the_time_of_children_is_told_once(run: Run, cell: str, least_s: float, most_s: float) -> None:
    assert least_s < run(BURN + cell).cpu_s < most_s


def test_time_that_was_seen_is_not_forgotten() -> None:
    def burn() -> None:
        while time.process_time() < 0.3:
            pass

    meter = Meter()
    before = meter.look([]).cpu_s
    with forked(burn) as pid:
        wait_until(lambda: died(pid))
        seen = meter.look([pid]).cpu_s - before
        assert meter.look([pid]).cpu_s - before == pytest.approx(seen)
    assert seen >= 0.25
    assert meter.look([]).cpu_s - before == pytest.approx(seen, abs=0.05)


def test_a_process_has_few_files(run: Run, said: Said) -> None:
    result = run("import resource\nresource.getrlimit(resource.RLIMIT_NOFILE)")
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 1024 if ours == resource.RLIM_INFINITY else min(1024, ours)
    assert said(result) == [f"({most}, {most})"]


def supervisors() -> list[int]:
    """Return the first processes of sandboxes that are running below this process."""
    found = []
    for process in psutil.Process().children(recursive=True):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("NSpid:") and line.split()[2:] == ["1"]:
                found.append(process.pid)
    return found


def test_a_supervisor_that_can_see_no_more_ends_it_all(
    executor: LocalExecutor, make_bundle: Callable[..., Bundle]
) -> None:
    if executor.level != "namespaces":
        pytest.skip("elsewhere it cannot be reached from inside")
    before = set(supervisors())
    future = executor.submit(execute_bundle, make_bundle("1", "import time\ntime.sleep(20)", "2"))
    wait_until(lambda: set(supervisors()) - before)
    time.sleep(0.3)
    for pid in set(supervisors()) - before:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
    result = future.result(10)
    assert result.outcome.kind == "kernel_died"
    assert "SIGSYS" in result.outcome.sentence
