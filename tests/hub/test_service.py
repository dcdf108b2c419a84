"""The hub's service in a process of its own, as a hub starts it; the hub itself is a fake one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import msgspec
import pytest

from hubgrade_ext.hub.client import HubClient, HubEnvironment
from hubgrade_ext.hub.service import render
from hubgrade_ext.hub.service_facts import CourseOnHub, HubWord, ServiceState, gather_word, service_states
from tests.preflight.fake_hub import FakeServer, serving

SERVICE_TOKEN = "the-services-own-token"
PREFIX = "/services/hubgrade/"
START_S = 60.0
Ask = Callable[[str, str], tuple[int, bytes]]


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeServer]:
    """A hub with the course course101, which anna teaches and ada studies."""
    with serving() as server:
        server.tokens = {SERVICE_TOKEN}
        access = "access:services!service=hubgrade"
        people = {
            "annas-token": {"name": "anna", "groups": ["formgrade-course101"], "scopes": [access]},
            "adas-token": {"name": "ada", "groups": ["nbgrader-course101"], "scopes": [access]},
            "strangers-token": {"name": "eve", "groups": ["formgrade-course101"], "scopes": ["self"]},
        }
        for token, person in people.items():
            server.answers_to[token, "/hub/api/user"] = (200, {"kind": "user"} | person)
        server.answers = {
            "/hub/api/info": (
                200,
                {
                    "version": "6.1.1",
                    "spawner": {"class": "jupyterhub.spawner.LocalProcessSpawner"},
                    "authenticator": {"class": "jupyterhub.auth.PAMAuthenticator"},
                },
            ),
            "/hub/api/services": (
                200,
                {
                    "course101": {"command": ["x"], "pid": 0},
                    "elsewhere": {"command": [], "pid": 0},
                    "hubgrade": {"command": ["x"], "pid": 4},
                },
            ),
            "/hub/api/groups": (200, [{"name": "formgrade-course101"}, {"name": "formgrade-of-others"}]),
            "/hub/api/groups/formgrade-course101": (200, {"users": ["anna"]}),
            "/hub/api/groups/nbgrader-course101": (200, {"users": ["ada", "<b>bob</b>"]}),
        }
        yield server


@pytest.fixture(scope="module")
def ask(hub: FakeServer) -> Iterator[Ask]:
    """Start the service; return a function that asks it with a token: (path, token) → (status, body)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")} | {
        "JUPYTERHUB_API_URL": hub.url + "/hub/api",
        "JUPYTERHUB_API_TOKEN": SERVICE_TOKEN,
        "JUPYTERHUB_SERVICE_NAME": "hubgrade",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": address,
        "JUPYTERHUB_CLIENT_ID": "service-hubgrade",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services", "access:services!service=hubgrade"]),
    }
    command = [sys.executable, "-m", "hubgrade_ext.hub.service"]

    def get(path: str, token: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(address + PREFIX + path, headers=headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay).open(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as service:
        deadline = time.monotonic() + START_S
        while True:
            try:
                get("api/facts", "")
                break
            except urllib.error.URLError:
                assert service.poll() is None, service.stderr and service.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield get
        service.terminate()
        _, said = service.communicate()
    for secret in (SERVICE_TOKEN, "annas-token", "adas-token"):
        assert secret.encode() not in said


class Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirection."""

    def redirect_request(self, *_: object) -> None:
        return None


def test_an_instructor_hears_of_the_course(ask: Ask) -> None:
    status, body = ask("api/facts", "annas-token")
    assert status == 200
    assert msgspec.json.decode(body, type=HubWord) == HubWord(
        version="6.1.1",
        spawner="jupyterhub.spawner.LocalProcessSpawner",
        authenticator="jupyterhub.auth.PAMAuthenticator",
        services=[
            ServiceState("course101", False),
            ServiceState("elsewhere", None),
            ServiceState("hubgrade", True),
        ],
        # no course of somebody else's
        groups=["formgrade-course101"],
        courses=[CourseOnHub("course101", ["anna"], ["ada", "<b>bob</b>"])],
    )


def test_a_page_for_people(ask: Ask) -> None:
    status, body = ask("", "annas-token")
    assert status == 200
    text = body.decode()
    assert "course101" in text
    assert "does not run" in text
    assert "&lt;b&gt;bob" in text
    assert "<b>" not in text


@pytest.mark.parametrize("path", ["", "api/facts"])
def test_nobody_else_hears_anything(ask: Ask, path: str) -> None:
    # a student, somebody whose token does not reach this service, a token that the hub does not know
    for token in ("adas-token", "strangers-token", "made-up"):
        status, body = ask(path, token)
        assert status in (302, 403), token
        assert b"anna" not in body
    # without a token: to the hub's login
    assert ask(path, "")[0] == 302


def test_scopes_that_are_missing_leave_gaps(hub: FakeServer) -> None:
    """A service that may read nothing says that it does not know, and does not make anything up."""
    client = HubClient(HubEnvironment(api_url=hub.url + "/hub/api", api_token="unknown"))
    word = gather_word(client, ["course101"])
    assert word == HubWord(courses=[CourseOnHub("course101", None, None)])
    assert "not told" in render(word)
    assert service_states({"status": 403, "message": "no"}) is None
