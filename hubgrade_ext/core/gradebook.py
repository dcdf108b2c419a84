"""The gradebook, read: nbgrader's tables by plain SQL, never created, never altered.

A course without a gradebook (no file, or an empty one: nbgrader fills it at
first use) reads as an empty one. SQLite is read through Python's own module
with `mode=ro`, any other database through SQLAlchemy.

Source: nbgrader 0.9.6 `api` (the tables, and how score and needs_manual_grade
follow from the rows of `grade`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from hubgrade_ext.core.gradebook_reader import Reader, reading
from hubgrade_ext.core.settings import CourseSettings


class NotebookRecord(Struct, frozen=True):
    """A notebook of an assignment, as last generated."""

    notebook_id: str
    max_score: float


class AssignmentRecord(Struct, frozen=True):
    """An assignment as the gradebook has it; `row_id` is the table's own id of it."""

    assignment_id: str
    row_id: str
    due_date: datetime | None
    notebooks: list[NotebookRecord]

    @property
    def max_score(self) -> float:
        """Return the points of all notebooks."""
        return sum(notebook.max_score for notebook in self.notebooks)


class StudentRecord(Struct, frozen=True, gc=False):
    """A student of the roster."""

    student_id: str
    first_name: str
    last_name: str
    email: str


class NotebookGrade(Struct, frozen=True, gc=False):
    """One submitted notebook with the sum of its grades; `row_id` is what formgrader's links name."""

    notebook_id: str
    row_id: str
    score: float
    manual_cells: int
    late_penalty: float


class SubmissionRecord(Struct, frozen=True, gc=False):
    """A submission as last autograded (or given an extension).

    `timestamp` is the attempt that was graded last; `manual_cells` the number of
    cells that a person has yet to grade; `squares` the sum of the squares of the
    cells' scores, `comments` number and length of a person's comments.
    """

    student_id: str
    timestamp: datetime | None
    extension_s: float
    score: float = 0.0
    manual_cells: int = 0
    squares: float = 0.0
    comments: str = ""

    @property
    def mark(self) -> str:
        """Return what changes whenever a grade or a comment of a person does."""
        return f"{self.score:.4f} {self.squares:.4f} {self.manual_cells} {self.comments}"


class Records(Struct, frozen=True):
    """What a page reads at once: all of the course, or one assignment of it.

    `submissions`: assignment → student; `notebooks` (one assignment only):
    student → the submitted notebooks in order of their names.
    """

    assignments: dict[str, AssignmentRecord] = field(default_factory=dict)
    students: dict[str, StudentRecord] = field(default_factory=dict)
    submissions: dict[str, dict[str, SubmissionRecord]] = field(default_factory=dict)
    notebooks: dict[str, list[NotebookGrade]] = field(default_factory=dict)


_SCORE = """CASE WHEN g.manual_score IS NOT NULL THEN g.manual_score + COALESCE(g.extra_credit, 0.0)
                 WHEN g.auto_score IS NOT NULL THEN g.auto_score + COALESCE(g.extra_credit, 0.0)
                 ELSE 0.0 END"""

_CELLS = """
SELECT b.notebook_id, SUM(c.max_score) FROM (
    SELECT id, max_score FROM grade_cells UNION ALL SELECT id, max_score FROM task_cells
) c JOIN base_cell b ON b.id = c.id GROUP BY b.notebook_id"""

_TOTALS = f"""SUM({_SCORE}), SUM(({_SCORE}) * ({_SCORE})),
SUM(CASE WHEN g.needs_manual_grade THEN 1 ELSE 0 END)"""

# by the cells, because that is what the table has an index for; CROSS JOIN keeps SQLite to that order
_GRADES_OF_ONE = f"""
SELECT g.notebook_id, {_TOTALS} FROM notebook n CROSS JOIN base_cell b CROSS JOIN grade g
WHERE n.assignment_id = :assignment AND b.notebook_id = n.id AND g.cell_id = b.id GROUP BY g.notebook_id"""

# added up by the database, so that a thread that waits for it holds nobody up
_GRADES_OF_ALL = f"""
SELECT s.assignment_id, {_TOTALS}
FROM grade g JOIN submitted_notebook s ON s.id = g.notebook_id GROUP BY s.assignment_id"""

_SCORES_OF_STUDENTS = f"""
SELECT a.student_id, SUM({_SCORE})
FROM grade g JOIN submitted_notebook s ON s.id = g.notebook_id
JOIN submitted_assignment a ON a.id = s.assignment_id GROUP BY a.student_id"""

_COMMENTED = """c.manual_comment IS NOT NULL AND c.manual_comment <> '' GROUP BY s.assignment_id"""

_COMMENTS_ON_ONE = f"""
SELECT s.assignment_id, COUNT(*), SUM(LENGTH(c.manual_comment))
FROM notebook n CROSS JOIN base_cell b CROSS JOIN comment c CROSS JOIN submitted_notebook s
WHERE n.assignment_id = :assignment AND b.notebook_id = n.id AND c.cell_id = b.id AND s.id = c.notebook_id
AND {_COMMENTED}"""

_COMMENTS_ON_ALL = f"""
SELECT s.assignment_id, COUNT(*), SUM(LENGTH(c.manual_comment))
FROM comment c JOIN submitted_notebook s ON s.id = c.notebook_id WHERE {_COMMENTED}"""


def read_gradebook(settings: CourseSettings, assignment_id: str | None = None) -> Records:
    """Return what the gradebook has of one assignment, or of all; one query a table.

    Raises: GradebookBroken (not a gradebook, or of another nbgrader version), Busy (locked for long).
    """
    with reading(settings) as reader:
        if reader is None:
            return Records()
        students = _students(reader)
        assignments = _assignments(reader)
        if assignment_id is None:
            return Records(assignments, students, *_submissions(reader, assignments, None))
        record = assignments.get(assignment_id)
        if record is None:
            return Records({}, students)
        return Records({assignment_id: record}, students, *_submissions(reader, assignments, record))


class Totals(Struct, frozen=True):
    """The roster with the sums over all assignments, for the page of students."""

    students: dict[str, StudentRecord] = field(default_factory=dict)
    submissions: dict[str, int] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    max_score: float = 0.0


def read_totals(settings: CourseSettings) -> Totals:
    """Return the roster, and for each student the number of submissions and the sum of the scores.

    Raises: GradebookBroken, Busy.
    """
    with reading(settings) as reader:
        if reader is None:
            return Totals()
        cells: list[tuple[str, float]] = reader.rows(_CELLS)
        counts: list[tuple[str, int]] = reader.rows(
            "SELECT student_id, COUNT(*) FROM submitted_assignment GROUP BY student_id"
        )
        scores: list[tuple[str, float]] = reader.rows(_SCORES_OF_STUDENTS)
        return Totals(_students(reader), dict(counts), dict(scores), sum(points for _, points in cells))


def _students(reader: Reader) -> dict[str, StudentRecord]:
    rows: list[tuple[str, str | None, str | None, str | None]]
    rows = reader.rows("SELECT id, first_name, last_name, email FROM student")
    return {row[0]: StudentRecord(row[0], row[1] or "", row[2] or "", row[3] or "") for row in rows}


def _assignments(reader: Reader) -> dict[str, AssignmentRecord]:
    cells: list[tuple[str, float | None]] = reader.rows(_CELLS)
    points = dict(cells)
    notebooks: dict[str, list[NotebookRecord]] = {}
    rows: list[tuple[str, str, str]]
    rows = reader.rows("SELECT id, name, assignment_id FROM notebook ORDER BY name")
    for row_id, name, assignment in rows:
        notebooks.setdefault(assignment, []).append(NotebookRecord(name, float(points.get(row_id) or 0.0)))
    found: list[tuple[str, str, object]] = reader.rows("SELECT id, name, duedate FROM assignment")
    return {
        name: AssignmentRecord(name, row_id, as_utc(due), notebooks.get(row_id, []))
        for row_id, name, due in found
    }


class _Sum:
    """The grades of one submission, added up over its notebooks."""

    __slots__ = ("manual", "notebooks", "score", "squares")

    def __init__(self, score: float = 0.0, squares: float = 0.0, manual: int = 0) -> None:
        self.score, self.squares, self.manual = score, squares, manual
        self.notebooks: list[NotebookGrade] = []


def _submissions(
    reader: Reader, assignments: dict[str, AssignmentRecord], only: AssignmentRecord | None
) -> tuple[dict[str, dict[str, SubmissionRecord]], dict[str, list[NotebookGrade]]]:
    names = {record.row_id: record.assignment_id for record in assignments.values()}
    sums = _sums_of_one(reader, only) if only else _sums_of_all(reader)
    commented: list[tuple[str, int, int]] = reader.rows(
        _COMMENTS_ON_ONE if only else _COMMENTS_ON_ALL, **_which(only)
    )
    comments = {row[0]: f"{row[1]}/{row[2]}" for row in commented}
    nothing = _Sum()
    submissions: dict[str, dict[str, SubmissionRecord]] = {name: {} for name in assignments}
    notebooks: dict[str, list[NotebookGrade]] = {}
    rows: list[tuple[str, str, str, object, object]] = reader.rows(
        "SELECT id, assignment_id, student_id, timestamp, extension FROM submitted_assignment"
        + (" WHERE assignment_id = :assignment" if only else ""),
        **_which(only),
    )
    for row_id, assignment, student, timestamp, extension in rows:
        of_one = sums.get(row_id, nothing)
        submissions[names[assignment]][student] = SubmissionRecord(
            student,
            as_utc(timestamp),
            _seconds(extension),
            of_one.score,
            of_one.manual,
            of_one.squares,
            comments.get(row_id, ""),
        )
        if only:
            notebooks[student] = of_one.notebooks
    return submissions, notebooks


def _sums_of_all(reader: Reader) -> dict[str, _Sum]:
    graded: list[tuple[str, float, float, int]] = reader.rows(_GRADES_OF_ALL)
    return {row[0]: _Sum(*row[1:]) for row in graded}


def _sums_of_one(reader: Reader, only: AssignmentRecord) -> dict[str, _Sum]:
    graded: list[tuple[str, float, float, int]] = reader.rows(_GRADES_OF_ONE, **_which(only))
    grades = {row[0]: row for row in graded}
    rows: list[tuple[str, str, str, float | None]] = reader.rows(
        "SELECT s.id, s.assignment_id, n.name, s.late_submission_penalty"
        " FROM notebook n JOIN submitted_notebook s ON s.notebook_id = n.id"
        " WHERE n.assignment_id = :assignment ORDER BY n.name",
        **_which(only),
    )
    sums: dict[str, _Sum] = {}
    for row_id, submission, name, penalty in rows:
        _, score, squares, manual = grades.get(row_id, (row_id, 0.0, 0.0, 0))
        total = sums.get(submission) or sums.setdefault(submission, _Sum())
        total.score += score
        total.squares += squares
        total.manual += manual
        total.notebooks.append(NotebookGrade(name, row_id, float(score), int(manual), float(penalty or 0.0)))
    return sums


def _which(only: AssignmentRecord | None) -> dict[str, str]:
    return {"assignment": only.row_id} if only else {}


def as_utc(value: object) -> datetime | None:
    """Return a time from the gradebook (naive UTC there) as aware UTC; SQLite gives it as text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _seconds(extension: object) -> float:
    """Return an extension in seconds; SQLAlchemy keeps an interval in SQLite as a time after 1970."""
    if isinstance(extension, timedelta):
        return extension.total_seconds()
    since = as_utc(extension)
    return (since - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() if since else 0.0
