"""Fetch what students submitted into the course: planning, and one student at a time; needs nbgrader."""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any

from msgspec import Struct
from nbgrader.exchange import default

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.inbound import Attempt, inbound_dir, is_whole, newest_whole, scan_inbound
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.names import check_student_id
from hubgrade_ext.core.replace import Backups, put_in_place, staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders, staged_coursedir
from hubgrade_ext.exchange.copying import CopyLimits, SubmissionCopy


class Candidate(Struct, frozen=True):
    """One student to collect from.

    `attempt` None: nothing of this student can be collected, or what could be is
    there already (`collected`). `cut_short` is a newer attempt that is not whole;
    `unreadable` says that this is so because we may not look into it.
    """

    student_id: str
    attempt: Attempt | None
    collected: bool = False
    cut_short: Attempt | None = None
    unreadable: bool = False


def collected_dir(settings: CourseSettings, student_id: str, assignment_id: str) -> Path:
    """Return the folder that a student's submission is collected into."""
    return settings.path(settings.submitted_directory, student_id, assignment_id)


def collected_at(settings: CourseSettings, student_id: str, assignment_id: str) -> datetime | None:
    """Return when what has been collected was submitted; None when nothing has, or it does not say."""
    text = read_timestamp_text(str(collected_dir(settings, student_id, assignment_id)))
    return parse_timestamp(text) if text else None


def plan(course: Course, request: JobRequest) -> list[Candidate]:
    """Return the students to collect from, sorted: whom the request names, or all with something to do.

    One listing of the inbound folder, whatever the number of students.
    Raises: ExchangeBroken (no inbound folder, or it cannot be read), GradebookBroken, Busy.
    """
    settings = course.settings
    if not inbound_dir(settings).is_dir():
        raise ExchangeBroken(
            f"The exchange has no folder for submissions of {settings.course_id}.",
            "Release the assignment first; that creates it.",
        )
    students = scan_inbound(settings, request.assignment_id).get(request.assignment_id, {})
    deadlines = _Deadlines(settings, request.assignment_id) if request.before_due_date else None
    found = []
    for student_id in sorted(students if request.students is None else set(request.students)):
        attempts = students.get(student_id, [])
        deadline = deadlines.of(student_id) if deadlines else None
        candidate = _candidate(settings, student_id, attempts, deadline, request)
        if request.students is not None or candidate.cut_short or not candidate.collected:
            found.append(candidate)
    return found


def _candidate(
    settings: CourseSettings,
    student_id: str,
    attempts: list[Attempt],
    deadline: datetime | None,
    request: JobRequest,
) -> Candidate:
    chosen = newest_whole(settings, attempts, deadline)
    newest = attempts[0] if attempts else None
    broken = newest if newest and newest != chosen and not is_whole(settings, newest) else None
    unreadable = bool(broken and not os.access(inbound_dir(settings) / broken.folder, os.R_OK | os.X_OK))
    if chosen is None:
        return Candidate(student_id, None, cut_short=broken, unreadable=unreadable)
    have = collected_at(settings, student_id, request.assignment_id)
    folder = collected_dir(settings, student_id, request.assignment_id)
    if deadline is not None:
        # an earlier attempt may be wanted now, in the place of a later one
        there = have == chosen.submitted_at
    else:
        there = have is not None and have >= chosen.submitted_at
    there = there and folder.is_dir() and request.scope != "all" and request.students is None
    return Candidate(student_id, None if there else chosen, there, broken, unreadable)


class _Deadlines:
    """When each student's work is due: the assignment's due date and the student's extension.

    Source: nbgrader 0.9.6 `api.SubmittedAssignment.duedate`.
    """

    def __init__(self, settings: CourseSettings, assignment_id: str) -> None:
        records = patiently(lambda: read_gradebook(settings, assignment_id))
        assignment = records.assignments.get(assignment_id)
        self.due = assignment.due_date if assignment else None
        self.submissions = records.submissions.get(assignment_id, {})

    def of(self, student_id: str) -> datetime | None:
        """Return when this student's work is due; None when the assignment has no due date."""
        submission = self.submissions.get(student_id)
        return self.due and self.due + timedelta(seconds=submission.extension_s if submission else 0)


def collect_one(course: Course, attempt: Attempt, backups: Backups) -> list[str]:
    """Collect one whole attempt into submitted/, the earlier one into the backups; return sentences to tell.

    Through the configured class, with its folders in a staging one.
    Raises: HubgradeError; what was collected before is then in place.
    Source: nbgrader 0.9.6 `ExchangeCollect`.
    """
    settings = course.settings
    check_student_id(attempt.student_id)
    cls = course.exchange_class("collect")
    source = inbound_dir(settings) / attempt.folder
    told: list[str] = []

    def do_copy(self: Any, src: str, dest: str, log: object = None) -> None:
        told.extend(_copy_submission(self.coursedir, Path(src), Path(dest)))

    overrides: dict[str, Any] = {"init_src": partialmethod(_look_at, source.parent, attempt)}
    if is_nbgraders(cls, default.ExchangeCollect, "do_copy"):
        overrides["do_copy"] = do_copy
    with (
        exchange_errors(course, f"collect from {attempt.student_id}", settings.state_dir),
        staging(settings.state_dir / "staging") as stage,
    ):
        coursedir = staged_coursedir(
            course, stage, assignment_id=attempt.assignment_id, student_id=attempt.student_id
        )
        collector = build(course, cls, coursedir, overrides)
        if collector.check_owner:
            told.extend(_owner_mismatch(source, attempt.student_id))
        collector.check_owner = False
        collector.start()
        staged = Path(
            coursedir.format_path(settings.submitted_directory, attempt.student_id, attempt.assignment_id)
        )
        told.extend(_mend_timestamp(staged, attempt))
        put_in_place(staged, collected_dir(settings, attempt.student_id, attempt.assignment_id), backups)
    return told


def _look_at(self: Any, inbound: Path, attempt: Attempt) -> None:
    """Stand for `init_src`: the one attempt that was chosen, and no look at the others."""
    self.course_path = os.path.join(self.root, self.coursedir.course_id)
    self.inbound_path = str(inbound)
    naive = attempt.submitted_at.astimezone(UTC).replace(tzinfo=None)
    self.src_records = [
        {"username": attempt.student_id, "filename": attempt.folder, "timestamp": naive},
    ]


def _copy_submission(coursedir: Any, source: Path, copy: Path) -> list[str]:
    limits = CopyLimits(
        exclude=list(coursedir.ignore),
        include=list(coursedir.include),
        max_file_size=coursedir.max_file_size,
        max_dir_size=coursedir.max_dir_size,
        groupshared=coursedir.groupshared,
    )
    copying = SubmissionCopy(source, copy, limits)
    copying.run()
    if not copying.left_out:
        return []
    return [
        f"Left out, because larger than {limits.max_file_size / 1000:g} MB: {', '.join(copying.left_out)}."
    ]


def _mend_timestamp(staged: Path, attempt: Attempt) -> list[str]:
    """Check the copied timestamp.txt: whatever a student wrote there, nbgrader will read it as a time."""
    text = read_timestamp_text(str(staged))
    if text is None:
        raise ExchangeBroken(
            f"The submission of {attempt.student_id} has no timestamp.txt: it was cut short.",
            "Ask the student to submit again.",
        )
    if parse_timestamp(text) is not None:
        return []
    stamp = attempt.submitted_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    write_file(staged / "timestamp.txt", stamp.encode())
    return ["Its timestamp.txt made no sense; the time in the submission's name was taken."]


def _owner_mismatch(source: Path, student_id: str) -> list[str]:
    """Compare a submission's owner, which a student cannot choose, with the name it bears.

    Source: nbgrader 0.9.6 `ExchangeCollect.copy_files`.
    """
    try:
        owner = pwd.getpwuid(source.lstat().st_uid).pw_name
    except KeyError:
        owner = "an unknown user"
    if owner == student_id:
        return []
    return [f"It claims to be submitted by {student_id} but is owned by {owner}."]
