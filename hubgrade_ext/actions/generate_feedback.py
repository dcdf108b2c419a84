"""generate_feedback: graded submissions become feedback pages; an item is a student."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.items import work_through
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.feedback_marks import grade_marks, remember_feedback
from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_notebook_pattern, check_student_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.core.steps import chosen, submission_states
from hubgrade_ext.feedback.generation import generate_for


def generate_feedback(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Generate feedback for the chosen students, or where it is missing or outdated, or for all.

    nbgrader does not mind cells that still need a grade. Neither do we when
    asked for all or for chosen students; the remaining leave such students out.

    Raises: InvalidName, GradebookBroken, Busy.
    """
    settings = course.settings
    check_notebook_pattern(request.notebook)
    named = None
    if request.students is not None:
        named = sorted({check_student_id(student_id) for student_id in request.students})
    # read before any feedback: a grade given meanwhile makes it outdated
    marks = patiently(lambda: grade_marks(settings, request.assignment_id))
    states = patiently(lambda: submission_states(settings, request.assignment_id))
    todo = chosen("generate_feedback", states, request.scope, named)
    students = [state.student_id for state in todo] if named is None else named
    ask_all = named is not None or request.scope == "all"
    waiting = {} if ask_all else {state.student_id: state.manual_cells for state in todo}
    backups = Backups(settings)

    def one(student_id: str) -> ItemResult:
        if waiting.get(student_id):
            return _waits(student_id, waiting[student_id])
        result = generate_for(course, request.assignment_id, student_id, request.notebook, backups)
        if result.state == "done" and student_id in marks:
            remember_feedback(settings, request.assignment_id, student_id, marks[student_id])
        return result

    yield from work_through(students, skip, one)


def _waits(student_id: str, cells: int) -> ItemResult:
    count = "1 cell still needs" if cells == 1 else f"{cells} cells still need"
    return ItemResult(
        student_id,
        "skipped",
        "needs_manual_grade",
        f"{count} a grade.",
        "Grade in formgrader, or choose this student to generate feedback all the same.",
    )
