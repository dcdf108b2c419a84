"""All jobs of this server: submit, follow, cancel, retry, resume; nothing here blocks the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from hubgrade_ext.core.errors import Busy, Conflict, HubgradeError
from hubgrade_ext.core.models import PER_STUDENT, ItemResult, Job, JobDetail, JobLog, JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.cancelling import cancel_job
from hubgrade_ext.jobs.course_queue import CourseQueue, Limits
from hubgrade_ext.jobs.job_log import read_log
from hubgrade_ext.jobs.journal import ACTIVE, Journal, new_job
from hubgrade_ext.jobs.owner import this_process
from hubgrade_ext.jobs.running import RunningJob, failed_items
from hubgrade_ext.jobs.zygote_client import CALL_TIMEOUT_S, ZygoteClient

BEAT_S = 2.0
RECLAIM_S = 30.0
log = logging.getLogger("hubgrade.jobs")
Shape = TypeVar("Shape")


class JobRunner:
    """The server's jobs: one queue a course, one zygote for all."""

    def __init__(
        self,
        *,
        verbs: str,
        niceness: int,
        limits: Limits,
        emit: Callable[[Job], None],
        touch: Callable[[], None],
        hub_courses: Callable[[], list[str] | None] = lambda: None,
    ) -> None:
        """`emit` hears every announced change; `touch` is called while anything is active.

        `hub_courses` says, in a thread, which courses the hub's groups name for this user.
        """
        self.zygote = ZygoteClient(verbs=verbs, niceness=niceness)
        self._limits = limits
        self._emit = emit
        self._touch = touch
        self._hub_courses = hub_courses
        self._owner = this_process()
        self._queues: dict[str, CourseQueue] = {}
        self._opening = asyncio.Lock()
        self._heart: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def cancel_grace_s(self) -> float:
        """Say for how long what is under way goes on when a job is cancelled."""
        return self._limits.cancel_grace_s

    async def warm_up(self) -> None:
        """Start the zygote before it is needed; a failure shows when it is."""
        with contextlib.suppress(HubgradeError):
            await self.zygote.start()

    async def call(
        self, function: str, answer: type[Shape], *, timeout_s: float = CALL_TIMEOUT_S, **arguments: Any
    ) -> Shape:
        """Run a function of the allow-list in a child; return its answer as `answer`.

        Raises: what the function raised; Busy, InternalError.
        """
        raw = await self.zygote.call(function, timeout_s=timeout_s, **arguments)
        return msgspec.json.decode(raw, type=answer)

    async def open(self, settings: CourseSettings) -> None:
        """Resume what a dead process left of this course; the first time only, then by itself."""
        await self._queue(settings)

    async def submit(self, settings: CourseSettings, request: JobRequest, created_by: str) -> Job:
        """Enter a job into the journal and the queue; return it as queued.

        Raises: Busy (the queue is full, or the journal locked), CourseBroken.
        """
        queue = await self._queue(settings)
        if len(queue.waiting) >= self._limits.queue:
            raise Busy(
                f"{self._limits.queue} jobs are waiting on this course already.",
                "Wait until some have ended, or cancel some.",
            )
        job = new_job(settings.course_key, request, created_by)
        await queue.write(lambda: queue.journal.create(job, self._owner))
        self._touch()
        queue.add(RunningJob(job))
        return job

    async def list_jobs(self, settings: CourseSettings) -> list[Job]:
        """Return the course's newest jobs, newest first."""
        queue = await self._queue(settings)
        live = {r.job.job_id: r.job for r in queue.active}
        return [live.get(j.job_id, j) for j in await asyncio.to_thread(queue.journal.list)]

    async def detail(self, settings: CourseSettings, job_id: str) -> JobDetail:
        """Return one job and what became of its items. Raises: JobNotFound."""
        queue = await self._queue(settings)
        live = next((r for r in queue.active if r.job.job_id == job_id), None)
        # of one that has ended the journal knows more: what it did not get to
        if live is not None and live.job.state in ACTIVE:
            return JobDetail(live.job, list(live.results.values()))
        return await asyncio.to_thread(queue.journal.get, job_id)

    async def log(self, settings: CourseSettings, job_id: str, offset: int, item: str = "") -> JobLog:
        """Return a piece of the job's log, or of one item's part. Raises: JobNotFound, InvalidRequest."""
        detail = await self.detail(settings, job_id)
        return await asyncio.to_thread(read_log, Journal(settings), detail.job, offset, item)

    async def cancel(self, settings: CourseSettings, job_id: str) -> Job:
        """Cancel a job, of this process or another one. Raises: JobNotFound; Conflict (it has ended)."""
        queue = await self._queue(settings)
        job = await queue.cancel(job_id)
        if job is not None:
            return job
        return await asyncio.to_thread(cancel_job, settings, job_id)

    async def retry(self, settings: CourseSettings, job_id: str, created_by: str) -> Job:
        """Submit a new job for what failed in an ended one.

        Raises: JobNotFound; Conflict (it runs still, or nothing failed); as `submit`.
        """
        detail = await self.detail(settings, job_id)
        return await self.submit(settings, _retry_request(detail.job, detail.results), created_by)

    async def stop(self) -> None:
        """End every process, and leave the unfinished jobs to be resumed by whoever comes next; once."""
        if self._stopped:
            return
        self._stopped = True
        for queue in self._queues.values():
            queue.stopping = True
        if self._heart is not None:
            self._heart.cancel()
            await asyncio.wait({self._heart})
        await self.zygote.close()
        for queue in self._queues.values():
            await queue.close()

    async def _queue(self, settings: CourseSettings) -> CourseQueue:
        if self._stopped:
            raise Busy("The server is stopping.", "Try again when it is back.")
        async with self._opening:
            queue = self._queues.get(settings.course_key)
            if queue is None:
                queue = CourseQueue(
                    settings, self.zygote, self._limits, self._owner, self._emit, self._hub_courses
                )
                self._queues[settings.course_key] = queue
                await self._resume(queue)
            elif queue.settings != settings:
                queue.renew(settings)
            if self._heart is None:
                self._heart = asyncio.create_task(self._beat())
        return queue

    async def _resume(self, queue: CourseQueue) -> None:
        """Carry on the jobs whose process is dead; a journal that cannot be read hides nothing else."""
        journal = queue.journal
        try:
            if not await queue.write(lambda: journal.has_foreign_jobs(self._owner)):
                return
            for job in await queue.write(lambda: journal.claim(self._owner)):
                detail = await queue.write(functools.partial(journal.get, job.job_id))
                planned = await queue.write(functools.partial(journal.planned, job.job_id))
                log.info("Resuming job %s of course %s.", job.job_id, job.course_key)
                queue.add(RunningJob(job, detail.results, planned))
        except HubgradeError as error:
            log.warning("Jobs of %s cannot be resumed: %s", queue.settings.course_id, error.message)

    async def _beat(self) -> None:
        """Show that this process lives, hear of cancellations elsewhere, look for jobs left behind."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_S)
            look = time.monotonic() - looked >= RECLAIM_S
            looked = time.monotonic() if look else looked
            for queue in list(self._queues.values()):
                if queue.active:
                    self._touch()
                    await self._beat_one(queue)
                if look:
                    await self._resume(queue)

    async def _beat_one(self, queue: CourseQueue) -> None:
        with contextlib.suppress(HubgradeError):
            for job_id in await queue.write(lambda: queue.journal.beat(self._owner)):
                await queue.cancel(job_id)


def _retry_request(job: Job, results: list[ItemResult]) -> JobRequest:
    if job.state in ACTIVE:
        raise Conflict(f"Job {job.job_id} has not ended yet.", "Wait for its end, or cancel it first.")
    failed = failed_items(results)
    if failed and job.request.verb in PER_STUDENT:
        return structs.replace(job.request, students=failed)
    if failed or job.state != "done":
        return job.request
    raise Conflict("Nothing failed in this job.", "There is nothing to retry.")
