"""Every endpoint as data: method, path, who may call it, what goes in and out.

`ENDPOINTS` is what the OpenAPI description is generated from; `routes.ROUTES`
binds each path to the handler that answers it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hubgrade_ext.core import models as m

API = "/hubgrade/api"
COURSE = "/courses/{course_key}"
ASSIGNMENT = COURSE + "/assignments/{assignment_id}"
FIX = COURSE + "/fixes/{fix_id}"
JOB = COURSE + "/jobs/{job_id}"


class Endpoint(Struct, frozen=True):
    """One operation. `role` None: any authenticated user; `query` are optional parameters."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    operation: str
    role: m.Role | None
    answer: type | None
    body: type | None = None
    status: int = 200
    query: tuple[str, ...] = ()


ENDPOINTS: list[Endpoint] = [
    Endpoint("GET", "/session", "get_session", None, m.Session),
    Endpoint("POST", "/courses", "open_course", None, m.CourseRef, m.OpenCourse, 201),
    Endpoint("POST", "/courses/new", "create_course", None, m.CourseRef, m.NewCourse, 201),
    Endpoint("DELETE", COURSE, "forget_course", None, None, None, 204),
    Endpoint("GET", COURSE + "/config", "get_config", "instructor", m.ConfigPage),
    Endpoint("GET", COURSE + "/preflight", "get_preflight", None, m.PreflightReport, query=("slow",)),
    Endpoint("GET", COURSE + "/fixes", "list_fixes", "instructor", m.FixesPage),
    Endpoint("GET", FIX, "plan_fix", "instructor", m.FixPlan),
    Endpoint("POST", FIX, "apply_fix", "instructor", m.FixRecord, m.ApplyFix),
    Endpoint("POST", COURSE + "/undo-fix", "undo_fix", "instructor", m.FixRecord, m.UndoFix),
    Endpoint("GET", COURSE + "/students", "list_students", "instructor", m.StudentsPage),
    Endpoint("GET", COURSE + "/assignments", "list_assignments", "instructor", m.AssignmentsPage),
    Endpoint(
        "POST",
        COURSE + "/assignments",
        "create_assignment",
        "instructor",
        m.AssignmentRow,
        m.NewAssignment,
        201,
    ),
    Endpoint("PATCH", ASSIGNMENT, "edit_assignment", "instructor", m.AssignmentRow, m.EditAssignment),
    Endpoint("GET", ASSIGNMENT + "/submissions", "list_submissions", "instructor", m.SubmissionsPage),
    Endpoint("GET", ASSIGNMENT + "/preview", "preview_assignment", "instructor", m.Preview),
    Endpoint(
        "GET",
        COURSE + "/formgrader",
        "get_formgrader",
        "instructor",
        m.FormgraderLink,
        query=("assignment_id", "notebook_id", "submission_id"),
    ),
    Endpoint("GET", COURSE + "/student", "get_student_page", None, m.StudentPage),
    Endpoint("POST", COURSE + "/plan", "plan_job", None, m.Plan, m.JobRequest),
    Endpoint("GET", COURSE + "/jobs", "list_jobs", None, m.JobsPage),
    Endpoint("POST", COURSE + "/jobs", "create_job", None, m.Job, m.JobRequest, 202),
    Endpoint("GET", JOB, "get_job", None, m.JobDetail),
    Endpoint("GET", JOB + "/log", "get_job_log", None, m.JobLog, query=("offset", "item")),
    Endpoint("POST", JOB + "/cancel", "cancel_job", None, m.Job),
    Endpoint("POST", JOB + "/retry", "retry_job", None, m.Job, None, 202),
]
