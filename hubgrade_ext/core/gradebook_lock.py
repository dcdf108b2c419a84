"""The gradebook as a file that others use too: wait for their locks, copy it, create it whole.

For workers and the command line; the server's own process never opens the
gradebook through this module.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Busy, GradebookBroken
from hubgrade_ext.core.gradebook_reader import sqlite_path
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

LOCK_TIMEOUT_S = 60

Answer = TypeVar("Answer")

_wait_s = LOCK_TIMEOUT_S


def patient_sqlite(timeout_s: int = LOCK_TIMEOUT_S) -> None:
    """Make every SQLite connection that this process opens from now on wait for locks.

    nbgrader opens its own engines, with the driver's 5 s; this reaches all of
    them. Calling it again only changes the time.
    """
    # here, because pages import this module and never need it
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    global _wait_s
    _wait_s = timeout_s
    if not event.contains(Engine, "connect", _set_busy_timeout):
        event.listen(Engine, "connect", _set_busy_timeout)


def _set_busy_timeout(connection: object, record: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute(f"PRAGMA busy_timeout = {_wait_s * 1000:d}")


def share_gradebook(settings: CourseSettings) -> None:
    """Let the group of a group-shared course write its gradebook, when it is ours to say so.

    SQLite makes the file 0644 whatever the umask, and its journals with the file's own mode. The group is the
    one that may write the folder: a file can have another, which is everybody's.
    """
    path = sqlite_path(settings)
    if path is None or not settings.groupshared:
        return
    # none yet, or a disk that cannot be written, which whatever writes to the gradebook says better
    with suppress(OSError):
        found, folder = path.lstat(), path.parent.stat()
        ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        shared = found.st_gid == folder.st_gid and folder.st_mode & stat.S_IWGRP
        if ours and shared and found.st_mode & 0o060 != 0o060:
            path.chmod(stat.S_IMODE(found.st_mode) | 0o060)


def patiently(read: Callable[[], Answer]) -> Answer:
    """Return what `read` returns; ask again while the gradebook is locked, as long as we wait for locks.

    Pages give up after some seconds, with `Busy`; a job has time.
    Raises: Busy.
    """
    deadline = time.monotonic() + _wait_s
    while True:
        try:
            return read()
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def backup_gradebook(settings: CourseSettings, backups: Backups) -> Path | None:
    """Copy the gradebook into the run's backups as one consistent state, while others may be using it.

    Of a gradebook in a database server, the copy is a SQLite file with all its
    rows: `gradebook.db`. Returns the copy, or None when there is no gradebook
    yet. The copy appears whole or not at all.
    Raises: GradebookBroken (not a database, locked for too long, no room), Busy.
    """
    source = sqlite_path(settings)
    if source is not None and not source.exists():
        return None
    with plain_errors("make a backup of the gradebook", settings.state_dir, GradebookBroken):
        copy = backups.place(source or Path(settings.root or "", "gradebook.db"))
        return copy if copy_gradebook(settings, copy) else None


def copy_gradebook(settings: CourseSettings, target: Path) -> bool:
    """Copy the gradebook, which may be in use, to a new SQLite file, as one consistent state.

    The file appears whole or not at all; False when a database server has no gradebook yet.
    Raises: GradebookBroken, Busy.
    """
    source = sqlite_path(settings)
    if source is None:
        from hubgrade_ext.core.gradebook_rows import export_gradebook

        return export_gradebook(settings.db_url, target)
    _copy_file(source, target)
    return True


def _copy_file(source: Path, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with (
            closing(sqlite3.connect(source, timeout=_wait_s)) as live,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            # backup() itself does not wait for a lock: take the read lock first, patiently
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy)
        unfinished.rename(target)
    except sqlite3.Error as error:
        raise GradebookBroken(
            f"The gradebook {source.name} could not be copied: {error}.",
            "Close what else is using it, check the free space, and try again.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def ensure_gradebook(settings: CourseSettings) -> None:
    """Create the gradebook whole when there is none yet.

    nbgrader fills a new one in several steps; a process killed between them
    leaves tables without a version. So a file is made beside and moved into
    place, and in a database server it is one transaction.
    Raises: GradebookBroken, Busy.
    """
    target = sqlite_path(settings)
    if target is None:
        from hubgrade_ext.core.gradebook_rows import create_gradebook

        create_gradebook(settings.db_url, settings.course_id)
        return
    if target.exists() and target.stat().st_size > 0:
        return
    from nbgrader.api import Gradebook

    unfinished = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with Gradebook(f"sqlite:///{unfinished}", settings.course_id):
            pass
        if target.exists():  # an empty file, which is no gradebook yet
            unfinished.replace(target)
        else:
            os.link(unfinished, target)
    except FileExistsError:
        return  # somebody else made it in the meantime
    except FileNotFoundError as error:
        raise GradebookBroken(
            f"A gradebook could not be made: {error.filename or 'a program'} is missing.",
            "Install nbgrader again in this environment (`pip install --force-reinstall nbgrader alembic`).",
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
