"""Hand the generated assignment out to students."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.actions.release_gate import pass_gate
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.exchange.release import check_generated, publish, release


def release_assignment(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Release one assignment (the only item) if the gate lets it pass, and publish the due dates.

    Raises: Conflict (not generated), AssignmentNotFound, InvalidName, GateFailed.
    """
    assignment_id = check_assignment_id(request.assignment_id)
    check_generated(course, assignment_id)
    told = "" if assignment_id in skip else (yield from pass_gate(course, request))

    def work(item: str) -> ItemResult:
        kept = release(course, item, Backups(course.settings))
        message = "Released." if kept is None else f"Released; the earlier release is kept in {kept}."
        message = f"{message} {told}".rstrip()
        try:
            publish(course)
        except HubgradeError as error:
            return ItemResult(item, "done", message=f"{message} But: {error.message}", remedy=error.remedy)
        return ItemResult(item, "done", message=message)

    yield from each_item([assignment_id], skip, work)
