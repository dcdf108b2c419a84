from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import Job, JobDetail, JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.course_queue import Limits
from hubgrade_ext.jobs.runner import JobRunner

HERE = str(Path(__file__).parent)
VERBS = "slow_verbs:VERBS"


@pytest.fixture(autouse=True)
def slow_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    given = os.environ.get("PYTHONPATH")
    # an empty place in it would be the folder that one happens to be in
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([HERE, str(Path(HERE).parents[1]), *([given] if given else [])])
    )
    monkeypatch.syspath_prepend(HERE)


@pytest.fixture
def settings(course_dir: Path) -> CourseSettings:
    return open_course(course_dir).settings


class Bench:
    """A runner, and what it announced."""

    def __init__(self, limits: Limits) -> None:
        self.events: list[Job] = []
        self.touched = 0
        self.runner = JobRunner(
            verbs=VERBS, niceness=5, limits=limits, emit=self.events.append, touch=self._touch
        )

    def _touch(self) -> None:
        self.touched += 1

    async def submit(self, settings: CourseSettings, assignment_id: str, **fields: object) -> Job:
        request = JobRequest(verb="collect", assignment_id=assignment_id, **fields)  # type: ignore[arg-type]
        return await self.runner.submit(settings, request, "tester")

    async def ended(self, settings: CourseSettings, job: Job, timeout_s: float = 30) -> JobDetail:
        return await self.until(settings, job, lambda d: d.job.ended_at is not None, timeout_s)

    async def until(
        self, settings: CourseSettings, job: Job, holds: Callable[[JobDetail], bool], timeout_s: float = 30
    ) -> JobDetail:
        deadline = time.monotonic() + timeout_s
        while True:
            detail = await self.runner.detail(settings, job.job_id)
            if holds(detail):
                return detail
            assert time.monotonic() < deadline, detail
            await asyncio.sleep(0.02)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.runner.zygote.pid).children()


@pytest.fixture
def make_bench(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**limits: object) -> Bench:
        made.append(Bench(Limits(**limits)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        jp_asyncio_loop.run_until_complete(bench.runner.stop())
    assert not _living_zygotes()


def _living_zygotes() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        # an orphan that a test in this process adopted may have ended without being waited for
        with contextlib.suppress(psutil.NoSuchProcess):
            if "hubgrade_ext.jobs.zygote" in child.cmdline():
                found.append(child)
    return found


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


async def wait_for(holds: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)
