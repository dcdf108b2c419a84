"""Where the release gate grades: a course that has the real one's configuration, and folders of its own.

submissions   SOLUTION is what a student with the instructor's answers would hand in,
              AGAIN the same, RELEASED what one hands in who does nothing
gradebook     a copy
autograded    a staging folder

All of it lies in staging folders beside the real ones, as deep below the
course, and is gone at the end.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import structs
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearSolutions,
    InstantiateTests,
    SaveCells,
)
from sqlalchemy import make_url
from traitlets.utils.importstring import import_item

from hubgrade_ext.core.conversion import Failure, convert, staged_step
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.gradebook_lock import copy_gradebook
from hubgrade_ext.core.notebooks import notebook_files, read_notebook
from hubgrade_ext.core.replace import staging
from hubgrade_ext.grading.generation import WatchedGenerate

SOLUTION, AGAIN, RELEASED = "hubgrade-solution", "hubgrade-solution-again", "hubgrade-released"
# what makes the students' version of the instructor's; grading restores tests from the gradebook
_TAKEN_OUT = frozenset({ClearSolutions, ClearHiddenTests, ClearMarkScheme, InstantiateTests, SaveCells})


@contextmanager
def scratch_course(course: Course, assignment_id: str) -> Iterator[Course]:
    """Give a course to grade in without a trace in the real one; it has no submissions yet.

    Raises: CourseBroken, GradebookBroken, Busy.
    """
    settings = course.settings
    with (
        staging(settings.state_dir) as stage,
        staged_step(settings, settings.submitted_directory, SOLUTION, assignment_id) as submitted,
        staged_step(settings, settings.autograded_directory, SOLUTION, assignment_id) as autograded,
    ):
        gradebook = stage / "gradebook.db"
        copy_gradebook(settings, gradebook)
        folders = {
            "submitted_directory": submitted,
            "autograded_directory": autograded,
            "db_url": str(make_url("sqlite:///").set(database=str(gradebook))),
        }
        config = copy.deepcopy(course.config)
        config.CourseDirectory.update({**folders, "student_id_exclude": ""})
        config.Autograde.create_student = True
        yield dataclasses.replace(course, settings=structs.replace(settings, **folders), config=config)


def hand_in_solution(scratch: Course, assignment_id: str, students: Sequence[str]) -> Failure | None:
    """Lay out, for each of `students`, what somebody with all of the instructor's answers would submit.

    It is what nbgrader generates, header and footer included, with the solutions left in; read-only cells
    are as they are released.
    """
    settings = scratch.settings
    config = copy.deepcopy(scratch.config)
    config.GenerateAssignment.update({"preprocessors": _kept(scratch), "no_database": True})
    with staged_step(settings, settings.release_directory, ".", assignment_id) as step:
        keeping = dataclasses.replace(scratch, config=config)
        failure = convert(WatchedGenerate, keeping, assignment_id=assignment_id, release_directory=step)
        if failure is None:
            solved = settings.path(step, ".", assignment_id)
            _lock(solved, settings.path(settings.release_directory, ".", assignment_id))
            for student in students:
                _hand_in(scratch, solved, assignment_id, student)
    return failure


def _lock(solved: Path, released: Path) -> None:
    """Give the cells that students may not change the text that students get."""
    for path in notebook_files(solved):
        if not (released / path.name).is_file():
            continue
        sources = {
            cell.grade_id: cell.source for cell in read_notebook(released / path.name).cells if cell.locked
        }
        content = json.loads(path.read_text("utf-8"))
        for cell, raw in zip(read_notebook(path).cells, content["cells"], strict=True):
            if cell.locked and cell.grade_id in sources:
                raw["source"] = sources[cell.grade_id]
        path.write_text(json.dumps(content), "utf-8")


def hand_in_released(scratch: Course, assignment_id: str) -> None:
    """Lay out what somebody would submit who does nothing."""
    settings = scratch.settings
    released = settings.path(settings.release_directory, ".", assignment_id)
    _hand_in(scratch, released, assignment_id, RELEASED)


def _hand_in(scratch: Course, folder: Path, assignment_id: str, student: str) -> None:
    settings = scratch.settings
    target = settings.path(settings.submitted_directory, student, assignment_id)
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(*settings.ignore))


def _kept(course: Course) -> list[Any]:
    listed = GenerateAssignment(coursedir=course.coursedir(), config=course.config).preprocessors
    kinds = [import_item(kind) if isinstance(kind, str) else kind for kind in listed]
    return [kind for kind in kinds if kind not in _TAKEN_OUT]
