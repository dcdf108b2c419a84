"""What was asked for: the hub, its places, and its courses with their people."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from msgspec import Struct, field

LoginPolicy = Literal["courses", "everyone"]


class Course(Struct, frozen=True, forbid_unknown_fields=True):
    """One course as a hub-managed service of its own account; `course_id` names service, groups and roles."""

    course_id: str
    instructors: tuple[str, ...] = ()
    graders: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    account: str = ""
    folder: str = ""
    port: int = 0

    @property
    def teachers(self) -> tuple[str, ...]:
        """Who may open the course: instructors and graders, each once."""
        return tuple(dict.fromkeys((*self.instructors, *self.graders)))


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """One hub: places, addresses and rules, with the values that suit a Debian machine."""

    config_dir: str = "/etc/jupyterhub"
    hub_dir: str = "/var/lib/jupyterhub"
    venv: str = "/opt/jupyterhub"
    proxy_command: str = ""
    jupyter_config_dir: str = "/etc/jupyter"
    systemd_dir: str = "/etc/systemd/system"
    tmpfiles_dir: str = "/etc/tmpfiles.d"
    sysusers_dir: str = "/etc/sysusers.d"
    home_dir: str = "/home"
    exchange: str = "/srv/nbgrader/exchange"
    domain: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_in_front: bool = False
    base_url: str = "/"
    port: int = 0
    hub_port: int = 8081
    proxy_api_port: int = 8001
    service_port: int = 9100
    admins: tuple[str, ...] = ()
    login: LoginPolicy = "courses"
    cull_after_s: int = 0
    hub_checks: bool = True
    courses: dict[str, Course] = field(default_factory=dict)

    @property
    def own_dir(self) -> PurePosixPath:
        """The folder of our own files, below the hub's configuration."""
        return PurePosixPath(self.config_dir) / "hubgrade"

    @property
    def piece(self) -> PurePosixPath:
        """The part of the hub's configuration that the administrator's own file loads."""
        return self.own_dir / "jupyterhub_courses.py"

    @property
    def main_config(self) -> PurePosixPath:
        """The administrator's own configuration of the hub."""
        return PurePosixPath(self.config_dir) / "jupyterhub_config.py"

    @property
    def secrets_file(self) -> PurePosixPath:
        """The root-only file with the proxy's token."""
        return self.own_dir / "secrets.env"

    @property
    def tls(self) -> bool:
        """Whether the proxy itself speaks TLS."""
        return bool(self.tls_cert)

    @property
    def public_port(self) -> int:
        """The port that people's browsers ask."""
        return self.port or (443 if self.tls else 8000)

    @property
    def public_ip(self) -> str:
        """The address on which the proxy listens; empty for all of the machine's."""
        return "127.0.0.1" if self.tls_in_front else ""

    @property
    def public_url(self) -> str:
        """The address that people type, '' when no domain is known."""
        if not self.domain:
            return ""
        if self.tls_in_front:
            return f"https://{self.domain}{self.base_url}"
        shown = "" if self.public_port == (443 if self.tls else 80) else f":{self.public_port}"
        return f"{'https' if self.tls else 'http'}://{self.domain}{shown}{self.base_url}"

    @property
    def chp(self) -> str:
        """The program of the proxy."""
        return self.proxy_command or f"{self.venv}/bin/configurable-http-proxy"

    @property
    def everyone(self) -> tuple[str, ...]:
        """Every person of every course, sorted."""
        names: set[str] = set()
        for course in self.courses.values():
            names.update(course.teachers, course.students)
        return tuple(sorted(names))
