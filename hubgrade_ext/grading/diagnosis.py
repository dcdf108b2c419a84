"""Why a submission could not be graded, or what to know about one that could.

nbgrader decides what fails; this looks at the submitted files afterwards and
says which notebook, which cell, and what to do. Outcome codes:

    graded             all is well
    cell_timed_out     a cell was stopped; nbgrader graded on
    kernel_died, out_of_memory, submission_timed_out, too_large
                       the cells from there on did not run; the points of those before count
    tests_disabled     a cell that must fail did not; no automatic points
    hidden_tests_shown outputs had hidden tests in them, which were taken out
    notebook_missing, notebook_renamed, notebook_duplicated, cells_deleted, locked_cells_changed
                       graded, but see `comparison`
    points_impossible  a test gives more points than it has, or none that can be read
    notebook_unreadable, cells_duplicated, cells_tampered, schema_old, schema_new,
    kernel_missing, unknown_student, timestamp_unreadable, file_unreadable, not_collected,
    gradebook_locked, gradebook_broken, disk_full, not_writable, internal_error
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from shutil import SpecialFileError

import nbformat
from dateutil.parser import ParserError
from nbformat import NotebookNode
from nbgrader.nbgraderformat import SCHEMA_VERSION, MetadataValidator, ValidationError

from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.failures import Explanation, causes, explain, scored_cell, unexpected
from hubgrade_ext.core.models import NotebookOutcome
from hubgrade_ext.core.notebooks import Cell, Notebook, read_notebook
from hubgrade_ext.grading.comparison import listed, missing_notebooks
from hubgrade_ext.grading.recorded import RecordedAssignment


def diagnose(
    failure: Failure, submitted: Path, recorded: RecordedAssignment, assignment_id: str, student_id: str
) -> Explanation:
    """Explain why nbgrader could not grade the submission in the folder `submitted`."""
    return (
        explain(failure)
        or _of_student(failure, student_id)
        or _of_files(failure, submitted, recorded)
        or _of_timestamp(failure)
        or _of_copy(failure, submitted)
        or _of_notebook(failure, submitted, recorded)
        or unexpected(failure, f"Autograding {assignment_id} of {student_id}")
    )


def timed_out_cells(notebooks: Iterable[Path], error_name: str) -> list[NotebookOutcome]:
    """Explain each autograded notebook with cells that were stopped; `error_name` marks them.

    Raises: NotebookInvalid, when student code damaged what nbgrader had written.
    """
    found: list[NotebookOutcome] = []
    for path in notebooks:
        read_notebook(path)
        stopped = [
            index + 1
            for index, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"])
            if error_name in _error_names(cell)
        ]
        if stopped:
            which = f"cell {stopped[0]}" if len(stopped) == 1 else f"cells {listed(list(map(str, stopped)))}"
            found.append(
                NotebookOutcome(
                    path.name,
                    "cell_timed_out",
                    f"In {path.name}, {which} ran longer than allowed and was stopped; the rest was graded.",
                    "Look at it in formgrader, or raise Execute.timeout in nbgrader_config.py.",
                    stopped[0],
                )
            )
    return found


def _error_names(cell: dict[str, object]) -> set[str]:
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return set()
    return {str(output.get("ename", "")) for output in outputs if isinstance(output, dict)}


def _of_student(failure: Failure, student_id: str) -> Explanation | None:
    if not re.match(r"No student with ID", str(failure.cause)):
        return None
    return Explanation(
        "unknown_student",
        f"{student_id} is not on the course's list of students, and nbgrader is told not to add anybody.",
        "Add the student to the gradebook, or set Autograde.create_student in nbgrader_config.py to True.",
    )


def _of_files(failure: Failure, submitted: Path, recorded: RecordedAssignment) -> Explanation | None:
    """Explain that nothing of the assignment was there to grade."""
    if not re.match(r"No notebooks (found|were matched)", str(failure.cause)):
        return None
    found = missing_notebooks(submitted, recorded)
    renamed = [one for one in found if one.code == "notebook_renamed"]
    if renamed:
        return Explanation(renamed[0].code, renamed[0].message, renamed[0].remedy)
    if len(found) == len(recorded.notebooks):
        names = listed([f"{name}.ipynb" for name in sorted(recorded.notebooks)])
        return Explanation(
            "notebook_missing",
            f"None of the assignment's notebooks was handed in ({names}).",
            "Ask the student to submit them under these names, and collect again.",
        )
    return Explanation(
        "notebook_missing",
        "The submission has no notebook that matches the pattern.",
        "Choose another pattern, or ask the student to submit again.",
    )


def _of_timestamp(failure: Failure) -> Explanation | None:
    # nbgrader stumbles over it: it calls a method that its CourseDirectory lacks
    if not any(isinstance(error, ParserError) for error in causes(failure.cause)):
        return None
    return Explanation(
        "timestamp_unreadable",
        "The submission's timestamp.txt is not a date.",
        "Correct it (as in 2026-01-31 12:00:00 UTC) or remove it, then autograde again.",
    )


def _of_copy(failure: Failure, submitted: Path) -> Explanation | None:
    """Explain that a file beside the notebooks could not be copied: a pipe, or a link that leads nowhere."""
    error = failure.cause
    if failure.notebook or not isinstance(error, SpecialFileError | FileNotFoundError):
        return None
    strange = [
        path.relative_to(submitted).as_posix()
        for path in sorted(submitted.rglob("*"))
        if not path.is_file() and not path.is_dir()
    ]
    if not strange:
        return None
    return Explanation(
        "file_unreadable",
        f"The submission contains {listed(strange)}, which is no file that can be copied.",
        "Remove it from the submitted folder, then autograde again.",
    )


def _of_notebook(failure: Failure, submitted: Path, recorded: RecordedAssignment) -> Explanation | None:
    if not failure.notebook:
        return None
    try:
        notebook = read_notebook(submitted / failure.notebook)
    except NotebookInvalid as error:
        return Explanation("notebook_unreadable", error.message, "Ask the student to submit it again.")
    known = recorded.notebooks.get(notebook.notebook_id, frozenset())
    name = failure.notebook
    return (
        _of_text(failure, notebook, name)
        or _of_duplicates(notebook, name)
        or _of_metadata(notebook, known, name)
        or _of_damage(submitted / failure.notebook)
        or _of_role(failure, notebook, name)
        or _of_result(failure, name)
        or _of_format(failure, submitted / failure.notebook)
    )


def _of_text(failure: Failure, notebook: Notebook, name: str) -> Explanation | None:
    """Explain what neither nbformat nor nbgrader gets through, though it is JSON."""
    for error in causes(failure.cause):
        if isinstance(error, RecursionError):
            return Explanation(
                "notebook_unreadable",
                f"nbgrader cannot read {name}: its contents are nested too deeply.",
                "Ask for a submission made from the released notebook.",
            )
        if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
            odd = [cell for cell in notebook.cells if _has_half_characters(cell.source)]
            where = f" in {_labels(odd)}" if odd else ""
            return Explanation(
                "notebook_unreadable",
                f"nbgrader cannot read {name}: it contains half a character (a lone surrogate){where}.",
                "Ask the student to take that character out and submit it again.",
            )
    return None


def _has_half_characters(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _of_duplicates(notebook: Notebook, name: str) -> Explanation | None:
    twice = notebook.duplicates()
    if not twice:
        return None
    each = [
        f"{grade_id[:60]} (cells {listed([str(cell.index + 1) for cell in cells])})"
        for grade_id, cells in twice.items()
    ]
    return Explanation(
        "cells_duplicated",
        f"{name} contains nbgrader's cell {listed(each)} more than once; only one can count.",
        "Delete the copy that does not count from the submitted notebook, then autograde again.",
    )


def _of_metadata(notebook: Notebook, known: frozenset[str], name: str) -> Explanation | None:
    marked = [cell for cell in notebook.cells if cell.schema_version is not None]
    strange = [cell for cell in marked if cell.has_role and cell.grade_id not in known]
    if strange:
        return Explanation(
            "cells_tampered",
            f"{name} has nbgrader cells that the assignment has not: {_labels(strange)}.",
            "Was it made from another assignment? Delete these cells from the submitted notebook, "
            "or ask for a submission made from the released one.",
        )
    old = [cell for cell in marked if (cell.schema_version or 0) < SCHEMA_VERSION]
    if old:
        return Explanation(
            "schema_old",
            f"{name} was made from a release in an older nbgrader format ({_labels(old)}).",
            "Run `nbgrader update` on the submitted folder, then autograde again.",
        )
    new = [cell for cell in marked if (cell.schema_version or 0) > SCHEMA_VERSION]
    if new:
        return Explanation(
            "schema_new",
            f"{name} was made by a newer nbgrader than the one installed here ({_labels(new)}).",
            "Upgrade nbgrader here.",
        )
    return None


def _of_damage(path: Path) -> Explanation | None:
    """Explain nbgrader metadata that breaks nbgrader's own rules, cell by cell."""
    validator = MetadataValidator()
    for index, raw in enumerate(json.loads(path.read_text("utf-8-sig")).get("cells", [])):
        if "nbgrader" not in raw.get("metadata", {}):
            continue
        cell: NotebookNode = nbformat.from_dict(raw)  # type: ignore[no-untyped-call]
        try:
            validator.validate_cell(cell)
        except ValidationError as error:
            return Explanation(
                "cells_tampered",
                f"Cell {index + 1} of {path.name} has damaged nbgrader metadata: "
                f"{error.message.splitlines()[0][:200]}.",
                "Ask for a submission made from the released notebook, or repair the cell's metadata.",
            )
    return None


def _of_role(failure: Failure, notebook: Notebook, name: str) -> Explanation | None:
    """Explain a cell that is still no original after nbgrader has put its text and points back."""
    said = re.match(r"Inconsistent checksums for cell (.*)", str(failure.cause))
    changed = [cell for cell in notebook.cells if said and cell.grade_id == said[1]]
    if not changed:
        return None
    return Explanation(
        "cells_tampered",
        f"In {name}, the nbgrader metadata of {_labels(changed)} was changed: "
        "it is no longer the test, or the answer, that it was.",
        "Ask for a submission made from the released notebook; when nobody's can be graded, the assignment "
        "was changed after its release.",
    )


def _of_result(failure: Failure, name: str) -> Explanation | None:
    """Explain a test whose last value is taken for its points, and cannot be."""
    found = scored_cell(failure.cause)
    if found is None:
        return None
    index, value, points = found
    gives = f"gives {value[:60]} of {points:g} points" if value else "gives a result that has no text"
    return Explanation(
        "points_impossible",
        f"Cell {index + 1} of {name} {gives}; nbgrader takes a test's last value for its points.",
        "Look at that cell and what it calls; when the test is at fault, correct it in the source notebook, "
        "generate and autograde again. Else talk to the student.",
    )


def _of_format(failure: Failure, path: Path) -> Explanation | None:
    """Explain what breaks the rules of Jupyter's format where nothing of nbgrader's stands."""
    broken = next((e for e in causes(failure.cause) if isinstance(e, ValidationError)), None)
    fault = _rule(broken) if broken else _breach(path)
    if not fault:
        return None
    return Explanation(
        "notebook_unreadable",
        f"{path.name} breaks the rules of the notebook format ({fault[:200]}).",
        "Ask the student to open it in Jupyter, save it, and submit it again.",
    )


def _breach(path: Path) -> str:
    """Say what nbformat itself cannot make of the submitted file; empty when there is nothing."""
    try:
        nbformat.validate(nbformat.read(path, as_version=4))  # type: ignore[no-untyped-call]
    except ValidationError as error:
        return _rule(error)
    except Exception as error:  # noqa: BLE001  it reads what anybody may have written, and expects sense
        return f"{type(error).__name__}: {error}"
    return ""


def _rule(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else str(error.message)


def _labels(cells: list[Cell]) -> str:
    return listed([cell.label for cell in cells])
