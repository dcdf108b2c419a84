"""What each submission of the gate's scratch course got, cell by cell, and what its cells said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hubgrade_ext.core.gradebook_reader import reading
from hubgrade_ext.core.notebooks import notebook_files, read_notebook
from hubgrade_ext.core.settings import CourseSettings

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_MODULE = re.compile(r"No module named '?([\w.]+)")
_SAID_LENGTH = 160
# nbconvert's name for a cell that is meant to raise
_MAY_RAISE = "raises-exception"


@dataclass(frozen=True)
class AutoCell:
    """An autograded cell: a test of the assignment, worth `max_score` points; its notebook and its id."""

    notebook_id: str
    grade_id: str
    max_score: float


@dataclass(frozen=True)
class RaisedError:
    """What one cell of an executed notebook raised; `module` is what it failed to import, or ''."""

    notebook_id: str
    grade_id: str
    label: str
    ename: str
    said: str
    module: str = ""
    expected: bool = False


def auto_cells(settings: CourseSettings, assignment_id: str) -> list[AutoCell]:
    """Return the cells that nbgrader grades by itself: tests with points that are nobody's answer.

    Source: nbgrader 0.9.6 `utils.determine_grade`.
    Raises: GradebookBroken, Busy.
    """
    with reading(settings) as reader:
        if reader is None:
            return []
        rows: list[tuple[str, str, float]] = reader.rows(
            "SELECT notebook.name, base_cell.name, grade_cells.max_score FROM grade_cells"
            " JOIN base_cell ON base_cell.id = grade_cells.id"
            " JOIN notebook ON notebook.id = base_cell.notebook_id"
            " JOIN assignment ON assignment.id = notebook.assignment_id"
            " WHERE assignment.name = :name AND grade_cells.max_score > 0"
            " AND grade_cells.cell_type = 'code' AND NOT EXISTS"
            " (SELECT 1 FROM base_cell AS answer WHERE answer.notebook_id = base_cell.notebook_id"
            " AND answer.name = base_cell.name AND answer.type = 'SolutionCell')"
            " ORDER BY notebook.name, base_cell.name",
            name=assignment_id,
        )
    return [AutoCell(*row) for row in rows]


def auto_scores(settings: CourseSettings, assignment_id: str) -> dict[str, dict[tuple[str, str], float]]:
    """Return student → (notebook, id) → points, without what has none. Raises: GradebookBroken, Busy."""
    with reading(settings) as reader:
        if reader is None:
            return {}
        rows: list[tuple[str, str, str, float]] = reader.rows(
            "SELECT submitted_assignment.student_id, notebook.name, base_cell.name, grade.auto_score"
            " FROM grade JOIN base_cell ON base_cell.id = grade.cell_id"
            " JOIN notebook ON notebook.id = base_cell.notebook_id"
            " JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id"
            " JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"
            " JOIN assignment ON assignment.id = submitted_assignment.assignment_id"
            " WHERE assignment.name = :name AND grade.auto_score IS NOT NULL",
            name=assignment_id,
        )
    scores: dict[str, dict[tuple[str, str], float]] = {}
    for student, notebook_id, grade_id, score in rows:
        scores.setdefault(student, {})[notebook_id, grade_id] = score
    return scores


def labels(folder: Path) -> dict[tuple[str, str], str]:
    """Return (notebook, id) → the cell as people find it: `problem1.ipynb, cell 6 (squares)`."""
    found = {}
    for path in notebook_files(folder) if folder.is_dir() else []:
        for cell in read_notebook(path).cells:
            if cell.grade_id:
                found[path.stem, cell.grade_id] = f"{path.name}, {cell.label}"
    return found


def raised_errors(folder: Path) -> Iterator[RaisedError]:
    """Yield what the cells of executed notebooks raised, in their order."""
    for path in notebook_files(folder) if folder.is_dir() else []:
        notebook = read_notebook(path)
        raw = json.loads(path.read_text("utf-8"))["cells"]
        for cell, content in zip(notebook.cells, raw, strict=True):
            error = next((o for o in content.get("outputs", ()) if o.get("output_type") == "error"), None)
            if error is None:
                continue
            ename, evalue = str(error.get("ename", "")), _ANSI.sub("", str(error.get("evalue", "")))
            said = ": ".join(filter(None, (ename, evalue.split("\n", 1)[0].strip())))
            missing = _MODULE.search(evalue) if ename == "ModuleNotFoundError" else None
            yield RaisedError(
                notebook_id=path.stem,
                grade_id=cell.grade_id,
                label=f"{path.name}, {cell.label}",
                ename=ename,
                said=said if len(said) <= _SAID_LENGTH else said[:_SAID_LENGTH] + "…",
                module=missing[1] if missing else "",
                expected=_MAY_RAISE in content.get("metadata", {}).get("tags", ()),
            )
