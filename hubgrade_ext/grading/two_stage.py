"""nbgrader's Autograde in two halves, so that the cells can run somewhere else in between.

sanitize   everything up to the execution: master files, gradebook rows, sanitising preprocessors
           (the cells run elsewhere; the staged notebooks are replaced by the executed ones)
score      everything after it: the remaining preprocessors write scores, then modes and hooks

Source: nbgrader 0.9.6 `BaseConverter.convert_notebooks`, `Autograde.convert_single_notebook`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import setenv
from sqlalchemy.exc import SQLAlchemyError

from hubgrade_ext.core.conversion import Failure, Watched, configured
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.grading_options import grading_options
from hubgrade_ext.grading.assignment_limits import execute_settings
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable
from hubgrade_ext.grading.one_gradebook import OneGradebook


class AlreadyExecuted(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader carries no types
    """Stand where Execute stands in the list; the cells have run."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Leave the notebook as it is."""
        return nb, resources


def sandboxed(course: Course) -> bool:
    """Say whether cells run in sandboxes, several submissions at once; else nbgrader runs them, in none.

    Raises: IsolationUnavailable (the course demands a level, and has nbgrader run its cells), ConfigBroken.
    """
    why = why_not_sandboxed(course)
    demanded = grading_options(course.config).isolation
    if why and demanded not in (None, "none"):
        raise IsolationUnavailable(
            f"The course demands isolation by {demanded}, but nbgrader runs its cells, without any: {why}.",
            "Take one of the two settings out of nbgrader_config.py; nothing was run.",
        )
    return not why


def why_not_sandboxed(course: Course) -> str:
    """Return which setting has nbgrader itself run the cells; empty when they run in sandboxes.

    Raises: ConfigBroken.
    """
    execute = execute_settings(course)
    if grading_options(course.config).engine != "sandboxed":
        return "c.HubgradeGrading.engine says so"
    if execute.timeout_func is not None:
        return "c.Execute.timeout_func is nbgrader's alone"
    if "enabled" in execute.config and not execute.enabled:
        return "c.Execute.enabled is off"
    classes = list(configured(Autograde, course).autograde_preprocessors)
    if not classes or classes[0] is not Execute or Execute in classes[1:]:
        return "c.Autograde.autograde_preprocessors does not begin with nbgrader's Execute, and have it once"
    return ""


class TwoStageAutograde(Watched, Autograde):  # type: ignore[misc]  # nbgrader carries no types
    """One submission's Autograde; call `sanitize`, then `score`, each once."""

    gradebook: OneGradebook
    stage: Literal["sanitize", "score"] = "sanitize"

    def sanitize(self) -> Failure | None:
        """Fill the staging folder with what is to be executed; `notebooks` are then those to run."""
        self.force = True
        return self._run("sanitize")

    def score(self) -> Failure | None:
        """Write the scores of the executed notebooks that now lie in the staging folder."""
        return self._run("score")

    def staged_notebooks(self) -> list[str]:
        """Return the file names of the notebooks that are to be executed, in order."""
        return [Path(path).name for path in self._graded]

    def _run(self, stage: Literal["sanitize", "score"]) -> Failure | None:
        self.stage = stage
        try:
            with self.gradebook.stage():
                self.start()
        except (NbGraderException, OSError, SQLAlchemyError) as error:
            return Failure(self.watch.cause or error, self.watch.notebook)
        return None

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Look at the destination before the first half only."""
        return self.stage == "score" or super().init_destination(assignment_id, student_id)

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Prepare files and rows in the first half; it also drops notebooks that the gradebook has not."""
        if self.stage == "score":
            self.notebooks = self._graded
            return
        super().init_assignment(assignment_id, student_id)
        self._graded: list[str] = list(self.notebooks)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Do this half's preprocessors."""
        self._sanitizing = self.stage == "sanitize"
        path = notebook_filename
        if self.stage == "score":
            student, assignment = self.coursedir.student_id, self.coursedir.assignment_id
            path = str(Path(self._format_dest(assignment, student), Path(notebook_filename).name))
        self.watch.notebook = Path(notebook_filename).name
        self._init_preprocessors()
        try:
            with self.watch, setenv(NBGRADER_EXECUTION="autograde"):
                BaseConverter.convert_single_notebook(self, path)
        finally:
            self._sanitizing = True
        self.watch.notebook = ""

    def _init_preprocessors(self) -> None:
        # The notebook is checked after the last preprocessor, not after each.
        self.exporter.optimistic_validation = True
        if self._sanitizing:
            super()._init_preprocessors()
            return
        self.exporter._preprocessors = []
        for preprocessor in self.autograde_preprocessors:
            self.exporter.register_preprocessor(AlreadyExecuted if preprocessor is Execute else preprocessor)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Set them at the end: after the first half the files are still written to."""
        if self.stage == "score":
            super().set_permissions(assignment_id, student_id)

    def run_pre_convert_hook(self) -> None:
        """Run it once, before the first half."""
        if self.stage == "sanitize":
            super().run_pre_convert_hook()

    def run_post_convert_hook(self) -> None:
        """Run it once, after the second half."""
        if self.stage == "score":
            super().run_post_convert_hook()
