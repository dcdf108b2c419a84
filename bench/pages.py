"""Pages and plans, beside nbgrader's own on the same courses."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.rows import Row, measure
from bench.synthetic import Size, assignment_ids, build_course

ASSIGNMENTS = 20
BESIDE_NBGRADER = (100, 300)
# of hubgrade's pages; the median counts
SAMPLES = 3
LARGE = 1000
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
        yield from _submissions(course, size, beside=True)
        yield _assignments(course, "first", "assignments page, first time ever", size, beside=True)
        yield _collect(course, size, beside=True)
    course = _build(folder, large, say)
    size = f"{large} × {ASSIGNMENTS}"
    yield from _submissions(course, size, beside=False)
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


def _submissions(course: str, size: str, *, beside: bool) -> Iterator[Row]:
    """Yield the rows of an assignment that is graded, and one of an assignment that is not.

    nbgrader reads the two in different ways.
    """
    graded, collected = assignment_ids(Size(0, ASSIGNMENTS))[:: ASSIGNMENTS - 1]
    theirs = measure("nbgrader_submissions", course, graded).cpu_s if beside else None
    for name, what, figure, limit in (
        ("submissions_page_ever", "first time ever", theirs, None),
        ("submissions_page_cold", "cold (new server)", theirs, 0.1),
        ("submissions_page", "nothing changed", None, 0.1),
        ("submissions_page_regraded", "a grade has changed", theirs, None),
    ):
        ours = statistics.median(measure(name, course, graded).cpu_s for _ in range(SAMPLES))
        yield Row(f"submissions page, {what} (CPU)", size, ours, figure, limit=limit)
    time.sleep(_SETTLE_S)
    theirs = measure("nbgrader_submissions", course, collected).cpu_s if beside else None
    ours = statistics.median(measure("submissions_page", course, collected).cpu_s for _ in range(SAMPLES))
    what = "submissions page of one not yet graded, nothing changed (CPU)"
    yield Row(what, size, ours, theirs, limit=0.1)


def _assignments(
    course: str, which: str, what: str, size: str, *, beside: bool = False, limit: float | None = None
) -> Row:
    theirs = measure("nbgrader_assignments", course).wall_s if beside else None
    ours = statistics.median(measure("assignments_page", course, which).wall_s for _ in range(SAMPLES))
    return Row(what, size, ours, theirs, limit=limit)


def _collect(course: str, size: str, *, beside: bool) -> Row:
    what, size = "listing and planning a collect", f"{size} × 3"
    ours = measure("collect", course).wall_s
    if not beside:
        return Row(what, size, ours)
    return Row(what, size, ours, measure("nbgrader_collect", course).wall_s, least_ratio=5.0)
