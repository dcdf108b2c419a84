"""One Chromium for all tests of a run that drive a browser; a plug-in of pytest (see tests/conftest.py).

Playwright's sync API leaves a running event loop in its thread, which breaks pytest-jupyter's fixtures in
the same process; so the browser and the bodies of these tests live in one thread of their own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

THREAD = ThreadPoolExecutor(1, thread_name_prefix="playwright")


def in_thread(test: Callable[..., Any], after: Callable[..., None] = lambda **_: None) -> Callable[..., Any]:
    """Return a test that runs in the browser's thread, and `after` it with the same arguments."""

    @functools.wraps(test)
    def run(**kwargs: Any) -> Any:
        try:
            return THREAD.submit(test, **kwargs).result()
        finally:
            THREAD.submit(after, **kwargs).result()

    assert not inspect.iscoroutinefunction(test)
    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    from tests.ui.browser import launch

    def start() -> tuple[Any, Browser]:
        driver = sync_playwright().start()
        expect.set_options(timeout=20_000)
        return driver, launch(driver)

    driver, chromium = THREAD.submit(start).result()
    yield chromium
    THREAD.submit(chromium.close).result()
    THREAD.submit(driver.stop).result()
