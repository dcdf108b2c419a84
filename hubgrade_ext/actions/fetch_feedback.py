"""Fetch the feedback on the student's own submissions."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.exchange import fetching


def fetch_feedback(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Fetch the feedback on one assignment (the only item), for every submission of it.

    Raises: InvalidName.
    """

    def work(item: str) -> ItemResult:
        files = fetching.fetch_feedback(course, item, Backups(course.settings))
        if not files:
            return ItemResult(item, "skipped", "already_fetched", "You have all the feedback already.")
        folders = sorted({os.path.relpath(path.parent, course.settings.work_dir) for path in files})
        return ItemResult(item, "done", message=f"Fetched {len(files)} files into {', '.join(folders)}.")

    yield from each_item([check_assignment_id(request.assignment_id)], skip, work)
