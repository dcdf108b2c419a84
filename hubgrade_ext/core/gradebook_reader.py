"""One read-only connection to the gradebook's database, and its refusals in plain words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from hubgrade_ext.core.errors import Busy, GradebookBroken, HubgradeError
from hubgrade_ext.core.gradebook_server import other_version, reading_server
from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

LOCK_TIMEOUT_S = 5.0
CACHE_KB = 64_000
_PREFIXES = ("sqlite:///", "sqlite+pysqlite:///")
# what is left of a writer that was killed: SQLite itself puts the file right, but not when opened read-only
_LEFT_OVER = (
    sqlite3.SQLITE_READONLY_ROLLBACK,
    sqlite3.SQLITE_READONLY_RECOVERY,
    sqlite3.SQLITE_READONLY_CANTINIT,
)

Row = TypeVar("Row")


class Reader(Protocol):
    """Reads rows by SQL with named parameters (`:name`)."""

    def rows(self, sql: str, **parameters: str) -> list[Row]:
        """Return all rows of one query."""


class _SQLiteReader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **parameters: str) -> list[Row]:
        return cast("list[Row]", self._connection.execute(sql, parameters).fetchall())


class _SQLAlchemyReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **parameters: str) -> list[Row]:
        from sqlalchemy import text

        return cast("list[Row]", list(self._connection.execute(text(sql), parameters).fetchall()))


def sqlite_path(settings: CourseSettings) -> Path | None:
    """Return the gradebook's file; None when it is not a plain SQLite file."""
    for prefix in _PREFIXES:
        if settings.db_url.startswith(prefix):
            name = settings.db_url.removeprefix(prefix).partition("?")[0]
            if name and name != ":memory:" and not name.startswith("file:"):
                return Path(settings.root or "", name)
    return None


def gradebook_files(path: Path) -> tuple[Path, ...]:
    """Return the files one of which changes with every commit."""
    # in write-ahead mode only the second one does, which lies beside the real file
    return path, Path(f"{os.path.realpath(path)}-wal")


@contextmanager
def reading(settings: CourseSettings) -> Iterator[Reader | None]:
    """Give a reader of one consistent state of the gradebook, or None when there is no gradebook yet.

    Raises: GradebookBroken (not a gradebook, or of another nbgrader version), Busy (locked for long).
    """
    path = sqlite_path(settings)
    if path is None:
        with reading_server(settings.db_url) as connection:
            yield _SQLAlchemyReader(connection) if connection is not None else None
        return
    try:
        # the file is asked for, never opened: closing it would drop SQLite's locks of this process
        empty = path.stat().st_size == 0
    except FileNotFoundError:
        empty = True
    except OSError as error:
        raise GradebookBroken(
            f"The gradebook {path} cannot be reached: {error.strerror}.", "Check who may read the folder."
        ) from error
    if empty:
        yield None
        return
    try:
        with closing(_connect(path)) as connection:
            yield _SQLiteReader(connection)
    except sqlite3.Error as error:
        raise _refused(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return _begin(path, "ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _LEFT_OVER:
            raise
    return _begin(path, "rw")


def _begin(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{Path(os.path.abspath(path)).as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN")
        connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _refused(path: Path, error: sqlite3.Error) -> HubgradeError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(
            f"The gradebook {path.name} has been locked by another program for {LOCK_TIMEOUT_S:.0f} seconds.",
            "Try again in a moment; if it stays so, close the program that writes to it.",
        )
    if code == sqlite3.SQLITE_NOTADB or code == sqlite3.SQLITE_CORRUPT:
        return GradebookBroken(
            f"The gradebook {path} is damaged, or is not a SQLite database.",
            "Put a backup of it in its place (hubgrade keeps some in .hubgrade/backups).",
        )
    if "no such table" in str(error) or "no such column" in str(error):
        return other_version(path.name)
    return GradebookBroken(f"The gradebook {path} cannot be read: {error}.", "Check who may read it.")
