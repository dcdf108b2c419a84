"""The journal as a file: its tables, opening it with the right rights, setting a damaged one aside."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Busy, Conflict, CourseBroken
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import make_state_dir, open_private

JOURNAL = "journal.db"
VERSION = 2
LOCK_TIMEOUT_S = 10.0

# `latest` holds what became of each item at its newest try; it outlives the jobs that are pruned.
# `notebooks` is JSON: a list of NotebookOutcome
_TABLES = """
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY, job_id TEXT UNIQUE NOT NULL, state TEXT NOT NULL, cancelling INTEGER NOT NULL,
  job TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, heartbeat REAL NOT NULL,
  worker_pid INTEGER, worker_started REAL
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE TABLE items (
  job_id TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  remedy TEXT NOT NULL, at TEXT NOT NULL, isolation TEXT NOT NULL DEFAULT '',
  notebooks TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (job_id, item)
);
CREATE TABLE latest (
  assignment_id TEXT NOT NULL, verb TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL,
  code TEXT NOT NULL, message TEXT NOT NULL, remedy TEXT NOT NULL, at TEXT NOT NULL, job_id TEXT NOT NULL,
  isolation TEXT NOT NULL DEFAULT '', notebooks TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (assignment_id, verb, item)
);
"""
# from the version that is the key to the next one
_CHANGES = {
    1: """
ALTER TABLE items ADD COLUMN isolation TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN notebooks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE latest ADD COLUMN isolation TEXT NOT NULL DEFAULT '';
ALTER TABLE latest ADD COLUMN notebooks TEXT NOT NULL DEFAULT '[]';
""",
}
log = logging.getLogger("hubgrade.journal")
Answer = TypeVar("Answer")


class JournalFile:
    """Run transactions on one course's journal; every damage is answered with a new journal."""

    def __init__(self, settings: CourseSettings) -> None:
        self.settings = settings
        self.path = settings.state_dir / JOURNAL

    def read(self, work: Callable[[sqlite3.Connection], Answer], nothing: Answer) -> Answer:
        """Return `work(connection)`, or `nothing` when there is no journal (yet)."""
        if not self.path.exists():
            return nothing
        return self._run(work, write=False)

    def write(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run `work` as one transaction; the file and its folder are created when missing.

        Raises: Busy (locked for 10 s), CourseBroken (full, read-only), Conflict.
        """
        folder = make_state_dir(self.settings)
        if not self.path.exists():
            with plain_errors("create the journal of jobs", folder):
                os.close(open_private(self.settings, self.path, os.O_RDWR))
        return self._run(work, write=True)

    def _run(self, work: Callable[[sqlite3.Connection], Answer], *, write: bool) -> Answer:
        try:
            return self._transact(work, write=write)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
                raise self._explained(error) from None
            with plain_errors("set the damaged journal of jobs aside", self.path.parent):
                self._set_aside(error)
        try:
            return self._transact(work, write=write)
        except sqlite3.DatabaseError as error:
            raise self._explained(error) from None

    def _transact(self, work: Callable[[sqlite3.Connection], Answer], *, write: bool) -> Answer:
        connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
        with closing(connection):
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = NORMAL")
            self._ensure_tables(connection)
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                answer = work(connection)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return answer

    def _ensure_tables(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise Conflict(
                f"The journal of this course's jobs was written by a newer hubgrade ({self.path}).",
                "Use that newer version, or move the file away: only the list of jobs is in it.",
            )
        if version == VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        # somebody else may have been first
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < VERSION:
            steps = [_CHANGES[number] for number in range(version, VERSION)] if version else [_TABLES]
            for statement in ";".join(steps).split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")

    def _explained(self, error: sqlite3.DatabaseError) -> Busy | CourseBroken:
        if "locked" in str(error) or "busy" in str(error):
            return Busy(
                "The journal of this course's jobs is locked by another process.", "Try again in a moment."
            )
        return CourseBroken(
            f"The journal of this course's jobs cannot be used: {error}.",
            f"See that {self.path.parent} may be written and that the disk has room.",
        )

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Rename the journal out of the way, with a note beside it, unless somebody did already."""
        with self._repair_lock():
            if not self._is_damaged():
                return
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
            kept = self.path.with_name(f"{JOURNAL}.damaged-{stamp}")
            self.path.rename(kept)
            hot = self.path.with_name(f"{JOURNAL}-journal")
            if hot.exists():
                hot.rename(kept.with_name(f"{kept.name}-journal"))
            kept.with_name(f"{kept.name}.txt").write_text(
                f"SQLite could not read this journal: {error}.\n"
                "A new one was begun. It only held the list of jobs and their results: no grades, no files.\n"
            )
            log.warning("The journal of jobs was damaged (%s); it is kept as %s.", error, kept)
            os.close(open_private(self.settings, self.path, os.O_RDWR))

    def _is_damaged(self) -> bool:
        try:
            with closing(sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S)) as connection:
                ok: bool = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
                names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                return not ok or (version != 0 and not {"jobs", "items", "latest"} <= names)
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True

    @contextmanager
    def _repair_lock(self) -> Iterator[None]:
        fd = open_private(self.settings, Path(f"{self.path}.repair"), os.O_RDWR)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
