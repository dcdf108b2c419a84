"""Run one of nbgrader's converters on one folder, into a staging folder, and learn why it failed.

nbgrader's converters work on whatever a glob finds, write straight to their
destination and report every failure as one sentence and a logged traceback.
Here the input is named, the output is redirected, and the exception is kept.
Needs nbgrader: workers and the command line only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from nbgrader.converters.base import BaseConverter, NbGraderException

from hubgrade_ext.core.course import BAD_VALUES, Course
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.notebooks import notebook_files
from hubgrade_ext.core.replace import staging
from hubgrade_ext.core.settings import CourseSettings


@dataclass(frozen=True)
class Failure:
    """Why a conversion failed: the first exception, and the notebook's file name ('' for the whole)."""

    cause: BaseException
    notebook: str = ""


class Watch:
    """Remember the first exception that passes through; it goes on to nbgrader."""

    def __init__(self) -> None:
        self.cause: BaseException | None = None
        self.notebook = ""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.cause is None:
            self.cause = error


class Watched(BaseConverter):  # type: ignore[misc]  # nbgrader carries no types
    """Mix into a converter: takes exactly the folder of its assignment and student, and watches each step."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.watch = Watch()

    def init_notebooks(self) -> None:
        """Take the one folder that is meant; nbgrader globs, and stumbles over [ and ] in names."""
        folder = self._format_source(self.coursedir.assignment_id, self.coursedir.student_id)
        with self.watch:
            found = notebook_files(Path(folder), self.coursedir.notebook_id)
        if not found:
            raise NbGraderException(f"No notebooks were matched by '{self.coursedir.notebook_id}'")
        # joined as nbgrader does: its regular expressions must match the path again
        self.notebooks: list[str] = []
        self.assignments = {folder: [os.path.join(folder, path.name) for path in found]}

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Watch nbgrader's step of the same name."""
        with self.watch:
            return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Watch nbgrader's step of the same name."""
        with self.watch:
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Watch nbgrader's step of the same name, knowing the notebook."""
        self.watch.notebook = Path(notebook_filename).name
        with self.watch:
            super().convert_single_notebook(notebook_filename)
        self.watch.notebook = ""

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Watch nbgrader's step of the same name."""
        with self.watch:
            super().set_permissions(assignment_id, student_id)


def convert(
    converter: type[Watched], course: Course, *, force: bool = False, **overrides: object
) -> Failure | None:
    """Run a watched converter; `overrides` are traits of CourseDirectory. None means that all went well.

    nbgrader logs the traceback of a failure itself.
    """
    running = converter(coursedir=course.coursedir(**overrides), config=course.config)
    running.force = force
    try:
        running.start()
    except (NbGraderException, OSError) as error:
        return Failure(running.watch.cause or error, running.watch.notebook)
    return None


def configured(converter: type[BaseConverter], course: Course) -> Any:
    """Return a converter as the course configures it. Raises: ConfigBroken."""
    try:
        return converter(coursedir=course.coursedir(), config=course.config)
    except BAD_VALUES as error:
        raise ConfigBroken(
            f"nbgrader refuses a value in the configuration: {str(error).rstrip('.')}.",
            f"Correct c.{converter.__name__} in nbgrader_config.py.",
        ) from error


@contextmanager
def staged_step(settings: CourseSettings, step: str, student_id: str, assignment_id: str) -> Iterator[str]:
    """Give the name of an nbgrader step that lies in a staging folder beside the real `step`.

    As deep below the course as the real one, so that `../../..` in a notebook
    leads to the same place; dot-named, so that no glob of nbgrader's finds it.
    """
    prefix = settings.directory_structure.partition("{nbgrader_step}")[0]
    before = prefix.format(student_id=student_id, assignment_id=assignment_id)
    parent = Path(step).parent
    with staging(Path(settings.root or "", before, parent)) as stage:
        yield str(parent / stage.name)


def keep_others(target: Path, staged: Path) -> None:
    """Start the staging folder from what is in place, for a run that makes only some of its files."""
    if target.is_dir():
        staged.parent.mkdir(parents=True)
        shutil.copytree(target, staged, symlinks=True)


def is_excluded(course: Course, student_id: str) -> bool:
    """Say whether the configuration tells nbgrader to leave this student out.

    Source: nbgrader 0.9.6 `BaseConverter.init_destination`.
    """
    names: str = course.coursedir().student_id_exclude
    return student_id in names.split(",")


def excluded(student_id: str) -> ItemResult:
    """Report a student who is left out."""
    return ItemResult(
        student_id,
        "skipped",
        "excluded",
        f"{student_id} is excluded in the course's configuration.",
        "Change CourseDirectory.student_id_exclude in nbgrader_config.py.",
    )


def share_with_group(settings: CourseSettings, step: str, folder: Path) -> None:
    """Give the folders from the step's own down to `folder` the modes of a group-shared course.

    nbgrader does it for the folder that it writes to, which here was a staging one.
    Source: nbgrader 0.9.6 `BaseConverter.set_permissions`.
    """
    if not settings.groupshared:
        return
    top = settings.path(step, ".", ".")
    for path in (folder, *folder.parents):
        if not path.is_relative_to(top):
            break
        mode = path.stat().st_mode
        if mode & 0o2770 != 0o2770 and path.stat().st_uid == os.geteuid():
            path.chmod((mode | 0o2770) & 0o2777)
