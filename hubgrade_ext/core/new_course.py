"""Create a course folder in nbgrader's quickstart layout, and assignments in it; needs no nbgrader."""

from __future__ import annotations

import errno
import json
import os
import unicodedata
from pathlib import Path

from hubgrade_ext.core.disk import plain_errors, sync_tree, write_file
from hubgrade_ext.core.errors import Conflict, Forbidden, InvalidName, InvalidRequest, NotFound
from hubgrade_ext.core.names import check_assignment_id, check_course_id, check_new_course_id
from hubgrade_ext.core.replace import staging
from hubgrade_ext.core.settings import CourseSettings

CONFIG = """\
c = get_config()  # noqa

# This file belongs to the course in this folder; nbgrader and hubgrade read it on every run.
# All options: nbgrader generate_config, or https://nbgrader.readthedocs.io/

# The course's name in the exchange: students fetch from and submit to the course of this name.
c.CourseDirectory.course_id = {course_id}
"""
PYTHON3 = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CONFIG_FILES = ("nbgrader_config.py", "nbgrader_config.json")
OWN_ENTRIES = ("source", *CONFIG_FILES)
STEP_FOLDERS = ("source", "release", "submitted", "autograded", "feedback", ".hubgrade")


def create_course(root: Path, course_id: str) -> Path:
    """Create the folder `root` with `source/` and a configuration, and return its absolute path.

    A folder that exists is used when it holds nothing of a course's. What stands
    in `root` is whole or not there at all; no gradebook is created before it is needed.

    Raises: InvalidName; InvalidRequest when `root` is a file; NotFound when the
    folder around it is missing; Conflict when there is a course already, or
    another course's folder of a step is around it. Only its owner may enter a new folder.
    Source: nbgrader 0.9.6 `QuickStartApp.start`.
    """
    course_id = check_new_course_id(course_id)
    root = Path(os.path.abspath(root))
    text = CONFIG.format(course_id=json.dumps(course_id, ensure_ascii=False))
    _check_surroundings(root)
    if os.path.lexists(root):
        _fill_folder(root, text)
        return root
    _check_folder_name(root)
    if not root.parent.is_dir():
        raise NotFound(f"There is no folder {root.parent}.", "Create it first, or choose another place.")
    with plain_errors(f"create the course {root.name}", root.parent), staging(root.parent) as stage:
        course = stage / "course"
        (course / "source").mkdir(parents=True)
        # solutions and grades are nobody else's; who shares the course opens it to a group
        course.chmod(0o700)
        write_file(course / "nbgrader_config.py", text.encode())
        _into_place(course, root, f"The folder {root}")
    return root


def create_assignment(settings: CourseSettings, assignment_id: str) -> Path:
    """Create source/ASSIGNMENT with one empty Python notebook of the same name; return the folder.

    Raises: InvalidName, Forbidden for a student, Conflict when there is one of this name.
    """
    if settings.root is None:
        raise Forbidden("Only an instructor of the course can create an assignment.")
    assignment_id = check_assignment_id(assignment_id)
    folder = settings.path(settings.source_directory, ".", assignment_id)
    parent = folder.parent
    with plain_errors(f"create the assignment {assignment_id}", parent):
        parent.mkdir(parents=True, exist_ok=True)
        _check_free(parent, folder.name)
        with staging(parent) as stage:
            assignment = stage / "assignment"
            assignment.mkdir()
            mode = 0o664 if settings.groupshared else 0o644
            write_file(assignment / f"{assignment_id}.ipynb", _empty_notebook(), mode)
            if settings.groupshared:
                assignment.chmod(0o2775)
            _into_place(assignment, folder, f"The assignment “{assignment_id}”")
    return folder


def _check_surroundings(root: Path) -> None:
    """Refuse a place among another course's assignments or submissions: nbgrader would take it for one."""
    real = Path(os.path.realpath(root))
    for folder in (real, *real.parents):
        course = folder.parent
        if folder.name in STEP_FOLDERS and any(os.path.lexists(course / name) for name in CONFIG_FILES):
            raise Conflict(
                f"{root} is in the folder {folder.name} of the course in {course}.", "Choose another place."
            )


def _check_folder_name(root: Path) -> None:
    try:
        check_course_id(root.name)
    except InvalidName as error:
        # "course id" is not what was asked for here
        message = error.message.replace("course id", "folder's name")
        raise InvalidName(message, error.remedy, error.suggestion) from None


def _fill_folder(root: Path, config: str) -> None:
    """Make an existing folder a course; the configuration comes last, so that a cut run can be repeated."""
    if not root.is_dir():
        raise InvalidRequest(f"{root} is a file, not a folder.", "Choose a folder.")
    with plain_errors(f"create the course {root.name}", root):
        source = root / "source"
        # an empty source/ alone may be our own, from a run that was cut
        taken = [n for n in OWN_ENTRIES if os.path.lexists(root / n) and not _is_empty_folder(root / n)]
        if taken:
            raise Conflict(
                f"The folder {root} holds a course already ({', '.join(taken)}).",
                "Open it as a course, or choose another folder.",
            )
        source.mkdir(exist_ok=True)
        write_file(root / "nbgrader_config.py", config.encode())


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _check_free(parent: Path, name: str) -> None:
    """Refuse a name that differs from an existing one only in case or in how Unicode spells it."""
    for entry in parent.iterdir():
        if unicodedata.normalize("NFC", entry.name).casefold() == name.casefold():
            raise Conflict(f"There is an assignment “{entry.name}” already.", "Choose another name.")


def _into_place(new: Path, target: Path, what: str) -> None:
    sync_tree(new)
    try:
        new.rename(target)
    except OSError as fault:
        if fault.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise Conflict(f"{what} exists already.", "Choose another name.") from fault
        raise


def _empty_notebook() -> bytes:
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "id": os.urandom(4).hex(),
        "metadata": {},
        "outputs": [],
        "source": [],
    }
    notebook = {
        "cells": [cell],
        "metadata": {"kernelspec": PYTHON3, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, indent=1) + "\n").encode()
