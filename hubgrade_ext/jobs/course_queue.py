"""The jobs of one course in this server: one runs, the others wait behind it.

submit ─► waiting ─► running ──► ended
             ▲          │ its process died
             └──────────┘ (again, without what has ended already)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, get_args

from msgspec import Struct

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.models import ErrorBody, ItemResult, Job, StudentVerb
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.stopping import GRACE_S
from hubgrade_ext.jobs.job_log import open_log
from hubgrade_ext.jobs.journal import Journal
from hubgrade_ext.jobs.messages import JobTask, Line, ProgressLine, error_body
from hubgrade_ext.jobs.owner import Owner, process_started
from hubgrade_ext.jobs.running import RunningJob
from hubgrade_ext.jobs.zygote_client import Ending, ZygoteClient, ZygoteDied

# beyond what is granted to what is under way: to clean up, before the worker is killed
CLEANING_S = 2.5
EVENT_INTERVAL_S = 0.25
WRITE_RETRY_S = 1.0
LAST_WRITES = 3
MAX_DEATHS = 3
STUDENT_VERBS = get_args(StudentVerb)
log = logging.getLogger("hubgrade.jobs")
Answer = TypeVar("Answer")


class Limits(Struct, frozen=True):
    """How much a course's jobs may take: traits of the extension."""

    queue: int = 50
    time_s: float = 6 * 3600.0
    log_bytes: int = 5_000_000
    keep_jobs: int = 200
    cancel_grace_s: float = GRACE_S


class Announcer:
    """Tell the browser of changes: the newest state, at most four times a second."""

    def __init__(self, emit: Callable[[Job], None]) -> None:
        self._emit = emit
        self._last = 0.0
        self._pending: Job | None = None
        self._timer: asyncio.TimerHandle | None = None

    def soon(self, job: Job) -> None:
        """Announce this state, or a newer one, within the interval."""
        self._pending = job
        if self._timer is None:
            wait_s = max(0.0, self._last + EVENT_INTERVAL_S - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tell)

    def now(self, job: Job) -> None:
        """Announce this state at once."""
        self._pending = job
        self._tell()

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending is not None:
            job, self._pending, self._last = self._pending, None, time.monotonic()
            self._emit(job)


class CourseQueue:
    """Carry out one course's jobs in their order."""

    def __init__(
        self,
        settings: CourseSettings,
        zygote: ZygoteClient,
        limits: Limits,
        owner: Owner,
        emit: Callable[[Job], None],
        hub_courses: Callable[[], list[str] | None],
    ) -> None:
        self.settings = settings
        self.journal = Journal(settings)
        self.waiting: deque[RunningJob] = deque()
        self.current: RunningJob | None = None
        self.stopping = False
        self._zygote = zygote
        self._limits = limits
        self._owner = owner
        self._announcer = Announcer(emit)
        self._hub_courses = hub_courses
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="hubgrade-journal")
        self._worker: asyncio.Task[None] | None = None
        self._timed_out = False
        self._cancelled = asyncio.Event()
        self._stopping_worker: asyncio.Future[None] | None = None

    @property
    def active(self) -> list[RunningJob]:
        """The running job, then those that wait."""
        return [*([self.current] if self.current else []), *self.waiting]

    def renew(self, settings: CourseSettings) -> None:
        """Use these settings from the next job on: somebody changed the configuration."""
        self.settings = settings
        self.journal = Journal(settings)

    async def write(self, work: Callable[[], Answer]) -> Answer:
        """Run `work` in the journal's one writer thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def add(self, running: RunningJob) -> None:
        """Put a job that is in the journal at the end of the queue."""
        self.waiting.append(running)
        self._announcer.now(running.job)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work_off())

    async def cancel(self, job_id: str) -> Job | None:
        """Cancel a job of this queue: a waiting one at once, a running one within seconds; None: not here."""
        running = next((r for r in self.active if r.job.job_id == job_id), None)
        if running is None or running.job.ended_at:
            return None
        if running in self.waiting:
            self.waiting.remove(running)
            running.end("cancelled")
            await self._save(running)
        elif not running.job.cancelling:
            running.cancelling()
            self._cancelled.set()
            await self._save(running)
            await self._zygote.stop_task(job_id, self._limits.cancel_grace_s + CLEANING_S)
        return running.job

    async def close(self) -> None:
        """Wait until nothing runs (the zygote is closing), and leave the rest to be resumed."""
        self.stopping = True
        if self._worker is not None:
            await asyncio.wait({self._worker})
        if self.active or self.journal.file.path.exists():
            with contextlib.suppress(HubgradeError):
                await self.write(lambda: self.journal.release(self._owner))
        self._writer.shutdown()

    async def _work_off(self) -> None:
        while self.waiting and not self.stopping:
            self.current = running = self.waiting.popleft()
            try:
                await self._carry_out(running)
            except HubgradeError as error:
                # a server that stops refuses new work: that is no failure of the job's
                if not self.stopping:
                    running.end("failed", error_body(error))
            except OSError as error:
                # no process, no file descriptor left: the queue goes on, or the job would run for ever
                log.exception("No worker could be started for job %s.", running.job.job_id)
                running.end("failed", _no_worker(error))
            if not self.stopping or running.job.ended_at:
                await self._save(running, attempts=LAST_WRITES)
                self.current = None
                with contextlib.suppress(HubgradeError):
                    await self.write(lambda: self.journal.prune(self._limits.keep_jobs))

    async def _carry_out(self, running: RunningJob) -> None:
        deaths = 0
        died_at = ""
        self._cancelled.clear()
        while True:
            known = len(running.results)
            running.start()
            ending = await self._attempt(running) if await self._zygote_is_up() else None
            if self.stopping and not (ending and ending.line and ending.line.state != "stopped"):
                return
            if await self._has_ended(running, ending):
                return
            deaths = deaths + 1 if len(running.results) == known else 1
            item = running.job.current
            if deaths >= 2 and item and item == died_at:
                # the same item took its process with it twice: the others must not wait for a third time
                running.add(_fatal(item))
                deaths = 0
            if deaths >= MAX_DEATHS:
                running.end("failed", _died(ending))
                return
            died_at = item
            log.warning("The worker of job %s died; trying again.", running.job.job_id)
            running.again()

    async def _has_ended(self, running: RunningJob, ending: Ending | None) -> bool:
        """End the job if its worker said so, or if somebody wanted its end."""
        line = ending.line if ending else None
        if line and line.state == "done":
            running.end("done")
        elif line and line.state == "failed":
            running.end("failed", line.error)
        elif self._timed_out:
            running.end("failed", _too_long(self._limits.time_s))
        elif running.job.cancelling or await self._wanted_cancelled(running.job.job_id):
            running.end("cancelled")
        return running.job.ended_at is not None

    async def _wanted_cancelled(self, job_id: str) -> bool:
        with contextlib.suppress(HubgradeError):
            return (await self.write(lambda: self.journal.get(job_id))).job.cancelling
        return False

    async def _attempt(self, running: RunningJob) -> Ending | None:
        """Run one worker to its end; None when the zygote died with it."""
        job_id = running.job.job_id
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []
        changed = asyncio.Event()
        changed.set()

        def on_line(line: Line) -> None:
            if isinstance(line, ProgressLine):
                running.apply(line.progress)
                changed.set()

        def on_start(pid: int) -> None:
            timers.append(loop.call_later(self._limits.time_s, self._on_time_limit, job_id))
            if running.job.cancelling:
                # it was cancelled before there was a process to stop
                self._stop_soon(job_id)
            started = process_started(pid)
            self._writer.submit(_quietly, lambda: self.journal.set_worker(job_id, pid, started))

        self._timed_out = False
        keeping = asyncio.create_task(self._keep_saved(running, changed))
        try:
            return await self._run_worker(running, on_line, on_start)
        except ZygoteDied:
            return None
        finally:
            for timer in timers:
                timer.cancel()
            keeping.cancel()
            await asyncio.wait({keeping})
            await self._save(running)

    async def _zygote_is_up(self) -> bool:
        """Wait until a worker can be had; False when the job is cancelled before.

        Raises: InternalError, Busy.
        """
        starting = asyncio.ensure_future(self._zygote.start())
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait({starting, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            return not cancelled.done()
        finally:
            starting.cancel()
            cancelled.cancel()
            await asyncio.wait({starting, cancelled})

    async def _run_worker(
        self, running: RunningJob, on_line: Callable[[Line], None], on_start: Callable[[int], None]
    ) -> Ending:
        request = running.job.request
        # asked only for what asks nbgrader's authenticator
        hub_courses = await asyncio.to_thread(self._hub_courses) if request.verb in STUDENT_VERBS else None
        log_fd = await self.write(lambda: open_log(self.journal, running.job))
        try:
            return await self._zygote.run(
                JobTask(
                    self.settings, request, sorted(running.skip), hub_courses, self._limits.cancel_grace_s
                ),
                log_fd=log_fd,
                log_limit_bytes=self._limits.log_bytes,
                task_id=running.job.job_id,
                on_line=on_line,
                on_start=on_start,
            )
        finally:
            os.close(log_fd)

    def _on_time_limit(self, job_id: str) -> None:
        self._timed_out = True
        self._stop_soon(job_id)

    def _stop_soon(self, job_id: str) -> None:
        # kept, or it could be collected before it ran
        grace_s = self._limits.cancel_grace_s + CLEANING_S
        self._stopping_worker = asyncio.ensure_future(self._zygote.stop_task(job_id, grace_s))

    async def _keep_saved(self, running: RunningJob, changed: asyncio.Event) -> None:
        """Write each change as soon as the one before is written."""
        while True:
            await changed.wait()
            changed.clear()
            if await self._write_down(running):
                self._announcer.soon(running.job)
            else:
                changed.set()
                await asyncio.sleep(WRITE_RETRY_S)

    async def _save(self, running: RunningJob, attempts: int = 1) -> None:
        """Write the job down and tell the browser; what cannot be written stays in memory and is logged."""
        for attempt in range(attempts):
            if await self._write_down(running):
                break
            await asyncio.sleep(WRITE_RETRY_S * attempt)
        self._announcer.now(running.job)

    async def _write_down(self, running: RunningJob) -> bool:
        fresh, plan = list(running.fresh), running.fresh_plan
        job = running.job
        try:
            await asyncio.shield(self.write(lambda: self.journal.record(job, fresh, self._owner, plan)))
        except HubgradeError as error:
            log.warning("Job %s cannot be written down: %s %s", job.job_id, error.message, error.remedy)
            return False
        running.written(fresh, plan)
        return True


def _quietly(work: Callable[[], object]) -> None:
    with contextlib.suppress(HubgradeError):
        work()


def _fatal(item: str) -> ItemResult:
    return ItemResult(
        item,
        "failed",
        "worker_died",
        "Working on this one ended the whole worker process twice, so it was left out.",
        "It may need more memory than there is; look into the job's log.",
    )


def _died(ending: Ending | None) -> ErrorBody:
    how = f"signal {-ending.status}" if ending and ending.status < 0 else "an unexpected end"
    return ErrorBody(
        code="worker_died",
        message=f"The process that worked on this job ended {MAX_DEATHS} times without a result ({how}).",
        remedy="The machine may be short of memory; look into the job's log, then retry.",
    )


def _no_worker(error: OSError) -> ErrorBody:
    return ErrorBody(
        code="internal_error",
        message=f"The server could not start a process for this job: {error.strerror or error}.",
        remedy="The machine may be short of memory, processes or open files; free some, then retry.",
    )


def _too_long(limit_s: float) -> ErrorBody:
    return ErrorBody(
        code="time_limit",
        message=f"The job took longer than it may ({limit_s / 60:.0f} minutes), and was stopped.",
        remedy="Retry to carry on with what remains, or have job_time_limit_s raised.",
    )
