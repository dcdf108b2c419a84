"""A real `jupyter lab` on loopback (which serves Notebook 7 too), driven in Debian's Chromium.

Playwright's sync API leaves a running event loop in its thread, which breaks pytest-jupyter's fixtures in
the same process; so the browser and the bodies of these tests live in one thread of their own.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.ui.browser import launch
from tests.ui.server import Server, copy_demo, make_demo

# Notebook 7 by itself, with no extension at all, throws this on its tree and notebook pages
KNOWN_PAGE_ERRORS = ("Cannot read properties of undefined (reading 'schema')",)
# what the console says when a policy of the server keeps a page from doing something
REFUSED = ("Content Security Policy", "Content-Security-Policy", "_xsrf", "XSRF")
THREAD = ThreadPoolExecutor(1, thread_name_prefix="playwright")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("ui")
            item.obj = _in_thread(item.obj)  # type: ignore[attr-defined]


def _in_thread(test: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(test)
    def run(**kwargs: Any) -> Any:
        try:
            return THREAD.submit(test, **kwargs).result()
        finally:
            if shots := os.environ.get("UI_SHOTS"):  # a folder: keep the last picture of every test
                Path(shots).mkdir(parents=True, exist_ok=True)
                THREAD.submit(kwargs["page"].screenshot, path=f"{shots}/{test.__name__}.png").result()

    assert not inspect.iscoroutinefunction(test)
    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    def start() -> tuple[Any, Browser]:
        driver = sync_playwright().start()
        expect.set_options(timeout=20_000)
        return driver, launch(driver)

    driver, chromium = THREAD.submit(start).result()
    yield chromium
    THREAD.submit(chromium.close).result()
    THREAD.submit(driver.stop).result()


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
