"""Names on a command line that fit nothing in the course, with the nearest that do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hubgrade_ext.core.errors import AssignmentNotFound, NotFound
from hubgrade_ext.core.folders import assignment_folders
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import states_from

SHOWN = 5


def check_spelling(settings: CourseSettings, request: JobRequest) -> None:
    """Refuse an assignment or a student that the course has never heard of.

    Raises: AssignmentNotFound, NotFound, GradebookBroken, ExchangeBroken, Busy.
    """
    assignment_id = request.assignment_id
    records = read_gradebook(settings, assignment_id)
    known = (
        set(read_gradebook(settings).assignments)
        if assignment_id not in records.assignments
        else {assignment_id}
    )
    known.update(assignment_folders(settings, settings.source_directory))
    if assignment_id not in known:
        raise AssignmentNotFound(
            f"The course has no assignment “{assignment_id}”.", _offer(assignment_id, known)
        )
    # who submitted through a plug-in's exchange cannot be known here
    if not request.students or not settings.default_exchange:
        return
    students = {state.student_id for state in states_from(settings, assignment_id, records)}
    students.update(records.students)
    for student_id in request.students:
        if student_id not in students:
            raise NotFound(
                f"No student “{student_id}” is in the course or has submitted {assignment_id}.",
                _offer(student_id, students),
            )


def _offer(name: str, known: Iterable[str]) -> str:
    """Return the remedy: the nearest names, or some of those there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=SHOWN, cutoff=0.6)
    if near:
        return f"Did you mean {', '.join(near)}?"
    if not names:
        return "There is none yet."
    more = ", …" if len(names) > SHOWN else ""
    return f"There is {', '.join(names[:SHOWN])}{more}."
