"""Take a released assignment back."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import AssignmentNotFound, ConfirmationRequired, HubgradeError
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.exchange import release


def unrelease(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Take one assignment (the only item) back into the backups; submissions stay where they are.

    Raises: ConfirmationRequired (the request must repeat the name), AssignmentNotFound, InvalidName.
    """
    assignment_id = check_assignment_id(request.assignment_id)
    if request.confirm != request.assignment_id:
        raise ConfirmationRequired(
            f"Students will no longer find {assignment_id}.", "Type the assignment's name to confirm."
        )
    there = not course.settings.default_exchange or (outbound_dir(course.settings) / assignment_id).is_dir()
    if not there and assignment_id not in skip:
        raise AssignmentNotFound(f"{assignment_id} is not released.", "There is nothing to take back.")

    def work(item: str) -> ItemResult:
        kept = release.unrelease(course, item, Backups(course.settings))
        message = "No longer released." if kept is None else f"No longer released; it is kept in {kept}."
        try:
            release.publish(course)
        except HubgradeError as error:
            return ItemResult(item, "done", message=f"{message} But: {error.message}", remedy=error.remedy)
        return ItemResult(item, "done", message=message)

    yield from each_item([assignment_id], skip, work)
