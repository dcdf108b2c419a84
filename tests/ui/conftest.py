"""A real `jupyter lab` on loopback (which serves Notebook 7 too), driven in Debian's Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.ui.chromium import THREAD, in_thread
from tests.ui.server import Server, copy_demo, make_demo

# Notebook 7 by itself, with no extension at all, throws this on its tree and notebook pages
KNOWN_PAGE_ERRORS = ("Cannot read properties of undefined (reading 'schema')",)
# what the console says when a policy of the server keeps a page from doing something
REFUSED = ("Content Security Policy", "Content-Security-Policy", "_xsrf", "XSRF")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("ui")
            item.obj = in_thread(item.obj, _last_picture)  # type: ignore[attr-defined]


def _last_picture(**kwargs: Any) -> None:
    if shots := os.environ.get("UI_SHOTS"):  # a folder: keep the last picture of every test
        Path(shots).mkdir(parents=True, exist_ok=True)
        name = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition(" ")[0]
        kwargs["page"].screenshot(path=f"{shots}/{name}.png")


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page with a fresh profile; at the end nothing may have been thrown or refused by a policy."""
    for name in ("slow_server", "server"):  # a page closes before its server does
        if name in request.fixturenames:
            request.getfixturevalue(name)
            break
    wrong: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and any(word in message.text for word in REFUSED):
            wrong.append(message.text)

    def start() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.on("console", note)
        return page

    page = THREAD.submit(start).result()
    yield page
    THREAD.submit(page.context.close).result()
    unexpected = [e for e in wrong if not any(known in e for known in KNOWN_PAGE_ERRORS)]
    assert not unexpected


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo course made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("template") / "demo"
    make_demo(folder)
    return folder


@pytest.fixture
def server(demo_template: Path, tmp_path: Path) -> Iterator[Server]:
    copy_demo(demo_template, tmp_path / "demo")
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()
