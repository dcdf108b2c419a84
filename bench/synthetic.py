"""A course of any size on disk, made fast: every folder and row that nbgrader would have left.

Notebooks and HTML files are empty (their content is not what pages read); the
gradebook's tables are nbgrader's own, filled in bulk.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from hubgrade_ext.core.settings import CourseSettings

BEGIN = datetime(2025, 3, 3, 8, tzinfo=UTC)
NOTEBOOKS = ("problem1", "problem2")


class Size(Struct, frozen=True):
    """How much of everything.

    The first `graded` assignments are graded with feedback released (None: all),
    the first `collected` are collected (None: those that are graded).
    """

    students: int
    assignments: int
    attempts: int = 3
    cells: int = 3
    graded: int | None = None
    collected: int | None = None


def student_ids(size: Size) -> list[str]:
    """Return the names of the roster."""
    return [f"student{number:04}" for number in range(size.students)]


def assignment_ids(size: Size) -> list[str]:
    """Return the assignments' names."""
    return [f"ps{number:02}" for number in range(1, size.assignments + 1)]


def course_settings(folder: Path, course_id: str = "course101") -> CourseSettings:
    """Return nbgrader's default settings for a course in `folder`/course, with an exchange beside it."""
    return CourseSettings(
        course_id=course_id,
        root=str(folder / "course"),
        db_url=f"sqlite:///{folder / 'course' / 'gradebook.db'}",
        source_directory="source",
        release_directory="release",
        submitted_directory="submitted",
        autograded_directory="autograded",
        feedback_directory="feedback",
        directory_structure="{nbgrader_step}/{student_id}/{assignment_id}",
        exchange_root=str(folder / "exchange"),
        exchange_cache=str(folder / "cache"),
        work_dir=str(folder),
        path_includes_course=False,
        default_exchange=True,
        groupshared=False,
        username="instructor",
        ignore=[".ipynb_checkpoints", "*.pyc", "__pycache__"],
        max_file_size=100000,
        max_dir_size=100000,
        data_dir=str(folder / "data"),
    )


def build_course(folder: Path, size: Size) -> CourseSettings:
    """Make the course, its exchange and its gradebook in `folder`, and return its settings."""
    settings = course_settings(folder)
    course = Path(settings.exchange_root, settings.course_id)
    for part in ("inbound", "outbound", "feedback"):
        (course / part).mkdir(parents=True)
    Path(settings.root or "").mkdir(parents=True)
    Path(settings.root or "", "nbgrader_config.py").write_text(
        "c = get_config()  # noqa\n"
        f"c.CourseDirectory.course_id = {settings.course_id!r}\n"
        f"c.Exchange.root = {settings.exchange_root!r}\n"
        f"c.Exchange.cache = {settings.exchange_cache!r}\n"
    )
    graded = size.assignments if size.graded is None else size.graded
    for number, assignment in enumerate(assignment_ids(size)):
        _assignment(settings, assignment)
        for student in student_ids(size):
            stamp = _attempts(settings, size, student, assignment, number)
            if number < max(graded, size.collected or 0):
                _collected(settings, student, assignment, stamp)
            if number < graded:
                _graded(settings, student, assignment, stamp)
    fill_gradebook(settings, size, graded)
    return settings


def _assignment(settings: CourseSettings, assignment: str) -> None:
    for step in (settings.source_directory, settings.release_directory):
        _folder(settings.path(step, ".", assignment), {})
    _folder(Path(settings.exchange_root, settings.course_id, "outbound", assignment), {})


def submitted_at(number: int, attempt: int) -> datetime:
    """Return when attempt `attempt` of the assignment at place `number` was handed in."""
    return BEGIN + timedelta(days=7 * number, hours=attempt, microseconds=1)


def stamp_of(when: datetime) -> str:
    """Return a time as nbgrader writes it."""
    return when.strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def _attempts(settings: CourseSettings, size: Size, student: str, assignment: str, number: int) -> str:
    """Put the attempts into the exchange and return the newest one's time."""
    inbound = f"{settings.exchange_root}/{settings.course_id}/inbound"
    stamp = ""
    for attempt in range(size.attempts):
        stamp = stamp_of(submitted_at(number, attempt))
        folder = Path(f"{inbound}/{student}+{assignment}+{stamp}+{uuid4().hex[:12]}")
        _folder(folder, _kept(student, assignment, stamp))
    return stamp


def _kept(student: str, assignment: str, stamp: str) -> dict[str, str]:
    """Return the files that go with a submission from step to step."""
    return {"timestamp.txt": stamp, "submission_secret.txt": _secret(student, assignment)}


def _secret(student: str, assignment: str) -> str:
    return hashlib.sha512(f"{student}/{assignment}".encode()).hexdigest()


def _collected(settings: CourseSettings, student: str, assignment: str, stamp: str) -> None:
    kept = _kept(student, assignment, stamp)
    _folder(settings.path(settings.submitted_directory, student, assignment), kept)


def _graded(settings: CourseSettings, student: str, assignment: str, stamp: str) -> None:
    kept = _kept(student, assignment, stamp)
    _folder(settings.path(settings.autograded_directory, student, assignment), kept)
    _folder(settings.path(settings.feedback_directory, student, assignment), kept, ".html")
    released = Path(settings.exchange_root, settings.course_id, "feedback")
    for notebook in NOTEBOOKS:
        text = _secret(student, assignment) + notebook
        name = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        (released / f"{name}.html").touch()


def _folder(path: Path, texts: dict[str, str], suffix: str = ".ipynb") -> None:
    path.mkdir(parents=True)
    for name, text in texts.items():
        (path / name).write_text(text)
    for notebook in NOTEBOOKS:
        (path / (notebook + suffix)).touch()


# --- the gradebook -----------------------------------------------------------


def fill_gradebook(settings: CourseSettings, size: Size, graded: int) -> None:
    """Make the gradebook through nbgrader and fill its tables in bulk."""
    from nbgrader.api import Gradebook

    with Gradebook(settings.db_url, settings.course_id):
        pass
    with closing(sqlite3.connect(settings.db_url.removeprefix("sqlite:///"))) as database:
        students = [(name, "First", name.title(), f"{name}@example.edu") for name in student_ids(size)]
        _insert(database, "student", ("id", "first_name", "last_name", "email"), students)
        for number, assignment in enumerate(assignment_ids(size)):
            _fill_assignment(database, settings.course_id, size, assignment, number, number < graded)
        database.commit()


def _fill_assignment(
    database: sqlite3.Connection, course_id: str, size: Size, assignment: str, number: int, graded: bool
) -> None:
    row = uuid4().hex
    due = submitted_at(number, size.attempts - 1).replace(tzinfo=None).isoformat(" ")
    columns: tuple[str, ...] = ("id", "name", "duedate", "course_id")
    _insert(database, "assignment", columns, [(row, assignment, due, course_id)])
    notebooks = {uuid4().hex: name for name in NOTEBOOKS}
    columns = ("id", "name", "assignment_id", "kernelspec")
    _insert(database, "notebook", columns, [(key, name, row, "{}") for key, name in notebooks.items()])
    cells = {uuid4().hex: (key, number) for key in notebooks for number in range(size.cells)}
    rows = [(cell, f"cell{place}", key, "GradeCell") for cell, (key, place) in cells.items()]
    _insert(database, "base_cell", ("id", "name", "notebook_id", "type"), rows)
    points = [(cell, 2.0, "code") for cell in cells]
    _insert(database, "grade_cells", ("id", "max_score", "cell_type"), points)
    if graded:
        owners = {cell: key for cell, (key, _) in cells.items()}
        _fill_submissions(database, size, row, list(notebooks), owners, due)


def _fill_submissions(
    database: sqlite3.Connection,
    size: Size,
    assignment: str,
    notebooks: list[str],
    cells: dict[str, str],
    due: str,
) -> None:
    submissions = {uuid4().hex: student for student in student_ids(size)}
    columns: tuple[str, ...] = ("id", "assignment_id", "student_id", "timestamp")
    rows = ((key, assignment, student, due) for key, student in submissions.items())
    _insert(database, "submitted_assignment", columns, rows)
    parts = {uuid4().hex: (key, notebook) for key in submissions for notebook in notebooks}
    columns = ("id", "assignment_id", "notebook_id", "flagged")
    flagged = ((part, key, notebook, 0) for part, (key, notebook) in parts.items())
    _insert(database, "submitted_notebook", columns, flagged)
    columns = ("id", "notebook_id", "cell_id", "auto_score", "needs_manual_grade")
    grades = (
        (uuid4().hex, part, cell, 1.5, 0)
        for part, (_, notebook) in parts.items()
        for cell, owner in cells.items()
        if owner == notebook
    )
    _insert(database, "grade", columns, grades)
    columns = ("id", "notebook_id", "cell_id", "auto_comment")
    comments = (
        (uuid4().hex, part, next(cell for cell, owner in cells.items() if owner == notebook), None)
        for part, (_, notebook) in parts.items()
    )
    _insert(database, "comment", columns, comments)


def _insert(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" * len(columns))
    database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
