"""End what a submission leaves running: kernels that would not stop, and what student code started."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

logger = logging.getLogger(__name__)

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_S = 3.0


def adopt_orphans() -> None:
    """Make processes whose parent ended become ours, so that they can be found and ended (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def no_process_left() -> Iterator[None]:
    """End every process below this one that was not there before.

    Needs `adopt_orphans` to reach those that detached themselves.
    """
    adopt_orphans()
    before = set(psutil.Process().children(recursive=True))
    try:
        yield
    finally:
        left = [child for child in psutil.Process().children(recursive=True) if child not in before]
        _end(left)


def _end(processes: list[psutil.Process]) -> None:
    """Kill at once: a student's process has nothing to save, and could refuse to stop."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            logger.warning("ending process %d, which a submission left running", process.pid)
            process.kill()
    _, alive = psutil.wait_procs(processes, timeout=_PATIENCE_S)
    for process in alive:
        logger.error("process %d could not be ended", process.pid)
