"""`hubgrade preflight --hub`: where all is well, how the hub is found, how servers are started."""

from __future__ import annotations

import pwd
import re
import sys
from pathlib import Path

import pytest

from hubgrade_ext.core.errors import InvalidRequest, NotFound
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.docs import render
from hubgrade_ext.preflight.hub_catalogue import HUB_CATALOGUE
from hubgrade_ext.preflight.hub_side.asking import ask_hub_side
from hubgrade_ext.preflight.hub_side.unit import read_unit
from tests.preflight.hub_machine import HUB_USER, UNIT, Machine

ROOT = Path(__file__).resolve().parents[2]
# the parts of a sound machine that say nothing until the hub runs
SILENT = {"proxy.reachable", "proxy.token", "proxy.open", "proxy.hub_route"}


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


def test_every_trouble_of_the_2015_guide_has_its_checks() -> None:
    page = (ROOT / "docs" / "admins.md").read_text(encoding="utf-8")
    table = page.partition("| in the guide of 2015 |")[2].partition("\n\n")[0]
    rows = [row for row in table.splitlines()[2:] if row]
    known = {check.check_id for check in [*CATALOGUE, *HUB_CATALOGUE]}
    assert len(rows) == 6
    for row in rows:
        named = re.findall(r"`([a-z_]+\.[a-z_]+)`", row)
        assert named, row
        assert set(named) <= known, set(named) - known


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


def test_nothing_is_imported_from_the_folder_where_root_happens_to_be(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert ask_hub_side(unit_folders=[str(machine.units)]).hub_config.file.path == str(machine.config)


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
