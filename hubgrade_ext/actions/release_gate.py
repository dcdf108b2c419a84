"""The release gate as the verbs use it: find out, tell, hold back.

generate_assignment   finds out at its end, so that the release need not wait
check_assignment      finds out anew
release_assignment    takes the verdict that is known; finds out when there is none, or a bad one
"""

from __future__ import annotations

from collections.abc import Generator

from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import GateFailed, HubgradeError, InternalError
from hubgrade_ext.core.failures import unexpected
from hubgrade_ext.core.gate_verdicts import known_verdict
from hubgrade_ext.core.models import GateFinding, GateVerdict, JobRequest, Progress
from hubgrade_ext.grading.release_gate import check_release

REMEDY = "Mend it and generate again; or release it anyway, on purpose."
_MOST_TOLD = 8


def pass_gate(course: Course, request: JobRequest) -> Generator[Progress, None, str]:
    """Let a release pass, or not; return what its result should say about it.

    Raises: GateFailed (only in mode `block`, and not with `anyway`), and as `check_release`.
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
        except HubgradeError as error:
            if mode == "block":
                raise
            return untried(error)
    if verdict.state == "failed" and mode == "block":
        raise GateFailed(f"{assignment_id} is held back. {told(verdict)}", REMEDY)
    return told(verdict) if verdict.state == "failed" else ""


def try_solution(course: Course, assignment_id: str) -> GateVerdict:
    """Grade the solution; what nobody foresaw in it is told as one of our errors.

    Raises: as `check_release`; InternalError.
    """
    try:
        return check_release(course, assignment_id)
    except HubgradeError:
        raise
    except Exception as error:  # whatever is in it, what was generated stays
        why = unexpected(Failure(error), "Grading its solution")
        raise InternalError(why.message, why.remedy) from error


def untried(error: HubgradeError) -> str:
    """Say that there is no verdict."""
    return f"Its solution could not be graded: {error.message}"


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
