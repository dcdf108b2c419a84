"""A course's effective settings as plain values, and the paths that follow from them.

This is what travels between processes; nbgrader's own configuration objects
stay in the process that loaded them (`core.course`).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.models.gate import GateMode


class CourseSettings(Struct, frozen=True):
    """Effective values of nbgrader's traits for one course.

    `root` is None for somebody who only studies in the course. Sizes are kB,
    as nbgrader has them. `default_exchange` is False when a plug-in replaces
    nbgrader's exchange classes: then nothing may read the exchange's folders.
    `work_dir` is where this user's own copies of assignments live.
    """

    course_id: str
    root: str | None
    db_url: str
    source_directory: str
    release_directory: str
    submitted_directory: str
    autograded_directory: str
    feedback_directory: str
    directory_structure: str
    exchange_root: str
    exchange_cache: str
    work_dir: str
    path_includes_course: bool
    default_exchange: bool
    groupshared: bool
    username: str
    ignore: list[str]
    max_file_size: int
    max_dir_size: int
    data_dir: str
    release_gate: GateMode = "block"

    @property
    def course_key(self) -> str:
        """Name the course in URLs: 16 hex digits, equal for equal folders."""
        where = os.path.realpath(self.root) if self.root else f"{self.exchange_root}\0{self.course_id}"
        return hashlib.sha256(where.encode()).hexdigest()[:16]

    @property
    def state_dir(self) -> Path:
        """Return the folder of hubgrade's own files: beside the course, or in the user's data folder."""
        if self.root:
            return Path(self.root) / ".hubgrade"
        return Path(self.data_dir) / "hubgrade" / self.course_key

    def path(self, step: str, student_id: str, assignment_id: str) -> Path:
        """Return the folder of one step, as nbgrader lays it out.

        Source: nbgrader 0.9.6 `CourseDirectory.format_path`.
        """
        relative = self.directory_structure.format(
            nbgrader_step=step, student_id=student_id, assignment_id=assignment_id
        )
        return Path(os.path.normpath(os.path.join(self.root or "", relative)))
