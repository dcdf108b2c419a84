"""A job that is asked to stop: what is under way may finish, for a while, and nothing else begins.

```
running ──asked──► finishing ──nothing left──► stopped
   │                   └────time is up───────► cut (Stopped is raised where the job is)
   └──asked, and the verb does not look────► cut
```
One job a process, so this is the process's.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

GRACE_S = 2.0


class Stopped(BaseException):
    """Somebody asked this process to stop; no `except Exception` of a library may swallow it."""


class _State:
    looks = False
    asked = False


_state = _State()


@contextmanager
def finishing() -> Iterator[None]:
    """Say that the verb looks at `asked`, and ends by itself when nothing is left under way."""
    _state.looks = True
    try:
        yield
    finally:
        _state.looks = False


def asked() -> bool:
    """Say whether the job is to begin nothing more."""
    return _state.asked


def begin() -> None:
    """Begin a job that nobody has asked to stop."""
    _state.asked = False


def ask(grace_s: float) -> bool:
    """Ask the job to finish within `grace_s`, at whose end SIGALRM comes; False when it must be cut now."""
    if not _state.looks or _state.asked or grace_s <= 0:
        return False
    _state.asked = True
    signal.setitimer(signal.ITIMER_REAL, grace_s)
    return True


def end() -> bool:
    """Let the time stand still; say whether the job was asked to stop."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    return _state.asked
