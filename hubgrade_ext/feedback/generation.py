"""Turn a graded submission into feedback pages with nbgrader's GenerateFeedback, put into place whole."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateFeedback

from hubgrade_ext.core.conversion import (
    Failure,
    Watched,
    convert,
    excluded,
    is_excluded,
    keep_others,
    share_with_group,
    staged_step,
)
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CourseBroken, NotebookInvalid
from hubgrade_ext.core.failures import Explanation, explain, unexpected
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.notebooks import read_notebook
from hubgrade_ext.core.replace import Backups, put_in_place


class WatchedFeedback(Watched, GenerateFeedback):  # type: ignore[misc]  # nbgrader carries no types
    """nbgrader's GenerateFeedback as configured, watched, for the assignment's own notebooks.

    On another one, which student code may have left, nbgrader gives up the whole submission.
    """

    def init_notebooks(self) -> None:
        """Take the notebooks that the gradebook knows; all of them when it does not know the assignment."""
        super().init_notebooks()
        known = self._known()
        for folder, paths in self.assignments.items():
            own = [path for path in paths if Path(path).stem in known]
            self.assignments[folder] = own or paths

    def _known(self) -> set[str]:
        settings = self.coursedir
        with suppress(MissingEntry), Gradebook(settings.db_url, settings.course_id) as gradebook:
            return {notebook.name for notebook in gradebook.find_assignment(settings.assignment_id).notebooks}
        return set()


def generate_for(
    course: Course, assignment_id: str, student_id: str, notebook: str, backups: Backups
) -> ItemResult:
    """Generate one student's feedback; what there was stays whole until the new one replaces it.

    `notebook` is a glob on notebook names; other notebooks' feedback is kept.
    """
    settings = course.settings
    if is_excluded(course, student_id):
        return excluded(student_id)
    autograded = settings.path(settings.autograded_directory, student_id, assignment_id)
    if not autograded.is_dir():
        return ItemResult(
            student_id,
            "failed",
            "not_autograded",
            f"{assignment_id} of {student_id} is not autograded yet.",
            "Autograde it first.",
        )
    failure: Failure | None
    try:
        failure = _generate(course, assignment_id, student_id, notebook, backups)
    except (OSError, CourseBroken) as error:
        failure = Failure(error)
    if failure is None:
        return ItemResult(student_id, "done", "generated")
    why = (
        explain(failure)
        or _of_notebook(failure, autograded)
        or unexpected(failure, f"Generating the feedback on {assignment_id} for {student_id}")
    )
    return ItemResult(student_id, "failed", why.code, why.message, why.remedy)


def _generate(
    course: Course, assignment_id: str, student_id: str, notebook: str, backups: Backups
) -> Failure | None:
    settings = course.settings
    target = settings.path(settings.feedback_directory, student_id, assignment_id)
    with staged_step(settings, settings.feedback_directory, student_id, assignment_id) as step:
        staged = settings.path(step, student_id, assignment_id)
        if notebook != "*":
            keep_others(target, staged)
        failure = convert(
            WatchedFeedback,
            course,
            force=True,
            assignment_id=assignment_id,
            student_id=student_id,
            notebook_id=notebook,
            feedback_directory=step,
        )
        if failure is not None:
            return failure
        put_in_place(staged, target, backups)
        share_with_group(settings, settings.feedback_directory, target)
    return None


def _of_notebook(failure: Failure, autograded: Path) -> Explanation | None:
    if str(failure.cause).startswith("No notebooks were matched"):
        return Explanation(
            "notebook_missing",
            "The autograded submission has no notebook to give feedback on.",
            "Choose another pattern, or autograde it again.",
        )
    if "No such" in str(failure.cause) and type(failure.cause).__name__ == "MissingEntry":
        return Explanation(
            "not_autograded",
            f"The gradebook has no grades for {failure.notebook}.",
            "Autograde this submission again.",
        )
    if failure.notebook:
        try:
            read_notebook(autograded / failure.notebook)
        except NotebookInvalid as error:
            return Explanation("notebook_unreadable", error.message, "Autograde this submission again.")
    return None
