"""Fetch a released assignment into the student's own folder."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.exchange import fetching


def fetch_assignment(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Fetch one assignment (the only item); what the student has is never overwritten.

    Raises: InvalidName.
    """

    def work(item: str) -> ItemResult:
        new, files = fetching.fetch_assignment(course, item)
        if new:
            return ItemResult(item, "done", message=f"Fetched {len(files)} files.")
        if files:
            return ItemResult(item, "done", message=f"Put back the missing files: {', '.join(files)}.")
        return ItemResult(
            item, "skipped", "already_fetched", "You have this assignment already; nothing is missing."
        )

    yield from each_item([check_assignment_id(request.assignment_id)], skip, work)
