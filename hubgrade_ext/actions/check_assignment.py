"""check_assignment: the assignment's own solution is graded as a submission would be; one item."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.actions.release_gate import sentence, told, try_solution
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.exchange.release import check_generated


def check_assignment(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Find out what the release gate says of one assignment; nothing but the verdict is written.

    Raises: Conflict (not generated), AssignmentNotFound, InvalidName.
    """
    assignment_id = check_assignment_id(request.assignment_id)
    check_generated(course, assignment_id)
    said: list[str] = []

    def work(item: str) -> ItemResult:
        verdict = try_solution(course, item)
        said.append(sentence(verdict))
        if verdict.state == "passed":
            return ItemResult(item, "done", "passed", told(verdict))
        return ItemResult(item, "failed", "gate_failed", told(verdict), "Mend it, and generate again.")

    yield from each_item([assignment_id], skip, work)
    if said:
        yield Progress(1, 1, summary=said[0])
