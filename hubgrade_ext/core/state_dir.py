"""hubgrade's own folder of a course: journal, locks and logs, for the course's instructors only."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import CourseBroken
from hubgrade_ext.core.settings import CourseSettings

LOGS = "logs"
_LONGEST = 200
_MOST_BYTES = 1 << 28


def make_state_dir(settings: CourseSettings) -> Path:
    """Create the folder when it is missing: mode 0700, or 2770 for a course shared in a Unix group.

    Raises: CourseBroken (read-only or full).
    """
    return _make(settings.state_dir, settings)


def make_log_dir(settings: CourseSettings) -> Path:
    """Create the folder of the jobs' logs. Raises: CourseBroken."""
    return _make(make_state_dir(settings) / LOGS, settings)


def file_mode(settings: CourseSettings) -> int:
    """Return the mode of the files in it."""
    return 0o660 if settings.groupshared else 0o600


def open_private(settings: CourseSettings, path: Path, flags: int) -> int:
    """Open a file of hubgrade's own, created with the right mode, and return its descriptor."""
    existed = path.exists()
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, file_mode(settings))
    if not existed:
        # the process's umask took bits from the mode
        os.fchmod(fd, file_mode(settings))
    return fd


def file_name_of(name: str) -> str:
    """Return what stands for an assignment in the names of hubgrade's own files: no more than 200 letters."""
    quoted = quote(name, safe=" ")
    return quoted if len(quoted) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()


def read_cache(path: Path) -> bytes | None:
    """Return what `write_cache` kept; None when there is nothing, or what cannot have been kept by it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return None
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(fd)


def write_cache(settings: CourseSettings, path: Path, content: bytes) -> None:
    """Keep what can be found out again, for its owner's eyes; where nothing can be written, nothing is kept.

    As a whole or not at all while the machine runs. Not synced: losing it costs a second, syncing it one each
    time; so what reads it must tell a damaged one.
    """
    beside = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    if not settings.state_dir.parent.is_dir():
        return
    with suppress(OSError, CourseBroken):
        make_state_dir(settings)
        try:
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _make(folder: Path, settings: CourseSettings) -> Path:
    if not folder.is_dir():
        with plain_errors("create hubgrade's own folder", folder):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o2770 if settings.groupshared else 0o700)
    return folder
