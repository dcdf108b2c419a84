"""Which grades a feedback was generated from; nbgrader keeps no time with a grade.

One file an assignment in the state folder, one JSON line for each feedback
generated: the newest line of a student counts. A line holds the time of the
feedback folder it was written for: when somebody else makes that folder anew,
the line means nothing any more and the feedback's age alone decides.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import file_name_of


class FeedbackMark(Struct, frozen=True, gc=False):
    """The grades (`mark`, see `SubmissionRecord`) behind the feedback folder of time `mtime_ns`."""

    student_id: str
    mark: str
    mtime_ns: int


_decode = msgspec.json.Decoder(FeedbackMark).decode


def marks_file(settings: CourseSettings, assignment_id: str) -> Path:
    """Return the file with an assignment's marks."""
    return settings.state_dir / "feedback" / f"{file_name_of(assignment_id)}.jsonl"


def grade_marks(settings: CourseSettings, assignment_id: str) -> dict[str, str]:
    """Return student → mark of the grades as they are now; take it before generating feedback.

    Raises: GradebookBroken, Busy.
    """
    submissions = read_gradebook(settings, assignment_id).submissions.get(assignment_id, {})
    return {student_id: record.mark for student_id, record in submissions.items()}


def remember_feedback(settings: CourseSettings, assignment_id: str, student_id: str, mark: str) -> None:
    """Note that the feedback folder now in place was generated from the grades with this mark."""
    folder = settings.path(settings.feedback_directory, student_id, assignment_id)
    line = msgspec.json.encode(FeedbackMark(student_id, mark, folder.stat().st_mtime_ns))
    path = marks_file(settings, assignment_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        os.write(fd, b"\n" + line)  # the line break first: it ends what a full disk cut short
    finally:
        os.close(fd)


def read_feedback_marks(settings: CourseSettings, assignment_id: str) -> dict[str, FeedbackMark]:
    """Return student → newest mark; a line that cannot be read is passed over."""
    try:
        lines = marks_file(settings, assignment_id).read_bytes().splitlines()
    except OSError:
        return {}
    marks: dict[str, FeedbackMark] = {}
    for line in lines:
        with suppress(msgspec.DecodeError):
            mark = _decode(line)
            marks[mark.student_id] = mark
    return marks
