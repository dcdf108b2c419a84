"""Jobs: what is asked for, planned, in progress and done."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from hubgrade_ext.core.models.courses import CourseRef
from hubgrade_ext.core.models.gate import Gate
from hubgrade_ext.core.models.preflight import Finding
from hubgrade_ext.core.models.vocabulary import ErrorBody, Isolation, ItemState, JobState, Scope, Verb


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for one verb on one assignment.

    `students` None means: by `scope`. `notebook` is a glob on notebook names.
    `confirm` is the assignment's name, for what destroys; `anyway` releases what the gate would hold back.
    """

    verb: Verb
    assignment_id: str
    scope: Scope = "remaining"
    students: list[str] | None = None
    notebook: str = "*"
    before_due_date: bool = False
    confirm: str = ""
    anyway: bool = False


class NotebookOutcome(Struct, frozen=True):
    """What became of one notebook of a submission; `notebook` is its file's name, `cell` counts from 1."""

    notebook: str
    code: str
    message: str = ""
    remedy: str = ""
    cell: int | None = None


class ItemResult(Struct, frozen=True):
    """What became of one item (a student, or the assignment itself).

    `isolation` is what was in force when student code ran. `notebooks` are those
    of a submission that was autograded, the gravest outcome first; it is also the item's own.
    `kept`: it failed before anything was changed, so an earlier outcome stays in force.
    """

    item: str
    state: ItemState
    code: str = "done"
    message: str = ""
    remedy: str = ""
    isolation: Isolation = ""
    notebooks: list[NotebookOutcome] = field(default_factory=list)
    kept: bool = False


class Progress(Struct, frozen=True):
    """One step of an action: `current` is being worked on, `result` is what ended; both, where more go on.

    `summary` is a sentence on the whole, said at the end. The first step names
    all `items` that the action is about.
    """

    done: int
    total: int
    current: str = ""
    result: ItemResult | None = None
    summary: str = ""
    items: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """What a job would do, for the dialog before it.

    Of `total` items, `new` have no earlier result, `replaced` overwrite one
    (kept in the folder `backup`), `unchanged` would be skipped. `confirm_with`
    is the word to type when the verb destroys. `gate` is there for a release,
    unless the course has switched it off. `warnings` are sentences.
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
    gate: Gate | None = None


class Job(Struct, frozen=True):
    """One job of a course, as the journal has it. `seq` rises with every change.

    `summary` is a sentence on the whole of what it did, where there is one.
    """

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
    summary: str = ""


class JobsPage(Struct, frozen=True):
    """Jobs of a course, newest first."""

    course: CourseRef
    jobs: list[Job]


class JobDetail(Struct, frozen=True):
    """A job with what became of each item.

    Of a job that failed, `findings` are what is wrong now and could be why, the gravest first.
    """

    job: Job
    results: list[ItemResult]
    findings: list[Finding] = field(default_factory=list)


class JobLog(Struct, frozen=True):
    """A piece of a job's log: `text` from byte `offset`; ask again from `next_offset`."""

    job_id: str
    text: str
    offset: int
    next_offset: int
    size_bytes: int
