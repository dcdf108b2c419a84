"""Submissions and students as the instructor sees them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from hubgrade_ext.core.models.assignments import AssignmentRow
from hubgrade_ext.core.models.courses import CourseRef
from hubgrade_ext.core.models.jobs import NotebookOutcome
from hubgrade_ext.core.models.vocabulary import Isolation, ItemState, StepState, Verb


class NotebookScore(Struct, frozen=True, gc=False):
    """A student's score in one notebook; `submission_id` is formgrader's id of it."""

    notebook_id: str
    score: float
    max_score: float
    needs_manual_grade: bool
    submission_id: str


class Outcome(Struct, frozen=True):
    """What became of one item of the newest job that tried it."""

    verb: Verb
    state: ItemState
    code: str
    message: str
    remedy: str = ""
    at: datetime | None = None
    job_id: str = ""
    isolation: Isolation = ""
    notebooks: list[NotebookOutcome] = field(default_factory=list)


class SubmissionRow(Struct, frozen=True, gc=False):
    """One student in one assignment.

    `newest_attempt` is the newest whole submission in the exchange,
    `collected_attempt` the one in submitted/; `waiting` when the first is newer.
    `score` is None until autograded. `late_s` is counted after any extension.
    `outcome` is that of the newest verb, `grading` that of the newest grading.
    `repaired`: what was collected has been mended, and that can be undone.
    """

    student_id: str
    first_name: str
    last_name: str
    attempts: int
    waiting: bool
    autograded: StepState
    feedback_generated: StepState
    feedback_released: StepState
    newest_attempt: datetime | None = None
    collected_attempt: datetime | None = None
    late_s: float = 0.0
    score: float | None = None
    max_score: float | None = None
    late_penalty: float = 0.0
    needs_manual_grade: bool = False
    notebooks: list[NotebookScore] = field(default_factory=list)
    outcome: Outcome | None = None
    grading: Outcome | None = None
    repaired: bool = False


class SubmissionsPage(Struct, frozen=True):
    """All students of an assignment: the roster and whoever else submitted."""

    course: CourseRef
    assignment: AssignmentRow
    submissions: list[SubmissionRow]


class StudentRow(Struct, frozen=True):
    """One student of the roster with the sum of the scores so far."""

    student_id: str
    first_name: str
    last_name: str
    email: str
    submissions: int
    score: float
    max_score: float


class StudentsPage(Struct, frozen=True):
    """The roster, read-only."""

    course: CourseRef
    students: list[StudentRow]
