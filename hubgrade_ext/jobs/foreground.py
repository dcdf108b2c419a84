"""Run a job in the calling process, with the server's journal, log and lock; for the command line."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator

from hubgrade_ext.core import stopping
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import Conflict, HubgradeError
from hubgrade_ext.core.item_log import ItemFormatter
from hubgrade_ext.core.models import Job, JobDetail, JobRequest, Progress
from hubgrade_ext.core.programs import programs_on_path
from hubgrade_ext.core.state_dir import make_log_dir, open_private
from hubgrade_ext.core.stopping import Stopped
from hubgrade_ext.jobs.journal import ACTIVE, Journal, new_job
from hubgrade_ext.jobs.messages import error_body
from hubgrade_ext.jobs.owner import this_process
from hubgrade_ext.jobs.process_tree import become_subreaper, child_pids, kill_strays, send_signal
from hubgrade_ext.jobs.running import RunningJob
from hubgrade_ext.jobs.worker import load_verbs, log_result, run_verb, stop_on, unknown_error

VERBS = "hubgrade_ext.actions.verbs:VERBS"
BEAT_S = 2.0
KEEP_JOBS = 200
log = logging.getLogger("hubgrade.foreground")
OnProgress = Callable[[Job, Progress], None]


def run_in_foreground(
    course: Course,
    request: JobRequest,
    on_progress: OnProgress,
    *,
    created_by: str = "",
    verbs: str = VERBS,
    grace_s: float = stopping.GRACE_S,
) -> JobDetail:
    """Carry a verb out here and now; return the job as the journal has it at the end.

    `on_progress` gets every step. Call it in the main thread: SIGINT and SIGTERM end the job as cancelled;
    what is under way then has `grace_s` seconds to finish. Whatever fails is in the returned job, not raised.
    Raises: CourseBroken, Busy (the journal cannot be written).
    """
    settings = course.settings
    journal = Journal(settings)
    job = new_job(settings.course_key, request, created_by or settings.username)
    journal.create(job, this_process())
    return _run(course, journal, RunningJob(job), on_progress, verbs, grace_s)


def resume_in_foreground(
    course: Course, job_id: str, on_progress: OnProgress, *, verbs: str = VERBS
) -> JobDetail:
    """Carry on a job whose process is dead, under its own id, after its last finished item.

    Raises: JobNotFound; Conflict (it has ended, or another process works on it).
    """
    journal = Journal(course.settings)
    detail = journal.get(job_id)
    claimed = journal.claim(this_process(), job_id=job_id) if detail.job.state in ACTIVE else []
    if not claimed:
        raise Conflict(
            f"Job {job_id} is not waiting to be resumed.", "Look at its state with `hubgrade jobs show`."
        )
    running = RunningJob(claimed[0], detail.results, journal.planned(job_id))
    return _run(course, journal, running, on_progress, verbs, stopping.GRACE_S)


def _run(
    course: Course,
    journal: Journal,
    running: RunningJob,
    on_progress: OnProgress,
    verbs: str,
    grace_s: float,
) -> JobDetail:
    # a shell that called hubgrade by its path need not have its folder on PATH
    programs_on_path()
    me = this_process()
    request = running.job.request
    journal.set_worker(running.job.job_id, me.pid, me.started)
    running.start()
    _write(journal, running)

    def progress(step: Progress) -> None:
        running.apply(step)
        log_result(step)
        _write(journal, running)
        on_progress(running.job, step)

    with _log_to(journal, running.job.job_id), _no_strays():
        try:
            with _stop_on_signals(grace_s), _beating(journal):
                run_verb(load_verbs(verbs)[request.verb], course, request, running.skip, progress)
            running.end("cancelled" if stopping.asked() else "done")
        except (Stopped, KeyboardInterrupt):
            log.info("Stopped on request.")
            running.end("cancelled")
        except HubgradeError as error:
            log.error("%s %s", error.message, error.remedy)
            running.end("failed", error_body(error))
        except Exception:
            log.exception("The job met an error that it does not know.")
            running.end("failed", unknown_error())
    _write(journal, running)
    journal.prune(KEEP_JOBS)
    return journal.get(running.job.job_id)


def _write(journal: Journal, running: RunningJob) -> None:
    # a signal may come in between: what is not surely written is written again
    fresh, plan = list(running.fresh), running.fresh_plan
    journal.record(running.job, fresh, this_process(), plan)
    running.written(fresh, plan)


@contextlib.contextmanager
def _stop_on_signals(grace_s: float) -> Iterator[None]:
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.getsignal(each) for each in (*signals, signal.SIGALRM)}
    stop_on(*signals, grace_s=grace_s)
    try:
        yield
    finally:
        stopping.end()
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def _no_strays() -> Iterator[None]:
    """End every process that the job leaves behind; those that were there before stay."""
    become_subreaper()
    before = child_pids()
    try:
        yield
    finally:
        kill_strays(before)
        become_subreaper(False)


@contextlib.contextmanager
def _beating(journal: Journal) -> Iterator[None]:
    """Keep saying that this process lives, and stop it when somebody wants the job cancelled."""
    over = threading.Event()
    me = this_process()

    def beat() -> None:
        while not over.wait(BEAT_S):
            with contextlib.suppress(HubgradeError):
                if journal.beat(me):
                    send_signal(me.pid, signal.SIGTERM)
                    return

    thread = threading.Thread(target=beat, name="hubgrade-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def _log_to(journal: Journal, job_id: str) -> Iterator[None]:
    """Send what is logged meanwhile into the job's log as well."""
    make_log_dir(journal.settings)
    fd = open_private(journal.settings, journal.log_path(job_id), os.O_WRONLY | os.O_APPEND)
    with os.fdopen(fd, "a", encoding="utf-8", errors="backslashreplace") as file:
        handler = logging.StreamHandler(file)
        handler.setFormatter(ItemFormatter())
        handler.setLevel(logging.INFO)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(min(level, logging.INFO))
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
