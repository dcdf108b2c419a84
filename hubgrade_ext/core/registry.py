"""The list of courses a user has opened: one JSON file in the user's Jupyter data folder.

A folder is kept as its absolute path; a course that the user only studies in,
as its course_id. The list is a convenience: losing it loses no course.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from jupyter_core.paths import jupyter_data_dir

from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.errors import Conflict


class KnownCourse(msgspec.Struct, frozen=True):
    """One course of the list: a folder (`root`), or only a `course_id` to study in."""

    root: str | None = None
    course_id: str | None = None


class _CourseList(msgspec.Struct, frozen=True):
    courses: list[KnownCourse]


def list_courses() -> list[KnownCourse]:
    """Return the known courses in the order in which they were added; a missing or damaged list is empty."""
    return _read(_list_file()) or []


def add_course(course: KnownCourse) -> None:
    """Add a course at the end of the list; one that is there already stays where it is.

    Raises: Conflict when the list cannot be written.
    """
    with _locked() as path:
        courses = _read_or_set_aside(path)
        if course not in courses:
            _write(path, [*courses, course])


def forget_course(course: KnownCourse) -> None:
    """Take a course off the list; nothing of the course itself is touched.

    Raises: Conflict when the list cannot be written.
    """
    with _locked() as path:
        courses = _read_or_set_aside(path)
        if course in courses:
            _write(path, [known for known in courses if known != course])


def _list_file() -> Path:
    return Path(jupyter_data_dir(), "hubgrade", "courses.json")


@contextmanager
def _locked() -> Iterator[Path]:
    """Hold the list against other processes of this user."""
    path = _list_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (path.parent / ".courses.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
    except OSError as error:
        raise Conflict(
            f"The list of your courses ({path}) cannot be changed: {error.strerror}.",
            "See that the folder is yours and the disk has room.",
        ) from error


def _read(path: Path) -> list[KnownCourse] | None:
    """Return the list, or None when the file is not one; no file is an empty list."""
    try:
        courses = msgspec.json.decode(path.read_bytes(), type=_CourseList).courses
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError):  # also bytes that are no text
        return None
    return [c for c in courses if (c.root and Path(c.root).is_absolute()) or (c.course_id and not c.root)]


def _read_or_set_aside(path: Path) -> list[KnownCourse]:
    courses = _read(path)
    if courses is None:
        path.rename(path.with_name(f"courses.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.json"))
        return []
    return courses


def _write(path: Path, courses: list[KnownCourse]) -> None:
    text = msgspec.json.format(msgspec.json.encode(_CourseList(courses)), indent=2)
    write_file(path, text, mode=0o600)
