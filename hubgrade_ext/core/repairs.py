"""What has been mended in collected submissions, kept so that it can be undone.

```
<state_dir>/repairs/<assignment_id>/<student_id>/
    submitted/     the folder as it was collected; gone once it is put back
    repair.json    a Repair; gone once what was put back was given to grading
```
Collecting the student's submission anew makes a repair stale: what it would put back is of an earlier one.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from hubgrade_ext.core.folders import files_below
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import read_timestamp_text

FOLDER = "repairs"
KEPT = "submitted"
RECORD = "repair.json"


class Repair(msgspec.Struct, frozen=True):
    """Hold what was changed, and what undoing it does, a sentence each; `stamp` or `files` tell of which.

    `stamp` is its timestamp.txt; `files` the `look_of` it once mended, for one that came without.
    """

    at: datetime
    changes: list[str]
    stamp: str | None
    files: str = ""
    undoing: list[str] = msgspec.field(
        default_factory=lambda: ["The submission is put back as it was collected."]
    )


def look_of(folder: Path) -> str:
    """Return what tells a folder from a later one of the same name: names, sizes and times of its files."""
    files = files_below(str(folder), ())
    facts = sorted((name, file.size_bytes, file.mtime_ns) for name, file in files.items())
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def repair_folder(settings: CourseSettings, assignment_id: str, student_id: str) -> Path:
    """Return where a repair of this submission is kept."""
    return settings.state_dir / FOLDER / assignment_id / student_id


def read_repair(settings: CourseSettings, assignment_id: str, student_id: str) -> Repair | None:
    """Return the repair that can be undone; None when there is none, or a stale one."""
    folder = repair_folder(settings, assignment_id, student_id)
    repair = _record(folder)
    if repair is None or not (folder / KEPT).is_dir():
        return None
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    if read_timestamp_text(str(submitted)) != repair.stamp:
        return None
    return repair if repair.stamp is not None or look_of(submitted) == repair.files else None


def read_undone(settings: CourseSettings, assignment_id: str, student_id: str) -> Repair | None:
    """Return the repair that was undone, and of which what was put back is not graded yet; None else."""
    folder = repair_folder(settings, assignment_id, student_id)
    repair = _record(folder)
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    graded = settings.path(settings.autograded_directory, student_id, assignment_id)
    if repair is None or os.path.lexists(folder / KEPT) or os.path.lexists(graded):
        return None
    same = read_timestamp_text(str(submitted)) == repair.stamp
    # as it was mended: what was kept has left its place, and not come here yet
    return repair if same and look_of(submitted) != repair.files else None


def repaired_students(settings: CourseSettings, assignment_id: str) -> frozenset[str]:
    """Return the students whose submission was mended, and can be put back."""
    names = _names(settings, assignment_id)
    return frozenset(name for name in names if read_repair(settings, assignment_id, name) is not None)


def undone_students(settings: CourseSettings, assignment_id: str) -> frozenset[str]:
    """Return the students whose submission was put back, and is not graded yet."""
    names = _names(settings, assignment_id)
    return frozenset(name for name in names if read_undone(settings, assignment_id, name) is not None)


def _names(settings: CourseSettings, assignment_id: str) -> list[str]:
    try:
        return os.listdir(settings.state_dir / FOLDER / assignment_id)  # noqa: PTH208  names are wanted
    except OSError:
        return []


def _record(folder: Path) -> Repair | None:
    # ValueError: JSON of another shape, and bytes that are no text
    with suppress(OSError, ValueError, RecursionError):
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=Repair)
    return None
