"""Hand an assignment out to students, and take it back; needs nbgrader."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange import default

from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import AssignmentNotFound, Conflict
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.replace import Backups, put_in_place, staging, take_away
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders
from hubgrade_ext.exchange.copying import verify_copy
from hubgrade_ext.exchange.due_dates import publish_due_dates

ROOT_MODE = 0o1777


def check_generated(course: Course, assignment_id: str) -> Path:
    """Return the folder that would be released.

    Raises: Conflict (not generated yet), AssignmentNotFound.
    """
    settings = course.settings
    if not settings.course_id:
        raise Conflict(
            "The course has no course_id, so students could not find it.",
            "Set CourseDirectory.course_id in nbgrader_config.py.",
        )
    folder = settings.path(settings.release_directory, ".", assignment_id)
    if folder.is_dir():
        return folder
    if settings.path(settings.source_directory, ".", assignment_id).is_dir():
        raise Conflict(f"{assignment_id} has not been generated yet.", "Generate the assignment first.")
    raise AssignmentNotFound(f"The course has no assignment {assignment_id}.", "Check its name.")


def release(course: Course, assignment_id: str, backups: Backups) -> Path | None:
    """Release the generated assignment, over an earlier release if there is one; return where that is kept.

    The students see the old release or the new one, never a part. An exchange
    that does not exist yet is created with mode 1777.
    Raises: HubgradeError; the earlier release is then in place.
    Source: nbgrader 0.9.6 `ExchangeReleaseAssignment`.
    """
    settings = course.settings
    cls = course.exchange_class("release_assignment")
    coursedir = course.coursedir(assignment_id=assignment_id)
    kept: list[Path | None] = [None]

    def ensure_root(self: Any) -> None:
        _ensure_root(Path(self.root), self.coursedir.groupshared)
        cls.ensure_root(self)  # type: ignore[attr-defined]

    def copy_files(self: Any) -> None:
        target = Path(self.dest_path)
        with staging(target.parent) as stage:
            self.dest_path = str(stage / target.name)
            cls.copy_files(self)  # type: ignore[attr-defined]
            verify_copy(Path(self.src_path), stage / target.name)
            kept[0] = put_in_place(stage / target.name, target, backups)
            self.dest_path = str(target)

    original = default.ExchangeReleaseAssignment
    overrides = {}
    if is_nbgraders(cls, original, "ensure_root"):
        overrides["ensure_root"] = ensure_root
    if is_nbgraders(cls, original, "copy_files"):
        overrides["copy_files"] = copy_files
    with exchange_errors(course, f"release {assignment_id}", Path(settings.exchange_root)):
        build(course, cls, coursedir, overrides, force=True).start()
    return kept[0]


def _ensure_root(root: Path, groupshared: bool) -> None:
    """Make the exchange as it should be before nbgrader makes it 0777.

    Without the sticky bit any student could put a folder of her own in the
    place of the course's. A group-shared exchange is nbgrader's to make.
    """
    if groupshared:
        return
    if not root.exists():
        root.mkdir(parents=True)
        root.chmod(ROOT_MODE)
    elif stat.S_IMODE(root.stat().st_mode) & 0o777 != 0o777 and root.stat().st_uid == os.geteuid():
        # nbgrader would widen it to 0777 and drop the sticky bit
        root.chmod(ROOT_MODE)


def unrelease(course: Course, assignment_id: str, backups: Backups) -> Path | None:
    """Take a released assignment back: students no longer see it, what they submitted stays.

    Returns where the release is kept now; None when a plug-in's exchange removed it.
    Raises: AssignmentNotFound, ExchangeBroken.
    """
    cls = course.exchange_class("list")
    if not is_nbgraders(cls, default.ExchangeList, "remove_files", "init_dest", "parse_assignments"):
        coursedir = course.coursedir(assignment_id=assignment_id)
        with exchange_errors(course, f"take back {assignment_id}", Path(course.settings.exchange_root)):
            build(course, cls, coursedir, remove=True).start()
        return None
    released = outbound_dir(course.settings) / assignment_id
    if not released.is_dir():
        raise AssignmentNotFound(f"{assignment_id} is not released.", "There is nothing to take back.")
    return take_away(released, backups)


def publish(course: Course) -> None:
    """Publish the gradebook's due dates for students, as far as assignments are released.

    Raises: ExchangeBroken, GradebookBroken, Busy.
    """
    if course.settings.default_exchange:
        publish_due_dates(course.settings, due_dates(course))


def due_dates(course: Course) -> dict[str, datetime | None]:
    """Return the due date of every assignment in the gradebook, aware UTC; empty when there is no gradebook.

    Raises: GradebookBroken, Busy (locked for too long).
    """
    records = patiently(lambda: read_gradebook(course.settings))
    return {assignment_id: record.due_date for assignment_id, record in records.assignments.items()}
