"""jupyterhub_config.py, with each fault made real."""

from __future__ import annotations

import pytest

from tests.preflight.hub_machine import ME, ROOT, Machine

only_root = pytest.mark.skipif(not ROOT, reason="only root can look with another user's eyes")


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
