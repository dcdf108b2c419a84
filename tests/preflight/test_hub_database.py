"""The hub's database and cookie secret, with each fault made real."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from hubgrade_ext.preflight.hub_catalogue import HUB_CATALOGUE
from hubgrade_ext.preflight.hub_side.database import network_type
from hubgrade_ext.preflight.hub_side.facts import DatabaseFacts, FileLook
from tests.preflight.hub_machine import HUB_USER, ROOT, Machine

only_root = pytest.mark.skipif(not ROOT, reason="only root can look with another user's eyes")


@contextmanager
def process_with_lock(path: Path) -> Iterator[int]:
    script = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('begin exclusive'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder.pid
        holder.communicate()


def set_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update alembic_version set version_num = ?", (version,))


def test_readonly_database(machine: Machine) -> None:
    """Row C2: “attempt to write a readonly database”."""
    machine.database.chmod(0o400)
    found = machine.assert_fault("hubdb.writable", "error", "may not write", "400", "chmod 600")
    assert "attempt to write a readonly database" in found.why
    assert machine.finding("hubdb.locked").status == "skipped"


def test_folder_that_is_not_writable(machine: Machine) -> None:
    """Row C3: “unable to open database file”."""
    (machine.place / "hub").chmod(0o500)
    found = machine.assert_fault("hubdb.dir_writable", "error", str(machine.place / "hub"), "chmod 700")
    assert "unable to open database file" in found.why
    (machine.place / "hub").chmod(0o700)


def test_folder_that_is_missing_or_closed(machine: Machine) -> None:
    machine.add("c.JupyterHub.db_url = 'sqlite:///{place}/gone/jupyterhub.sqlite'")
    machine.assert_fault("hubdb.reach", "error", f"{machine.place}/gone", "is missing", "install -d -m 700")
    closed = machine.place / "closed"
    (closed / "hub").mkdir(parents=True)
    closed.chmod(0o600)
    machine.add("c.JupyterHub.db_url = '{place}/closed/hub/jupyterhub.sqlite'")
    machine.assert_fault("hubdb.reach", "error", "cannot pass", str(closed))
    closed.chmod(0o700)


def test_relative_path(machine: Machine) -> None:
    machine.add("c.JupyterHub.db_url = 'sqlite:///jupyterhub.sqlite'")
    machine.assert_fault("hubdb.relative", "warning", str(machine.database))


def test_no_database_yet_is_fine_and_none_is_made(machine: Machine) -> None:
    machine.database.unlink()
    report = machine.look()
    assert (report.errors, report.warnings) == (0, 0)
    assert not machine.database.exists()


def test_others_may_write_or_read(machine: Machine) -> None:
    machine.database.chmod(0o660)
    machine.assert_fault("hubdb.writable_by_others", "error", "660", "chmod 600")
    machine.database.chmod(0o600)
    (machine.place / "hub").chmod(0o777)
    machine.assert_fault("hubdb.writable_by_others", "error", "777")
    (machine.place / "hub").chmod(0o755)
    machine.database.chmod(0o644)
    machine.assert_fault("hubdb.world_readable", "warning", "644", "UMask=0077")
    (machine.place / "hub").chmod(0o750)
    assert machine.finding("hubdb.world_readable").status == "ok"


@only_root
def test_an_instructor_who_can_write_it_is_named(machine: Machine) -> None:
    """By whatever way: here he owns the folder, which is enough to put another file in its place."""
    instructor = next(a for a in pwd.getpwall() if a.pw_uid not in (0, pwd.getpwnam(HUB_USER).pw_uid))
    machine.add(f"c.JupyterHub.load_groups['formgrade-c2'] = {{{{'users': ['{instructor.pw_name}']}}}}")
    assert machine.finding("hubdb.instructor_writes").status == "ok"
    (machine.place / "hub").chmod(0o755)
    os.chown(machine.place / "hub", instructor.pw_uid, instructor.pw_gid)
    found = machine.assert_fault("hubdb.instructor_writes", "error", f"{instructor.pw_name} may write")
    assert "admin of the hub" in found.why


def test_locked_database(machine: Machine) -> None:
    with process_with_lock(machine.database) as pid:
        found = machine.assert_fault("hubdb.locked", "error", str(machine.database))
        assert f"process {pid}" in found.message
        assert machine.finding("hubdb.corrupt").status == "skipped"
    assert machine.finding("hubdb.locked").status == "ok"


def test_truncated_and_foreign_files(machine: Machine) -> None:
    whole = machine.database.read_bytes()
    machine.database.write_bytes(whole[: len(whole) // 2])
    machine.assert_fault("hubdb.corrupt", "error", "cannot be read", "backup")
    machine.database.write_bytes(b"no database at all " * 100)
    machine.assert_fault("hubdb.corrupt", "error", "not a database")
    machine.database.unlink()
    with closing(sqlite3.connect(machine.database)) as db, db:
        db.execute("create table recipes (name text)")
    machine.give(machine.database, 0o600)
    machine.assert_fault("hubdb.tables", "error", "no table of users")


def test_a_writer_that_died_is_no_damage(machine: Machine) -> None:
    """What it leaves says “readonly database” to whoever only reads; the hub itself puts it right."""
    script = (
        "import os, signal, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('pragma cache_size = 1'); db.execute('begin')\n"
        "db.execute('create table t (x)')\n"
        "db.executemany('insert into t values (?)', [('x' * 900,)] * 400)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(machine.database)], check=False)
    journal = Path(f"{machine.database}-journal")
    assert journal.stat().st_size > 0
    machine.give(journal, 0o600)
    found = machine.finding("hubdb.corrupt")
    assert (found.status, "A writer died" in found.message) == ("skipped", True)
    assert machine.finding("hubdb.writable").status == "ok"


def test_full_disk_and_network_file_system() -> None:
    """Judged alone: neither can be made here."""
    by_id = {check.check_id: check for check in HUB_CATALOGUE}
    look = FileLook("/srv/hub", "folder")
    short = DatabaseFacts(path="/srv/hub/x", folder=look, free_bytes=50 << 20)
    low, none = by_id["hubdb.space"].find(short), by_id["hubdb.space"].find(replace(short, free_bytes=0))
    assert (low.severity, none.severity) == ("warning", "error")
    assert low.message.startswith("50 MiB are free")
    assert "nfs4" in by_id["hubdb.network_fs"].find(DatabaseFacts(folder=look, network="nfs4")).message


def test_old_schema(machine: Machine, hub_databases: tuple[Path, Path]) -> None:
    """Made by JupyterHub's own migrations, backwards."""
    shutil.copyfile(hub_databases[1], machine.database)
    machine.assert_fault("hubdb.revision", "error", "4621fec11365", "older", "jupyterhub upgrade-db")
    assert machine.finding("hubdb.downgrade").status == "ok"


def test_downgrade(machine: Machine) -> None:
    set_version(machine.database, "ffffffffffff")
    machine.assert_fault("hubdb.downgrade", "error", "ffffffffffff", "newer JupyterHub")
    assert machine.finding("hubdb.revision").status == "skipped"


def test_other_databases(machine: Machine) -> None:
    machine.add("c.JupyterHub.db_url = 'postgresql+nothing_like_it://hub:hunter2@db/hub'")
    found = machine.assert_fault("hubdb.driver", "error", "nothing_like_it is not installed")
    assert "hunter2" not in found.message
    machine.add("c.JupyterHub.db_url = 'mysql+sqlite3://db/hub'")
    assert machine.finding("hubdb.driver").status == "ok"
    assert machine.finding("hubdb.reach").status == "skipped"


def test_network_file_system(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:3 / /srv/my\\040hub rw - nfs4 files:/hub rw\n"
    )
    assert network_type("/srv/my hub/db", str(mounts)) == "nfs4"
    assert network_type("/srv", str(mounts)) == ""


def test_cookie_secret(machine: Machine) -> None:
    machine.secret.chmod(0o640)
    machine.assert_fault("hub.cookie_secret", "error", "640", "chmod 600")
    machine.add("c.JupyterHub.cookie_secret = b'x' * 32")
    assert machine.finding("hub.cookie_secret").status == "skipped"
