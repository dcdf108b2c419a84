"""A gradebook in a database server (PostgreSQL): connections, and its refusals in plain words.

SQLAlchemy is loaded only when a course has such a gradebook. No message names the password: addresses are
shown without it, and what a driver says is kept to its error code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hubgrade_ext.core.errors import Busy, GradebookBroken, HubgradeError
from hubgrade_ext.core.secrets_masked import mask_urls

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.exc import DBAPIError

CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_S = 5
# Source: PostgreSQL, appendix A
_UNDEFINED = ("42P01", "42703")
_NOT_ALLOWED = "42501"
_LOCKED = ("55P03", "57014")


@contextmanager
def reading_server(db_url: str) -> Iterator[Connection | None]:
    """Give a read-only connection to one consistent state, or None when there is no gradebook in it yet.

    Raises: GradebookBroken (not reached, not a gradebook, of another nbgrader version), Busy.
    """
    from sqlalchemy import inspect

    with server_connection(db_url) as connection:
        yield connection if inspect(connection).has_table("assignment") else None


@contextmanager
def server_connection(db_url: str, connect_timeout_s: int = CONNECT_TIMEOUT_S) -> Iterator[Connection]:
    """Give a read-only connection, whatever is in the database. Raises: GradebookBroken, Busy."""
    engine = make_engine(db_url, connect_timeout_s)
    with refusals(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
        yield connection


def make_engine(db_url: str | URL, connect_timeout_s: int = CONNECT_TIMEOUT_S) -> Engine:
    """Return an engine without a pool that gives up on a silent server after some seconds.

    Raises: GradebookBroken (not a database's address, or no driver for it).
    """
    from sqlalchemy import create_engine, make_url, pool
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(db_url)
        is_postgresql = url.get_backend_name() == "postgresql"
        wait = {"connect_timeout": connect_timeout_s} if is_postgresql else {}
        return create_engine(url, poolclass=pool.NullPool, connect_args={**wait, **_given(url, wait)})
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        # ValueError: a port, or a time to wait, that is no number
        raise GradebookBroken(
            "The gradebook's address (CourseDirectory.db_url) cannot be used: "
            "it is not a database URL, a number in it is none, or the driver for it is not installed.",
            "Correct it in nbgrader_config.py, or run `pip install hubgrade-ext[postgresql]`.",
        ) from error


def _given(url: URL, wait: dict[str, int]) -> dict[str, int]:
    """Return what the address itself says about these options."""
    return {name: int(str(url.query[name])) for name in wait if name in url.query}


def other_version(name: str) -> GradebookBroken:
    """Say that a table or column is missing."""
    return GradebookBroken(
        f"The gradebook {name} was made by another version of nbgrader: a table or column is missing.",
        "Copy it to a safe place, then run `nbgrader db upgrade` in the course folder.",
    )


@contextmanager
def refusals(engine: Engine) -> Iterator[None]:
    """Turn what the database server refuses into plain words, and let go of the engine at the end.

    Raises: GradebookBroken, Busy.
    """
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    name = _name(engine.url)
    try:
        yield
    except DBAPIError as error:
        raise _explained(name, error) from error
    except SQLAlchemyError as error:
        raise GradebookBroken(
            f"The gradebook {name} cannot be read.", "Look into the log of its database server."
        ) from error
    finally:
        engine.dispose()


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return unquote((url.database or "").removeprefix("file:"))
    return mask_urls(url.render_as_string(hide_password=True))


def _explained(name: str, error: DBAPIError) -> HubgradeError:
    from sqlalchemy.exc import OperationalError, ProgrammingError

    if isinstance(error.orig, sqlite3.Error):
        return GradebookBroken(
            f"The file {name} could not be read or written: {error.orig}.",
            "Check the free space, and that it is a gradebook; then try again.",
        )
    code = getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)
    if code in _LOCKED:
        return Busy(
            f"The gradebook {name} has been locked by another program for {LOCK_TIMEOUT_S} seconds.",
            "Try again in a moment; if it stays so, close the program that writes to it.",
        )
    if code == _NOT_ALLOWED:
        return GradebookBroken(
            f"The database {name} does not let you use the gradebook's tables.",
            "Ask its administrator to give this role the tables (`GRANT ALL`), or to make it their owner.",
        )
    if code in _UNDEFINED or (code is None and isinstance(error, ProgrammingError)):
        return other_version(name)
    if isinstance(error, OperationalError):
        return GradebookBroken(
            f"The gradebook's database {name} cannot be reached.",
            "Check that its server runs and lets you in.",
        )
    return GradebookBroken(
        f"The gradebook {name} refused a query.", "Look into the log of its database server."
    )
