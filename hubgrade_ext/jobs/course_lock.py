"""One job at a time on a course, across all processes: the server's workers and the command line."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import make_state_dir, open_private

LOCK = "lock"
RETRY_S = 0.2
WAITING = "waiting for another job on this course, started elsewhere"


@contextmanager
def course_lock(settings: CourseSettings, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the course's lock; `waiting` is told once, in words, when somebody else has it.

    The kernel lets go of it when this process ends, however it ends.
    Raises: CourseBroken.
    """
    folder = make_state_dir(settings)
    with plain_errors("lock the course", folder):
        fd = open_private(settings, folder / LOCK, os.O_RDWR)
    try:
        _acquire(fd, waiting)
        yield
    finally:
        os.close(fd)


def _acquire(fd: int, waiting: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                waiting(WAITING)
                told = True
            time.sleep(RETRY_S)
        else:
            return
