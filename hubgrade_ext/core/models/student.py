"""The student's own page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from hubgrade_ext.core.models.assignments import NotebookRef
from hubgrade_ext.core.models.courses import CourseRef


class Receipt(Struct, frozen=True):
    """Proof that a submission arrived whole: `files` maps path → SHA-256 hex digest."""

    code: str
    submitted_at: datetime
    files: dict[str, str]


class OwnSubmission(Struct, frozen=True):
    """One attempt of the student; `feedback_path` is below the server's root."""

    submitted_at: datetime
    feedback: Literal["none", "available", "fetched", "updated"]
    feedback_paths: list[str] = field(default_factory=list)
    receipt: Receipt | None = None


class StudentAssignment(Struct, frozen=True):
    """One released assignment as its student sees it.

    `state` is the furthest it has come: released → fetched → submitted → graded.
    """

    assignment_id: str
    state: Literal["released", "fetched", "submitted", "graded"]
    fetched: bool
    submissions: list[OwnSubmission]
    due_date: datetime | None = None
    server_path: str | None = None
    notebooks: list[NotebookRef] = field(default_factory=list)


class StudentPage(Struct, frozen=True):
    """What a student has to fetch, in work, submitted and graded."""

    course: CourseRef
    assignments: list[StudentAssignment]
