"""Ask a database server what its gradebook is; nothing is written.

In this process: unlike a SQLite file, a server loses no lock of ours by being looked at.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from hubgrade_ext.core.errors import Busy, GradebookBroken
from hubgrade_ext.core.gradebook_server import server_connection
from hubgrade_ext.preflight.gradebook_facts import Probe

PATIENCE_S = 2


def probe_server(db_url: str) -> Probe:
    """Return what the database server at `db_url` says."""
    try:
        with server_connection(db_url, connect_timeout_s=PATIENCE_S) as connection:
            tables = set(inspect(connection).get_table_names())
            versions = None
            if "alembic_version" in tables:
                versions = [
                    str(v) for (v,) in connection.execute(text("select version_num from alembic_version"))
                ]
            return Probe(
                "ok",
                has_tables="submitted_assignment" in tables,
                versions=versions,
                empty=not tables,
                writable=connection.dialect.name != "postgresql" or _may_write(connection, tables),
            )
    except Busy as error:
        return Probe("locked", error.message)
    except GradebookBroken as error:
        return Probe("unreadable", error.message)


def _may_write(connection: Connection, tables: set[str]) -> bool:
    if "grade" in tables:
        rights = "has_table_privilege('grade', 'INSERT') and has_table_privilege('grade', 'UPDATE')"
    else:
        rights = "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
    return bool(connection.execute(text(f"select {rights}")).scalar())
