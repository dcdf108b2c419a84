"""What the gradebook knows of one assignment before anything is graded; reads only, never creates."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.gradebook_reader import reading
from hubgrade_ext.core.settings import CourseSettings


@dataclass(frozen=True)
class RecordedAssignment:
    """An assignment as generated: notebook_id → ids of its nbgrader cells; `submissions` in the gradebook."""

    notebooks: dict[str, frozenset[str]] = field(default_factory=dict)
    submissions: int = 0


def recorded_assignment(settings: CourseSettings, assignment_id: str) -> RecordedAssignment | None:
    """Return what is recorded, or None when the assignment was never generated; waits for locks.

    Raises: GradebookBroken, Busy.
    """
    return patiently(lambda: _recorded(settings, assignment_id))


def _recorded(settings: CourseSettings, assignment_id: str) -> RecordedAssignment | None:
    with reading(settings) as reader:
        if reader is None:
            return None
        rows: list[tuple[str, str | None]] = reader.rows(
            "SELECT notebook.name, source_cell.name FROM assignment"
            " JOIN notebook ON notebook.assignment_id = assignment.id"
            " LEFT JOIN source_cell ON source_cell.notebook_id = notebook.id"
            " WHERE assignment.name = :name",
            name=assignment_id,
        )
        counted: list[tuple[int]] = reader.rows(
            "SELECT count(*) FROM submitted_assignment JOIN assignment"
            " ON assignment.id = submitted_assignment.assignment_id WHERE assignment.name = :name",
            name=assignment_id,
        )
    if not rows:
        return None
    cells: dict[str, set[str]] = {}
    for notebook_id, grade_id in rows:
        cells.setdefault(notebook_id, set()).update([grade_id] if grade_id is not None else [])
    return RecordedAssignment({name: frozenset(ids) for name, ids in cells.items()}, counted[0][0])
