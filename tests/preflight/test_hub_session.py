"""The hub as a session meets it: a hub that answers as JupyterHub 6.1 does, then each fault made real."""

from __future__ import annotations

import getpass
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from hubgrade_ext.core.models import ConfigPage, CourseRef, Finding, PreflightReport, Role, Setting
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.hub import client
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.checks import hub_session
from hubgrade_ext.preflight.facts import Facts, Given
from hubgrade_ext.preflight.hub_facts import gather_hub
from hubgrade_ext.preflight.runner import run_check
from tests.preflight.fake_hub import TOKEN, FakeServer, serving

Look = Callable[..., PreflightReport]
USER = getpass.getuser()
HUB_IDS = {check.check_id for check in CATALOGUE if check.subject == "hub"}
PLUGIN = ConfigPage(
    CourseRef("0" * 16, "course101", ["instructor"]),
    [],
    [Setting("Authenticator.plugin_class", "nbgrader.auth.jupyterhub.JupyterHubAuthPlugin")],
    [],
)
SERVICES = {
    "course101": {
        "name": "course101",
        "command": ["x"],
        "pid": 7,
        "url": "http://127.0.0.1:1",
        "prefix": "/",
    },
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A hub on which everything is as it should be, with the service `hubgrade` at the same address."""
    with serving() as server:
        server.tokens = {TOKEN}
        server.public = {"/hub/api/", "/hub/health"}
        user = {
            "name": USER,
            "groups": ["formgrade-course101"],
            "scopes": [f"access:servers!server={USER}/", f"users:activity!user={USER}", "list:services"],
        }
        service = {"hubgrade": {"name": "hubgrade", "url": server.url, "prefix": "/services/hubgrade/"}}
        word = {
            "version": version("jupyterhub"),
            "spawner": "jupyterhub.spawner.LocalProcessSpawner",
            "authenticator": "jupyterhub.auth.PAMAuthenticator",
            "services": [{"name": "course101", "running": True}, {"name": "hubgrade", "running": True}],
            "groups": ["formgrade-course101", "nbgrader-course101"],
            "courses": [{"course_id": "course101", "instructors": [USER], "students": ["ada", "bob", USER]}],
        }
        server.answers = {
            "/hub/api/": (200, {"version": version("jupyterhub")}),
            "/hub/api/user": (200, user),
            f"/hub/api/users/{USER}": (200, user),
            "/hub/api/services": (200, SERVICES | service),
            "/services/hubgrade/api/facts": (200, word),
            "/hub/health": (200, None),
        }
        for name in [name for name in os.environ if name.startswith("JUPYTERHUB_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("JUPYTERHUB_API_URL", server.url + "/hub/api")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
        monkeypatch.setenv("JUPYTERHUB_USER", USER)
        monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", server.url + "/hub/")
        monkeypatch.setattr(hub_session, "LOOPBACK", ("localhost",))
        yield server


@pytest.fixture
def ask(settings: CourseSettings) -> Callable[..., dict[str, Finding]]:
    """Return a function that runs the hub's checks where nbgrader asks the hub; findings by check id.

    Without `roster` the one check that reads the gradebook is left out: it costs a process each time.
    """
    with sqlite3.connect(Path(settings.root or "") / "gradebook.db") as db:
        db.execute("create table student (id text)")
        db.executemany("insert into student values (?)", [("ada",), ("bob",)])
    db.close()

    def ask_hub(
        config: ConfigPage | None = PLUGIN, role: Role = "instructor", roster: bool = False
    ) -> dict[str, Finding]:
        facts = Facts(settings, Given(config))
        found: dict[str, Finding] = {}
        for check in CATALOGUE:
            if check.subject != "hub" or role not in check.roles:
                continue
            if roster or check.check_id != "hub.roster":
                found[check.check_id] = run_check(check, facts, found)
        assert TOKEN.encode() not in msgspec.json.encode(found)
        return found

    return ask_hub


Ask = Callable[..., dict[str, Finding]]


def change(hub: FakeServer, path: str, **fields: object) -> None:
    status, body = hub.answers[path]
    assert isinstance(body, dict)
    hub.answers[path] = (status, body | fields)


def test_a_hub_as_it_should_be_passes_every_check(hub: FakeServer, ask: Ask) -> None:
    found = ask(roster=True)
    assert {i: found[i].status for i in sorted(HUB_IDS)} == dict.fromkeys(sorted(HUB_IDS), "ok")


def test_a_healthy_hub_is_asked_in_no_time(hub: FakeServer) -> None:
    began = time.monotonic()
    assert gather_hub("course101").word is not None
    assert time.monotonic() - began < 2


def test_the_report_of_a_course_has_the_hubs_checks(hub: FakeServer, look: Look) -> None:
    report = look(config=PLUGIN)
    assert {f.check_id for f in report.findings if f.subject == "hub"} == HUB_IDS
    assert TOKEN.encode() not in msgspec.json.encode(report)


def test_no_hub_is_no_matter(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_URL", raising=False)
    report = look()
    assert {f.status for f in report.findings if f.subject == "hub"} == {"skipped"}
    assert {f.message for f in report.findings if f.subject == "hub"} == {hub_session.NO_HUB.message}


def test_plugin_without_a_hub(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_URL", raising=False)
    found = ask()
    assert found["hub.env"].status == "warning"
    assert "JupyterHubAuthPlugin" in found["hub.env"].message
    assert found["hub.reachable"].status == "skipped"


def test_hub_is_down(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    found = ask()
    assert found["hub.reachable"].status == "error"
    assert "nothing listens there" in found["hub.reachable"].message
    assert found["hub.token"].status == "skipped"


def test_hub_is_silent(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something takes the connection and never says a word."""
    monkeypatch.setattr(client.HubClient.__init__, "__defaults__", (0.3,))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("JUPYTERHUB_API_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/hub/api")
        found = ask()
    assert "did not answer in time" in found["hub.reachable"].message


def test_something_else_answers(hub: FakeServer, ask: Ask) -> None:
    hub.answers["/hub/api/"] = (503, {})
    assert "status 503" in ask()["hub.reachable"].message


def test_token_refused_at_once(hub: FakeServer, ask: Ask) -> None:
    hub.tokens = {"another"}
    found = ask()
    assert found["hub.token"].status == "error"
    assert "token" in found["hub.token"].message
    assert found["hub.db_locked"].status == "ok"
    assert found["hub.groups"].status == "skipped"


def test_token_refused_late_is_a_locked_database(
    hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_session, "SLOW_S", 0.3)
    hub.tokens, hub.token_delay_s = set(), 0.4
    found = ask()
    assert found["hub.db_locked"].status == "error"
    assert "status 403" in found["hub.db_locked"].message
    assert "hubgrade preflight --hub" in found["hub.db_locked"].remedy
    assert found["hub.token"].status == "skipped"


def test_hub_in_trouble_is_not_the_tokens_fault(hub: FakeServer, ask: Ask) -> None:
    hub.answers["/hub/api/user"] = (500, {"status": 500})
    assert "status 500" in ask()["hub.token"].message


def test_somebody_elses_token(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/hub/api/user", name="mallory")
    assert "'mallory'" in ask()["hub.whoami"].message


def test_version_skew(hub: FakeServer, ask: Ask) -> None:
    hub.answers["/hub/api/"] = (200, {"version": "4.1.6"})
    found = ask()["hub.version"]
    assert found.status == "warning"
    assert "4.1.6" in found.message
    assert version("jupyterhub") in found.message


@pytest.mark.parametrize("scope", ["admin:users", "proxy", "shutdown", "tokens!user=ada", "access:servers"])
def test_token_with_too_much_power(hub: FakeServer, ask: Ask, scope: str) -> None:
    change(hub, "/hub/api/user", scopes=[scope, f"access:servers!server={USER}/"])
    found = ask()["hub.token_power"]
    assert found.status == "warning"
    assert found.message.endswith(f"scopes {scope}.")
    assert "inherit" in found.remedy


def test_clock_skew(hub: FakeServer, ask: Ask) -> None:
    hub.ahead_s = 3600
    found = ask()["time.hub_clock"]
    assert found.status == "warning"
    assert "ahead of" in found.message
    hub.ahead_s = -3600
    assert "behind" in ask()["time.hub_clock"].message


def test_other_name_on_the_machine(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "u1042")
    assert "'u1042'" in ask()["hub.user_os_user"].message


def test_everybody_is_one_user(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    change(hub, "/services/hubgrade/api/facts", spawner="jupyterhub.spawner.SimpleLocalProcessSpawner")
    assert "SimpleLocalProcessSpawner" in ask()["hub.shared_uid"].message
    monkeypatch.setattr(getpass, "getuser", lambda: "jovyan")
    found = ask()
    assert "'jovyan'" in found["hub.shared_uid"].message
    assert found["hub.user_os_user"].status == "ok"


def test_public_address(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", f"http://localhost:{hub.port}/hub/")
    assert ask()["hub.public_url"].status == "warning"
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", "http://127.0.0.1:9/hub/")
    assert "nothing listens" in ask()["hub.public_reach"].message
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", "")
    found = ask()
    assert found["hub.public_url"].status == "info"
    assert "c.JupyterHub.public_url" in found["hub.public_url"].remedy
    assert found["hub.public_reach"].status == "skipped"


def test_anybody_may_log_in(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/services/hubgrade/api/facts", authenticator="jupyterhub.auth.DummyAuthenticator")
    assert ask()["hub.open_login"].status == "warning"


# --- the course on the hub ---


def test_groups_hidden(hub: FakeServer, ask: Ask) -> None:
    hub.answers[f"/hub/api/users/{USER}"] = (403, {"status": 403})
    found = ask()
    assert found["hub.scope_groups"].status == "error"
    assert "read:users:groups" in found["hub.scope_groups"].remedy
    assert found["hub.groups"].status == "skipped"
    assert ask(config=None)["hub.scope_groups"].status == "skipped"


def test_services_hidden(hub: FakeServer, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.answers["/hub/api/services"] = (403, {"status": 403})
    found = ask()
    assert found["hub.scope_services"].status == "warning"
    assert found["hub.culler"].status == "skipped"
    # the course's own service is asked for no course list
    monkeypatch.setenv("JUPYTERHUB_SERVICE_NAME", "course101")
    assert ask()["hub.scope_services"].status == "skipped"


def test_in_neither_group(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/hub/api/user", groups=["nbgrader-other"])
    found = ask()["hub.groups"]
    assert found.status == "error"
    assert "nbgrader-course101" in found.message


def test_a_student_hears_of_the_hub(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/hub/api/user", groups=["nbgrader-course101"])
    found = ask(role="student")
    assert found["hub.groups"].status == "ok"
    assert "hub.whoami" not in found


def test_course_groups_missing(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/services/hubgrade/api/facts", groups=["formgrade-course101"])
    found = ask()["hub.course_groups"]
    assert found.status == "warning"
    assert found.message == "The hub has no group nbgrader-course101."


def test_no_service_for_the_course(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/services/hubgrade/api/facts", services=[{"name": "course101", "running": False}])
    found = ask()["hub.service"]
    assert found.status == "error"
    assert "does not run" in found.message
    hub.answers["/hub/api/services"] = (200, {"course-101": {"name": "course-101"}})
    found = ask()["hub.service"]
    assert found.status == "warning"
    assert "no service 'course101'" in found.message


def test_culler(hub: FakeServer, ask: Ask) -> None:
    change(hub, "/hub/api/services", **{"jupyterhub-idle-culler": {"name": "jupyterhub-idle-culler"}})
    found = ask()["hub.culler"]
    assert found.status == "info"
    assert "jupyterhub-idle-culler" in found.message


def test_roster_drift(hub: FakeServer, ask: Ask) -> None:
    course = {"course_id": "course101", "instructors": [USER], "students": ["ada", USER]}
    change(hub, "/services/hubgrade/api/facts", courses=[course])
    found = ask(roster=True)["hub.roster"]
    assert (found.status, "1 student is in the gradebook" in found.message) == ("warning", True)
    assert "bob" in found.message
    course["students"] = ["ada", "bob", "eve", "zoe", USER]
    found = ask(roster=True)["hub.roster"]
    assert found.status == "info"
    assert found.message.endswith("not in the gradebook: eve, zoe.")


def test_roster_without_the_service_by_the_tokens_own_scope(hub: FakeServer, ask: Ask) -> None:
    """As in a course's formgrader service, whose token may read the group."""
    hub.answers["/hub/api/services"] = (200, SERVICES)
    assert ask(roster=True)["hub.roster"].status == "skipped"
    hub.answers["/hub/api/groups/nbgrader-course101"] = (200, {"name": "x", "users": ["ada"]})
    assert "bob" in ask(roster=True)["hub.roster"].message


@pytest.mark.parametrize("answer", [(403, {}), (200, []), (200, {"services": 3}), (500, None)])
def test_a_service_that_says_nonsense_is_as_none(
    hub: FakeServer, ask: Ask, answer: tuple[int, object]
) -> None:
    hub.answers["/services/hubgrade/api/facts"] = answer
    found = ask()
    assert found["hub.course_groups"].status == "skipped"
    assert found["hub.service"].status == "ok"


def test_the_token_goes_to_hub_and_service_only(hub: FakeServer, ask: Ask) -> None:
    ask()
    assert {path for path, token in hub.asked if not token} == {"/hub/api/", "/hub/health"}
    assert {token for _, token in hub.asked} == {"", TOKEN}
