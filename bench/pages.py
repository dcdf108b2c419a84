"""Pages and plans, beside nbgrader's own on the same courses."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.rows import Row, measure
from bench.synthetic import Size, assignment_ids, build_course

ASSIGNMENTS = 20
BESIDE_NBGRADER = (100, 300)
LARGE = 1000
# the first assignment is graded, the last one only collected: nbgrader reads the two in different ways
GRADED, UNGRADED = "graded", "before grading"
# what was changed less than two seconds ago is looked at again: an unchanged course is older
_SETTLE_S = 3.0
Say = Callable[[str], None]


def page_rows(
    folder: Path, say: Say, large: int = LARGE, beside: tuple[int, ...] = BESIDE_NBGRADER
) -> Iterator[Row]:
    """Build courses in `folder`, and yield the rows of pages and plans.

    `large` students are hubgrade's alone (nbgrader takes many minutes), `beside` are nbgrader's too.
    """
    for students in beside:
        course = _build(folder, students, say)
        size = f"{students} × {ASSIGNMENTS}"
        yield _first_submissions(course, size)
        yield _submissions(course, GRADED, size, beside=True)
        yield _submissions(course, UNGRADED, size, beside=True)
        yield _assignments(course, "first", "assignments page, first time ever", size, beside=True)
        yield _collect(course, size, beside=True)
    course = _build(folder, large, say)
    size = f"{large} × {ASSIGNMENTS}"
    yield _first_submissions(course, size)
    yield _submissions(course, GRADED, size, beside=False)
    yield _submissions(course, UNGRADED, size, beside=False)
    cold = measure("submissions_page_cold", course, assignment_ids(Size(0, ASSIGNMENTS))[0])
    yield Row("submissions page, cold (new server, CPU)", size, cold.cpu_s, limit=0.1)
    yield _assignments(course, "first", "assignments page, first time ever", size, beside=False)
    yield _assignments(course, "cold", "assignments page, cold (new server)", size, limit=0.5)
    yield _assignments(course, "unchanged", "assignments page, nothing changed", size, limit=0.1)
    yield _assignments(course, "closer", "assignments page, nothing changed, the closer look included", size)
    yield _collect(course, size, beside=False)


def _build(folder: Path, students: int, say: Say) -> str:
    say(f"{students} students: building the course")
    course = Path(tempfile.mkdtemp(prefix=f"{students}-", dir=folder))
    build_course(course, Size(students, ASSIGNMENTS, graded=ASSIGNMENTS - 1, collected=ASSIGNMENTS))
    time.sleep(_SETTLE_S)
    say(f"{students} students: measuring")
    return str(course)


def _first_submissions(course: str, size: str) -> Row:
    ever = measure("submissions_page_ever", course, assignment_ids(Size(0, ASSIGNMENTS))[0])
    return Row("submissions page, first time ever (CPU)", size, ever.cpu_s)


def _submissions(course: str, which: str, size: str, *, beside: bool) -> Row:
    assignment = assignment_ids(Size(0, ASSIGNMENTS))[0 if which == GRADED else -1]
    theirs = measure("nbgrader_submissions", course, assignment).cpu_s if beside else None
    ours = measure("submissions_page", course, assignment)
    return Row(f"submissions page, {which} (CPU)", size, ours.cpu_s, theirs, limit=0.1)


def _assignments(
    course: str, which: str, what: str, size: str, *, beside: bool = False, limit: float | None = None
) -> Row:
    theirs = measure("nbgrader_assignments", course).wall_s if beside else None
    return Row(what, size, measure("assignments_page", course, which).wall_s, theirs, limit=limit)


def _collect(course: str, size: str, *, beside: bool) -> Row:
    what, size = "listing and planning a collect", f"{size} × 3"
    ours = measure("collect", course).wall_s
    if not beside:
        return Row(what, size, ours)
    return Row(what, size, ours, measure("nbgrader_collect", course).wall_s, least_ratio=5.0)
