"""A hub's machine in a temporary folder: configuration, database, unit; looked at as an ordinary user."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

from hubgrade_ext.core.models import Finding, HubReport
from hubgrade_ext.preflight.hub_side.child import Request, look
from hubgrade_ext.preflight.hub_side.report import report
from hubgrade_ext.preflight.hub_side.unit import read_unit

ROOT = os.getuid() == 0
# root may write everything: the hub's user must be somebody else for modes to mean something
ME = pwd.getpwuid(os.getuid()).pw_name
HUB_USER = "nobody" if ROOT else ME
SERVICE_TOKEN = "8c1d2f6e5b7a4930aa55"
SOUND = """
c.JupyterHub.bind_url = "http://127.0.0.1:{public}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.public_url = "https://hub.example.org/"
c.JupyterHub.db_url = "sqlite:///{place}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{place}/hub/jupyterhub_cookie_secret"
c.JupyterHub.ssl_cert = "{place}/tls/cert.pem"
c.JupyterHub.ssl_key = "{place}/tls/key.pem"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.pid_file = "{place}/hub/jupyterhub-proxy.pid"
c.ConfigurableHTTPProxy.command = ["{place}/bin/configurable-http-proxy"]
c.Spawner.cmd = ["{place}/bin/jupyterhub-singleuser"]
c.Authenticator.allowed_users.update({{"{person}"}})
c.JupyterHub.load_groups = {{"formgrade-course101": {{"users": ["{person}"]}}}}
c.JupyterHub.services = [{{"name": "course101", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "server", "scopes": ["users:activity!user", "access:servers!server"]}},
    {{"name": "teach", "groups": ["formgrade-course101"], "scopes": ["access:services!service=course101"]}},
]
"""
UNIT = """
[Unit]
Description=JupyterHub

[Service]
User={user}
UMask=0077
WorkingDirectory={place}/hub
Environment="PATH={place}/bin:/usr/bin:/bin" LANG=C.UTF-8
ExecStart=/opt/jupyterhub/bin/jupyterhub \\
    -f {place}/etc/jupyterhub_config.py
KillMode=mixed
"""


class Machine:
    """Where a test makes its fault real; `look` then judges it."""

    def __init__(self, place: Path, ports: tuple[int, int, int]) -> None:
        self.place = place
        self.config = place / "etc" / "jupyterhub_config.py"
        self.database = place / "hub" / "jupyterhub.sqlite"
        self.secret = place / "hub" / "jupyterhub_cookie_secret"
        self.units = place / "units"
        for name in ("etc", "hub", "tls", "bin", "units"):
            (place / name).mkdir(mode=0o755)
        self.public, self.hub, self.api = ports
        self.config.write_text(self.filled(SOUND))
        self.write_unit(UNIT)
        for name in ("configurable-http-proxy", "jupyterhub-singleuser", "alembic"):
            program = place / "bin" / name
            program.write_text("#!/usr/bin/env sh\n")
            program.chmod(0o755)
        self.secret.write_text("00" * 32)
        self.give(self.secret, 0o600)
        self.give(place / "hub", 0o700)

    def filled(self, text: str) -> str:
        ports = {"public": self.public, "hub": self.hub, "api": self.api}
        return text.format(place=self.place, user=HUB_USER, person=ME, token=SERVICE_TOKEN, **ports)

    def write_unit(self, text: str) -> None:
        (self.units / "jupyterhub.service").write_text(self.filled(text))

    def give(self, path: Path, mode: int) -> None:
        """Make a file or folder the hub's user's own."""
        if ROOT:
            account = pwd.getpwnam(HUB_USER)
            os.chown(path, account.pw_uid, account.pw_gid)
        path.chmod(mode)

    def add(self, lines: str) -> None:
        """Add lines to the configuration."""
        with self.config.open("a") as file:
            file.write(self.filled(lines) + "\n")

    def look(self) -> HubReport:
        unit = read_unit([str(self.units)], str(self.place / "init.d"))
        directory = unit.facts.working_directory or str(self.place)
        request = Request(str(self.config), HUB_USER if ROOT else "", directory, unit.environment, unit.facts)
        found = report(look(request))
        assert SERVICE_TOKEN not in repr(found)
        return found

    def finding(self, check_id: str) -> Finding:
        """Look, and return one finding."""
        return next(f for f in self.look().findings if f.check_id == check_id)

    def assert_fault(self, check_id: str, status: str, *words: str) -> Finding:
        found = self.finding(check_id)
        assert found.status == status, found
        assert found.why
        assert found.remedy
        for word in words:
            assert word in found.message + " " + found.remedy, found
        return found


def free_ports() -> tuple[int, int, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for each in sockets:
        each.close()
    return ports[0], ports[1], ports[2]
