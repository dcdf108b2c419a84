"""Assignments, one row each, and what is done with one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from hubgrade_ext.core.models.courses import CourseRef
from hubgrade_ext.core.models.gate import Gate
from hubgrade_ext.core.models.vocabulary import ErrorBody, StepState


class NotebookRef(Struct, frozen=True):
    """A notebook of an assignment's source; `max_score` is None before it is generated."""

    notebook_id: str
    max_score: float | None = None
    server_path: str | None = None


class Step(Struct, frozen=True):
    """A step that is done once for the assignment; outdated when its input is newer."""

    state: StepState
    at: datetime | None = None


class StepCount(Struct, frozen=True):
    """A step that is done once for each submission: `done` of `total`, `remaining` to do."""

    done: int
    total: int
    remaining: int
    failed: int = 0


class NextStep(Struct, frozen=True):
    """The one thing that is due; `count` is 0 when the step has no items.

    `wait` is a released assignment with nothing to do before its due date;
    `grade_manually` is done in formgrader.
    """

    step: Literal[
        "generate_assignment",
        "release_assignment",
        "collect",
        "autograde",
        "grade_manually",
        "generate_feedback",
        "release_feedback",
        "wait",
        "done",
        "no_source",
    ]
    count: int = 0


class AssignmentRow(Struct, frozen=True):
    """One assignment; the steps stand in the order of the work.

    `gate` is there when the release gate has something against it as it is now, or came to no verdict.
    """

    assignment_id: str
    notebooks: list[NotebookRef]
    next_step: NextStep
    generated: Step
    released: Step
    submitted: int
    late: int
    collected: StepCount
    autograded: StepCount
    manual: StepCount
    feedback_generated: StepCount
    feedback_released: StepCount
    has_source: bool = True
    max_score: float | None = None
    due_date: datetime | None = None
    source_modified: datetime | None = None
    mean_score: float | None = None
    server_path: str | None = None
    problem: ErrorBody | None = None
    gate: Gate | None = None


class AssignmentsPage(Struct, frozen=True):
    """All assignments of a course; `students` is the size of the roster."""

    course: CourseRef
    students: int
    assignments: list[AssignmentRow]


class NewAssignment(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for source/ASSIGNMENT with one empty notebook."""

    assignment_id: str


class EditAssignment(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for another due date; None removes it. Times without a zone are refused."""

    due_date: datetime | None


class Preview(Struct, frozen=True):
    """The generated notebooks, as paths below the server's root, to open in the session."""

    assignment_id: str
    notebooks: list[NotebookRef]


class FormgraderLink(Struct, frozen=True):
    """Where formgrader shows this course, or why it cannot: `problem` is None when all is well."""

    url: str
    problem: ErrorBody | None = None
