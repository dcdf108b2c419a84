"""The wire shapes: what pages, jobs and errors look like as JSON.

Every struct here is one object on the wire (snake_case on both sides); the
OpenAPI description and the TypeScript types are generated from them. Times are
aware UTC (`datetime`), ISO 8601 with `Z` in JSON; durations are seconds in
fields ending in `_s`; scores are points.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

Role = Literal["instructor", "student"]
InstructorVerb = Literal[
    "generate_assignment",
    "release_assignment",
    "unrelease",
    "collect",
    "autograde",
    "generate_feedback",
    "release_feedback",
]
StudentVerb = Literal["fetch_assignment", "submit", "fetch_feedback"]
Verb = Literal[
    "generate_assignment",
    "release_assignment",
    "unrelease",
    "collect",
    "autograde",
    "generate_feedback",
    "release_feedback",
    "fetch_assignment",
    "submit",
    "fetch_feedback",
]
Scope = Literal["remaining", "all"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
StepState = Literal["none", "current", "outdated"]
ItemState = Literal["done", "failed", "skipped"]


class ErrorBody(Struct, frozen=True):
    """What went wrong and what to do; the body of every answer ≥ 400."""

    code: str
    message: str
    remedy: str = ""
    suggestion: str = ""
    report: str = ""


# --- courses -----------------------------------------------------------------


class CourseRef(Struct, frozen=True):
    """One course as the picker shows it.

    `root` and `server_path` are None for a course that this user only studies
    in; `server_path` is None too when the folder is outside the server's root.
    `problem` says why the course cannot be opened, if it cannot.
    """

    course_key: str
    course_id: str
    roles: list[Role]
    root: str | None = None
    server_path: str | None = None
    problem: ErrorBody | None = None


class Session(Struct, frozen=True):
    """Who asks, what this installation is, and which courses are known."""

    version: str
    username: str
    hub: bool
    courses: list[CourseRef]
    default_course_key: str | None = None


class OpenCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask to add an existing course folder (absolute, or relative to the server's root)."""

    root: str


class NewCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask to create a course folder in nbgrader's quickstart layout, with an empty source/."""

    root: str
    course_id: str


# --- configuration -----------------------------------------------------------


class ConfigFile(Struct, frozen=True):
    """One configuration file that nbgrader would read, in rising precedence."""

    path: str
    level: Literal["system", "user", "course"]
    exists: bool
    error: str = ""


class ConfigValue(Struct, frozen=True):
    """A value that one file gave to one setting; secrets are masked."""

    path: str
    value: str


class Setting(Struct, frozen=True):
    """One setting in effect; `source` is None when it is nbgrader's default."""

    name: str
    value: str
    source: str | None = None
    overrides: list[ConfigValue] = field(default_factory=list)
    help: str = ""


class UnknownSetting(Struct, frozen=True):
    """A key that no class of nbgrader knows, with the nearest one that exists."""

    name: str
    source: str
    suggestion: str = ""


class ConfigPage(Struct, frozen=True):
    """A course's effective configuration with its provenance."""

    course: CourseRef
    files: list[ConfigFile]
    settings: list[Setting]
    unknown: list[UnknownSetting]


# --- assignments -------------------------------------------------------------


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
    """One assignment; the steps stand in the order of the work."""

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


# --- submissions and students ------------------------------------------------


class NotebookScore(Struct, frozen=True):
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


class SubmissionRow(Struct, frozen=True):
    """One student in one assignment.

    `newest_attempt` is the newest whole submission in the exchange,
    `collected_attempt` the one in submitted/; `waiting` when the first is newer.
    `score` is None until autograded. `late_s` is counted after any extension.
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


# --- the student's own page --------------------------------------------------


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


# --- jobs --------------------------------------------------------------------


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


# --- preflight ---------------------------------------------------------------


class Finding(Struct, frozen=True):
    """The result of one check: the fact, why it matters, what to do."""

    check_id: str
    subject: str
    status: Literal["ok", "info", "warning", "error", "skipped"]
    title: str
    message: str
    why: str = ""
    remedy: str = ""


class PreflightReport(Struct, frozen=True):
    """Every check of a course, problems first."""

    course: CourseRef
    findings: list[Finding]
    errors: int
    warnings: int
