"""Submit the student's own work."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.exchange import submission


def submit(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Submit one assignment (the only item); the message has the receipt's code and what to look at.

    Raises: InvalidName.
    """

    def work(item: str) -> ItemResult:
        receipt, told = submission.submit(course, item)
        when = receipt.submitted_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        first = f"Submitted {len(receipt.files)} files at {when}, receipt {receipt.code}."
        return ItemResult(item, "done", message=" ".join([first, *told]))

    yield from each_item([check_assignment_id(request.assignment_id)], skip, work)
