"""`hubgrade preflight --hub`: one machine where all is well, then each fault made real."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from hubgrade_ext.core.errors import InvalidRequest, NotFound
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.docs import render
from hubgrade_ext.preflight.hub_catalogue import HUB_CATALOGUE
from hubgrade_ext.preflight.hub_side.asking import ask_hub_side
from hubgrade_ext.preflight.hub_side.database import network_type
from hubgrade_ext.preflight.hub_side.facts import DatabaseFacts, FileLook
from hubgrade_ext.preflight.hub_side.unit import read_unit
from tests.preflight.hub_databases import make_certificate, make_databases
from tests.preflight.hub_machine import HUB_USER, ME, ROOT, UNIT, Machine

# the parts of a sound machine that say nothing until the hub runs
SILENT = {"proxy.reachable", "proxy.token", "proxy.open", "proxy.hub_route"}
only_root = pytest.mark.skipif(not ROOT, reason="only root can look with another user's eyes")


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_databases(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def machine(place: Path, databases: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in [n for n in os.environ if n.startswith(("JUPYTERHUB_", "CONFIGPROXY_"))]:
        monkeypatch.delenv(name)
    made = Machine(place, free_ports())
    shutil.copy(databases[0], made.database)
    made.give(made.database, 0o600)
    make_certificate(place / "tls")
    made.give(place / "tls" / "key.pem", 0o600)
    return made


def free_ports() -> tuple[int, int, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for each in sockets:
        each.close()
    return ports[0], ports[1], ports[2]


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


def test_ids_are_unique_needs_come_first_and_every_subject_has_its_part_of_the_page() -> None:
    seen = {check.check_id for check in CATALOGUE}
    for check in HUB_CATALOGUE:
        assert check.check_id not in seen
        assert all(needed in seen for needed in check.needs), check.check_id
        assert f"`{check.check_id}` · {check.severity} · for administrators" in render()
        seen.add(check.check_id)


def test_a_sound_machine_passes_every_check(machine: Machine) -> None:
    found = {f.check_id: f.status for f in machine.look().findings}
    assert found == {c.check_id: "skipped" if c.check_id in SILENT else "ok" for c in HUB_CATALOGUE}


def test_looking_leaves_no_trace(machine: Machine) -> None:
    def snapshot() -> dict[str, tuple[int, int, int]]:
        return {
            str(p): (p.stat().st_mtime_ns, p.stat().st_ctime_ns, p.stat().st_size)
            for p in [machine.place, *machine.place.rglob("*")]
        }

    machine.look()
    before = snapshot()
    machine.look()
    assert snapshot() == before


# --- configuration ---


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.JupyterHub.port = = 8000", "is not Python"),
        ("import dockerspawner_of_nobody", "the module dockerspawner_of_nobody is not installed"),
        ("import os; os.environ['HUB_SECRET_X']", "the environment variable HUB_SECRET_X is not set"),
        ("c.JupyterHub.port = eight_thousand", "the name eight_thousand does not exist"),
        ("open('/nowhere/secrets.env')", "No such file or directory (/nowhere/secrets.env)"),
        ("raise ValueError('hunter2')", "it stops with ValueError"),
        ("raise SystemExit('hunter2')", "it stops with SystemExit"),
    ],
)
def test_configuration_that_does_not_load(machine: Machine, line: str, said: str) -> None:
    number = len(machine.config.read_text().splitlines()) + 1
    machine.add(line)
    found = machine.assert_fault("hubconf.load", "error", said)
    assert f"line {number}" in found.message
    assert "hunter2" not in found.message
    assert machine.finding("hubdb.reach").status == "skipped"


def test_what_the_configuration_prints_is_not_taken_for_the_answer(machine: Machine) -> None:
    machine.add("print('{{}}', flush=True); import os; os.write(1, b'noise'); os.write(2, b'noise')")
    assert machine.finding("hubconf.load").status == "ok"


@only_root
def test_configuration_that_the_hubs_user_cannot_read(machine: Machine) -> None:
    machine.config.chmod(0o600)
    machine.assert_fault("hubconf.load", "error", "may not read")
    (machine.place / "etc").chmod(0o700)
    machine.assert_fault("hubconf.load", "error", "cannot pass", str(machine.place / "etc"))


def test_configuration_that_others_may_change(machine: Machine) -> None:
    machine.config.chmod(0o664)
    machine.assert_fault("hubconf.perms", "error", "664", "chmod go-w")
    machine.config.chmod(0o644)
    (machine.place / "etc").chmod(0o777)
    machine.assert_fault("hubconf.perms", "error", str(machine.place / "etc"))


def test_nobody_may_log_in(machine: Machine) -> None:
    """A rule counts by its value: `allow_all = False` is none."""
    text = machine.config.read_text()
    line = next(line for line in text.splitlines() if "allowed_users" in line)
    machine.config.write_text(text.replace(line, "c.Authenticator.allow_all = False"))
    machine.assert_fault("hubconf.allow", "error", "allowed_users")
    machine.add("c.PAMAuthenticator.allowed_groups = {{'staff'}}")
    assert machine.finding("hubconf.allow").status == "ok"


def test_configuration_of_2015(machine: Machine) -> None:
    """As the guide's author has it: each line is recognised, and what has replaced it is named."""
    machine.add(
        "c.JupyterHub.proxy_auth_token = '{token}'\n"
        "c.Authenticator.whitelist = {{'{user}'}}\n"
        "c.JupyterHub.admin_users = {{'{user}'}}\n"
        "c.HubAuth.hub_address = 'hub.example.org'\n"
        "c.HubAuth.graders = ['{person}']\n"
        "c.FormgradeApp.port = 9000\n"
        "c.NbGrader.course_id = 'course101'"
    )
    found = machine.assert_fault("hubconf.old_names", "warning", "hubgrade admin migrate-config")
    for old, new in [
        ("c.JupyterHub.proxy_auth_token", "c.ConfigurableHTTPProxy.auth_token"),
        ("c.Authenticator.whitelist", "c.Authenticator.allowed_users"),
        ("c.JupyterHub.admin_users", "c.Authenticator.admin_users"),
        ("c.HubAuth.graders", "formgrade-COURSE"),
        ("c.FormgradeApp.port", "server extension"),
    ]:
        assert f"{old} (now " in found.message
        assert new in found.message


def test_roles_and_services(machine: Machine) -> None:
    """Faults that do not hide each other, in one configuration."""
    machine.add(
        "c.JupyterHub.services.append({{'name': 'short', 'api_token': 'abcdefghijk'}})\n"
        "c.JupyterHub.services.append({{'name': 'old', 'command': ['jupyterhub-singleuser', '--group=x']}})\n"
        "c.JupyterHub.load_roles.append({{'name': 'server', 'scopes': ['inherit']}})\n"
        "c.JupyterHub.load_roles.append({{'name': 'r', 'groups': ['ghosts'], 'scopes': ['read:all']}})\n"
        "c.Authenticator.manage_groups = True\n"
        "c.Authenticator.admin_users = {{'{person}'}}\n"
        "c.JupyterHub.authenticator_class = 'dummy'\n"
    )
    report = {f.check_id: f for f in machine.look().findings}
    expected = {
        "hubconf.server_inherit": ("warning", "inherit"),
        "hubconf.group_flag": ("error", "old"),
        "hubconf.weak_token": ("warning", "fewer than 16"),
        "hubconf.manage_groups": ("warning", "manage_groups"),
        "hubconf.scopes": ("error", "read:all (role r)"),
        "hubconf.role_group": ("warning", "ghosts"),
        "hubconf.open_login": ("warning", "dummy"),
        "hubconf.admins_teach": ("info", ME),
    }
    for check_id, (status, word) in expected.items():
        assert (report[check_id].status, word in report[check_id].message) == (status, True), check_id
    machine.add("c.JupyterHub.services[0]['api_token'] = 'abc'\nc.JupyterHub.load_groups['g'] = ['ada']")
    assert "fewer than 8" in machine.assert_fault("hubconf.weak_token", "error", "course101").message
    machine.assert_fault("hubconf.role_group", "warning", "plain list", '{"users"')


def test_custom_scopes_are_known(machine: Machine) -> None:
    machine.add(
        "c.JupyterHub.custom_scopes = {{'custom:grade': {{'description': 'x'}}}}\n"
        "c.JupyterHub.load_roles.append({{'name': 'r', 'scopes': ['custom:grade!user=ada']}})"
    )
    assert machine.finding("hubconf.scopes").status == "ok"


def test_internal_ssl(machine: Machine) -> None:
    machine.add("c.JupyterHub.internal_ssl = True")
    machine.assert_fault("hubconf.internal_ssl", "error", "ConfigurableHTTPProxy.api_url", "http://")
    machine.add(
        "del c.ConfigurableHTTPProxy.api_url, c.JupyterHub.hub_bind_url\n"
        "c.JupyterHub.services.append({{'name': 's', 'command': ['x'], 'user': 'ada'}})"
    )
    machine.assert_fault("hubconf.internal_ssl", "error", "service s runs as another user")


def test_public_address(machine: Machine) -> None:
    machine.add("del c.JupyterHub.public_url")
    machine.assert_fault("hubconf.public_url", "info", "public_url")
    machine.add("c.HubAuth.hub_address = 'hub.example.org'")
    machine.assert_fault("hubconf.public_url", "warning", "c.HubAuth.hub_address")


# --- the hub's database ---


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


def test_old_schema(machine: Machine, databases: tuple[Path, Path]) -> None:
    """Made by JupyterHub's own migrations, backwards."""
    shutil.copyfile(databases[1], machine.database)
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


# --- certificate ---


@pytest.mark.parametrize(
    ("days", "status", "said"),
    [
        ((-400, -1), "error", "expired on"),
        ((-1, 10), "warning", "expires in 9 days"),
        ((1, 300), "error", "from"),
    ],
)
def test_dates(machine: Machine, days: tuple[float, float], status: str, said: str) -> None:
    make_certificate(machine.place / "tls", days=days)
    machine.give(machine.place / "tls" / "key.pem", 0o600)
    machine.assert_fault("tls.expiry", status, said)


def test_names(machine: Machine) -> None:
    tls = machine.place / "tls"
    make_certificate(tls, names=("other.example.org", "127.0.0.1"))
    machine.give(tls / "key.pem", 0o600)
    machine.assert_fault("tls.san", "error", "other.example.org", "hub.example.org")
    make_certificate(tls, names=("*.example.org",))
    assert machine.finding("tls.san").status == "ok"
    # what the openssl line of 2015 makes
    make_certificate(tls, names=(), issuer="hub.example.org")
    machine.assert_fault("tls.san", "warning", "CN only", "subjectAltName")
    machine.assert_fault("tls.self_signed", "warning", "signed by itself")


def test_key(machine: Machine) -> None:
    tls = machine.place / "tls"
    (tls / "key.pem").chmod(0o644)
    machine.assert_fault("tls.key_perms", "error", "644", "chmod 600")
    certificate = (tls / "cert.pem").read_bytes()
    make_certificate(tls)
    machine.give(tls / "key.pem", 0o600)
    (tls / "cert.pem").write_bytes(certificate)
    machine.assert_fault("tls.match", "error", "belongs to another certificate")
    (tls / "cert.pem").write_text("no certificate")
    machine.assert_fault("tls.match", "error", "cannot be used")
    (tls / "key.pem").unlink()
    machine.assert_fault("tls.files", "error", "key.pem is missing")
    machine.add("del c.JupyterHub.ssl_key")
    machine.assert_fault("tls.files", "error", "ssl_cert is set, c.JupyterHub.ssl_key is not")
    machine.add("del c.JupyterHub.ssl_cert")
    assert machine.finding("tls.files").status == "skipped"


# --- spawner and unit ---


def test_server_program(machine: Machine) -> None:
    program = machine.place / "bin" / "jupyterhub-singleuser"
    deep = machine.place / "closed" / "bin"
    deep.mkdir(parents=True)
    (deep / "python3").symlink_to(sys.executable)
    program.write_text(f"#!{deep}/python3\n")
    (machine.place / "closed").chmod(0o700)
    machine.assert_fault(
        "spawner.interpreter", "error", f"cannot pass {machine.place}/closed", "/usr/bin/python3"
    )
    program.unlink()
    machine.assert_fault("spawner.cmd", "error", "jupyterhub-singleuser", "PATH")
    assert machine.finding("spawner.interpreter").status == "skipped"
    machine.add("c.JupyterHub.spawner_class = 'dockerspawner.DockerSpawner'")
    assert machine.finding("spawner.cmd").status == "skipped"


def test_accounts_and_homes(machine: Machine) -> None:
    # the guide's users, with 2015's name for the list
    machine.add("c.Authenticator.whitelist = {{'ghost-of-nobody'}}")
    machine.assert_fault("spawner.os_user", "warning", "ghost-of-nobody", "useradd")
    machine.add("c.LocalAuthenticator.create_system_users = True")
    assert machine.finding("spawner.os_user").status == "ok"
    homeless = next((a.pw_name for a in pwd.getpwall() if not Path(a.pw_dir).is_dir()), None)
    assert homeless, "every Debian has accounts without a home"
    machine.add(f"c.Authenticator.admin_users.add('{homeless}')")
    machine.assert_fault("spawner.home", "error", homeless)


def test_unit(machine: Machine) -> None:
    machine.write_unit("[Service]\nExecStart=/x/jupyterhub\nKillMode=process\n")
    machine.assert_fault("systemd.working_directory", "warning", "no WorkingDirectory=")
    machine.assert_fault("systemd.umask", "warning", "UMask=0022", "UMask=0077")
    machine.assert_fault("systemd.kill_mode", "warning", "KillMode=process", "KillMode=mixed")
    # systemd's own PATH has neither of them
    machine.add("c.ConfigurableHTTPProxy.command = 'configurable-proxy-of-nobody'")
    machine.assert_fault("proxy.binary", "error", "configurable-proxy-of-nobody")


def test_path_of_the_unit(machine: Machine) -> None:
    (machine.place / "bin" / "alembic").unlink()
    machine.write_unit(UNIT.replace(":/usr/bin:/bin", ""))
    machine.assert_fault("hubdb.alembic_path", "warning", "alembic")


def test_no_unit(machine: Machine) -> None:
    (machine.units / "jupyterhub.service").unlink()
    machine.assert_fault("systemd.unit", "info", "hubgrade admin site")
    (machine.place / "init.d").write_text("#!/bin/sh\n")
    machine.assert_fault("systemd.unit", "warning", "as in 2015", "update-rc.d")


def test_drop_ins_and_files_of_the_environment(machine: Machine) -> None:
    secrets = machine.place / "secrets.env"
    secrets.write_text("# for hub and proxy\nCONFIGPROXY_AUTH_TOKEN='not-for-print'\n")
    folder = machine.units / "jupyterhub.service.d"
    folder.mkdir()
    (folder / "10.conf").write_text(f"[Service]\nEnvironmentFile=-{secrets}\nUMask=0027\nExecStart=\n")
    unit = read_unit([str(machine.units)])
    assert unit.environment["CONFIGPROXY_AUTH_TOKEN"] == "not-for-print"
    assert unit.environment["LANG"] == "C.UTF-8"
    assert (unit.facts.umask, unit.config) == ("0027", "")
    assert "not-for-print" not in repr(unit.facts)


# --- finding the hub ---


def test_the_units_configuration_and_folder_are_taken(machine: Machine) -> None:
    side = ask_hub_side(unit_folders=[str(machine.units)])
    assert side.hub_config.file.path == str(machine.config)
    assert side.user == HUB_USER
    assert side.hub_database.probe is not None


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hubgrade_ext.preflight.hub_side.asking.USUAL_CONFIGS", ())
    with pytest.raises(NotFound, match=r"no jupyterhub_config\.py"):
        ask_hub_side(unit_folders=[])
    with pytest.raises(NotFound, match="no file"):
        ask_hub_side(tmp_path / "gone.py", unit_folders=[])
    # whoever left this here may want it to be run by root
    (tmp_path / "jupyterhub_config.py").write_text("raise SystemExit")
    (tmp_path / "jupyterhub_config.py").chmod(0o666)
    with pytest.raises(NotFound):
        ask_hub_side(unit_folders=[])


def test_no_such_user_and_a_configuration_that_takes_the_process_down(machine: Machine) -> None:
    with pytest.raises(InvalidRequest, match="no user 'ghost-of-nobody'"):
        ask_hub_side(machine.config, "ghost-of-nobody", unit_folders=[])
    machine.add("import os; os._exit(3)")
    with pytest.raises(InvalidRequest, match="ended the process"):
        ask_hub_side(machine.config, unit_folders=[])
