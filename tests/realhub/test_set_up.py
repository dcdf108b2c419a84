"""A hub brought up from what `hubgrade admin` wrote, started as its units say; nothing else is configured.

Added by the tests: how people log in (the machine's users have no passwords), and the tests' own way in.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbgrader
import psutil
import pytest

from hubgrade_ext.preflight.checks.hub_session import find_locked, find_refused
from hubgrade_ext.preflight.hub_facts import gather_hub
from tests.realhub.hub import (
    AFTER,
    API,
    PASSWORD,
    PROXY,
    START_S,
    STOP_S,
    RealHub,
    eventually,
    free_ports,
)
from tests.realhub.people import SYSTEM_PATH, Machine, Person

LOGIN = """
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
"""
SITE = """\
config_dir = "{folder}/etc/jupyterhub"
hub_dir = "{folder}/lib/jupyterhub"
venv = "{venv}"
proxy_command = "{proxy}"
jupyter_config_dir = "{folder}/etc/jupyter"
systemd_dir = "{folder}/etc/systemd"
tmpfiles_dir = "{folder}/etc/tmpfiles.d"
sysusers_dir = "{folder}/etc/sysusers.d"
home_dir = "{folder}/homes"
exchange = "{folder}/exchange"
port = {port}
hub_port = {hub_port}
proxy_api_port = {proxy_api_port}
service_port = {service_port}
cull_after_s = 3600
"""


class Unit:
    """A unit that systemd would start: its program, its environment, its folder."""

    def __init__(self, path: Path) -> None:
        text = path.read_text().replace("\\\n", " ")
        lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
        self.values = {key: value for key, value in lines if key != "Environment"}
        self.environment = {"PATH": SYSTEM_PATH}
        self.environment |= dict(value.split("=", 1) for key, value in lines if key == "Environment")
        if secrets := self.values.get("EnvironmentFile"):
            self.environment |= dict(line.split("=", 1) for line in Path(secrets).read_text().splitlines())

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as stream:
            return subprocess.Popen(
                shlex.split(self.values["ExecStart"]),
                cwd=self.values.get("WorkingDirectory", "/"),
                env=self.environment | {"PYTHONDONTWRITEBYTECODE": "1"},
                umask=int(self.values.get("UMask", "0022"), 8),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class SetUpHub(RealHub):
    """A hub of which every file was written by `hubgrade admin`."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.token, self.context = machine, os.urandom(16).hex(), None
        self.folder = Path(machine.folder) / "setup"
        self.folder.mkdir()
        ports = dict(zip(("port", "hub_port", "proxy_api_port"), free_ports(3), strict=True))
        self.asked = self.folder / "asked.toml"
        self.asked.write_text(
            SITE.format(folder=self.folder, venv=sys.prefix, proxy=PROXY, service_port=_free_run(), **ports)
        )
        self.url = self.origin = f"http://127.0.0.1:{ports['port']}"
        self.config = self.folder / "etc/jupyterhub/jupyterhub_config.py"
        self.process = None
        self.proxy: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text(errors="replace")

    def admin(self, *arguments: str) -> str:
        """Run `hubgrade admin …` as root; the plan must be carried out whole."""
        command = [sys.executable, "-m", "hubgrade_ext.cli", "admin", *arguments, "--apply"]
        command += ["--config-dir", str(self.config.parent)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_the_tests_way_in(self) -> None:
        self.config.write_text(
            self.config.read_text() + LOGIN.format(password=PASSWORD) + AFTER.format(token=self.token)
        )

    def start_proxy(self) -> None:
        self.proxy = Unit(self.folder / "etc/systemd/jupyterhub-proxy.service").start(
            self.folder / "proxy.log"
        )
        self._remember(self.proxy.pid)

    def start(self) -> None:
        self.process = Unit(self.folder / "etc/systemd/jupyterhub.service").start(self.folder / "hub.log")
        self._remember(self.process.pid)
        eventually(self._answers, START_S, lambda: self.log[-6000:])

    def stop_all(self) -> None:
        self.stop()
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.wait(STOP_S)


def _free_run(count: int = 4) -> int:
    """Return the second of so many free ports in a row, for services; below those that systems hand out."""
    while True:
        first = 20_000 + secrets.randbelow(10_000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first + 1


def _source(account: Person, course_dir: Path) -> None:
    example = Path(nbgrader.__file__).parent / "docs/source/user_guide/source/ps1/problem1.ipynb"
    account.write(
        str((course_dir / "source/ps1/problem1.ipynb").relative_to(account.home)), example.read_text()
    )


@pytest.fixture(scope="module")
def people(machine: Machine) -> dict[str, Person]:
    return {name: machine.user(name) for name in ("ada", "bob", "carol")}


@pytest.fixture(scope="module")
def hub(machine: Machine, people: dict[str, Person]) -> Iterator[SetUpHub]:
    """A running hub with the course course101, of ada and bob; carol is its student."""
    hub = SetUpHub(machine)
    account = machine.user("course101")
    names = {short: person.name for short, person in people.items()}
    hub.admin("site", "--from", str(hub.asked))
    hub.admin(
        *("course", "course101", "--account", account.name, "--folder", str(account.home / "course101")),
        *("--instructors", names["ada"], "--graders", names["bob"], "--students", names["carol"]),
    )
    _source(account, account.home / "course101")
    hub.add_the_tests_way_in()
    hub.start_proxy()
    try:
        hub.start()
        yield hub
    finally:
        hub.stop_all()


def test_course_is_taught_and_taken_with_what_the_command_wrote(
    hub: SetUpHub, people: dict[str, Person]
) -> None:
    ada, carol = people["ada"].name, people["carol"].name
    teacher = hub.visitor(ada, "/services/course101")
    eventually(
        lambda: teacher.ask("GET", "/formgrader/manage_assignments")[0] == 200,
        START_S,
        lambda: hub.log[-6000:],
    )
    for step in ("assign", "release"):
        status, told = teacher.ask("POST", f"/formgrader/api/assignment/ps1/{step}")
        assert (status, told["success"]) == (200, True), told

    hub.spawn(carol)
    student = hub.visitor(carol)
    assert student.ask("GET", "/formgrader")[0] == 404
    assert student.ask("GET", "/courses")[1] == {"success": True, "value": ["course101"]}
    body = {"course_id": "course101", "assignment_id": "ps1"}
    assert student.ask("POST", "/assignments/fetch", body)[1]["success"] is True
    assert (people["carol"].home / "course101/ps1/problem1.ipynb").is_file()
    # what is not hers
    assert hub.visitor(carol, "/services/course101").ask("GET", "/formgrader/manage_assignments")[0] == 403
    assert not people["carol"].may("-x", people["carol"].home.parent / "course101")


def test_who_leaves_a_course_loses_it_and_servers_outlive_the_hubs_restart(
    hub: SetUpHub, people: dict[str, Person]
) -> None:
    bob = hub.visitor(people["bob"].name, "/services/course101")
    eventually(
        lambda: bob.ask("GET", "/formgrader/manage_assignments")[0] == 200, START_S, lambda: hub.log[-6000:]
    )
    carol = people["carol"].name
    if not hub.server_of(carol):
        hub.spawn(carol)
    before = _servers_of(carol)
    assert before

    told = hub.admin("course", "course101", "--graders")
    assert f"{people['bob'].name} leaves course101" in told
    # a second course, whose account systemd-sysusers makes
    second = f"hgt-{hub.machine.tag}-chem"
    hub.machine.remember("user", second)
    hub.admin("course", "chem", "--account", second, "--instructors", people["bob"].name, "--make-accounts")
    hub.stop()
    hub.start()

    chem = hub.visitor(people["bob"].name, "/services/chem")
    eventually(lambda: chem.ask("GET", "/formgrader/manage_assignments")[0] == 200, START_S, lambda: hub.log)
    assert not people["carol"].may("-x", Path(pwd.getpwnam(second).pw_dir))
    eventually(
        lambda: bob.ask("GET", "/formgrader/manage_assignments")[0] == 403, START_S, lambda: hub.log[-6000:]
    )
    assert _servers_of(carol) == before
    assert hub.visitor(carol).ask("GET", "/courses")[0] == 200


def _servers_of(user: str) -> set[int]:
    return {
        process.pid
        for process in psutil.process_iter(["username", "cmdline"])
        if process.info["username"] == user
        and any("jupyterhub-singleuser" in word for word in process.info["cmdline"] or ())
    }


def test_checks_of_the_hub_and_in_a_session(hub: SetUpHub, people: dict[str, Person]) -> None:
    """What the command wrote passes our own checks, from root's side and from an instructor's."""
    unit = Unit(hub.folder / "etc/systemd/jupyterhub.service")
    command = [sys.executable, "-m", "hubgrade_ext.cli", "preflight", "--hub", "--json"]
    done = subprocess.run(
        [*command, "--config", str(hub.config)],
        cwd=unit.values["WorkingDirectory"],
        env=unit.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    problems = {
        f["check_id"]: f["message"] for f in report["findings"] if f["status"] in ("error", "warning")
    }
    assert problems == {}, problems
    proxy = {f["check_id"] for f in report["findings"] if f["subject"] == "proxy" and f["status"] == "ok"}
    assert {"proxy.token", "proxy.open", "proxy.hub_route"} <= proxy

    ada, carol = people["ada"].name, people["carol"].name
    service = hub.visitor(ada, "/services/hubgrade")
    _, facts = eventually(
        lambda: (answer := service.ask("GET", "/api/facts"))[0] == 200 and answer,
        START_S,
        lambda: (service.ask("GET", "/api/facts"), hub.log[-6000:]),
    )
    (course,) = facts["courses"]
    assert (course["course_id"], carol in course["students"]) == ("course101", True)
    assert {s["name"]: s["running"] for s in facts["services"]}["course101"] is True
    assert hub.visitor(carol, "/services/hubgrade").ask("GET", "/api/facts")[0] == 403

    teacher = hub.visitor(ada, "/services/course101")
    eventually(
        lambda: teacher.ask("GET", "/formgrader/manage_assignments")[0] == 200,
        START_S,
        lambda: hub.log[-6000:],
    )
    address = f"{API}/courses/{teacher.course_key('course101')}/preflight"
    status, report = teacher.ask("GET", address)
    assert status == 200, (report, hub.log[-6000:])
    on_hub = {f["check_id"]: (f["status"], f["message"]) for f in report["findings"] if f["subject"] == "hub"}
    assert {i for i, (state, _) in on_hub.items() if state in ("error", "warning")} == set(), on_hub
    for check_id in ("hub.token", "hub.db_locked", "hub.scope_groups", "hub.groups", "hub.token_power"):
        assert on_hub[check_id][0] == "ok", on_hub


def test_locked_database_of_the_hub_is_told_apart_from_a_bad_token(
    hub: SetUpHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub says the same in both cases; only the time it takes differs."""
    for name, value in _environment_of_service("course101").items():
        monkeypatch.setenv(name, value)
    assert find_locked(gather_hub("course101")) is None
    script = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n"
        "db.execute('begin exclusive'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(hub.folder / "lib/jupyterhub/jupyterhub.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        locked = gather_hub("course101")
        holder.communicate()
    assert find_locked(locked) is not None, locked
    eventually(lambda: gather_hub("course101").user.ok, START_S)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "made-up")
    refused = gather_hub("course101")
    assert find_locked(refused) is None
    assert find_refused(refused) is not None


def _environment_of_service(name: str) -> dict[str, str]:
    """Return what the hub told the process of a service."""
    for process in psutil.process_iter(["cmdline"]):
        if any("jupyterhub-singleuser" in word for word in process.info["cmdline"] or ()):
            told = process.environ()
            if told.get("JUPYTERHUB_SERVICE_NAME") == name:
                return {key: value for key, value in told.items() if key.startswith("JUPYTERHUB_")}
    raise AssertionError(f"the service {name} does not run")
