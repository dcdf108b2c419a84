"""One PostgreSQL server for all tests here; each test gets a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql.server import Cluster, programs, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    with running_cluster(bin_dir) as server:
        yield server
