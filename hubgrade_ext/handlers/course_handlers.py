"""Who asks, which courses there are, their configuration and their preflight report."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from hubgrade_ext.core.models import NewCourse, OpenCourse, Session
from hubgrade_ext.handlers.base import Handler
from hubgrade_ext.handlers.server_facts import server_facts


class SessionHandler(Handler):
    """GET /session."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Say who asks, and which courses are known."""
        services = self.services
        courses, default = await services.courses.all()
        refs = [course.ref for course in courses]
        hub = services.hub.present
        self.answer(
            Session(services.version, services.username, hub, refs, default, services.runner.cancel_grace_s)
        )


class CoursesHandler(Handler):
    """POST /courses."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Add an existing course folder to the list."""
        wanted = self.decode(OpenCourse)
        course = await self.services.courses.add(wanted.root)
        await self.services.runner.open(course.opened)
        self.answer(course.ref, 201, location=f"courses/{course.ref.course_key}")


class NewCourseHandler(Handler):
    """POST /courses/new."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Create a course folder, and add it to the list."""
        wanted = self.decode(NewCourse)
        services = self.services
        root = services.courses.absolute(wanted.root)
        services.courses.check_may_create(wanted.course_id)
        await services.runner.call("create_course", str, root=root, course_id=wanted.course_id)
        course = await services.courses.add(root)
        self.answer(course.ref, 201, location=f"courses/{course.ref.course_key}")


class CourseHandler(Handler):
    """DELETE /courses/{course_key}."""

    @authenticated
    @authorized
    async def delete(self, course_key: str) -> None:
        """Take a course off the list."""
        courses = self.services.courses
        await courses.forget(await courses.get(course_key))
        self.nothing()


class ConfigHandler(Handler):
    """GET …/config."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """Show the effective configuration, also of a course that cannot be opened."""
        course = await self.services.courses.get(course_key, "instructor")
        self.answer(await self.services.config(course))


class PreflightHandler(Handler):
    """GET …/preflight."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """Check whether the course will work; `slow=0` leaves slow checks for a second call."""
        course = await self.services.courses.get(course_key)
        slow = self.int_argument("slow", 1) != 0
        server = server_facts(self.settings, self.services.started_in)
        self.answer(await self.services.preflight(course, slow=slow, server=server))
