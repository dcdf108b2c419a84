"""The hub's database, as the hub's user meets it. This process is short-lived: SQLite may open the file."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from hubgrade_ext.core.secrets_masked import mask_urls
from hubgrade_ext.preflight.gradebook_facts import lock_holder, schema_versions, sqlite_path
from hubgrade_ext.preflight.gradebook_probe import probe
from hubgrade_ext.preflight.hub_side.facts import DatabaseFacts
from hubgrade_ext.preflight.hub_side.files import closed_to_others, look_at_file
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig

DEFAULT_URL = "sqlite:///jupyterhub.sqlite"
NETWORK_TYPES = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "glusterfs", "lustre")
# Source: SQLAlchemy 2.0, the driver of a URL that names none
DRIVERS = {"postgresql": "psycopg2", "mysql": "MySQLdb", "mariadb": "MySQLdb", "oracle": "oracledb"}
MODULES = {"mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector"}


def database_facts(config: LoadedConfig) -> DatabaseFacts:
    """Return the facts of `c.JupyterHub.db_url`; a relative path counts from the current folder."""
    url = config.text("JupyterHub", "db_url", DEFAULT_URL)
    if "://" not in url:
        # Source: JupyterHub 6.1 `JupyterHub.init_db`: a bare path means SQLite
        url = f"sqlite:///{url}"
    path, alembic = sqlite_path(url), shutil.which("alembic") or ""
    if path is None:
        return DatabaseFacts(url=mask_urls(url), driver_problem=_driver_problem(url), alembic=alembic)
    file, folder = look_at_file(path), look_at_file(str(Path(path).parent))
    there = file.kind == "file"
    head, known = schema_versions("jupyterhub")
    return DatabaseFacts(
        url=mask_urls(url),
        path=path,
        relative=not url.split(":///", 1)[1].startswith("/"),
        file=file,
        folder=folder,
        open_to_others=there and bool(file.mode & 0o004) and not closed_to_others(path),
        locked_by=(lock_holder(path) or "") if there else "",
        network=network_type(str(Path(path).parent)),
        free_bytes=shutil.disk_usage(folder.path).free if folder.kind == "folder" else 0,
        probe=probe(path, "users") if there and file.readable else None,
        head=head,
        known=known,
        alembic=alembic,
    )


def network_type(path: str, mounts: str = "/proc/self/mountinfo") -> str:
    """Return the type of a network file system that a path is on, empty for a local one.

    Source: proc(5), /proc/pid/mountinfo.
    """
    best, kind = "", ""
    real = os.path.realpath(path) + "/"
    for line in Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ").rstrip("/") + "/"
        if real.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind if kind.startswith(NETWORK_TYPES) else ""


def _driver_problem(url: str) -> str:
    family, _, driver = url.split("://", 1)[0].partition("+")
    wanted = MODULES.get(driver, driver) or DRIVERS.get(family, "")
    if not wanted:
        return f"jupyterhub knows no database {family!r}"
    return "" if find_spec(wanted.split(".")[0]) else f"the Python package {wanted} is not installed"
