"""The instructor's pages: what `core` computes, with what the journal knows."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import cast

from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import (
    AssignmentRow,
    AssignmentsPage,
    NotebookRef,
    Preview,
    StudentAssignment,
    StudentPage,
    StudentsPage,
    SubmissionsPage,
)
from hubgrade_ext.handlers.open_courses import OpenCourse
from hubgrade_ext.handlers.services import Services
from hubgrade_ext.jobs.call_table import resolve
from hubgrade_ext.jobs.journal import Journal


async def assignments_page(services: Services, course: OpenCourse) -> AssignmentsPage:
    """Return all assignments. Raises: GradebookBroken, Busy."""
    settings = course.opened
    failures = await asyncio.to_thread(Journal(settings).failures)
    page = await services.page(
        "assignments_page",
        settings,
        AssignmentsPage,
        course=course.ref,
        server_root=services.courses.server_root,
        failures=failures,
    )
    return cast(AssignmentsPage, page)


async def submissions_page(services: Services, course: OpenCourse, assignment_id: str) -> SubmissionsPage:
    """Return all submissions of an assignment. Raises: AssignmentNotFound, GradebookBroken, Busy."""
    settings = course.opened
    journal = Journal(settings)
    outcomes = await asyncio.to_thread(journal.outcomes, assignment_id)
    gradings = await asyncio.to_thread(journal.outcomes, assignment_id, "autograde")
    page = await services.page(
        "submissions_page",
        settings,
        SubmissionsPage,
        course=course.ref,
        assignment_id=assignment_id,
        outcomes=outcomes,
        gradings=gradings,
        server_root=services.courses.server_root,
    )
    return cast(SubmissionsPage, page)


async def assignment_row(services: Services, course: OpenCourse, assignment_id: str) -> AssignmentRow:
    """Return one assignment as it is now. Raises: AssignmentNotFound, GradebookBroken, Busy."""
    settings = course.opened
    outcomes = await asyncio.to_thread(Journal(settings).outcomes, assignment_id)
    row = await services.page(
        "one_assignment",
        settings,
        AssignmentRow,
        assignment_id=assignment_id,
        server_root=services.courses.server_root,
        outcomes=outcomes,
    )
    return cast(AssignmentRow, row)


async def students_page(services: Services, course: OpenCourse) -> StudentsPage:
    """Return the roster. Raises: GradebookBroken, Busy."""
    page = await services.page("students_page", course.opened, StudentsPage, course=course.ref)
    return cast(StudentsPage, page)


async def edit_due_date(
    services: Services, course: OpenCourse, assignment_id: str, due_date: datetime | None
) -> None:
    """Set or remove an assignment's due date, for students too when it is released.

    Raises: InvalidRequest (a time without its zone), AssignmentNotFound, GradebookBroken,
        ExchangeBroken, Busy.
    """
    await services.runner.call(
        "edit_due_date", type(None), settings=course.opened, assignment_id=assignment_id, due_date=due_date
    )


async def preview(services: Services, course: OpenCourse, assignment_id: str) -> Preview:
    """Return the generated notebooks as paths below the server's root.

    Raises: Conflict (not generated yet, or outside the server's root).
    """
    folder = course.opened.path("release", ".", assignment_id)
    found = await asyncio.to_thread(lambda: sorted(folder.glob("*.ipynb")))
    if not found:
        raise Conflict(f"{assignment_id} has not been generated yet.", "Generate it first.")
    paths = [services.courses.below_root(path) for path in found]
    if None in paths:
        raise Conflict(
            f"{folder} is outside the folder of this server.",
            "Start the server in a folder that contains it.",
        )
    notebooks = [NotebookRef(path.stem, server_path=where) for path, where in zip(found, paths, strict=True)]
    return Preview(assignment_id, notebooks)


async def student_page(services: Services, course: OpenCourse) -> StudentPage:
    """Return what the user, as a student, has to do. Raises: ExchangeBroken."""
    settings, server_root = course.opened, services.courses.server_root
    if settings.default_exchange:
        find = resolve("student_assignments")
        return StudentPage(course.ref, await asyncio.to_thread(find, settings, server_root))
    found = await services.runner.call(
        "listed_assignments", list[StudentAssignment], course=settings, server_root=server_root
    )
    return StudentPage(course.ref, found)
