"""Checks of the server's own parts: formgrader, and the folder that the server works in."""

from __future__ import annotations

import os

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.server_facts import ServerFacts

NO_SERVER = NotApplicable("No Jupyter server is asking.")


def find_no_formgrader(server: ServerFacts | None) -> Verdict:
    """Tell whether formgrader is not a part of this server."""
    if server is None:
        return NO_SERVER
    return None if server.formgrader else Fault("nbgrader's formgrader is not enabled in this server.")


def find_students_formgrader(server: ServerFacts | None) -> Verdict:
    """Tell whether a student's server has a formgrader."""
    if server is None:
        return NO_SERVER
    return (
        Fault("This server has nbgrader's formgrader, which students do not need.")
        if server.formgrader
        else None
    )


def find_other_course(server: ServerFacts | None, settings: CourseSettings) -> Verdict:
    """Tell which course formgrader shows now; hubgrade makes it show the one that is opened."""
    if server is None or server.formgrader_root is None:
        return NO_SERVER
    if server.formgrader_broken:
        return Fault(
            f"formgrader was started for {server.formgrader_root}, which is outside the server's "
            "folder: every page "
            "of it fails until it is opened from hubgrade."
        )
    if os.path.realpath(server.formgrader_root) == os.path.realpath(settings.root or ""):
        return Holds("formgrader shows this course.")
    return Holds(
        f"formgrader shows {server.formgrader_root} now; opened from hubgrade, it shows this course."
    )


def find_framed(server: ServerFacts | None) -> Verdict:
    """Tell whether formgrader may be shown inside another page."""
    if server is None:
        return NO_SERVER
    if "'none'" in server.frame_ancestors:
        return Holds(
            "formgrader opens in a browser tab of its own: the hub lets no page be shown inside another."
        )
    return None


def find_wandered(server: ServerFacts | None, server_root: str | None) -> Verdict:
    """Tell whether the server's process is no longer in its folder."""
    if server is None or server_root is None:
        return NO_SERVER
    if os.path.realpath(server.folder) == server.started_in:
        return None
    return Fault(f"The server works in {server.folder}, though it was started in {server.started_in}.")


ENABLED = Check(
    "serverext.enabled",
    "formgrader is a part of this server",
    "formgrader",
    "warning",
    "Grading by hand is done in nbgrader's formgrader.",
    "Run `jupyter server extension enable nbgrader.server_extensions.formgrader`, and restart the server.",
    find_no_formgrader,
)
STUDENTS = Check(
    "serverext.student_formgrader",
    "A student's server has no formgrader",
    "formgrader",
    "info",
    "It shows a student an empty course, and puzzles more than it helps.",
    "Tell the administrator: `hubgrade admin site` writes the hook that gives students none.",
    find_students_formgrader,
    ("student",),
)
SERVES = Check(
    "formgrader.serves",
    "formgrader can show this course",
    "formgrader",
    "info",
    "formgrader shows one course at a time.",
    "Open formgrader from the course page.",
    find_other_course,
    needs=("serverext.enabled", "coursedir.under_root"),
)
CSP = Check(
    "formgrader.csp",
    "formgrader opens where it is allowed to",
    "formgrader",
    "info",
    "Inside a tab of JupyterLab, formgrader stays blank on a hub.",
    "Open it from the course page.",
    find_framed,
    needs=("serverext.enabled",),
)
CWD = Check(
    "server.cwd",
    "The server's process is in the folder it was started in",
    "formgrader",
    "warning",
    "nbgrader's own extensions move the whole server to the course's folder while they work; "
    "after a failure it "
    "stays there, and relative paths mean something else.",
    "Restart the server.",
    find_wandered,
)
