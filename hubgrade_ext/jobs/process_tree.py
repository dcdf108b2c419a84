"""Find and end whole trees of processes, whatever session or parent their members took.

A process that is a "child subreaper" becomes the parent of each orphan among
its descendants. A worker is one while it runs, and the zygote is one above it:
so what a worker leaves behind are the zygote's children, and can be counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper(adopt: bool = True) -> None:
    """Adopt this process's orphaned descendants from now on, or no more; only Linux can."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def die_with_parent(signum: int) -> None:
    """Have the kernel send `signum` to this process when its parent ends (Linux; elsewhere nothing)."""
    _prctl(_PR_SET_PDEATHSIG, signum)


def kill_strays(keep: Collection[int], *, patience_s: float = 5.0) -> int:
    """Kill and reap every child of this process that is not in `keep`, with all its descendants.

    Returns how many were killed. Gives up after `patience_s` on what does not
    die (a process stuck in the kernel).
    """
    killed: set[int] = set()
    deadline = time.monotonic() + patience_s
    while strays := [c for c in psutil.Process().children() if c.pid not in keep]:
        for process in [p for stray in strays for p in (*_descendants(stray), stray)]:
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed.add(process.pid)
        for stray in strays:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(stray.pid, os.WNOHANG)
        if time.monotonic() > deadline:
            break
        time.sleep(0.005)
    return len(killed)


def child_pids() -> frozenset[int]:
    """Return the pids of this process's children."""
    return frozenset(c.pid for c in psutil.Process().children())


def send_signal(pid: int, signum: signal.Signals) -> None:
    """Signal a process, which may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
