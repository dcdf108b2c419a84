"""Whose folders of one assignment are there, in one step."""

from __future__ import annotations

from pathlib import Path

from hubgrade_ext.core.folders import walk
from hubgrade_ext.core.settings import CourseSettings


def submission_folders(settings: CourseSettings, step: str, assignment_id: str) -> dict[str, Path]:
    """Return student_id → folder; `step` is a directory's name such as `submitted`."""
    found = walk(settings, step, assignment_id=assignment_id)
    return {folder.student_id: Path(folder.path) for folder in found if Path(folder.path).is_dir()}
