"""The warm process starts with the executor, or cannot: nothing waits for it, nothing is left of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.isolation import try_level
from hubgrade_ext.grading.execution.kernel_server import KernelServer

Make = Callable[..., Bundle]
Said = Callable[[BundleResult], list[str]]


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


def test_a_preloaded_modules_own_generator_is_seeded_anew(
    make_bundle: Make, said: Said, tmp_path: Path
) -> None:
    """But not one whose seed is chosen: that draws what it draws in any interpreter."""
    module = "import random\nchance, chosen = random.Random(), random.Random(7)\n"
    (tmp_path / "generators.py").write_text(module)
    settings = ExecutorSettings(
        readable=(str(tmp_path),), env={"PYTHONPATH": str(tmp_path)}, preload=("generators",)
    )
    draw = "import generators as g, sys\nprint(g.chance.random(), g.chosen.random())"
    with LocalExecutor(settings) as executor:
        bundles = [make_bundle(draw, preload=("generators",)) for _ in range(3)]
        results = [executor.submit(execute_bundle, bundle) for bundle in bundles]
        drawn = [said(result.result(60))[0].split() for result in results]
    chance, chosen = zip(*drawn, strict=True)
    assert len(set(chance)) == 3
    assert set(chosen) == {str(random.Random(7).random())}
