"""The hub that most tests share: its people, courses, and the configuration an administrator would write.

ines  instructor: course101 in her own home and server; course201, a service of the hub
ivan  instructor of course202, a service of the hub
gus   grades in course201 and course202
ada, ben   students of all three;  cy  of course201 only
olga  outsider, whom a careless role lets into course201's service
"""

from __future__ import annotations

import grp
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from tests.realhub.hub import RealHub, free_ports
from tests.realhub.people import SYSTEM_PATH, Machine, Person

OWN = "course101"
SERVICES = ("course201", "course202")

SITE_CONFIG = """\
from nbgrader.auth import JupyterHubAuthPlugin
c = get_config()
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = True
c.Authenticator.plugin_class = JupyterHubAuthPlugin
"""
COURSE_CONFIG = """\
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = {course_id!r}
"""
# groups, roles with the smallest scopes that work, services, and the hook that gives students no formgrader
HUB_CONFIG = """
import jupyterhub
# how long the hub waits for a service; JupyterHub 5 has no such setting, and waits 10 s
patience = {{"timeout": 120}} if jupyterhub.version_info >= (6,) else {{}}
c.JupyterHub.activity_resolution = 1
groups = {groups!r}
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in groups.items()}}
c.JupyterHub.services = [{{"name": "culler", "api_token": {culler_token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "server", "scopes": [
        "users:activity!user", "access:servers!server", "read:users:groups!user", "read:users:name!user",
        "list:services", "read:services", "access:services",
    ]}},
    # the test's culler, which sees one user's server only
    {{"name": "culler", "services": ["culler"], "scopes": [
        f"{{scope}}!user={culled}"
        for scope in ("list:users", "read:users:activity", "read:servers", "delete:servers")
    ]}},
    {{"name": "careless", "users": [{outsider!r}], "scopes": ["access:services!service=course201"]}},
]
for course, account, home, port in {services!r}:
    c.JupyterHub.services.append({{
        "name": course, "url": f"http://127.0.0.1:{{port}}", "command": [{singleuser!r}],
        "user": account, "cwd": home, "oauth_no_confirm": True, "environment": {environment!r},
        **patience,
    }})
    c.JupyterHub.load_roles += [
        {{"name": f"formgrade-{{course}}", "groups": [f"formgrade-{{course}}"], "scopes": [
            f"access:services!service={{course}}", "list:services", f"read:services!service={{course}}",
        ]}},
        {{"name": f"service-{{course}}", "services": [course], "scopes": [
            f"read:users:groups!user={{account}}", f"read:users:name!user={{account}}",
            f"list:groups!group=nbgrader-{{course}}", f"groups!group=nbgrader-{{course}}",
        ]}},
    ]

def per_role(spawner):
    teaches = any(group.name.startswith("formgrade-") for group in spawner.user.groups)
    for name in [] if teaches else ["formgrader", "course_list"]:
        switch = f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{{name}}=False"
        spawner.args = [*spawner.args, switch]

c.Spawner.pre_spawn_hook = per_role
"""
# without this and c.JupyterHub.activity_resolution, a hub hears every five minutes whether a server is idle
BRISK = {"JUPYTERHUB_ACTIVITY_INTERVAL": "2"}


class Site:
    """The people and their hub; `exchange` has mode 1777."""

    def __init__(
        self,
        machine: Machine,
        *,
        home_mode: int = 0o700,
        exchange_mode: int = 0o1777,
        services: bool = True,
    ) -> None:
        self.machine = machine
        self.culler_token = secrets.token_hex(16)
        names = ("ines", "ivan", "gus", "olga", "ada", "ben", "cy")
        self.ines, self.ivan, self.gus, self.olga, self.ada, self.ben, self.cy = (
            machine.user(name, home_mode=home_mode) for name in names
        )
        self.exchange = machine.folder / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(exchange_mode)
        self.accounts = {course: machine.user(f"for-{course}") for course in SERVICES if services}
        self.course = self.ines.home / OWN
        install_course(self.ines, OWN)
        for course, account in self.accounts.items():
            install_course(account, course)

    def share(self, group: str) -> None:
        """Move course101 out of ines's home, to be shared by a Unix group with her and gus in it."""
        shared = self.machine.folder / "courses"
        shared.mkdir()
        self.course = Path(shutil.move(self.course, shared / OWN))
        gid = grp.getgrnam(group).gr_gid
        for path in (self.course, *self.course.rglob("*")):
            os.chown(path, self.ines.uid, gid)
            path.chmod(0o2770 if path.is_dir() else 0o660)
        for teacher in (self.ines, self.gus):
            text = COURSE_CONFIG.format(root=str(self.course), course_id=OWN)
            teacher.write(".jupyter/nbgrader_config.py", text)
        os.chown(self.exchange, self.ines.uid, gid)

    def groups(self) -> dict[str, list[str]]:
        """Return the hub's groups and who is in them."""
        ada, ben, cy = self.ada.name, self.ben.name, self.cy.name
        teachers = {"course201": [self.ines, self.gus], "course202": [self.ivan, self.gus]}
        teachers = {OWN: [self.ines]} | {course: teachers[course] for course in self.accounts}
        found = {f"formgrade-{course}": [p.name for p in people] for course, people in teachers.items()}
        for course, account in self.accounts.items():
            found[f"formgrade-{course}"].append(account.name)
        found |= {f"nbgrader-{course}": [ada, ben] for course in teachers}
        if self.accounts:
            found["nbgrader-course201"].append(cy)
        return found

    def hub(
        self,
        *,
        more_config: str = "",
        more_site_config: str = "",
        bin_dir: Path = RealHub.bin_dir,
        **options: Any,
    ) -> RealHub:
        """Return the hub, not started yet; `options` as for RealHub."""
        path = f"{bin_dir}:{SYSTEM_PATH}"
        site = str(self.machine.folder / "site")
        ports = free_ports(len(self.accounts))
        config = HUB_CONFIG.format(
            groups=self.groups(),
            outsider=self.olga.name,
            culled=self.ines.name,
            culler_token=self.culler_token,
            services=[
                (course, account.name, str(account.home), port)
                for (course, account), port in zip(self.accounts.items(), ports, strict=True)
            ],
            singleuser=str(bin_dir / "jupyterhub-singleuser"),
            environment={"JUPYTERHUB_DEFAULT_URL": "/lab", "PATH": path, "JUPYTER_CONFIG_PATH": site},
        )
        users = [p.name for p in (self.ines, self.ivan, self.gus, self.olga, self.ada, self.ben, self.cy)]
        return RealHub(
            self.machine,
            config + more_config,
            users,
            site_config=SITE_CONFIG.format(exchange=str(self.exchange)) + more_site_config,
            bin_dir=bin_dir,
            environment=BRISK,
            **options,
        )


def install_course(owner: Person, course_id: str) -> Path:
    """Give somebody a course folder with nbgrader's example ps1, and the configuration that names it."""
    import nbgrader

    root = owner.home / course_id
    example = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
    shutil.copytree(example, root / "source" / "ps1", ignore=shutil.ignore_patterns("*.html"))
    root.chmod(0o700)
    for path in (root, *root.rglob("*")):
        os.chown(path, owner.uid, owner.gid)
    text = COURSE_CONFIG.format(root=str(root), course_id=course_id)
    owner.write(".jupyter/nbgrader_config.py", text)
    return root
