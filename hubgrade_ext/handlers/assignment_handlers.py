"""The pages of a course: assignments, submissions, students, preview, and the student's own."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from hubgrade_ext.core.models import EditAssignment, NewAssignment
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.handlers.base import Handler
from hubgrade_ext.handlers.pages import (
    assignment_row,
    assignments_page,
    edit_due_date,
    preview,
    student_page,
    students_page,
    submissions_page,
)


class AssignmentsHandler(Handler):
    """GET and POST …/assignments."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """List the assignments."""
        course = await self.services.courses.get(course_key, "instructor")
        self.answer(await assignments_page(self.services, course))

    @authenticated
    @authorized
    async def post(self, course_key: str) -> None:
        """Create an assignment with one empty notebook."""
        course = await self.services.courses.get(course_key, "instructor")
        assignment_id = check_assignment_id(self.decode(NewAssignment).assignment_id)
        await self.services.runner.call(
            "create_assignment", str, settings=course.opened, assignment_id=assignment_id
        )
        location = f"courses/{course_key}/assignments"
        self.answer(await assignment_row(self.services, course, assignment_id), 201, location=location)


class AssignmentHandler(Handler):
    """PATCH …/assignments/{assignment_id}."""

    @authenticated
    @authorized
    async def patch(self, course_key: str, assignment_id: str) -> None:
        """Set another due date."""
        course = await self.services.courses.get(course_key, "instructor")
        wanted = self.decode(EditAssignment)
        check_assignment_id(assignment_id)
        await edit_due_date(self.services, course, assignment_id, wanted.due_date)
        self.answer(await assignment_row(self.services, course, assignment_id))


class SubmissionsHandler(Handler):
    """GET …/submissions."""

    @authenticated
    @authorized
    async def get(self, course_key: str, assignment_id: str) -> None:
        """List the students' submissions of an assignment."""
        course = await self.services.courses.get(course_key, "instructor")
        # as it is spelt on disk: a folder from a Mac may be called in NFD
        check_assignment_id(assignment_id)
        self.answer(await submissions_page(self.services, course, assignment_id))


class PreviewHandler(Handler):
    """GET …/preview."""

    @authenticated
    @authorized
    async def get(self, course_key: str, assignment_id: str) -> None:
        """Say where the generated notebooks are, to be opened."""
        course = await self.services.courses.get(course_key, "instructor")
        check_assignment_id(assignment_id)
        self.answer(await preview(self.services, course, assignment_id))


class StudentsHandler(Handler):
    """GET …/students."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """List the roster."""
        course = await self.services.courses.get(course_key, "instructor")
        self.answer(await students_page(self.services, course))


class StudentPageHandler(Handler):
    """GET …/student."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """List what the user, as a student, has to do."""
        course = await self.services.courses.get(course_key)
        self.answer(await student_page(self.services, course))
