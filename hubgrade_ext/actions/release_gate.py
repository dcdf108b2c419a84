"""The release gate as the verbs use it: find out, tell, hold back.

generate_assignment   finds out at its end, so that the release need not wait
check_assignment      finds out anew
release_assignment    takes the verdict that is known; finds out when there is none, or a bad one

A check that did not finish leaves no verdict, only a note of why.
"""

from __future__ import annotations

from collections.abc import Generator

from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CheckUnfinished, GateFailed, HubgradeError
from hubgrade_ext.core.failures import unexpected
from hubgrade_ext.core.gate_verdicts import (
    gate_digest,
    known_verdict,
    remember_unfinished,
    remember_verdict,
)
from hubgrade_ext.core.models import ErrorBody, GateFinding, GateVerdict, JobRequest, Progress
from hubgrade_ext.grading.release_gate import check_release

REMEDY = "Mend it and generate again; or release it anyway, on purpose."
CHECK_AGAIN = "Then check again."
_MOST_TOLD = 8


def pass_gate(course: Course, request: JobRequest) -> Generator[Progress, None, str]:
    """Let a release pass, or not; return what its result should say about it.

    Raises: GateFailed, CheckUnfinished (both only in mode `block`, and not with `anyway`).
    """
    assignment_id, mode = request.assignment_id, course.settings.release_gate
    if mode == "off":
        return ""
    verdict = known_verdict(course.settings, assignment_id)
    if request.anyway:
        return f"Released anyway. {told(verdict)}" if verdict else "Released without trying its solution."
    # what made it fail may be mended outside of the assignment: a package, a kernel
    if verdict is None or (verdict.state == "failed" and mode == "block"):
        yield Progress(0, 1, current=f"{assignment_id}: its solution is graded first")
        try:
            verdict = try_solution(course, assignment_id)
        except CheckUnfinished as error:
            if mode == "block":
                raise
            return error.message
    if verdict.state == "failed" and mode == "block":
        raise GateFailed(f"{assignment_id} is held back. {told(verdict)}", REMEDY)
    return told(verdict) if verdict.state == "failed" else ""


def try_solution(course: Course, assignment_id: str) -> GateVerdict:
    """Grade the solution, and remember the verdict, or why there is none.

    Raises: CheckUnfinished.
    """
    settings = course.settings
    digest = gate_digest(settings, assignment_id)
    cause: Exception
    try:
        verdict = check_release(course, assignment_id)
    except HubgradeError as error:
        why, cause = ErrorBody(error.code, error.message, error.remedy), error
    except Exception as error:  # noqa: BLE001  whatever is in it, what was generated stays
        told = unexpected(Failure(error), "Grading its solution")
        why, cause = ErrorBody(told.code, told.message, told.remedy), error
    else:
        remember_verdict(settings, assignment_id, digest, verdict)
        return verdict
    remember_unfinished(settings, assignment_id, digest, why)
    raise CheckUnfinished(
        f"The check itself did not finish: {why.message}", f"{why.remedy} {CHECK_AGAIN}".strip()
    ) from cause


def sentence(verdict: GateVerdict) -> str:
    """Return the verdict in one sentence."""
    if verdict.state == "failed":
        faults = sum(finding.fails for finding in verdict.findings)
        return f"Its solution does not pass: {'1 fault' if faults == 1 else f'{faults} faults'}."
    if not verdict.cells:
        return "Nothing in it is autograded; its solution ran."
    cells = "1 autograded cell" if verdict.cells == 1 else f"{verdict.cells} autograded cells"
    return f"Its solution gets full marks: {verdict.max_score:g} in {cells}."


def told(verdict: GateVerdict) -> str:
    """Return the verdict with all that was found, a line each."""
    lines = [line(finding) for finding in verdict.findings]
    if len(lines) > _MOST_TOLD:
        lines = [*lines[:_MOST_TOLD], f"… and {len(lines) - _MOST_TOLD} more."]
    return "\n".join([sentence(verdict), *lines])


def line(finding: GateFinding) -> str:
    """Return one finding as a line."""
    return f"{finding.where}: {finding.message} {finding.remedy}".rstrip()
