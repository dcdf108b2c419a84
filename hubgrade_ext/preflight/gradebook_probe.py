"""Child process: read one database file and print a `Probe` as JSON. Nothing is written."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import structs

from hubgrade_ext.preflight.gradebook_facts import Probe

PATIENCE_S = 0.5


def probe(path: str, table: str = "submitted_assignment") -> Probe:
    """Return what SQLite says about the file; `table` is one that must be there."""
    uri = f"file:{quote(path)}?mode=ro"
    wal = _is_wal(path)
    if wal and not Path(f"{path}-wal").exists():
        # nobody has it open; SQLite would make that file and another even to read, and leave them
        uri += "&immutable=1"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)
        try:
            return structs.replace(_read(connection, table), wal=wal)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return _explain(error, path)


def _is_wal(path: str) -> bool:
    """Say whether the file's header names the mode WAL. Source: SQLite's file format, 1.3.3."""
    try:
        with Path(path).open("rb") as file:
            return file.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


def _read(connection: sqlite3.Connection, table: str) -> Probe:
    tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    faults = [str(row[0]) for row in connection.execute("pragma quick_check(5)")]
    if faults != ["ok"]:
        return Probe("corrupt", faults[0] if faults else "")
    versions = None
    if "alembic_version" in tables:
        versions = [str(v) for (v,) in connection.execute("select version_num from alembic_version")]
    students = None
    if "student" in tables:
        students = [str(s) for (s,) in connection.execute("select id from student order by id")]
    columns = {row[1] for row in connection.execute("pragma table_info(student)")}
    return Probe(
        "ok",
        has_tables=table in tables,
        versions=versions,
        students=students,
        complete="course" in tables and "lms_user_id" in columns,
    )


def _explain(error: sqlite3.DatabaseError, path: str) -> Probe:
    text = str(error)
    if "locked" in text:
        return Probe("locked", text)
    journal = Path(path + "-journal")
    # a hot journal cannot be rolled back read-only: SQLite then speaks of a "readonly database"
    if "readonly" in text and journal.exists() and journal.stat().st_size:
        return Probe("hot_journal", text)
    if "malformed" in text or "not a database" in text:
        return Probe("corrupt", text)
    return Probe("unreadable", text)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(probe(sys.argv[1])))
