"""The warm process starts with the executor, or cannot: nothing waits for it, nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from hubgrade_ext.grading.execution.bundle import Bundle
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.isolation import try_level
from hubgrade_ext.grading.execution.kernel_server import KernelServer

Make = Callable[..., Bundle]


def test_the_warm_process_starts_with_the_executor(
    make_bundle: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    start = KernelServer.start

    def noted(server: KernelServer) -> None:
        started.append(server.preload)
        start(server)

    monkeypatch.setattr(KernelServer, "start", noted)
    try_level("namespaces")
    started.clear()
    with LocalExecutor(ExecutorSettings(level="none", preload=("fractions",))) as executor:
        deadline = time.monotonic() + 30
        while not started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        bundle = make_bundle("import sys\n'fractions' in sys.modules", preload=("fractions",))
        assert b"True" in (executor.submit(execute_bundle, bundle).result(60).notebooks[0].notebook or b"")
    assert started == [("fractions",)]


def test_a_warm_process_that_cannot_start(make_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[KernelServer] = []
    close = KernelServer.close

    def refuse(server: KernelServer) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    def noted(server: KernelServer) -> None:
        closed.append(server)
        close(server)

    monkeypatch.setattr(KernelServer, "start", refuse)
    monkeypatch.setattr(KernelServer, "close", noted)
    with LocalExecutor(ExecutorSettings(level="none", preload=())) as executor:
        result = executor.submit(execute_bundle, make_bundle("1")).result(60)
    assert result.outcome.kind == "internal_error"
    assert closed
