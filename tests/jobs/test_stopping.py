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


@pytest.mark.parametrize(("takes_s", "finishes"), [(0.8, True), (60.0, False)])
async def test_a_job_is_cancelled_within_its_grace(
    bench: Any, settings: CourseSettings, takes_s: float, finishes: bool
) -> None:
    """In a worker of its own: those that run end within the grace, or are cut."""
    request = JobRequest("generate_feedback", f"9x{takes_s}")
    job = await bench.runner.submit(settings, request, "tester")
    await bench.until(settings, job, lambda d: d.job.current == "s004")
    begun = time.monotonic()
    await bench.runner.cancel(settings, job.job_id)
    detail = await bench.ended(settings, job, 10)
    assert time.monotonic() - begun < 5
    assert detail.job.state == "cancelled"
    items = {result.item for result in detail.results if result.code != "cancelled"}
    # of the nine, three ran and two waited to take their places; nothing else was begun
    assert items <= {"s000", "s001", "s002", "s003", "s004"}
    assert ({"s000", "s001", "s002"} <= items) == finishes
    assert len(detail.results) == 9
    log = Journal(settings).log_path(job.job_id).read_text()
    assert "Asked to stop: what is under way has 2 s to finish." in log
    assert "Stopped on request." in log
