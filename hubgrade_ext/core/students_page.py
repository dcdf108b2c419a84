"""The page with the roster of a course."""

from __future__ import annotations

from hubgrade_ext.core.gradebook import read_totals
from hubgrade_ext.core.models import CourseRef, StudentRow, StudentsPage
from hubgrade_ext.core.settings import CourseSettings


def students_page(settings: CourseSettings, course: CourseRef) -> StudentsPage:
    """Return the roster by name, each with the number of submissions in the gradebook and their points.

    `max_score` is that of all assignments, as in formgrader: who has not handed in has no points for it.

    Raises: GradebookBroken, Busy.
    Source: nbgrader 0.9.6 `NbGraderAPI.get_students`.
    """
    totals = read_totals(settings)
    rows = [
        StudentRow(
            student_id=student.student_id,
            first_name=student.first_name,
            last_name=student.last_name,
            email=student.email,
            submissions=totals.submissions.get(student.student_id, 0),
            score=totals.scores.get(student.student_id, 0.0),
            max_score=totals.max_score,
        )
        for student in totals.students.values()
    ]
    rows.sort(key=lambda row: (row.last_name.casefold(), row.first_name.casefold(), row.student_id))
    return StudentsPage(course, rows)
