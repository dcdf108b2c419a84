"""Checks of the course: its name, its folder, its sources."""

from __future__ import annotations

import os
import re

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.room import find_no_room
from hubgrade_ext.preflight.course_facts import CourseFolders
from hubgrade_ext.preflight.folder_facts import FolderFacts, SpaceFacts

SHOWN = 5
# Source: jupyterhub 5 `roles._validate_role_name`, and what a service's address may hold
HUB_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def find_no_course_id(settings: CourseSettings, released_courses: list[str]) -> Verdict:
    """Tell whether the course has no name; offer those found in the exchange."""
    if settings.course_id:
        return None
    found = ", ".join(repr(name) for name in released_courses[:SHOWN])
    known = f"; the exchange has {found}" if found else ""
    remedy = f"Set c.CourseDirectory.course_id in nbgrader_config.py{known}."
    return Fault("No course_id is set.", remedy, "error" if settings.root else "warning")


def find_illegal_course_id(settings: CourseSettings) -> Verdict:
    """Tell whether the name would be more, or something else, than one folder of the exchange."""
    name = settings.course_id
    if "/" in name or "\0" in name or name in (".", ".."):
        return Fault(f"The course_id {name!r} is a path, not a name.")
    if any(sign in name for sign in "*?[]"):
        return Fault(f"The course_id {name!r} has one of * ? [ ], which nbgrader takes for a pattern.")
    if name.startswith(".") or name.strip() != name:
        return Fault(f"The course_id {name!r} begins with a dot, or has blanks at an end.")
    return None


def find_no_hub_name(settings: CourseSettings) -> Verdict:
    """Tell whether the course could not become a service of a hub under its name."""
    if HUB_NAME.fullmatch(settings.course_id):
        return None
    return Fault(f"The course_id {settings.course_id!r} cannot be the name of a hub's service or role.")


def find_no_course_folder(course: FolderFacts) -> Verdict:
    """Tell why there is no course folder."""
    if course.blocked_at is not None:
        return Fault(f"You cannot pass the folder {course.blocked_at}, above the course {course.path}.")
    if course.kind != "folder":
        return Fault(f"The course folder {course.path} is not there ({course.kind}).")
    return None


def find_course_unwritable(course: FolderFacts) -> Verdict:
    """Tell whether the course folder cannot be worked in."""
    if course.readable and course.writable:
        return None
    may_not = "write to" if course.readable else "list"
    return Fault(f"You may not {may_not} the course folder {course.path}.")


def find_course_full(course: FolderFacts, course_space: SpaceFacts) -> Verdict:
    """Tell whether the course has no room to grow."""
    return find_no_room(course_space, f"the course folder {course.path}")


def find_no_source(source: FolderFacts, courses_below: list[str]) -> Verdict:
    """Tell whether there is no source folder; name course folders one level down."""
    if source.kind == "folder":
        return None
    if courses_below:
        names = ", ".join(repr(name) for name in courses_below[:SHOWN])
        return Fault(
            f"There is no folder {source.path}, but {names} below the course folder look like courses.",
            "Open that folder as the course, or set c.CourseDirectory.root to it.",
            "error",
        )
    return Fault(f"There is no folder {source.path}.")


def find_no_assignment(source: FolderFacts, steps: CourseFolders) -> Verdict:
    """Tell whether there is no assignment yet."""
    return None if steps.assignments else Fault(f"There is no assignment in {source.path} yet.")


def find_bad_assignment_name(steps: CourseFolders) -> Verdict:
    """Name assignments whose names nbgrader takes for something else."""
    bad = [name for name in steps.assignments if _is_bad(name)]
    if not bad:
        return None
    return Fault(f"nbgrader cannot work with the assignment {', '.join(map(repr, bad[:SHOWN]))}.")


def _is_bad(name: str) -> bool:
    return name.strip() != name or any(sign in name for sign in "+*?[]")


def find_leak(source: FolderFacts, course: FolderFacts, source_open_to_others: bool) -> Verdict:
    """Tell whether every user of the machine can list the sources."""
    if not source_open_to_others:
        return None
    return Fault(
        f"Every user of this machine can read {source.path}, with its solutions and hidden tests.",
        fixable=course.mine,
    )


def find_submitted_writable(open_submissions: list[str]) -> Verdict:
    """Tell whether collected submissions can be changed by everybody."""
    if not open_submissions:
        return None
    more = f", and {len(open_submissions) - 1} more" if len(open_submissions) > 1 else ""
    return Fault(f"Every user of this machine can change {open_submissions[0]}{more}.")


def find_outside_server(settings: CourseSettings, server_root: str | None) -> Verdict:
    """Tell whether the server cannot show the course's files."""
    if server_root is None:
        return NotApplicable("No Jupyter server is asking.")
    relative = os.path.relpath(os.path.realpath(settings.root or "."), os.path.realpath(server_root))
    if relative != ".." and not relative.startswith("../"):
        return None
    return Fault(f"The course folder {settings.root} is outside the server's root folder {server_root}.")


UNSET = Check(
    "course_id.unset",
    "The course has a course_id",
    "course",
    "error",
    "The course_id names the course in the exchange; without it nbgrader does nothing.",
    "Set c.CourseDirectory.course_id in nbgrader_config.py.",
    find_no_course_id,
    EVERYONE,
)
ILLEGAL = Check(
    "course_id.illegal",
    "The course_id can name a folder",
    "course",
    "error",
    "The course_id becomes a folder of the exchange and part of nbgrader's search patterns.",
    "Choose a course_id of letters, digits, space, _ - and . that does not begin with a dot.",
    find_illegal_course_id,
    EVERYONE,
)
HUB_NAME_CHECK = Check(
    "course_id.hub_name",
    "The course_id can name a service of a JupyterHub",
    "course",
    "info",
    "A course that several instructors share on a hub is a service of the same name.",
    "Nothing, as long as the course is not shared on a hub; else choose lower-case letters, "
    "digits, . _ and -.",
    find_no_hub_name,
    needs=("course_id.unset", "course_id.illegal"),
)
EXISTS = Check(
    "coursedir.exists",
    "The course folder is there",
    "course",
    "error",
    "Without it nbgrader says only that it cannot open the database file.",
    "Open the folder where the course is now, or correct c.CourseDirectory.root.",
    find_no_course_folder,
)
WRITABLE = Check(
    "coursedir.writable",
    "You may work in the course folder",
    "course",
    "error",
    "Every step of the cycle writes a folder of its own there, and so does the gradebook.",
    "Ask the owner of the course folder for the right to write to it.",
    find_course_unwritable,
    needs=("coursedir.exists",),
)
SPACE = Check(
    "coursedir.space",
    "The course folder has room",
    "course",
    "warning",
    "Every step writes a copy of each submission there.",
    "Remove what you no longer need (.hubgrade/backups holds what was replaced), or ask for more room.",
    find_course_full,
    needs=("coursedir.writable",),
)
SOURCE = Check(
    "coursedir.source",
    "The course folder has a folder of sources",
    "course",
    "warning",
    "Assignments begin as notebooks in source/ASSIGNMENT; without it there is nothing to generate.",
    "Add an assignment, or set c.CourseDirectory.source_directory to the folder that has them.",
    find_no_source,
    needs=("coursedir.writable",),
)
SOURCE_EMPTY = Check(
    "coursedir.source_empty",
    "The course has an assignment",
    "course",
    "info",
    "Assignments begin as notebooks in source/ASSIGNMENT.",
    "Create an assignment, or put a folder with notebooks into source.",
    find_no_assignment,
    needs=("coursedir.source",),
)
ASSIGNMENT_NAME = Check(
    "assignment.name",
    "Every assignment has a name that nbgrader can work with",
    "course",
    "error",
    "nbgrader parts a submission's name at +, takes * ? [ ] for patterns and drops blanks at the "
    "ends: such an "
    "assignment is skipped without a word, or mixed up with another.",
    "Rename the folder before you release it.",
    find_bad_assignment_name,
    needs=("coursedir.source",),
)
LEAK = Check(
    "coursedir.leak",
    "Other users of this machine cannot read the sources",
    "course",
    "warning",
    "The sources hold the solutions and the hidden tests.",
    "Close the course folder, or your home folder, to others: chmod o-rwx.",
    find_leak,
    needs=("coursedir.source",),
)
SUBMITTED_WRITABLE = Check(
    "coursedir.submitted_writable",
    "Nobody else can change what was collected",
    "course",
    "warning",
    "nbgrader's own collect keeps the modes that students gave: a student could change a "
    "submission after the "
    "due date, and other students' too.",
    "Take the right away: chmod -R o-w submitted.",
    find_submitted_writable,
    needs=("coursedir.writable",),
    slow=True,
)
UNDER_ROOT = Check(
    "coursedir.under_root",
    "The course folder is inside the folder that the server shows",
    "course",
    "error",
    "formgrader and the file browser reach only what is below the server's root folder: "
    "outside it every page of formgrader fails.",
    "Start the server with ServerApp.root_dir at or above the course folder, or move the course.",
    find_outside_server,
)
