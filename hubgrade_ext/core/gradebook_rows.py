"""All rows of a gradebook copied into another database, in one transaction on either side.

What makes a SQLite file of a gradebook in a database server: the backup before something is replaced, and
the copy that a generation is rehearsed on. The same the other way round moves a course to a server.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from nbgrader.api import Base, get_alembic_version
from sqlalchemy import URL, Connection, Engine, MetaData, RowMapping, Table, inspect, select, text

from hubgrade_ext.core.errors import Conflict, GradebookBroken, InvalidRequest
from hubgrade_ext.core.gradebook_server import make_engine, reading_server, refusals

# rows held in memory at a time
_ROWS_AT_ONCE = 2000
_VERSION = "alembic_version"
_COURSES = Base.metadata.tables["course"]
_ASSIGNMENTS = Base.metadata.tables["assignment"]


def export_gradebook(db_url: str, target: Path) -> bool:
    """Copy the gradebook in a server to a new SQLite file, whole or not at all; False when there is none.

    Raises: GradebookBroken, Busy.
    """
    unfinished = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with reading_server(db_url) as source:
            if source is None:
                return False
            engine = make_engine(URL.create("sqlite", database=str(unfinished)))
            with refusals(engine), engine.begin() as copy:
                _copy(source, copy)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def import_gradebook(source: Path, db_url: str) -> int:
    """Copy the rows of a SQLite gradebook into an empty database; return how many.

    Raises: Conflict (there are grades in it already), InvalidRequest (no such file), GradebookBroken, Busy.
    """
    if not source.is_file():
        raise InvalidRequest(f"There is no file {source}.", "Check the name.")
    # only to be read: SQLite would make a missing file, and mend one that it may write
    there = f"file:{quote(os.path.abspath(source))}"
    read = make_engine(URL.create("sqlite", database=there, query={"mode": "ro", "uri": "true"}))
    write = make_engine(db_url)
    with refusals(read), read.connect() as old:
        # before the course's database is touched
        _check_source(old, source)
        return _copy_into_empty(old, write)


def _check_source(old: Connection, source: Path) -> None:
    if not inspect(old).has_table("assignment"):
        raise GradebookBroken(f"{source} is not a gradebook of nbgrader.", "Choose another file.")
    found = old.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        fault = " ".join(str(found).replace("*** in database main ***", "").split())
        raise GradebookBroken(f"{source} is damaged: {fault}.", "Take an older copy of it.")


def _copy_into_empty(old: Connection, write: Engine) -> int:
    with refusals(write), write.begin() as new:
        if new.dialect.name == "sqlite":
            # sqlite3 begins none for CREATE TABLE by itself: tables without a version would stay
            new.exec_driver_sql("BEGIN IMMEDIATE")
        if inspect(new).has_table("assignment") and _has_rows(new):
            raise Conflict(
                "There is a gradebook with rows in the course's database already; nothing was changed.",
                "Give the course an empty database (CourseDirectory.db_url), then try again.",
            )
        return _copy(old, new)


def create_gradebook(db_url: str, course_id: str) -> None:
    """Make nbgrader's tables in an empty database, in one transaction, and the row of the course.

    nbgrader's assignments refer to that row, but without a course id nbgrader
    does not make it: a server refuses the assignment then, where SQLite looks away.
    Source: nbgrader 0.9.6 `Gradebook.__init__`, `check_course`.
    Raises: GradebookBroken, Busy.
    """
    engine = make_engine(db_url)
    with refusals(engine), engine.begin() as connection:
        if not inspect(connection).get_table_names():
            Base.metadata.create_all(connection)
            _set_version(connection, get_alembic_version())
        _add_courses(connection, {course_id})


def _has_rows(connection: Connection) -> bool:
    # nbgrader puts a row into `course` whenever it opens a gradebook
    tables = (t for t in Base.metadata.sorted_tables if t.name != "course")
    return any(connection.execute(select(table).limit(1)).first() is not None for table in tables)


def _copy(source: Connection, target: Connection) -> int:
    Base.metadata.create_all(target)
    target.execute(_COURSES.delete())
    count = 0
    for table in Base.metadata.sorted_tables:
        for rows in _rows(source, table):
            target.execute(table.insert(), [dict(row) for row in rows])
            count += len(rows)
        if table is _COURSES:
            _add_courses(target, set(source.execute(select(_ASSIGNMENTS.c.course_id).distinct()).scalars()))
    if inspect(source).has_table(_VERSION):
        version = Table(_VERSION, MetaData(), autoload_with=source)
        for row in source.execute(select(version)).all():
            _set_version(target, row[0])
    return count


def _rows(source: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    # what cannot be read is said of the source, not of the target
    with refusals(source.engine):
        found = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
        yield from found.mappings().partitions()


def _add_courses(connection: Connection, course_ids: set[str]) -> None:
    there = set(connection.execute(select(_COURSES.c.id)).scalars())
    for course_id in course_ids - there:
        connection.execute(_COURSES.insert(), {"id": course_id})


def _set_version(connection: Connection, version: str) -> None:
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {_VERSION} (version_num VARCHAR(32) NOT NULL)"))
    connection.execute(text(f"DELETE FROM {_VERSION}"))
    connection.execute(text(f"INSERT INTO {_VERSION} (version_num) VALUES (:version)"), {"version": version})
