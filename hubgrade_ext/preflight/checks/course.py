"""Checks of the course: its name, its folder, its sources."""

from __future__ import annotations

import os

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.facts import FolderFacts

SHOWN = 5


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


def find_course_unwritable(course: FolderFacts) -> Verdict:
    """Tell why the course folder cannot be worked in."""
    if course.blocked_at is not None:
        return Fault(f"You cannot pass the folder {course.blocked_at}, above the course {course.path}.")
    if course.kind != "folder":
        return Fault(f"The course folder {course.path} is not there ({course.kind}).")
    if not (course.readable and course.writable):
        may_not = "write to" if course.readable else "list"
        return Fault(f"You may not {may_not} the course folder {course.path}.")
    return None


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


def find_leak(source: FolderFacts, source_open_to_others: bool) -> Verdict:
    """Tell whether every user of the machine can list the sources."""
    if not source_open_to_others:
        return None
    return Fault(f"Every user of this machine can read {source.path}, with its solutions and hidden tests.")


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
WRITABLE = Check(
    "coursedir.writable",
    "You may work in the course folder",
    "course",
    "error",
    "Every step of the cycle writes a folder of its own there, and so does the gradebook.",
    "Ask the owner of the course folder for the right to write to it.",
    find_course_unwritable,
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
LEAK = Check(
    "coursedir.leak",
    "Other users of this machine cannot read the sources",
    "course",
    "warning",
    "The sources hold the solutions and the hidden tests.",
    "Close the course folder, or your home folder, to others: chmod 700.",
    find_leak,
    needs=("coursedir.source",),
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
