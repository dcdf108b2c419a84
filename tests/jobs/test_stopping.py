"""A cancelled job: what is under way may finish for a while, what waits is left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from hubgrade_ext.actions.items import work_at_once
from hubgrade_ext.core import stopping
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.journal import Journal
from tests.jobs.at_once_work import SlowAtOnce


@pytest.fixture(autouse=True)
def nobody_asked() -> Iterator[None]:
    stopping.begin()
    yield
    stopping.end()
    stopping.begin()


def test_what_runs_finishes_and_what_waits_is_skipped() -> None:
    asked: list[bool] = []
    work = SlowAtOnce(0.2, on_end=lambda: asked.append(stopping.ask(30)))
    steps = list(work_at_once([f"s{n}" for n in range(20)], frozenset(), work))
    ended = {step.result.item for step in steps if step.result}
    assert asked[0] is True
    # the three that ran, and what took the place of the one that ended first
    assert {"s0", "s1", "s2"} <= ended
    assert len(ended) <= 6
    assert stopping.end() is True


def test_who_does_not_look_is_cut() -> None:
    assert stopping.ask(30) is False
    with stopping.finishing():
        assert stopping.ask(0) is False
        assert stopping.ask(30) is True
        assert stopping.ask(30) is False, "a second request is not patient"


@pytest.mark.parametrize(
    ("shape", "grace_s", "finishes"),
    [("9x0.8", None, True), ("9x60", None, False), ("9x60", 0, False), ("3x3", 5, True)],
)
async def test_a_job_is_cancelled_within_its_grace(
    make_bench: Any, settings: CourseSettings, shape: str, grace_s: int | None, finishes: bool
) -> None:
    """In a worker of its own: those that run end within the grace, or are cut."""
    bench = make_bench() if grace_s is None else make_bench(cancel_grace_s=grace_s)
    granted_s = 2 if grace_s is None else grace_s
    job = await bench.runner.submit(settings, JobRequest("generate_feedback", shape), "tester")
    last_begun = "s004" if shape.startswith("9") else "s002"
    await bench.until(settings, job, lambda d: d.job.current == last_begun)
    begun = time.monotonic()
    await bench.runner.cancel(settings, job.job_id)
    detail = await bench.ended(settings, job, 10)
    took_s = time.monotonic() - begun
    assert (0 if finishes else granted_s) <= took_s < granted_s + 3
    assert detail.job.state == "cancelled"
    items = {result.item for result in detail.results if result.code != "cancelled"}
    # of the nine, three ran and two waited to take their places; nothing else was begun
    assert items <= {"s000", "s001", "s002", "s003", "s004"}
    assert ({"s000", "s001", "s002"} <= items) == finishes
    assert len(detail.results) == int(shape[0])
    log = Journal(settings).log_path(job.job_id).read_text()
    asked = f"Asked to stop: what is under way has {granted_s} s to finish."
    assert (asked in log) == ("Asked to stop" in log) == (granted_s > 0)
    assert "Stopped on request." in log
