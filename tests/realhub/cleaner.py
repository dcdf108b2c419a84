"""Undo what a run on a real hub did to the machine, however the run ends.

Started beside the tests with a pipe: each line says one thing to undo (`user NAME`, `group NAME`,
`process PID STARTED`, `folder PATH`). When the pipe closes, because the tests are done or because their
process died, it ends those processes with their children and whatever else runs as those users, removes
the users, and then the groups and folders.
"""

from __future__ import annotations

import contextlib
import pwd
import shutil
import subprocess
import sys
import time

import psutil

PATIENCE_S = 15.0
SAME_S = 1.0


def undo(lines: list[str]) -> None:
    said = [line.rstrip("\n").partition(" ")[::2] for line in lines]
    end([one for kind, what in said if kind == "process" for one in with_children(*what.split())])
    for name in [name for kind, name in said if kind == "user"]:
        remove_user(name)
    for name in [name for kind, name in said if kind == "group"]:
        subprocess.run(["/usr/sbin/groupdel", name], capture_output=True, check=False)
    for path in [path for kind, path in said if kind == "folder"]:
        shutil.rmtree(path, ignore_errors=True)


def with_children(pid: str, started: str) -> list[psutil.Process]:
    """Return a process and all that it started; nothing when its number belongs to another by now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(started)) < SAME_S:
            return [process, *process.children(recursive=True)]
    return []


def end(processes: list[psutil.Process]) -> None:
    """Ask processes to end; kill those that do not."""
    for how in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                how(process)
        deadline = time.monotonic() + PATIENCE_S
        while (processes := [one for one in processes if runs(one)]) and time.monotonic() < deadline:
            time.sleep(0.05)


def runs(process: psutil.Process) -> bool:
    # one that ended stays listed until its parent asks how
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def remove_user(name: str) -> None:
    """End all that runs as a user, and remove the account; its home goes with the run's folder."""
    with contextlib.suppress(KeyError):
        uid = pwd.getpwnam(name).pw_uid
        while theirs := [process for process in psutil.process_iter() if belongs(process, uid)]:
            end(theirs)
        subprocess.run(["/usr/sbin/userdel", "--force", name], capture_output=True, check=False)


def belongs(process: psutil.Process, uid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.uids().real == uid and runs(process)
    return False


if __name__ == "__main__":
    undo(sys.stdin.readlines())
