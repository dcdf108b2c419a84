"""Put right in a collected submission what can be put right without judgement, and take it back.

renamed notebook   gets the name that the assignment gives it
deleted cells      are put back from the released notebook, where they were; answers stay as they are

The folder as it was collected is kept (`core.repairs`) until it is put back or collected anew.
"""

from __future__ import annotations

import copy
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hubgrade_ext.core.disk import make_folders, plain_errors, remove_tree, write_file
from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.notebooks import read_notebook
from hubgrade_ext.core.repairs import (
    KEPT,
    RECORD,
    Repair,
    look_of,
    read_repair,
    read_undone,
    repair_folder,
)
from hubgrade_ext.core.replace import Backups, put_in_place, staging, take_away
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import read_timestamp_text
from hubgrade_ext.grading.comparison import Released, counted, deleted_cells, listed, renamed_notebooks
from hubgrade_ext.grading.recorded import RecordedAssignment

Json = dict[str, Any]


class Change(NamedTuple):
    """One change, a sentence: what is done, and what undoing it does."""

    done: str
    undoing: str


def planned_repairs(submitted: Path, recorded: RecordedAssignment, released: Released) -> list[str]:
    """Return what `mend` would change in a submission, a sentence each; nothing is changed."""
    return [change.done for change in _planned(submitted, recorded, released)]


def _planned(submitted: Path, recorded: RecordedAssignment, released: Released) -> list[Change]:
    try:
        renamed = renamed_notebooks(submitted, recorded)
    except OSError:
        return []  # gone by now, or not to be read: whatever is done with it next says so
    changes = [
        Change(f"{path.name} is renamed to {name}.ipynb.", f"{name}.ipynb gets back its name {path.name}.")
        for name, path in renamed.items()
    ]
    for notebook_id in sorted(recorded.notebooks):
        path = renamed.get(notebook_id, submitted / f"{notebook_id}.ipynb")
        gone = _gone(path, notebook_id, released)
        if gone:
            cells = f"{counted(len(gone), 'cell')} from the released one ({listed(gone)})"
            name = f"{notebook_id}.ipynb"
            changes.append(Change(f"{name} gets back {cells}.", f"{name} loses again {cells}."))
    return changes


def _gone(path: Path, notebook_id: str, released: Released) -> list[str]:
    """Return the ids of the released cells that a file lacks; none when one of the two cannot be used."""
    original = released.notebook(notebook_id)
    try:
        if original is None:
            return []
        # first, because it opens nothing but a plain file
        gone = deleted_cells(read_notebook(path), original)
        return [cell.grade_id for cell in gone] if _format(json.loads(path.read_text("utf-8-sig"))) else []
    except (OSError, ValueError, RecursionError, NotebookInvalid):
        return []


def _format(notebook: Json) -> tuple[int, int] | None:
    """Return the version of a notebook's format; None when it is none that cells can be put back into."""
    minor = notebook.get("nbformat_minor", 0)
    return (4, minor) if notebook.get("nbformat") == 4 and isinstance(minor, int) else None


def mend(
    settings: CourseSettings,
    assignment_id: str,
    student_id: str,
    recorded: RecordedAssignment,
    released: Released,
) -> list[str]:
    """Put a submission right; return what was changed, a sentence each, none when there was nothing to do.

    Raises: CourseBroken; the submission is then as it was.
    """
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    changes = _planned(submitted, recorded, released)
    if not changes:
        return []
    with (
        plain_errors(f"repair the submission of {student_id}", submitted.parent),
        _copied(submitted) as copied,
    ):
        for notebook_id, path in renamed_notebooks(copied, recorded).items():
            path.rename(copied / f"{notebook_id}.ipynb")
        for notebook_id in sorted(recorded.notebooks):
            path = copied / f"{notebook_id}.ipynb"
            if _gone(path, notebook_id, released):
                _restore(path, released.folder / path.name)
        _keep(settings, assignment_id, student_id, (submitted, copied), changes)
        put_in_place(copied, submitted, None)
    return [change.done for change in changes]


@contextmanager
def _copied(submitted: Path) -> Iterator[Path]:
    with staging(submitted.parent) as stage:
        copied = stage / submitted.name
        try:
            shutil.copytree(submitted, copied, symlinks=True)
        except shutil.Error as error:
            raise OSError(f"its files cannot be copied: {error}") from error
        yield copied


def _keep(
    settings: CourseSettings,
    assignment_id: str,
    student_id: str,
    before_and_after: tuple[Path, Path],
    changes: list[Change],
) -> None:
    """Keep the folder as it was collected, unless an earlier repair of the same submission has it."""
    submitted, mended = before_and_after
    folder = repair_folder(settings, assignment_id, student_id)
    earlier = read_repair(settings, assignment_id, student_id)
    repair = Repair(
        datetime.now(UTC),
        [*(earlier.changes if earlier else ()), *(change.done for change in changes)],
        read_timestamp_text(str(mended)),
        look_of(mended),
        [*(earlier.undoing if earlier else ()), *(change.undoing for change in changes)],
    )
    if earlier is None:
        make_folders(folder.parent)
        with staging(folder.parent) as stage:
            shutil.copytree(submitted, stage / folder.name / KEPT, symlinks=True)
            _write_record(stage / folder.name, repair)
            put_in_place(stage / folder.name, folder, None)
    else:
        _write_record(folder, repair)


def _write_record(folder: Path, repair: Repair) -> None:
    write_file(folder / RECORD, msgspec.json.encode(repair), 0o600)


def take_back(settings: CourseSettings, assignment_id: str, student_id: str, backups: Backups) -> list[str]:
    """Put a submission back as it was collected; return what that did, a sentence each.

    There is none when nothing was repaired. The repaired one goes to the backups, with what was autograded
    from it. What was put back by an attempt that was cut short stays; `forget_undone` ends it, once that is
    graded.
    Raises: CourseBroken.
    """
    undone = read_undone(settings, assignment_id, student_id)
    if undone is not None:
        return undone.undoing
    repair = read_repair(settings, assignment_id, student_id)
    if repair is None:
        return []
    folder = repair_folder(settings, assignment_id, student_id)
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    autograded = settings.path(settings.autograded_directory, student_id, assignment_id)
    if autograded.is_dir():
        # a grade of what is no longer handed in, should the next grading fail
        take_away(autograded, backups)
    put_in_place(folder / KEPT, submitted, backups)
    return repair.undoing


def forget_undone(settings: CourseSettings, assignment_id: str, student_id: str) -> None:
    """Remove the record of a repair that was undone; one that can be undone stays. Raises: CourseBroken."""
    folder = repair_folder(settings, assignment_id, student_id)
    if read_undone(settings, assignment_id, student_id) is not None:
        with plain_errors("remove the record of the repair", folder):
            remove_tree(folder)


def _restore(path: Path, released: Path) -> None:
    """Put the released cells that a notebook lacks back, each behind the one it was behind."""
    notebook = json.loads(path.read_text("utf-8-sig"))
    cells: list[Json] = notebook["cells"]
    has_ids = (_format(notebook) or (0, 0)) >= (4, 5)
    present = {_grade_id(cell) for cell in cells} - {""}
    place = 0
    for original in json.loads(released.read_text("utf-8-sig"))["cells"]:
        grade_id = _grade_id(original)
        if not grade_id:
            continue
        if grade_id in present:
            place = next(i for i, cell in enumerate(cells) if _grade_id(cell) == grade_id) + 1
            continue
        restored = copy.deepcopy(original)
        restored.pop("id", None)
        if has_ids:
            restored["id"] = secrets.token_hex(4)
        cells.insert(place, restored)
        place += 1
    # never through a link: the file is a student's
    path.unlink()
    write_file(path, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode(errors="replace"))


def _grade_id(cell: Json) -> str:
    marked = cell.get("metadata", {}).get("nbgrader", {})
    found = marked.get("grade_id", "") if isinstance(marked, dict) else ""
    return found if isinstance(found, str) else ""
