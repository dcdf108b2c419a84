"""How far each submission has come: the one place where pages, plans and verbs ask.

Steps and their states
    collected           the folder in submitted/; *waiting* when the exchange has a newer whole attempt
    autograded          outdated when another attempt was collected, or the assignment generated, since
    feedback_generated  outdated when older than the autograded folder, or than the grades
    feedback_released   outdated when older than the generated feedback, or when a file of it is missing

*Remaining* for a verb is a submission whose input is there and current and whose
result is missing or outdated.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from hubgrade_ext.core.feedback_marks import FeedbackMark, read_feedback_marks
from hubgrade_ext.core.folder_tree import Read
from hubgrade_ext.core.folders import open_root, walk
from hubgrade_ext.core.gradebook import Records, SubmissionRecord, read_gradebook
from hubgrade_ext.core.inbound import Attempt, is_whole, scan_inbound
from hubgrade_ext.core.models import StepState, Verb
from hubgrade_ext.core.released_feedback import (
    ReleasedAt,
    read_secret,
    released_one_by_one,
    released_state,
)
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text


class SubmissionState(Struct, frozen=True, gc=False):
    """How far one student's submission of one assignment has come.

    `newest` is the newest whole attempt in the exchange, `collected_at` the time
    of the collected one (None too when it came without a timestamp). `late_s` is
    that of the newest attempt, counted after any extension.
    """

    student_id: str
    attempts: int
    newest: Attempt | None
    waiting: bool
    collected: bool
    collected_at: datetime | None
    autograded: StepState
    feedback_generated: StepState
    feedback_released: StepState
    manual_cells: int
    score: float
    late_s: float

    @property
    def needs_manual_grade(self) -> bool:
        """Say whether a person has yet to grade cells of what was autograded."""
        return self.manual_cells > 0 and self.autograded != "none"


class Collected(Struct, frozen=True, gc=False, array_like=True):
    """A folder in submitted/; `stamp` is the text of its timestamp.txt."""

    stamp: str | None


class Autograded(Struct, frozen=True, gc=False, array_like=True):
    """A folder in autograded/; `stamp` is that of the attempt it was made from."""

    stamp: str | None
    mtime_ns: int


class Feedback(Struct, frozen=True, gc=False, array_like=True):
    """A folder in feedback/ with the submission's secret, if it came with one."""

    mtime_ns: int
    secret: bytes | None


Facts = TypeVar("Facts")


class AssignmentContext(Struct, frozen=True):
    """What the states of an assignment's submissions have in common.

    `folder` gives the path for a step (`feedback`) and a student;
    `generated_ns` is when the newest notebook for students was made, None when
    there is none.
    """

    due_date: datetime | None
    notebook_ids: Sequence[str]
    marks: Mapping[str, FeedbackMark]
    released_at: ReleasedAt
    is_whole: Callable[[Attempt], bool]
    folder: Callable[[str, str], Path]
    generated_ns: int | None = None


# Each reads what pages need of one folder, and returns None when it is no folder. With `dir_fd` (an
# open folder) the path is relative to it: a page asks this of thousands, and short paths are cheap.


def read_collected(path: str, dir_fd: int | None = None) -> Collected | None:
    """Read a folder in submitted/."""
    stamp = read_timestamp_text(path, dir_fd)
    return None if stamp is None and _mtime_ns(path, dir_fd) is None else Collected(stamp)


def read_autograded(path: str, dir_fd: int | None = None) -> Autograded | None:
    """Read a folder in autograded/."""
    mtime_ns = _mtime_ns(path, dir_fd)
    return None if mtime_ns is None else Autograded(read_timestamp_text(path, dir_fd), mtime_ns)


def read_feedback(path: str, dir_fd: int | None = None) -> Feedback | None:
    """Read a folder in feedback/."""
    mtime_ns = _mtime_ns(path, dir_fd)
    return None if mtime_ns is None else Feedback(mtime_ns, read_secret(path, dir_fd))


class Readers(Struct, frozen=True):
    """What reads the folders of each step, and asks when feedback was released."""

    collected: Read[Collected] = read_collected
    autograded: Read[Autograded] = read_autograded
    feedback: Read[Feedback] = read_feedback
    released_at: ReleasedAt | None = None


def _mtime_ns(path: str, dir_fd: int | None) -> int | None:
    try:
        found = os.stat(path, dir_fd=dir_fd)
    except OSError:
        return None
    return found.st_mtime_ns if stat.S_ISDIR(found.st_mode) else None


def generated_ns(settings: CourseSettings, assignment_id: str, notebook_ids: Iterable[str]) -> int | None:
    """Return the time of the newest notebook in release/, in nanoseconds; None when there is none."""
    folder = settings.path(settings.release_directory, ".", assignment_id)
    times = []
    for notebook_id in notebook_ids:
        with suppress(OSError):
            times.append((folder / f"{notebook_id}.ipynb").stat().st_mtime_ns)
    return max(times, default=None)


def submission_states(settings: CourseSettings, assignment_id: str) -> list[SubmissionState]:
    """Return the state of each submission of an assignment, by student; never from a cache.

    Students without any trace of a submission are not in it.

    Raises: GradebookBroken, ExchangeBroken, Busy.
    """
    return states_from(settings, assignment_id, read_gradebook(settings, assignment_id))


def states_from(
    settings: CourseSettings,
    assignment_id: str,
    records: Records,
    attempts: Mapping[str, Collection[Attempt]] | None = None,
    readers: Readers | None = None,
) -> list[SubmissionState]:
    """Return the same as `submission_states`, from a gradebook (and attempts) that were read already.

    `readers` read in a way of their own (for pages).
    """
    read = readers or Readers()
    assignment = records.assignments.get(assignment_id)
    notebook_ids = [notebook.notebook_id for notebook in assignment.notebooks] if assignment else []
    context = AssignmentContext(
        due_date=assignment.due_date if assignment else None,
        notebook_ids=notebook_ids,
        generated_ns=generated_ns(settings, assignment_id, notebook_ids),
        marks=read_feedback_marks(settings, assignment_id),
        released_at=read.released_at or released_one_by_one(settings),
        is_whole=lambda attempt: is_whole(settings, attempt),
        folder=lambda step, student: settings.path(step_directory(settings, step), student, assignment_id),
    )
    graded = records.submissions.get(assignment_id, {})
    if attempts is None:
        attempts = scan_inbound(settings, assignment_id).get(assignment_id, {})
    collected = _read_all(settings, settings.submitted_directory, assignment_id, read.collected)
    autograded = _read_all(settings, settings.autograded_directory, assignment_id, read.autograded)
    feedback = _read_all(settings, settings.feedback_directory, assignment_id, read.feedback)
    states = (
        state_of(
            student,
            attempts.get(student, ()),
            collected.get(student),
            autograded.get(student),
            feedback.get(student),
            graded.get(student),
            context,
        )
        for student in sorted({*attempts, *collected, *autograded, *feedback})
    )
    return [state for state in states if state is not None]


def step_directory(settings: CourseSettings, step: str) -> str:
    """Return the configured name of the folder of a step: `submitted`, `autograded` or `feedback`."""
    if step == "submitted":
        return settings.submitted_directory
    return settings.autograded_directory if step == "autograded" else settings.feedback_directory


def _read_all(settings: CourseSettings, step: str, assignment_id: str, read: Read[Facts]) -> dict[str, Facts]:
    with open_root(settings) as (root, prefix):
        found = (
            (folder.student_id, read(folder.path.removeprefix(prefix), root))
            for folder in walk(settings, step, assignment_id=assignment_id)
        )
        return {student: facts for student, facts in found if facts is not None}


def state_of(
    student_id: str,
    attempts: Collection[Attempt],
    collected: Collected | None,
    autograded: Autograded | None,
    feedback: Feedback | None,
    record: SubmissionRecord | None,
    context: AssignmentContext,
) -> SubmissionState | None:
    """Put one submission's state together; None when there is nothing but attempts cut short."""
    collected_at = parse_timestamp(collected.stamp) if collected and collected.stamp else None
    newest, cut_short, waiting = _newest(attempts, collected_at, context)
    if newest is None and collected is None and autograded is None and feedback is None:
        return None
    generated: StepState = "none"
    released: StepState = "none"
    if feedback is not None:
        generated = _generated(feedback, autograded, record, context.marks.get(student_id))
        released = released_state(
            partial(context.folder, "feedback", student_id),
            feedback.mtime_ns,
            feedback.secret or _secret_elsewhere(context, student_id),
            context.notebook_ids,
            context.released_at,
        )
    return SubmissionState(
        student_id=student_id,
        attempts=max(len(attempts) - cut_short, 1 if collected else 0),
        newest=newest,
        waiting=waiting,
        collected=collected is not None,
        collected_at=collected_at,
        autograded=_autograded(collected, collected_at, autograded, record, context.generated_ns),
        feedback_generated=generated,
        feedback_released=released,
        manual_cells=record.manual_cells if record else 0,
        score=record.score if record else 0.0,
        late_s=_late_s(newest.submitted_at if waiting and newest else collected_at, record, context.due_date),
    )


def _newest(
    attempts: Collection[Attempt], collected_at: datetime | None, context: AssignmentContext
) -> tuple[Attempt | None, int, bool]:
    """Return the newest whole attempt, how many newer ones were cut short, and whether it waits.

    What is no newer than the collected attempt is not looked at: it was whole when that was collected.
    """
    for cut_short, attempt in enumerate(attempts):
        if collected_at is not None and attempt.submitted_at <= collected_at:
            return attempt, cut_short, False
        if context.is_whole(attempt):
            return attempt, cut_short, True
    return None, len(attempts), False


def _autograded(
    collected: Collected | None,
    collected_at: datetime | None,
    autograded: Autograded | None,
    record: SubmissionRecord | None,
    generated: int | None,
) -> StepState:
    """Compare by folder and by gradebook: a run that was killed may have reached only one of them.

    Source: nbgrader 0.9.6 `NbGraderAPI.get_autograded_students`, which looks at the gradebook alone.
    """
    if autograded is None:
        return "none"
    if record is None:
        return "outdated"
    if collected is None:
        return "current"
    if generated is not None and autograded.mtime_ns < generated:
        return "outdated"
    if collected.stamp != autograded.stamp:
        return "outdated"
    return "current" if collected_at is None or record.timestamp == collected_at else "outdated"


def _generated(
    feedback: Feedback,
    autograded: Autograded | None,
    record: SubmissionRecord | None,
    mark: FeedbackMark | None,
) -> StepState:
    if autograded is not None and feedback.mtime_ns < autograded.mtime_ns:
        return "outdated"
    if mark is not None and record is not None and mark.mtime_ns == feedback.mtime_ns:
        return "current" if mark.mark == record.mark else "outdated"
    return "current"


def _secret_elsewhere(context: AssignmentContext, student_id: str) -> bytes | None:
    """Look where the feedback came from: nbgrader's CLI copies the secret along, hands may not."""
    autograded = read_secret(str(context.folder("autograded", student_id)))
    return autograded or read_secret(str(context.folder("submitted", student_id)))


def _late_s(when: datetime | None, record: SubmissionRecord | None, due_date: datetime | None) -> float:
    if when is None or due_date is None:
        return 0.0
    return max(0.0, (when - due_date).total_seconds() - (record.extension_s if record else 0.0))


# --- what a verb has to do ---------------------------------------------------

# verbs that end in a grade
GRADING: tuple[Verb, ...] = ("autograde", "repair", "undo_repair")


def is_possible(verb: Verb, state: SubmissionState) -> bool:
    """Say whether the verb has its input for this submission."""
    if verb == "collect":
        return state.newest is not None
    if verb in GRADING:
        return state.collected
    if verb == "generate_feedback":
        return state.autograded != "none"
    return verb == "release_feedback" and state.feedback_generated != "none"


def is_remaining(verb: Verb, state: SubmissionState) -> bool:
    """Say whether the verb has yet to be done for this submission."""
    if verb == "collect":
        return state.waiting
    if verb == "autograde":
        return state.collected and state.autograded != "current"
    if verb == "generate_feedback":
        return state.autograded == "current" and state.feedback_generated != "current"
    return (
        verb == "release_feedback"
        and state.feedback_generated == "current"
        and state.feedback_released != "current"
    )


def has_result(verb: Verb, state: SubmissionState) -> bool:
    """Say whether the verb would replace what an earlier run left for this submission."""
    if verb == "collect":
        return state.collected
    if verb in GRADING:
        return state.autograded != "none"
    if verb == "generate_feedback":
        return state.feedback_generated != "none"
    return verb == "release_feedback" and state.feedback_released != "none"


def chosen(
    verb: Verb, states: Iterable[SubmissionState], scope: str, students: Sequence[str] | None
) -> list[SubmissionState]:
    """Return the submissions a job is about: those named, else all possible ones, else the remaining ones."""
    if students is not None:
        wanted = frozenset(students)
        return [state for state in states if state.student_id in wanted and is_possible(verb, state)]
    test = is_possible if scope == "all" else is_remaining
    return [state for state in states if test(verb, state)]
