"""The verbs: build the request, ask where something is destroyed, run it here, tell how it went."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

import msgspec

from hubgrade_ext.cli.courses import open_instructor, open_student, ref_of
from hubgrade_ext.cli.logs import job_output
from hubgrade_ext.cli.output import Output, plain_lines
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.cli.progress import ProgressDisplay
from hubgrade_ext.cli.spelling import check_spelling
from hubgrade_ext.core.errors import ConfirmationRequired, InternalError, InvalidRequest
from hubgrade_ext.core.models import (
    PER_STUDENT,
    InstructorVerb,
    ItemResult,
    Job,
    JobDetail,
    JobRequest,
    Verb,
)
from hubgrade_ext.core.names import check_assignment_id, check_notebook_pattern, check_student_id
from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from hubgrade_ext.core.course import Course


def run_verb(arguments: Arguments, output: Output) -> int:
    """Carry out one verb in this process, in the course's journal like any other job."""
    request = build_request(arguments)
    is_instructor = request.verb in get_args(InstructorVerb)
    course = open_instructor(arguments) if is_instructor else open_student(arguments)
    if is_instructor:
        check_spelling(course.settings, request)
        request = _announce(course.settings, request, output)
    with job_output(output, arguments.verbose), ProgressDisplay(title_of(request), output.err) as display:
        detail = _run(course, request, display, arguments.grace_s)
    return tell(explained(course.settings, detail), output)


def build_request(arguments: Arguments) -> JobRequest:
    """Return what the command line asks for; names are checked before anything is opened.

    Raises: InvalidName, InvalidRequest.
    """
    assignment_id = check_assignment_id(arguments.assignment)
    students = arguments.student
    if students is not None and arguments.verb not in PER_STUDENT:
        command = arguments.verb.replace("_", "-")
        raise InvalidRequest(f"{command} is about the whole assignment.", "Repeat it without --student.")
    return JobRequest(
        verb=msgspec.convert(arguments.verb, Verb),
        assignment_id=assignment_id,
        scope="all" if arguments.all else "remaining",
        students=None if students is None else [check_student_id(s) for s in dict.fromkeys(students)],
        notebook=check_notebook_pattern(arguments.notebook),
        before_due_date=arguments.before_due_date,
        confirm=assignment_id if arguments.yes else arguments.confirm,
        anyway=arguments.anyway,
    )


def _run(course: Course, request: JobRequest, display: ProgressDisplay, grace_s: float) -> JobDetail:
    from hubgrade_ext.jobs.foreground import run_in_foreground

    return run_in_foreground(course, request, lambda job, step: display.update(step), grace_s=grace_s)


def _announce(settings: CourseSettings, request: JobRequest, output: Output) -> JobRequest:
    """Say what a job will replace and what to mind; return the request, confirmed where it destroys.

    Raises: ConfirmationRequired, and as `plan`.
    """
    from hubgrade_ext.actions.plans import plan

    # a plug-in's exchange shows its submissions only to the verb itself
    if not settings.default_exchange and request.verb != "unrelease":
        return request
    planned = plan(settings, request)
    for warning in planned.warnings:
        output.note(warning)
    if planned.confirm_with is not None:
        if request.confirm:
            return request
        return msgspec.structs.replace(request, confirm=_ask_for_name(request, output))
    if planned.replaced and planned.backup:
        results = "1 earlier result" if planned.replaced == 1 else f"{planned.replaced} earlier results"
        output.note(f"{results} will be replaced, and kept in {planned.backup}.")
    return request


def _ask_for_name(request: JobRequest, output: Output) -> str:
    """Return what the user types on the terminal; where there is none, refuse."""
    name = request.assignment_id
    if output.json or not (sys.stdin.isatty() and output.err.isatty()):
        raise ConfirmationRequired(
            f"{title_of(request)} asks for the assignment's name.",
            f"Repeat the command with --confirm “{name}”.",
        )
    output.err.write(f"{title_of(request)} asks for the assignment's name: ")
    output.err.flush()
    typed = sys.stdin.readline().strip()
    if typed != name:
        raise ConfirmationRequired(
            "The name does not match; nothing was done.", f"Repeat the command and type {name}."
        )
    return typed


def title_of(request: JobRequest) -> str:
    """Return verb and assignment as a person writes them."""
    return f"{request.verb.replace('_', ' ').capitalize()} {request.assignment_id}"


def explained(settings: CourseSettings, detail: JobDetail) -> JobDetail:
    """Add what could be why a job failed."""
    from hubgrade_ext.actions.fixes.catalogue import FIXES
    from hubgrade_ext.preflight.explaining import explain

    fixable = [fix.fix_id for fix in FIXES]
    findings = explain(settings, ref_of(settings), detail.job, detail.results, fixable=fixable)
    return msgspec.structs.replace(detail, findings=findings)


def tell(detail: JobDetail, output: Output) -> int:
    """Print how a job ended, and return the exit status."""
    job = detail.job
    status = exit_status(job)
    for finding in detail.findings:
        fix = f" `hubgrade fix {finding.check_id}` shows how." if finding.fixable else ""
        output.note(f"{finding.status}: {finding.message} {finding.remedy}{fix}")
    if job.error is not None:
        output.note(f"{job.error.message} {job.error.remedy}".rstrip())
        if job.error.code == InternalError.code:
            output.note(f"Its log: hubgrade jobs show {job.job_id}")
    if output.json and status == 2 and job.error is not None:
        output.show({"error": job.error, **msgspec.to_builtins(detail)})
    elif output.json:
        output.show(detail)
    elif status != 2:
        _tell_results(detail, output)
    return status


def exit_status(job: Job) -> int:
    """Return 0 when all was done, 2 when nothing could begin, else 1."""
    if job.state == "done" and not job.failed:
        return 0
    return 2 if job.state == "failed" and job.error is not None and not job.done else 1


def _tell_results(detail: JobDetail, output: Output) -> None:
    job = detail.job
    if job.state == "done" and not job.total:
        output.line(f"{title_of(job.request)}: nothing to do (job {job.job_id})")
        return
    done = job.done - job.failed - job.skipped
    parts = [f"{done} done", *_counted(job.failed, "failed"), *_counted(job.skipped, "skipped")]
    ending = {"cancelled": ", cancelled", "failed": ", stopped early"}.get(job.state, "")
    output.line(f"{title_of(job.request)}: {', '.join(parts)} of {job.total}{ending} (job {job.job_id})")
    for result in said(detail.results):
        output.block("  " + describe(result))
    if job.summary:
        output.line(job.summary)


def said(results: Iterable[ItemResult]) -> list[ItemResult]:
    """Return the results that a person must read: failures first, then what a verb has to say."""
    spoken = [r for r in results if r.state == "failed" or r.message]
    return sorted(spoken, key=lambda r: r.state != "failed")


def describe(result: ItemResult) -> str:
    """Return one item's fate in a line."""
    words = [f"{result.item}: {result.state}.", result.message, result.remedy]
    return plain_lines(" ".join(word for word in words if word), indent="    ")


def _counted(count: int, word: str) -> list[str]:
    return [f"{count} {word}"] if count else []
