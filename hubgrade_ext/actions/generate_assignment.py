"""generate_assignment: the students' version of an assignment; one item, the assignment itself."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from hubgrade_ext.actions.items import work_through
from hubgrade_ext.actions.release_gate import sentence, told, try_solution
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CheckUnfinished
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.grading.generation import check_can_generate, generate


def generate_assignment(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Generate release/ASSIGNMENT from source/ASSIGNMENT, and find out what the release gate says of it.

    Raises: InvalidName, AssignmentNotFound, NotebookInvalid (with all findings), Conflict.
    """
    assignment_id = request.assignment_id
    if assignment_id in skip:
        return
    warnings = check_can_generate(course, assignment_id)
    for step in work_through([assignment_id], skip, lambda item: generate(course, item, warnings)):
        if step.result is None or step.result.state != "done" or course.settings.release_gate == "off":
            yield step
            continue
        yield Progress(0, step.total, current=f"{assignment_id}: its solution is graded")
        yield _judged(course, step, step.result)


def _judged(course: Course, step: Progress, result: ItemResult) -> Progress:
    """Return the step with the verdict; what was generated stays, whatever that is."""
    try:
        verdict = try_solution(course, result.item)
    except CheckUnfinished as error:
        message = f"{result.message} {error.message}".strip()
        result = structs.replace(result, message=message, remedy=error.remedy)
        return structs.replace(step, result=result)
    if verdict.findings:
        result = structs.replace(result, message=f"{result.message} {told(verdict)}".strip())
    return structs.replace(step, result=result, summary=sentence(verdict))
