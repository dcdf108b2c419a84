"""Jobs: plan, submit, follow, cancel, retry."""

from __future__ import annotations

from typing import get_args

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from hubgrade_ext.core.errors import ConfirmationRequired
from hubgrade_ext.core.models import InstructorVerb, Job, JobRequest, JobsPage, Plan
from hubgrade_ext.core.names import check_assignment_id, check_notebook_pattern, check_student_id
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.base import Handler, forbidden
from hubgrade_ext.handlers.open_courses import OpenCourse


class JobsHandlerBase(Handler):
    """What the addresses below share; it answers no verb itself."""

    async def requested(self, course_key: str) -> tuple[CourseSettings, JobRequest]:
        """Return the course and what is asked for, if this user may ask for it.

        Raises: InvalidRequest, InvalidName, Forbidden, CourseNotFound.
        """
        course = await self.services.courses.get(course_key)
        request = self.decode(JobRequest)
        _check_role(course, request)
        check_assignment_id(request.assignment_id)
        check_notebook_pattern(request.notebook)
        for student_id in request.students or []:
            check_student_id(student_id)
        return course.opened, request

    def accepted(self, job: Job) -> None:
        """Answer that a job is in the queue, and where it can be followed."""
        self.answer(job, 202, location=f"courses/{job.course_key}/jobs/{job.job_id}")


class PlanHandler(JobsHandlerBase):
    """POST …/plan."""

    @authenticated
    @authorized
    async def post(self, course_key: str) -> None:
        """Say what a job would do."""
        settings, request = await self.requested(course_key)
        self.answer(await self.services.page("plan", settings, Plan, request=request))


class JobsHandler(JobsHandlerBase):
    """GET and POST …/jobs."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """List the jobs, newest first."""
        course = await self.services.courses.get(course_key)
        self.answer(JobsPage(course.ref, await self.services.runner.list_jobs(course.opened)))

    @authenticated
    @authorized
    async def post(self, course_key: str) -> None:
        """Enter a job into the queue."""
        settings, request = await self.requested(course_key)
        _check_confirmed(request)
        self.accepted(await self.services.runner.submit(settings, request, self.services.username))


class JobHandler(Handler):
    """GET …/jobs/{job_id}."""

    @authenticated
    @authorized
    async def get(self, course_key: str, job_id: str) -> None:
        """Show one job with its results, and what could be why it failed."""
        course = await self.services.courses.get(course_key)
        detail = await self.services.runner.detail(course.opened, job_id)
        self.answer(await self.services.explained(course, detail))


class JobLogHandler(Handler):
    """GET …/jobs/{job_id}/log."""

    @authenticated
    @authorized
    async def get(self, course_key: str, job_id: str) -> None:
        """Show a piece of a job's log."""
        course = await self.services.courses.get(course_key)
        offset = self.int_argument("offset", 0)
        item = self.get_query_argument("item", "")
        self.answer(await self.services.runner.log(course.opened, job_id, offset, item))


class CancelHandler(Handler):
    """POST …/jobs/{job_id}/cancel."""

    @authenticated
    @authorized
    async def post(self, course_key: str, job_id: str) -> None:
        """Cancel a job."""
        course = await self.services.courses.get(course_key)
        self.answer(await self.services.runner.cancel(course.opened, job_id))


class RetryHandler(JobsHandlerBase):
    """POST …/jobs/{job_id}/retry."""

    @authenticated
    @authorized
    async def post(self, course_key: str, job_id: str) -> None:
        """Enter a new job for what failed in this one."""
        course = await self.services.courses.get(course_key)
        runner = self.services.runner
        _check_role(course, (await runner.detail(course.opened, job_id)).job.request)
        self.accepted(await runner.retry(course.opened, job_id, self.services.username))


def _check_confirmed(request: JobRequest) -> None:
    # the verb refuses too; a refusal here needs no job
    if request.verb == "unrelease" and request.confirm != request.assignment_id:
        raise ConfirmationRequired(
            f"Students will no longer find {request.assignment_id}.", "Type the assignment's name to confirm."
        )


def _check_role(course: OpenCourse, request: JobRequest) -> None:
    if request.verb in get_args(InstructorVerb) and "instructor" not in course.ref.roles:
        raise forbidden()
