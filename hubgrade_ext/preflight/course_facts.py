"""What lies in the course folder: assignments, what others could write, how large a release is."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.folder_facts import passable_by_others

SCAN_S = 0.4


class CourseFolders(Struct, frozen=True):
    """The course's steps: names below source, and of each other step whether anything is in it."""

    assignments: list[str]
    steps_used: list[str]


def look_at_steps(settings: CourseSettings) -> CourseFolders:
    """Return the names of the assignments, and the steps that have been begun."""
    root = settings.root or ""
    steps = [settings.release_directory, settings.submitted_directory, settings.autograded_directory]
    return CourseFolders(
        _folders(os.path.join(root, settings.source_directory)),
        [step for step in steps if _folders(os.path.join(root, step))],
    )


def writable_by_others(folder: Path) -> list[str]:
    """Return what every user of the machine could change below a folder that they can come to, sorted.

    Looks for a bounded time; links are not followed.
    """
    try:
        if not folder.is_dir() or not passable_by_others(folder):
            return []
    except OSError:
        return []
    stop, found = time.monotonic() + SCAN_S, []
    for path, names, files in os.walk(folder):
        if time.monotonic() > stop:
            break
        if not Path(path).stat().st_mode & stat.S_IXOTH:
            names.clear()
            continue
        for name in (*names, *files):
            info = os.lstat(os.path.join(path, name))
            if info.st_mode & stat.S_IWOTH and not stat.S_ISLNK(info.st_mode):
                found.append(os.path.join(path, name))
    return sorted(found)


def largest_folder(parent: Path) -> int:
    """Return the size in bytes of the largest folder in `parent`; looks for a bounded time."""
    stop, largest = time.monotonic() + SCAN_S, 0
    for name in _folders(str(parent)):
        size = 0
        for path, _, files in os.walk(parent / name):
            if time.monotonic() > stop:
                return max(largest, size)
            size += sum(os.lstat(os.path.join(path, file)).st_size for file in files)
        largest = max(largest, size)
    return largest


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return []
