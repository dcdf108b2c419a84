"""What a forked child does: one verb, or one function of the allow-list, told line by line to its server."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy.exc import SAWarning

from hubgrade_ext.core import stopping
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.gradebook_lock import patient_sqlite, share_gradebook
from hubgrade_ext.core.item_log import ItemFormatter, working_on
from hubgrade_ext.core.models import ErrorBody, JobRequest, Progress
from hubgrade_ext.core.stopping import Stopped
from hubgrade_ext.jobs.calls import call
from hubgrade_ext.jobs.course_lock import course_lock
from hubgrade_ext.jobs.messages import (
    AnswerLine,
    CallTask,
    EndLine,
    JobTask,
    Line,
    ProgressLine,
    decode_task,
    encode,
    error_body,
)
from hubgrade_ext.jobs.process_tree import kill_strays
from hubgrade_ext.jobs.reopen import reopen

if TYPE_CHECKING:
    from hubgrade_ext.actions.verbs import Run
    from hubgrade_ext.core.models import Verb

log = logging.getLogger("hubgrade.worker")


def load_verbs(where: str) -> dict[Verb, Run]:
    """Import the verb table named `module:attribute`."""
    module, _, attribute = where.partition(":")
    table: dict[Verb, Run] = getattr(importlib.import_module(module), attribute)
    return table


def main(task_fd: int, pipe_fd: int, log_fd: int, verbs: dict[Verb, Run]) -> int:
    """Do one task in this freshly forked process; return its exit status."""
    with os.fdopen(task_fd, "rb") as file:
        task = decode_task(file.read())
    _redirect(log_fd)
    stop_on(signal.SIGTERM, grace_s=task.cancel_grace_s if isinstance(task, JobTask) else 0.0)
    with os.fdopen(pipe_fd, "wb") as pipe:

        def send(line: Line) -> None:
            pipe.write(encode(line) + b"\n")
            pipe.flush()

        # a server that went away reads no more lines, and nobody is left to tell
        with contextlib.suppress(BrokenPipeError):
            end = _carry_out(task, verbs, send)
            for each in (signal.SIGTERM, signal.SIGALRM):
                signal.signal(each, signal.SIG_IGN)
            kill_strays(())
            send(end)
            return 0 if end.state == "done" else 1
    return 1


def _carry_out(task: JobTask | CallTask, verbs: dict[Verb, Run], send: Callable[[Line], None]) -> EndLine:
    try:
        # the zygote blocked it until here, where it is understood
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if isinstance(task, CallTask):
            send(AnswerLine(msgspec.Raw(encode(call(task.function, task.arguments)))))
        else:
            _run_job(task, verbs, send)
            if stopping.end():
                raise Stopped
    except Stopped:
        log.info("Stopped on request.")
        return EndLine("stopped")
    except HubgradeError as error:
        log.error("%s %s", error.message, error.remedy)
        return EndLine("failed", error_body(error), error.status)
    except BrokenPipeError:
        raise
    except (Exception, SystemExit):
        log.exception("The worker met an error that it does not know.")
        return EndLine("failed", unknown_error())
    return EndLine("done")


def unknown_error() -> ErrorBody:
    """Return what a user is told about a fault of hubgrade's own; the traceback is in the log."""
    return ErrorBody(
        code="internal_error",
        message="hubgrade met an error that it does not know.",
        remedy="Open the job's log, and send it to who maintains this installation.",
    )


def _run_job(task: JobTask, verbs: dict[Verb, Run], send: Callable[[Line], None]) -> None:
    course = reopen(task.settings, task.hub_courses)

    def progress(step: Progress) -> None:
        send(ProgressLine(step))
        log_result(step)

    run_verb(verbs[task.request.verb], course, task.request, frozenset(task.skip), progress)


def log_result(step: Progress) -> None:
    """Write down what became of an item, in the item's own lines."""
    result = step.result
    if result is not None:
        level = logging.WARNING if result.state == "failed" else logging.INFO
        with working_on(result.item):
            words = (f"{result.state}: {result.code}.", result.message, result.remedy)
            log.log(level, "%s", " ".join(word for word in words if word))


def run_verb(
    verb: Run,
    course: Course,
    request: JobRequest,
    skip: frozenset[str],
    progress: Callable[[Progress], None],
) -> None:
    """Run a verb under the course's lock; its generator is closed, and so cleans up, in any case.

    Raises: HubgradeError, Stopped, and whatever the verb did not foresee.
    """
    patient_sqlite()

    def waiting(why: str) -> None:
        progress(Progress(done=len(skip), total=0, current=why))

    with (
        _nbgraders_warnings_ignored(),
        course_lock(course.settings, waiting),
        _gradebook_shared(course),
        contextlib.closing(_generator(verb(course, request, skip))) as steps,
    ):
        for step in steps:
            progress(step)


@contextlib.contextmanager
def _gradebook_shared(course: Course) -> Iterator[None]:
    """Leave the others of a group-shared course a gradebook that they can write, old or new."""
    share_gradebook(course.settings)
    try:
        yield
    finally:
        share_gradebook(course.settings)


@contextlib.contextmanager
def _nbgraders_warnings_ignored() -> Iterator[None]:
    """Keep out of the job's log what nbgrader 0.9.6 provokes with each submission, and nobody can mend.

    It makes a SubmittedAssignment before adding it to its session.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type <Submitted", SAWarning)
        yield


def _generator(steps: Iterator[Progress]) -> Any:
    """Return the verb's generator; the contract says iterator, and only generators have `close`."""
    return steps if hasattr(steps, "close") else (step for step in steps)


def stop_on(*signals: signal.Signals, grace_s: float) -> None:
    """Stop the job at one of these signals: let what is under way finish, or raise Stopped where it is."""

    def on_stop(signum: int, frame: object) -> None:
        if signum != signal.SIGALRM and stopping.ask(grace_s):
            with working_on(""):  # said of the job, not of the item that happens to be at work
                log.info("Asked to stop: what is under way has %g s to finish.", grace_s)
            return
        # a further request must not interrupt the cleaning up that this one begins
        for each in (*signals, signal.SIGALRM):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    stopping.begin()
    for each in (*signals, signal.SIGALRM):
        signal.signal(each, on_stop)


def _redirect(log_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log_fd, 1), (log_fd, 2)):
        os.dup2(source, target)
    os.close(null)
    if log_fd > 2:
        os.close(log_fd)
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ItemFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
