"""Make the students' version of an assignment with nbgrader's GenerateAssignment, put into place whole."""

from __future__ import annotations

from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.nbgraderformat import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from hubgrade_ext.core.conversion import Failure, Watched, convert, share_with_group, staged_step
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import AssignmentNotFound, Conflict, CourseBroken, NotebookInvalid
from hubgrade_ext.core.failures import Explanation, explain, unexpected
from hubgrade_ext.core.gradebook_lock import backup_gradebook, copy_gradebook, ensure_gradebook
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.notebooks import notebook_files
from hubgrade_ext.core.replace import Backups, put_in_place
from hubgrade_ext.grading.recorded import recorded_assignment
from hubgrade_ext.grading.source_checks import SourceFinding, check_source

NEW_ASSIGNMENT = "Undo that change, or copy the source to a new assignment."


class WatchedGenerate(Watched, GenerateAssignment):  # type: ignore[misc]  # nbgrader carries no types
    """nbgrader's GenerateAssignment as configured, watched."""


def check_can_generate(course: Course, assignment_id: str) -> list[SourceFinding]:
    """Make sure that nbgrader will accept the source; nothing is changed. Returns the warnings.

    Raises: InvalidName, AssignmentNotFound, NotebookInvalid (with all findings), Conflict.
    """
    settings = course.settings
    check_assignment_id(assignment_id)
    source = settings.path(settings.source_directory, ".", assignment_id)
    if not source.is_dir():
        raise AssignmentNotFound(
            f"There is no source of {assignment_id} ({settings.source_directory}/{assignment_id}).",
            "Create the assignment, or check its name.",
        )
    findings = check_source(course, assignment_id)
    errors = [finding for finding in findings if not finding.warning]
    if errors:
        raise _invalid(assignment_id, errors)
    recorded = recorded_assignment(settings, assignment_id)
    if recorded is not None and recorded.submissions:
        present = {path.stem for path in notebook_files(source)}
        _refuse_other_notebooks(assignment_id, present, set(recorded.notebooks), recorded.submissions)
        _rehearse(course, assignment_id)
    return findings


def generate(course: Course, assignment_id: str, warnings: list[SourceFinding]) -> ItemResult:
    """Generate the release version; the earlier one stays whole until the new one replaces it."""
    settings = course.settings
    recorded = recorded_assignment(settings, assignment_id)
    backups = Backups(settings)
    if recorded is not None and recorded.submissions:
        backup_gradebook(settings, backups)
    try:
        ensure_gradebook(settings)
        with staged_step(settings, settings.release_directory, ".", assignment_id) as step:
            failure = convert(WatchedGenerate, course, assignment_id=assignment_id, release_directory=step)
            if failure is None:
                target = settings.path(settings.release_directory, ".", assignment_id)
                put_in_place(settings.path(step, ".", assignment_id), target, backups)
                share_with_group(settings, settings.release_directory, target)
    except (OSError, CourseBroken, SQLAlchemyError) as error:
        failure = Failure(error)
    if failure is not None:
        why = _explain(failure, assignment_id)
        return ItemResult(assignment_id, "failed", why.code, why.message, why.remedy)
    message = " ".join(str(warning) for warning in warnings)
    return ItemResult(assignment_id, "done", "generated", message, warnings[0].remedy if warnings else "")


def _invalid(assignment_id: str, errors: list[SourceFinding]) -> NotebookInvalid:
    if len(errors) == 1:
        return NotebookInvalid(str(errors[0]), errors[0].remedy)
    lines = "\n".join(f"{error} {error.remedy}".rstrip() for error in errors)
    return NotebookInvalid(
        f"{assignment_id} cannot be generated: its source has {len(errors)} faults.\n{lines}",
        "Mend them in the source notebooks, save, and generate again.",
    )


def _refuse_other_notebooks(
    assignment_id: str, present: set[str], recorded: set[str], submissions: int
) -> None:
    """Source: nbgrader 0.9.6 `GenerateAssignment._clean_old_notebooks`."""
    changes = [f"{name}.ipynb was added" for name in sorted(present - recorded)]
    changes += [f"{name}.ipynb was removed" for name in sorted(recorded - present)]
    if changes:
        count = "1 submission" if submissions == 1 else f"{submissions} submissions"
        raise Conflict(
            f"{assignment_id} has {count} in the gradebook, so its notebooks must stay the same, but "
            f"{' and '.join(changes)}.",
            NEW_ASSIGNMENT,
        )


def _rehearse(course: Course, assignment_id: str) -> None:
    """Generate into nowhere, with a copy of the gradebook.

    nbgrader compares the cells one notebook after the other, and has changed the
    gradebook for the first when it refuses the second.
    """
    settings = course.settings
    with (
        plain_errors(f"generate {assignment_id}", Path(settings.root or "")),
        staged_step(settings, settings.release_directory, ".", assignment_id) as step,
    ):
        copy = settings.path(step, ".", assignment_id).parent / "rehearsal.db"
        copy_gradebook(settings, copy)
        failure = convert(
            WatchedGenerate,
            course,
            assignment_id=assignment_id,
            release_directory=step,
            db_url=str(make_url("sqlite:///").set(database=str(copy))),
        )
    if failure is None:
        return
    why = _explain(failure, assignment_id)
    raise (Conflict if why.code == "conflict" else NotebookInvalid)(why.message, why.remedy)


def _explain(failure: Failure, assignment_id: str) -> Explanation:
    text = (str(failure.cause).strip() or type(failure.cause).__name__).splitlines()[0].strip().rstrip(".")
    where = failure.notebook or assignment_id
    if text.startswith(("Cannot add or remove cells", "Cannot modify existing assignment")):
        return Explanation(
            "conflict",
            f"{assignment_id} has submissions in the gradebook, so the nbgrader cells of {where} must stay "
            "the same, but some were added, removed or renamed.",
            NEW_ASSIGNMENT,
        )
    common = explain(failure)
    if common is not None:
        return common
    # what nbgrader's own preprocessors raise on purpose
    if isinstance(failure.cause, RuntimeError | ValueError | ValidationError):
        return Explanation(
            "notebook_invalid",
            f"nbgrader refuses {where}: {text}.",
            "Mend it in the source notebook, save, and generate again; the job's log has the details.",
        )
    return unexpected(failure, f"Generating {assignment_id}")
