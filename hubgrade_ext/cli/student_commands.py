"""`hubgrade list`: a student's own page."""

from __future__ import annotations

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import open_student, ref_of
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.models import StudentPage


def list_assignments(arguments: Arguments, output: Output) -> int:
    """Show what is released, fetched, submitted and graded, with receipts."""
    from hubgrade_ext.exchange.plugged_student_page import listed_assignments

    course = open_student(arguments)
    page = StudentPage(ref_of(course.settings), listed_assignments(course))
    if output.json:
        output.show(page)
    elif page.assignments:
        output.table(tables.student_assignments(page.assignments))
    else:
        output.line(f"Nothing has been released in the course {course.settings.course_id} yet.")
    return 0
