"""Users, processes and folders of a run are gone afterwards, also when the run was killed."""

from __future__ import annotations

import pwd
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.realhub.hub import ROOT, eventually
from tests.realhub.people import Machine, needed

RUN = """
import psutil, subprocess, sys, time
from tests.realhub.people import Machine
machine = Machine()
person = machine.user("left")
setpriv = ["setpriv", f"--reuid={person.uid}", "--clear-groups"]
busy = subprocess.Popen([*setpriv, "sleep", "600"], start_new_session=True)
own = subprocess.Popen(["sleep", "600"], start_new_session=True)
machine.remember("process", f"{own.pid} {psutil.Process(own.pid).create_time()}")
print(person.name, busy.pid, own.pid, machine.folder, flush=True)
if sys.argv[1] == "leave":
    machine.leave()
else:
    time.sleep(600)
"""
pytestmark = pytest.mark.skipif(bool(needed()), reason=needed() or "-")


@pytest.mark.parametrize("how", ["leave", "killed"])
def test_nothing_of_a_run_stays(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, how], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        name, *pids, folder = run.stdout.readline().split()
        if how == "killed":
            assert pwd.getpwnam(name).pw_dir.startswith(folder)
            run.kill()
    eventually(lambda: not Path(folder).exists(), 60)
    assert name not in [entry.pw_name for entry in pwd.getpwall()]
    assert not [pid for pid in pids if running(int(pid))]


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_process_that_took_over_a_number_is_left_alone() -> None:
    machine = Machine()
    with subprocess.Popen(["sleep", "600"]) as other:
        machine.remember("process", f"{other.pid} {psutil.Process(other.pid).create_time() - 100}")
        machine.leave()
        assert other.poll() is None
        other.kill()
