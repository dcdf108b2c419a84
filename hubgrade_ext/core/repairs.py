"""What has been mended in collected submissions, kept so that it can be undone.

```
<state_dir>/repairs/<assignment_id>/<student_id>/
    submitted/     the folder as it was collected
    repair.json    a Repair
```
Collecting the student's submission anew makes a repair stale: what it would put back is of an earlier one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import read_timestamp_text

FOLDER = "repairs"
KEPT = "submitted"
RECORD = "repair.json"


class Repair(msgspec.Struct, frozen=True):
    """Hold what was changed, a sentence each; `stamp` is the submission's timestamp.txt."""

    at: datetime
    changes: list[str]
    stamp: str | None


def repair_folder(settings: CourseSettings, assignment_id: str, student_id: str) -> Path:
    """Return where a repair of this submission is kept."""
    return settings.state_dir / FOLDER / assignment_id / student_id


def read_repair(settings: CourseSettings, assignment_id: str, student_id: str) -> Repair | None:
    """Return the repair that can be undone; None when there is none, or a stale one."""
    folder = repair_folder(settings, assignment_id, student_id)
    # ValueError: JSON of another shape, and bytes that are no text
    with suppress(OSError, ValueError, RecursionError):
        repair = msgspec.json.decode((folder / RECORD).read_bytes(), type=Repair)
        submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
        if (folder / KEPT).is_dir() and read_timestamp_text(str(submitted)) == repair.stamp:
            return repair
    return None


def repaired_students(settings: CourseSettings, assignment_id: str) -> frozenset[str]:
    """Return the students whose submission was mended, and can be put back."""
    try:
        names = os.listdir(settings.state_dir / FOLDER / assignment_id)  # noqa: PTH208  names are wanted
    except OSError:
        return frozenset()
    return frozenset(name for name in names if read_repair(settings, assignment_id, name) is not None)
