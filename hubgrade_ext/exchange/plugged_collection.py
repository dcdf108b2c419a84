"""Fetch what students submitted out of an exchange that a plug-in provides; needs nbgrader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.replace import Backups, put_in_place, staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text
from hubgrade_ext.exchange.classes import build, exchange_errors, staged_coursedir
from hubgrade_ext.exchange.collection import collected_dir
from hubgrade_ext.exchange.step_folders import submission_folders


def list_inbound(course: Course, assignment_id: str) -> dict[str, datetime | None] | None:
    """Return student → newest time as a plug-in's list class tells; None when it cannot say."""
    coursedir = course.coursedir(assignment_id=assignment_id)
    try:
        with exchange_errors(course, "list the submissions", Path(course.settings.exchange_root)):
            listed = build(course, course.exchange_class("list"), coursedir, inbound=True).start()
    except HubgradeError:
        return None
    found: dict[str, datetime | None] = {}
    for entry in listed or []:
        # nbgrader's shape has the attempts in `submissions`; simpler plug-ins list each attempt
        for info in entry.get("submissions") or [entry]:
            student_id = info.get("student_id") or entry.get("student_id")
            if student_id and info.get("assignment_id", assignment_id) == assignment_id:
                when = parse_timestamp(str(info.get("timestamp", "")))
                before = found.get(student_id)
                found[student_id] = max(when, before) if when and before else when or before
    return found


def collect_staged(
    course: Course,
    assignment_id: str,
    student_id: str,
    backups: Backups,
    *,
    again: bool,
    before_due_date: bool,
) -> list[str]:
    """Run a plug-in's collect in a staged course, put what it brought into place, and return whose that is.

    `student_id` may be `*`. Unless `again`, the plug-in finds the timestamps of
    what has been collected, and so brings only what is newer.
    Raises: HubgradeError; what was collected before is then in place.
    """
    settings = course.settings
    with (
        exchange_errors(
            course, f"collect from {'the exchange' if student_id == '*' else student_id}", settings.state_dir
        ),
        staging(settings.state_dir / "staging") as stage,
    ):
        coursedir = staged_coursedir(course, stage, assignment_id=assignment_id, student_id=student_id)

        def staged(student: str) -> Path:
            return Path(coursedir.format_path(settings.submitted_directory, student, assignment_id))

        if not again:
            _show_what_is_there(settings, assignment_id, student_id, staged)
        cls = course.exchange_class("collect")
        build(course, cls, coursedir, update=True, before_duedate=before_due_date).start()
        there = msgspec.structs.replace(
            settings, root=coursedir.root, directory_structure=coursedir.directory_structure
        )
        found = submission_folders(there, settings.submitted_directory, assignment_id)
        names = [student_id] if student_id != "*" else sorted(found)
        brought = [student for student in names if _has_files(staged(student))]
        for student in brought:
            put_in_place(staged(student), collected_dir(settings, student, assignment_id), backups)
        return brought


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and bool({path.name for path in folder.iterdir()} - {"timestamp.txt"})


def _show_what_is_there(
    settings: CourseSettings, assignment_id: str, student_id: str, staged: Callable[[str], Path]
) -> None:
    """Put the timestamps of what has been collected into the staged course."""
    have = submission_folders(settings, settings.submitted_directory, assignment_id)
    for student in have if student_id == "*" else {student_id} & have.keys():
        text = read_timestamp_text(str(have[student]))
        if text:
            write_file(staged(student) / "timestamp.txt", text.encode())
