"""Jobs from submit to end, with real processes: what they do, how they die, how they come back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Busy, Conflict, HubgradeError, JobNotFound
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.journal import Journal


def done_lines(settings: CourseSettings) -> Counter[str]:
    file = Path(str(settings.root), "done.txt")
    return Counter(file.read_text().splitlines() if file.exists() else [])


async def wait_for(holds: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


async def test_job_runs_and_is_told(
    bench: Any, settings: CourseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what lies where the server was started is no module of the server's
    (tmp_path / "nbformat.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    await bench.runner.warm_up()
    began = time.monotonic()
    job = await bench.submit(settings, "5x0.02")
    assert time.monotonic() - began < 1
    assert job.state == "queued"
    detail = await bench.ended(settings, job)
    assert (detail.job.state, detail.job.done, detail.job.total, detail.job.failed) == ("done", 5, 5, 0)
    assert [r.item for r in detail.results] == ["s000", "s001", "s002", "s003", "s004"]
    await wait_for(lambda: bench.events[-1].state == "done")
    mine = [e for e in bench.events if e.job_id == job.job_id]
    assert [e.state for e in (mine[0], mine[-1])] == ["queued", "done"]
    assert [e.seq for e in mine] == sorted({e.seq for e in mine})
    assert bench.touched > 0
    assert [j.job_id for j in await bench.runner.list_jobs(settings)] == [job.job_id]


async def test_failing_item_does_not_stop_the_others(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "4x0 failing")
    detail = await bench.ended(settings, job)
    assert (detail.job.state, detail.job.done, detail.job.failed) == ("done", 4, 1)
    again = await bench.runner.retry(settings, job.job_id, "tester")
    assert again.request.students == ["s001"]
    assert (await bench.ended(settings, again)).job.total == 1
    first_one = await bench.submit(settings, "2x0")
    await bench.ended(settings, first_one)
    with pytest.raises(Conflict):
        await bench.runner.retry(settings, first_one.job_id, "tester")


async def test_refusal_and_unknown_error_are_words(bench: Any, settings: CourseSettings) -> None:
    refused = (await bench.ended(settings, await bench.submit(settings, "2x0 refused"))).job
    assert refused.state == "failed"
    assert refused.error is not None
    assert (refused.error.code, refused.error.remedy) == ("conflict", "Do something else.")
    broken = (await bench.ended(settings, await bench.submit(settings, "2x0 broken"))).job
    assert broken.error is not None
    assert broken.error.code == "internal_error"
    assert "secret traceback" not in broken.error.message
    log = await bench.runner.log(settings, broken.job_id, 0)
    assert "a secret traceback" in log.text


async def test_log_is_read_in_pieces_and_bounded(
    make_bench: Callable[..., Any], settings: CourseSettings
) -> None:
    bench = make_bench(log_bytes=200_000)
    chatty = await bench.submit(settings, "100x0 chatty")
    await bench.ended(settings, chatty)
    pieces, offset = [], 0
    while True:
        piece = await bench.runner.log(settings, chatty.job_id, offset)
        pieces.append(piece.text)
        if piece.next_offset == offset:
            break
        offset = piece.next_offset
    whole = "".join(pieces)
    assert len(pieces) > 2
    assert whole.encode() == Journal(settings).log_path(chatty.job_id).read_bytes()
    assert whole.count("Übung") == 100
    with pytest.raises(HubgradeError):
        await bench.runner.log(settings, chatty.job_id, -1)
    flooding = await bench.submit(settings, "4x0 flooding")
    await bench.ended(settings, flooding)
    last = await bench.runner.log(settings, flooding.job_id, 199_000)
    assert last.size_bytes < 201_000
    assert "the log was cut here" in last.text
    with pytest.raises(JobNotFound):
        await bench.runner.log(settings, "../../nbgrader_config", 0)


async def test_cancel_running(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "100x0.05")
    await bench.until(settings, job, lambda d: d.job.done >= 2)
    began = time.monotonic()
    assert (await bench.runner.cancel(settings, job.job_id)).cancelling
    detail = await bench.ended(settings, job)
    assert time.monotonic() - began < 5
    assert detail.job.state == "cancelled"
    assert 2 <= detail.job.done < 100
    assert Path(str(settings.root), "cleaned.txt").exists()
    with pytest.raises(Conflict):
        await bench.runner.cancel(settings, job.job_id)


async def test_cancel_deaf_worker_with_everything_it_started(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "1x60 deaf")
    await bench.until(settings, job, lambda d: d.job.current == "s000")
    began = time.monotonic()
    await bench.runner.cancel(settings, job.job_id)
    detail = await bench.ended(settings, job)
    assert detail.job.state == "cancelled"
    assert time.monotonic() - began < 5


async def test_cancel_queued_is_at_once(bench: Any, settings: CourseSettings) -> None:
    running = await bench.submit(settings, "100x0.05")
    waiting = await bench.submit(settings, "3x0")
    assert (await bench.runner.cancel(settings, waiting.job_id)).state == "cancelled"
    await bench.runner.cancel(settings, running.job_id)
    await bench.ended(settings, running)
    assert not any("3x0" in line for line in done_lines(settings))


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3, 1.0])
async def test_cancel_at_the_start(bench: Any, settings: CourseSettings, after_s: float) -> None:
    """While the zygote is starting, and in the first moments of the worker."""
    job = await bench.submit(settings, "100x0.05")
    await asyncio.sleep(after_s)
    began = time.monotonic()
    await bench.runner.cancel(settings, job.job_id)
    assert (await bench.ended(settings, job)).job.state == "cancelled"
    assert time.monotonic() - began < 5
    assert sum(done_lines(settings).values()) < 100


async def test_cancel_in_the_workers_first_moments(bench: Any, settings: CourseSettings) -> None:
    await bench.runner.warm_up()
    for turn in range(15):
        job = await bench.submit(settings, "100x0.05")
        await asyncio.sleep(turn * 0.004)
        began = time.monotonic()
        await bench.runner.cancel(settings, job.job_id)
        assert (await bench.ended(settings, job)).job.state == "cancelled"
        # a request that got lost would cost the three seconds' grace
        assert time.monotonic() - began < 3


async def test_queue_is_bounded_and_in_order(
    make_bench: Callable[..., Any], settings: CourseSettings
) -> None:
    bench = make_bench(queue=2)
    first = await bench.submit(settings, "20x0.02")
    await bench.until(settings, first, lambda d: d.job.state == "running")
    second, third = await bench.submit(settings, "1x0"), await bench.submit(settings, "2x0")
    with pytest.raises(Busy):
        await bench.submit(settings, "9x0")
    ended = [(await bench.ended(settings, job)).job for job in (first, second, third)]
    assert ended[0].ended_at <= ended[1].started_at <= ended[1].ended_at <= ended[2].started_at


async def test_old_jobs_are_forgotten_with_their_logs(
    make_bench: Callable[..., Any], settings: CourseSettings
) -> None:
    bench = make_bench(keep_jobs=2)
    jobs = [await bench.submit(settings, "1x0") for _ in range(4)]
    await bench.ended(settings, jobs[-1])
    logs = settings.state_dir / "logs"
    await wait_for(lambda: len(list(logs.iterdir())) == 2)
    assert [j.job_id for j in await bench.runner.list_jobs(settings)] == [jobs[3].job_id, jobs[2].job_id]


async def test_two_courses_side_by_side(
    bench: Any, settings: CourseSettings, make_course: Callable[..., Path]
) -> None:
    other = open_course(make_course("course102")).settings
    slow = await bench.submit(settings, "40x0.05")
    await bench.until(settings, slow, lambda d: d.job.state == "running")
    quick = await bench.submit(other, "2x0")
    detail = await bench.ended(other, quick)
    assert detail.job.course_key == other.course_key != settings.course_key
    assert (await bench.runner.detail(settings, slow.job_id)).job.state == "running"
    with pytest.raises(JobNotFound):
        await bench.runner.detail(settings, quick.job_id)
    await bench.runner.cancel(settings, slow.job_id)
    await bench.ended(settings, slow)


async def test_detached_processes_end_with_the_job(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "10x0.1 detached")
    await bench.until(settings, job, lambda d: d.job.done >= 1)
    zygote = psutil.Process(bench.runner.zygote.pid)
    strays = [p for p in zygote.children(recursive=True) if "stray" in p.cmdline()]
    assert len(strays) == 1
    await bench.ended(settings, job)
    assert not strays[0].is_running()


async def test_killed_worker_resumes_each_item_once(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "20x0.05")
    await bench.until(settings, job, lambda d: d.job.done >= 3)
    for worker in bench.workers():
        worker.kill()
    detail = await bench.ended(settings, job)
    assert (detail.job.state, detail.job.attempt, len(detail.results)) == ("done", 2, 20)
    assert set(done_lines(settings).values()) == {1}
    assert sum(done_lines(settings).values()) == 20


async def test_item_that_kills_its_worker_is_left_out(bench: Any, settings: CourseSettings) -> None:
    detail = await bench.ended(settings, await bench.submit(settings, "5x0.01 poisoned"))
    assert (detail.job.state, detail.job.failed) == ("done", 1)
    assert [(r.item, r.code) for r in detail.results if r.state == "failed"] == [("s002", "worker_died")]
    assert sum(done_lines(settings).values()) == 4


async def test_killed_zygote_is_replaced(bench: Any, settings: CourseSettings) -> None:
    job = await bench.submit(settings, "20x0.05")
    await bench.until(settings, job, lambda d: d.job.done >= 3)
    before = bench.runner.zygote.pid
    old_workers = bench.workers()
    os.kill(before, signal.SIGKILL)
    detail = await bench.ended(settings, job)
    assert (detail.job.state, len(detail.results)) == ("done", 20)
    assert bench.runner.zygote.pid not in (None, before)
    assert set(done_lines(settings).values()) == {1}
    assert not any(w.is_running() and w.status() != psutil.STATUS_ZOMBIE for w in old_workers)


async def test_stop_leaves_nothing_behind_and_a_new_runner_resumes(
    make_bench: Callable[..., Any], settings: CourseSettings
) -> None:
    first = make_bench()
    job = await first.submit(settings, "20x0.05")
    behind = await first.submit(settings, "2x0")
    await first.until(settings, job, lambda d: d.job.done >= 3)
    processes = [psutil.Process(first.runner.zygote.pid), *first.workers()]
    await first.runner.stop()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            assert process.status() == psutil.STATUS_ZOMBIE
    second = make_bench()
    await second.runner.open(settings)
    detail = await second.ended(settings, behind)
    assert (await second.runner.detail(settings, job.job_id)).job.attempt == 2
    assert detail.job.state == "done"
    assert set(done_lines(settings).values()) == {1}
    assert sum(done_lines(settings).values()) == 22


async def test_time_limit(make_bench: Callable[..., Any], settings: CourseSettings) -> None:
    bench = make_bench(time_s=1.0)
    detail = await bench.ended(settings, await bench.submit(settings, "100x0.1"))
    assert detail.job.state == "failed"
    assert detail.job.error.code == "time_limit"
    assert detail.job.done > 0


async def test_call_answers_and_refuses(bench: Any, settings: CourseSettings) -> None:
    described = await bench.runner.call(
        "describe_course", CourseSettings, root=settings.root, work_dir=settings.work_dir, course_id=None
    )
    assert described.course_key == settings.course_key
    with pytest.raises(HubgradeError) as refused:
        await bench.runner.call(
            "describe_course", CourseSettings, root="/nowhere", work_dir="/", course_id=None
        )
    assert (refused.value.status, refused.value.code) == (404, "course_not_found")
    with pytest.raises(HubgradeError) as unknown:
        await bench.runner.call("os.system", str, command="true")
    assert unknown.value.status == 400


async def test_worker_environment_has_no_secrets(
    bench: Any, settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub-secret")
    monkeypatch.setenv("MY_PASSWORD", "secret")
    await bench.runner.zygote.start()
    environment = psutil.Process(bench.runner.zygote.pid).environ()
    assert not [name for name in environment if name.startswith("JUPYTERHUB_") or "PASSWORD" in name]
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert psutil.Process(bench.runner.zygote.pid).nice() == min(19, os.nice(0) + 5)


async def test_other_request_is_untouched_by_skip(bench: Any, settings: CourseSettings) -> None:
    request = JobRequest(verb="autograde", assignment_id="3x0", students=["anna", "bo"])
    job = await bench.runner.submit(settings, request, "tester")
    assert [r.item for r in (await bench.ended(settings, job)).results] == ["anna", "bo"]


async def test_an_item_finished_without_its_report_is_not_lost(bench: Any, settings: CourseSettings) -> None:
    """A worker dies after it finished an item, before it could say so; the next has nothing to do there."""
    detail = await bench.ended(settings, await bench.submit(settings, "5x0.01 unreported"))
    assert (detail.job.state, detail.job.attempt, detail.job.done) == ("done", 2, 5)
    assert sorted(r.item for r in detail.results) == [f"s{i:03}" for i in range(5)]
    assert {r.state for r in detail.results} == {"done"}
    assert set(done_lines(settings).values()) == {1}
