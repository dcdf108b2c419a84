"""generate_assignment: the students' version of an assignment; one item, the assignment itself."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.items import work_through
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import JobRequest, Progress
from hubgrade_ext.grading.generation import check_can_generate, generate


def generate_assignment(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Generate release/ASSIGNMENT from source/ASSIGNMENT.

    Raises: InvalidName, AssignmentNotFound, NotebookInvalid (with all findings), Conflict.
    """
    assignment_id = request.assignment_id
    if assignment_id in skip:
        return
    warnings = check_can_generate(course, assignment_id)
    yield from work_through([assignment_id], skip, lambda item: generate(course, item, warnings))
