"""What was handed in, held against what was released: renamed, missing, doubled, changed.

nbgrader grades all of this without a word, or counts it zero; here it is found and said. Plain JSON is read,
nothing is run. Outcome codes:

    notebook_missing       a notebook was not handed in; it counts zero
    notebook_renamed       … but another file has its nbgrader cells
    notebook_duplicated    … it was, and another file has the same nbgrader cells
    cells_deleted          nbgrader's cells are gone from a notebook; they count zero
    locked_cells_changed   a read-only cell was changed; nbgrader puts the original back
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.models import NotebookOutcome
from hubgrade_ext.core.notebooks import Cell, Notebook, notebook_files, read_notebook
from hubgrade_ext.grading.recorded import RecordedAssignment

# the share of a notebook's cells that another file must have to be taken for it
LIKENESS = 0.5
SHOWN = 3
REPAIR = "Repair the submission: it is put right and graded again, and that can be undone."


@dataclass
class Released:
    """The released notebooks of an assignment, each read once; `folder` need not exist."""

    folder: Path
    _read: dict[str, Notebook | None] = field(default_factory=dict)

    def notebook(self, notebook_id: str) -> Notebook | None:
        """Return one of them; None when it is not there, or cannot be read."""
        if notebook_id not in self._read:
            path = self.folder / f"{notebook_id}.ipynb"
            try:
                self._read[notebook_id] = read_notebook(path)
            except NotebookInvalid:
                self._read[notebook_id] = None
        return self._read[notebook_id]


def compare(submitted: Path, recorded: RecordedAssignment, released: Released) -> list[NotebookOutcome]:
    """Return what differs, in all notebooks of a submission; those that cannot be read are passed over."""
    present = {path.stem: path for path in notebook_files(submitted)}
    found = missing_notebooks(submitted, recorded)
    for notebook_id in sorted(recorded.notebooks.keys() & present.keys()):
        try:
            notebook = read_notebook(present[notebook_id])
        except NotebookInvalid:
            continue
        found += _deleted(notebook, recorded.notebooks[notebook_id], released.notebook(notebook_id))
        found += _changed(notebook, released.notebook(notebook_id))
    for path in strangers(submitted, recorded):
        twin = _known_twin(path, recorded, present.keys())
        if twin:
            found.append(
                NotebookOutcome(
                    path.name,
                    "notebook_duplicated",
                    f"{path.name} looks like a second copy of {twin}.ipynb; only {twin}.ipynb was graded.",
                    "Nothing to do; or ask which of the two counts.",
                )
            )
    return found


def missing_notebooks(submitted: Path, recorded: RecordedAssignment) -> list[NotebookOutcome]:
    """Return each notebook of the assignment that was not handed in under its name.

    nbgrader grades the others and counts the missing ones zero.
    """
    renamed = renamed_notebooks(submitted, recorded)
    found: list[NotebookOutcome] = []
    for notebook_id in missing_ids(submitted, recorded):
        name = f"{notebook_id}.ipynb"
        if notebook_id in renamed:
            twin = renamed[notebook_id].name
            message = f"{name} was not handed in and counts zero, but {twin} looks like it."
            found.append(NotebookOutcome(name, "notebook_renamed", message, REPAIR))
        else:
            message = f"{name} was not handed in; it counts zero."
            remedy = "Nothing to do; or ask for it and collect again."
            found.append(NotebookOutcome(name, "notebook_missing", message, remedy))
    return found


def missing_ids(submitted: Path, recorded: RecordedAssignment) -> list[str]:
    """Return the assignment's notebooks that were not handed in under their names."""
    return sorted(recorded.notebooks.keys() - {path.stem for path in notebook_files(submitted)})


def strangers(submitted: Path, recorded: RecordedAssignment) -> list[Path]:
    """Return the notebooks handed in that the assignment has not."""
    return [path for path in notebook_files(submitted) if path.stem not in recorded.notebooks]


def renamed_notebooks(submitted: Path, recorded: RecordedAssignment) -> dict[str, Path]:
    """Return the files that have another name but a missing notebook's nbgrader cells, each for one only."""
    found: dict[str, Path] = {}
    left = strangers(submitted, recorded)
    for notebook_id in missing_ids(submitted, recorded):
        twin = _twin(recorded.notebooks[notebook_id], left)
        if twin is not None:
            found[notebook_id] = twin
            left.remove(twin)
    return found


def _twin(expected: frozenset[str], candidates: list[Path]) -> Path | None:
    """Return the file that shares the most nbgrader cells with a missing notebook, if enough of them."""
    shares = [(_share(expected, path), path) for path in candidates]
    best = max(shares, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] >= LIKENESS else None


def _share(expected: frozenset[str], path: Path) -> float:
    try:
        return len(read_notebook(path).grade_ids & expected) / len(expected) if expected else 0.0
    except NotebookInvalid:
        return 0.0


def _known_twin(path: Path, recorded: RecordedAssignment, present: object) -> str | None:
    """Return the notebook that was handed in, and of which `path` is another copy."""
    names = sorted(name for name in recorded.notebooks if name in present)  # type: ignore[operator]
    best = max(names, key=lambda name: _share(recorded.notebooks[name], path), default=None)
    return best if best and _share(recorded.notebooks[best], path) >= LIKENESS else None


def deleted_cells(notebook: Notebook, released: Notebook) -> list[Cell]:
    """Return the nbgrader cells that the released notebook has and this one lacks, in their order."""
    return [c for c in released.cells if (c.has_role or c.task) and c.grade_id not in notebook.grade_ids]


def _deleted(notebook: Notebook, known: frozenset[str], released: Notebook | None) -> list[NotebookOutcome]:
    if released is not None:
        gone = [cell.grade_id for cell in deleted_cells(notebook, released)]
    else:
        gone = sorted(known - notebook.grade_ids)
    if not gone:
        return []
    name = f"{notebook.notebook_id}.ipynb"
    zero = "it counts zero" if len(gone) == 1 else "they count zero"
    message = f"{name} lacks {counted(len(gone), 'cell')} of the assignment ({listed(gone)}); {zero}."
    remedy = REPAIR if released is not None else "Ask for a submission that has them."
    return [NotebookOutcome(name, "cells_deleted", message, remedy)]


def _changed(notebook: Notebook, released: Notebook | None) -> list[NotebookOutcome]:
    locked = {cell.grade_id: cell for cell in released.cells if cell.locked} if released else {}
    changed = [
        cell
        for cell in notebook.cells
        if cell.grade_id in locked and _text(cell) != _text(locked[cell.grade_id])
    ]
    if not changed:
        return []
    name = f"{notebook.notebook_id}.ipynb"
    which = listed([cell.label for cell in changed])
    message = f"In {name}, {which} is read-only and was changed; it was graded with the original."
    if len(changed) > 1:
        message = f"In {name}, {which} are read-only and were changed; they were graded with the originals."
    return [
        NotebookOutcome(
            name,
            "locked_cells_changed",
            message,
            "Nothing to do; or talk to the student.",
            changed[0].index + 1,
        )
    ]


def _text(cell: Cell) -> str:
    return cell.source.replace("\r\n", "\n").rstrip()


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: list[str]) -> str:
    """Return words as a person lists them; a long list is cut."""
    words = [word[:60] for word in words]
    if len(words) > SHOWN:
        words = [*words[:SHOWN], f"{len(words) - SHOWN} more"]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
