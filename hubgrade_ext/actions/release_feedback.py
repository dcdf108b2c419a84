"""Release the generated feedback."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id, check_student_id
from hubgrade_ext.exchange import feedback_delivery


def release_feedback(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Release each student's feedback (the items); scope `remaining`: what is newer than in the exchange.

    Raises: InvalidName.
    """
    assignment_id = check_assignment_id(request.assignment_id)
    for student_id in request.students or ():
        check_student_id(student_id)

    def work(student_id: str) -> ItemResult:
        pages = feedback_delivery.release_feedback(course, assignment_id, student_id)
        return ItemResult(student_id, "done", message=f"{pages} page{'s' if pages != 1 else ''} released.")

    yield from each_item(feedback_delivery.students_to_release(course, request), skip, work)
