"""A real JupyterHub on loopback with OS users made for the run; needs root, and the proxy from npm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realhub.people import Machine, needed, reachable_by


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A folder and users for a run; whatever happens, nothing of them stays."""
    if why := needed():
        pytest.skip(why)
    machine = Machine()
    try:
        if told := reachable_by(machine.user("probe")):
            pytest.fail(f"other users cannot run the project where it is installed:\n{told}", pytrace=False)
        yield machine
    finally:
        machine.leave()
