"""Jobs: what is asked for, planned, in progress and done."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from hubgrade_ext.core.models.courses import CourseRef
from hubgrade_ext.core.models.vocabulary import ErrorBody, ItemState, JobState, Scope, Verb


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for one verb on one assignment.

    `students` None means: by `scope`. `notebook` is a glob on notebook names.
    `confirm` is the assignment's name, for what destroys.
    """

    verb: Verb
    assignment_id: str
    scope: Scope = "remaining"
    students: list[str] | None = None
    notebook: str = "*"
    before_due_date: bool = False
    confirm: str = ""


class ItemResult(Struct, frozen=True):
    """What became of one item (a student, or the assignment itself)."""

    item: str
    state: ItemState
    code: str = "done"
    message: str = ""
    remedy: str = ""


class Progress(Struct, frozen=True):
    """One step of an action: `current` is being worked on, or `result` is what ended."""

    done: int
    total: int
    current: str = ""
    result: ItemResult | None = None


class Plan(Struct, frozen=True):
    """What a job would do, for the dialog before it.

    Of `total` items, `new` have no earlier result, `replaced` overwrite one
    (kept in the folder `backup`), `unchanged` would be skipped. `confirm_with`
    is the word to type when the verb destroys. `warnings` are sentences.
    """

    verb: Verb
    assignment_id: str
    total: int
    new: int
    replaced: int
    unchanged: int
    backup: str | None = None
    confirm_with: str | None = None
    warnings: list[str] = field(default_factory=list)


class Job(Struct, frozen=True):
    """One job of a course, as the journal has it. `seq` rises with every change."""

    job_id: str
    course_key: str
    request: JobRequest
    state: JobState
    seq: int
    created_at: datetime
    created_by: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    total: int = 0
    failed: int = 0
    skipped: int = 0
    current: str = ""
    eta_s: float | None = None
    attempt: int = 1
    cancelling: bool = False
    error: ErrorBody | None = None


class JobsPage(Struct, frozen=True):
    """Jobs of a course, newest first."""

    course: CourseRef
    jobs: list[Job]


class JobDetail(Struct, frozen=True):
    """A job with what became of each item."""

    job: Job
    results: list[ItemResult]


class JobLog(Struct, frozen=True):
    """A piece of a job's log: `text` from byte `offset`; ask again from `next_offset`."""

    job_id: str
    text: str
    offset: int
    next_offset: int
    size_bytes: int
