"""ROUTES: the only list of addresses, each bound to the handler that answers it."""

from __future__ import annotations

import re

from jupyter_server.base.handlers import JupyterHandler

from hubgrade_ext.handlers import assignment_handlers as a
from hubgrade_ext.handlers import course_handlers as c
from hubgrade_ext.handlers import fix_handlers as f
from hubgrade_ext.handlers import job_handlers as j
from hubgrade_ext.handlers.base import Handler
from hubgrade_ext.handlers.endpoints import API, ASSIGNMENT, COURSE, FIX, JOB
from hubgrade_ext.handlers.formgrader import OPEN, FormgraderHandler, OpenFormgraderHandler

ROUTES: list[tuple[str, type[Handler]]] = [
    ("/session", c.SessionHandler),
    ("/courses", c.CoursesHandler),
    ("/courses/new", c.NewCourseHandler),
    (COURSE, c.CourseHandler),
    (COURSE + "/config", c.ConfigHandler),
    (COURSE + "/preflight", c.PreflightHandler),
    (COURSE + "/fixes", f.FixesHandler),
    (FIX, f.FixHandler),
    (COURSE + "/undo-fix", f.UndoFixHandler),
    (COURSE + "/students", a.StudentsHandler),
    (COURSE + "/assignments", a.AssignmentsHandler),
    (ASSIGNMENT, a.AssignmentHandler),
    (ASSIGNMENT + "/submissions", a.SubmissionsHandler),
    (ASSIGNMENT + "/preview", a.PreviewHandler),
    (COURSE + "/formgrader", FormgraderHandler),
    (COURSE + "/student", a.StudentPageHandler),
    (COURSE + "/plan", j.PlanHandler),
    (COURSE + "/jobs", j.JobsHandler),
    (JOB, j.JobHandler),
    (JOB + "/log", j.JobLogHandler),
    (JOB + "/cancel", j.CancelHandler),
    (JOB + "/retry", j.RetryHandler),
]
# what a person opens in a tab of its own
PAGES: list[tuple[str, type[JupyterHandler]]] = [(OPEN + "/{course_key}", OpenFormgraderHandler)]


def tornado_routes() -> list[tuple[str, type[JupyterHandler]]]:
    """Return the routes as tornado wants them: each `{name}` is one part of a path."""
    routes: list[tuple[str, type[JupyterHandler]]] = [(API + path, handler) for path, handler in ROUTES]
    return [(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path), handler) for path, handler in routes + PAGES]
