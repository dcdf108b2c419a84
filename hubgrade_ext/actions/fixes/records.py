"""The log of fixes: one folder each in `.hubgrade/fixes/`, with what is needed to take it back.

fixes/20260301T101500Z-a1b2c3/record.json
fixes/20260301T101500Z-a1b2c3/kept/1-nbgrader_config.py     what was replaced
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from hubgrade_ext.actions.fixes.changes import FileBefore, FolderMade, ModeBefore
from hubgrade_ext.actions.fixes.gradebook import CopyMade, GradebookBefore
from hubgrade_ext.core.disk import plain_errors, write_file
from hubgrade_ext.core.errors import NotFound
from hubgrade_ext.core.models import FixRecord
from hubgrade_ext.core.settings import CourseSettings

RECORD = "record.json"
UNDO = ModeBefore | FolderMade | FileBefore | GradebookBefore | CopyMade


class StoredFix(Struct, frozen=True):
    """A fix as it is kept: what people are shown, and what takes it back, in the order it was done."""

    record: FixRecord
    undo: list[UNDO]


class FixFolder:
    """Where one fix keeps its record and what it replaces."""

    def __init__(self, settings: CourseSettings, record_id: str = "") -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.record_id = record_id or f"{stamp}-{os.urandom(3).hex()}"
        self.path = settings.state_dir / "fixes" / self.record_id
        self._mode = 0o660 if settings.groupshared else 0o600
        self._kept = 0

    def make(self) -> None:
        """Create it. Raises: CourseBroken."""
        with plain_errors("keep a record of the fix", self.path):
            for folder in (self.path.parent.parent, self.path.parent, self.path, self.path / "kept"):
                if not folder.is_dir():
                    folder.mkdir()
                    folder.chmod(0o2770 if self._mode == 0o660 else 0o700)

    def keep(self, name: str) -> Path:
        """Return a free path for the copy of a file called `name`."""
        self._kept += 1
        return self.path / "kept" / f"{self._kept}-{name}"

    def write(self, stored: StoredFix) -> None:
        """Write the record. Raises: CourseBroken."""
        with plain_errors("keep a record of the fix", self.path):
            write_file(self.path / RECORD, msgspec.json.encode(stored), self._mode)

    def read(self) -> StoredFix:
        """Return the record. Raises: NotFound."""
        try:
            content = (self.path / RECORD).read_bytes()
            return msgspec.json.decode(content, type=StoredFix)
        except (OSError, ValueError, RecursionError) as error:  # also bytes that are no text
            raise NotFound(
                f"There is no record of a fix {self.record_id!r}.", "`hubgrade fix` lists them."
            ) from error


def stored_fixes(settings: CourseSettings) -> list[StoredFix]:
    """Return all fixes of the course, newest first; a record that cannot be read is passed over."""
    folder = settings.state_dir / "fixes"
    names = sorted((p.name for p in folder.iterdir()), reverse=True) if folder.is_dir() else []
    found = []
    for name in names:
        try:
            found.append(FixFolder(settings, name).read())
        except NotFound:
            continue
    return found
