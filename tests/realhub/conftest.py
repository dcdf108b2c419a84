"""A real JupyterHub on loopback with OS users made for the run; needs root, and the proxy from npm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.realhub.hub import RealHub
from tests.realhub.people import Machine, needed, reachable_by
from tests.realhub.site import Site
from tests.realhub.visiting import Visit
from tests.ui.chromium import THREAD, in_thread

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in [item for item in items if HERE in item.path.parents]:
        if not item.get_closest_marker("timeout"):
            # the first one waits for the hub and everybody's servers
            item.add_marker(pytest.mark.timeout(600))
        if "visit" in getattr(item, "fixturenames", ()):
            item.add_marker("ui")
            item.obj = in_thread(item.obj, _last_pictures)  # type: ignore[attr-defined]


def _last_pictures(**kwargs: Any) -> None:
    if shots := os.environ.get("UI_SHOTS"):  # a folder: keep the last picture of everybody's page
        Path(shots).mkdir(parents=True, exist_ok=True)
        kwargs["visit"].take_pictures(Path(shots))


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A folder and users for the run; whatever happens, nothing of them stays."""
    with fresh_machine() as machine:
        yield machine


def fresh_machine() -> Machine:
    """Return a machine to use in a `with`, once it is known that other users can run the project."""
    if why := needed():
        pytest.skip(why)
    machine = Machine()
    if told := reachable_by(machine.user("probe")):
        machine.leave()
        pytest.fail(f"other users cannot run the project where it is installed:\n{told}", pytrace=False)
    return machine


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The people and courses that most tests share, on a machine of their own."""
    with fresh_machine() as machine:
        yield Site(machine)


@pytest.fixture(scope="session")
def hub(site: Site) -> Iterator[RealHub]:
    """The hub with everybody's server; ada's is started by her own login."""
    hub = site.hub()
    hub.start()
    hub.spawn(site.ines.name, site.ben.name, site.cy.name, site.olga.name)
    yield hub
    hub.stop()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """People at their browsers; at the end nothing may have been thrown or refused by a policy."""
    visit = Visit(browser)
    yield visit
    THREAD.submit(visit.close).result()
    assert not visit.wrong


@pytest.fixture
def another_site() -> Iterator[Callable[..., Site]]:
    """Return a function that makes people and a folder for one test alone."""
    machines: list[Machine] = []

    def make(**options: Any) -> Site:
        machines.append(fresh_machine())
        return Site(machines[-1], **options)

    yield make
    for machine in machines:
        machine.leave()
