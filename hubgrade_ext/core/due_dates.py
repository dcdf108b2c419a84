"""Writing a due date into the gradebook; needs nbgrader, so workers and the CLI only."""

from __future__ import annotations

from datetime import UTC, datetime

from hubgrade_ext.core.errors import AssignmentNotFound, InvalidRequest
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.gradebook_lock import ensure_gradebook
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.settings import CourseSettings


def set_due_date(settings: CourseSettings, assignment_id: str, due_date: datetime | None) -> None:
    """Set an assignment's due date, or remove it; the assignment's row is made if it has a source only.

    Kept as naive UTC, as nbgrader does. A time is handed over as such and never as
    text: nbgrader reads `17:00 -0500` as an offset of seconds.

    Raises: InvalidRequest (a time without a zone, or beyond the calendar), InvalidName,
    AssignmentNotFound, GradebookBroken, Busy.
    Source: nbgrader 0.9.6 `AssignmentHandler.put`, `Gradebook.update_or_create_assignment`.
    """
    if due_date is not None and due_date.tzinfo is None:
        raise InvalidRequest(
            "The due date has no time zone.",
            "Send it as ISO 8601 with Z or an offset, such as 2025-03-03T17:00Z.",
        )
    naive = _naive_utc(due_date) if due_date else None
    if assignment_id not in read_gradebook(settings, assignment_id).assignments:
        check_assignment_id(assignment_id)
        if not settings.path(settings.source_directory, ".", assignment_id).is_dir():
            raise AssignmentNotFound(
                f"The course has no assignment “{assignment_id}”.",
                "Check its name in the list of assignments.",
            )
    ensure_gradebook(settings)
    from nbgrader.api import Gradebook

    with Gradebook(settings.db_url, settings.course_id) as gradebook:
        gradebook.update_or_create_assignment(assignment_id, duedate=naive)


def _naive_utc(due_date: datetime) -> datetime:
    try:
        return due_date.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise InvalidRequest(
            "The due date is not between the years 1 and 9999 in UTC.", "Choose another date."
        ) from None
