"""Where formgrader shows a course, and making it show that course.

nbgrader's formgrader is one object in this server that shows one course at a
time; its own address `/formgrader?path=FOLDER` makes it show another. The page
here does the same before it redirects to the page that was asked for, and also
lets go of the gradebook of the course before, which nbgrader's address keeps.
Formgrader's pages of that course which are still open belong to the new one
from then on, as with nbgrader's address: so this happens only when somebody opens
formgrader from hubgrade.

Source: nbgrader 0.9.6 `server_extensions/formgrader`.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated
from traitlets.config import Config

from hubgrade_ext.core.errors import Conflict, HubgradeError, InvalidRequest
from hubgrade_ext.core.folders import server_path
from hubgrade_ext.core.models import FormgraderLink
from hubgrade_ext.core.secrets_masked import mask_urls
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.base import AUTH_RESOURCE, Handler, describe_error
from hubgrade_ext.handlers.services import Services
from hubgrade_ext.jobs.messages import error_body

OPEN = "/hubgrade/formgrader"
_ARGUMENTS = ("assignment_id", "notebook_id", "submission_id")
Settings = MutableMapping[str, Any]


class FormgraderHandler(Handler):
    """GET …/formgrader."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """Say where formgrader shows this course, or why it cannot."""
        course = await self.services.courses.get(course_key, "instructor")
        where = {name: value for name in _ARGUMENTS if (value := self.get_argument(name, ""))}
        page_of(where)
        query = f"?{urlencode(where)}" if where else ""
        url = url_path_join(self.base_url, OPEN, course_key) + query
        problem = problem_with(self.settings, course.opened, self.services.courses.server_root)
        self.answer(FormgraderLink(url, error_body(problem) if problem else None))


class OpenFormgraderHandler(JupyterHandler):
    """GET /hubgrade/formgrader/{course_key}: a page, not part of the API."""

    auth_resource = AUTH_RESOURCE

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """Make formgrader show this course, and go to its page."""
        services = cast(Services, self.settings["hubgrade_services"]).seen_by(self.current_user)
        course = await services.courses.get(course_key, "instructor")
        page = page_of({name: self.get_argument(name, "") for name in _ARGUMENTS})
        problem = problem_with(self.settings, course.opened, services.courses.server_root)
        if problem:
            raise problem
        point_at(self.settings, course.opened)
        self.redirect(url_path_join(self.base_url, "formgrader", page))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say in plain text what is wrong: this is read by a person in a tab of its own."""
        status, body = describe_error(kwargs.get("exc_info", (None, None, None))[1], status_code, "")
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{body.message}\n{body.remedy}\n")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an expected error in one line."""
        if isinstance(value, HubgradeError):
            self.log.info("hubgrade: formgrader: %s", value.message)
        else:
            super().log_exception(typ, value, tb)


def page_of(where: dict[str, str]) -> str:
    """Return formgrader's path for a submission, a notebook, an assignment, or the list of assignments.

    Raises: InvalidRequest (a notebook without its assignment).
    """
    assignment, notebook = where.get("assignment_id", ""), where.get("notebook_id", "")
    if submission := where.get("submission_id", ""):
        return f"submissions/{quote(submission, safe='')}"
    if notebook and not assignment:
        raise InvalidRequest("A notebook is only found within its assignment.", "Name the assignment too.")
    if notebook:
        return f"gradebook/{quote(assignment, safe='')}/{quote(notebook, safe='')}"
    return f"gradebook/{quote(assignment, safe='')}" if assignment else "manage_assignments"


def problem_with(web_settings: Settings, course: CourseSettings, server_root: str) -> Conflict | None:
    """Return why formgrader cannot show this course; None when it can."""
    if "nbgrader_formgrader" not in web_settings:
        return Conflict(
            "nbgrader's formgrader is not enabled in this server.",
            "Run `jupyter server extension enable nbgrader.server_extensions.formgrader` and restart it.",
        )
    if course.root is None or server_path(course.root, server_root) is None:
        return Conflict(
            f"formgrader cannot show the course: {course.root} is outside the server's folder {server_root}.",
            "Start the server in a folder that contains the course.",
        )
    return None


def serves(web_settings: Settings, course: CourseSettings) -> bool:
    """Say whether formgrader shows this course now."""
    coursedir = web_settings["nbgrader_formgrader"].coursedir
    same_folder = os.path.realpath(coursedir.root) == os.path.realpath(course.root or "")
    return same_folder and _database(coursedir.db_url, coursedir.root) == _database(
        course.db_url, coursedir.root
    )


def point_at(web_settings: Settings, course: CourseSettings) -> None:
    """Make formgrader show this course. Raises: Conflict (it reads another configuration than hubgrade)."""
    formgrader = web_settings["nbgrader_formgrader"]
    if not serves(web_settings, course):
        root = cast(str, course.root)
        formgrader.load_cwd_config = False
        formgrader.config = Config()
        formgrader.config_dir = root
        _initialize(formgrader, root)
        gradebook = web_settings.get("nbgrader_gradebook")
        web_settings["nbgrader_gradebook"] = None
        if gradebook is not None:
            gradebook.close()
        web_settings["nbgrader_db_url"] = formgrader.coursedir.db_url
    if not serves(web_settings, course):
        database = mask_urls(formgrader.coursedir.db_url)
        raise Conflict(
            f"formgrader insists on {formgrader.coursedir.root} with {database}.",
            "Look for CourseDirectory.root and db_url in the files that the settings page lists.",
        )
    # the course that the server began with may have been outside; this one is inside
    web_settings["nbgrader_bad_setup"] = False


def _initialize(formgrader: Any, root: str) -> None:
    try:
        formgrader.initialize([], root=root)
    except SystemExit:
        raise Conflict(
            "formgrader refuses the configuration of this course.", "Look for problems on the settings page."
        ) from None


def _database(url: str, root: str) -> str:
    path = url.removeprefix("sqlite:///")
    return url if path == url else os.path.realpath(os.path.join(root, path))
