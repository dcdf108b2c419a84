"""Which course a command means: the folder it stands in, or one the user only studies in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.errors import CourseNotFound
from hubgrade_ext.core.models import CourseRef, Role
from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from hubgrade_ext.core.course import Course

CONFIG_FILES = ("nbgrader_config.py", "nbgrader_config.json")


def open_instructor(arguments: Arguments) -> Course:
    """Open the course in `--course`, or in the current folder.

    Raises: CourseNotFound when nothing there makes it a course.
    """
    from hubgrade_ext.core.course import open_course

    root = course_folder(arguments)
    course = open_course(root)
    if not is_course(root, course.settings):
        raise CourseNotFound(
            f"The folder {root} is not a course: it has neither nbgrader_config.py nor a source folder.",
            "Go to a course folder, name one with --course DIR, or make one with `hubgrade course new`.",
        )
    return course


def open_student(arguments: Arguments) -> Course:
    """Open the course `--course-id`, or the configured one, for somebody who studies in it."""
    from hubgrade_ext.core.course import open_course

    return open_course(None, work_dir=course_folder(arguments), course_id=arguments.course_id)


def open_either(arguments: Arguments) -> Course:
    """Open as student when `--course-id` is given or no course is in the folder, else as instructor."""
    from hubgrade_ext.core.course import open_course

    if arguments.course_id is not None:
        return open_student(arguments)
    root = course_folder(arguments)
    course = open_course(root)
    if is_course(root, course.settings):
        return course
    if course.settings.course_id:
        return open_student(arguments)
    return open_instructor(arguments)


def course_folder(arguments: Arguments) -> Path:
    """Return the absolute folder that the command works in."""
    return Path(arguments.course_dir or ".").expanduser().absolute()


def is_course(root: Path, settings: CourseSettings) -> bool:
    """Tell whether a folder is a course of its instructor: by its configuration, or by its sources."""
    return is_course_folder(root) or (Path(settings.root or root) / settings.source_directory).is_dir()


def is_course_folder(root: Path) -> bool:
    """Tell whether a folder has a configuration of its own."""
    return any((root / name).is_file() for name in CONFIG_FILES)


def ref_of(settings: CourseSettings) -> CourseRef:
    """Return the course as the command line's user has it."""
    role: Role = "instructor" if settings.root else "student"
    return CourseRef(settings.course_key, settings.course_id, [role], settings.root)
