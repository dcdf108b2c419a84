"""The hub's word, from an HTTP server that answers as JupyterHub does (or worse)."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hubgrade_ext.hub import groups
from hubgrade_ext.hub.groups import HubGroups

TOKEN = "very-secret-token"


class FakeHub(ThreadingHTTPServer):
    """Answers GET /hub/api/user; `answer` is (status, body), `delay_s` comes before it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.delay_s = 0.0
        self.asked: list[tuple[str, str]] = []

    @property
    def environ(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.server_address[1]}/hub/api"
        return {"JUPYTERHUB_API_URL": url, "JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_USER": "anna"}


class Answers(BaseHTTPRequestHandler):
    server: FakeHub

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        time.sleep(self.server.delay_s)
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    server = FakeHub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def in_groups(*names: str) -> tuple[int, bytes]:
    return 200, json.dumps({"name": "anna", "groups": names}).encode()


def test_group_makes_an_instructor(hub: FakeHub) -> None:
    hub.answer = in_groups("formgrade-course101", "nbgrader-course102")
    known = HubGroups(hub.environ)
    assert known.present
    assert known.teaches("course101")
    assert not known.teaches("course102")
    assert hub.asked == [("/hub/api/user", f"token {TOKEN}")]


def test_asked_once_a_minute(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    known = HubGroups(hub.environ)
    for _ in range(3):
        assert not known.teaches("course101")
    assert len(hub.asked) == 1
    hub.answer = in_groups("formgrade-course101")
    monkeypatch.setattr(groups, "CACHE_S", 0.0)
    assert known.teaches("course101")


def test_who_asks_meanwhile_waits_for_the_answer(hub: FakeHub) -> None:
    hub.answer, hub.delay_s = in_groups("formgrade-course101"), 0.3
    known = HubGroups(hub.environ)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(known.teaches, ["course101"] * 4)) == [True] * 4
    assert len(hub.asked) == 1


def test_no_proxy_sees_the_token(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.answer = in_groups("formgrade-course101")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert HubGroups(hub.environ).teaches("course101")


@pytest.mark.parametrize(
    "answer",
    [
        (403, b'{"status": 403, "message": null}'),
        (500, b"oops"),
        (200, b"{"),
        (200, b"[]"),
        (200, b'{"groups": 3}'),
    ],
)
def test_no_answer_gives_no_rights(
    hub: FakeHub, answer: tuple[int, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    hub.answer = answer
    with caplog.at_level(logging.DEBUG):
        assert not HubGroups(hub.environ).teaches("course101")
    assert TOKEN not in caplog.text


def test_silent_hub_is_not_waited_for_long(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "TIMEOUT_S", 0.2)
    hub.delay_s = 1.0
    began = time.monotonic()
    assert not HubGroups(hub.environ).teaches("course101")
    assert time.monotonic() - began < 0.9


def test_without_a_hub() -> None:
    alone = HubGroups({})
    assert not alone.present
    assert not alone.teaches("course101")


def test_hub_that_is_down() -> None:
    environ = {"JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api", "JUPYTERHUB_API_TOKEN": TOKEN}
    assert not HubGroups(environ).teaches("course101")


def test_groups_name_the_courses(hub: FakeHub) -> None:
    hub.answer = in_groups(
        "formgrade-course101", "nbgrader-course102", "nbgrader-course101", "nbgrader-", "x-y"
    )
    assert HubGroups(hub.environ).courses() == ["course101", "course102"]


def test_no_answer_names_no_courses_and_says_so(hub: FakeHub) -> None:
    hub.answer = 500, b"oops"
    assert HubGroups(hub.environ).courses() is None
    assert HubGroups({}).courses() is None


def test_a_service_is_nobodys_own_server(hub: FakeHub) -> None:
    hub.answer = in_groups("nbgrader-course101")
    service = HubGroups(hub.environ | {"JUPYTERHUB_SERVICE_NAME": "course101"})
    assert service.shared == "course101"
    assert service.courses() is None
    assert not HubGroups(hub.environ).shared
