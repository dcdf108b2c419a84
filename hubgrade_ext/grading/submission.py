"""One submission becomes a score: prepare → execute → record.

prepare   look at what was handed in, before anything runs
execute   nbgrader's Autograde, into a staging folder; it runs the cells and writes the scores
record    the staged folder is put where autograded/ has it; the old one goes to the backups

This is nbgrader's own way, one submission after the other and with the
instructor's rights; `at_once` has another `execute`, and shares the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute

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
from hubgrade_ext.core.errors import CourseBroken, InvalidName
from hubgrade_ext.core.failures import Explanation
from hubgrade_ext.core.grading_options import grading_options
from hubgrade_ext.core.models import Isolation, ItemResult, NotebookOutcome
from hubgrade_ext.core.notebooks import notebook_files
from hubgrade_ext.core.replace import Backups, put_in_place
from hubgrade_ext.grading.comparison import Released, compare, listed
from hubgrade_ext.grading.deleted_points import forget_points
from hubgrade_ext.grading.diagnosis import diagnose, timed_out_cells
from hubgrade_ext.grading.environment import scrubbed_environment
from hubgrade_ext.grading.processes import no_process_left
from hubgrade_ext.grading.recorded import RecordedAssignment


class WatchedAutograde(Watched, Autograde):  # type: ignore[misc]  # nbgrader carries no types
    """nbgrader's Autograde as configured, watched."""


@dataclass(frozen=True)
class Prepared:
    """A submission that can be graded: `step` is the staging step, `staged` its folder for this student."""

    course: Course
    assignment_id: str
    student_id: str
    notebook: str
    submitted: Path
    target: Path
    step: str
    staged: Path
    recorded: RecordedAssignment
    released: Released


# the gravest first; what is in none of these comes last
GRAVITY = (
    "tests_disabled", "kernel_died", "out_of_memory", "submission_timed_out", "too_large", "notebook_renamed",
    "notebook_missing", "cells_deleted", "cell_timed_out", "hidden_tests_shown", "locked_cells_changed",
    "notebook_duplicated",
)  # fmt: skip


def grade_submission(
    course: Course,
    assignment_id: str,
    student_id: str,
    notebook: str,
    *,
    recorded: RecordedAssignment,
    backups: Backups,
) -> ItemResult:
    """Autograde one submission, and say what became of it; never raises for what is in the submission.

    `notebook` is a glob on notebook names; what autograded/ has of the others is
    kept. The earlier autograded folder stays whole until the new one replaces it.
    """
    settings = course.settings
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    if is_excluded(course, student_id):
        return excluded(student_id)
    failure: Failure | None
    try:
        refused = refusal(submitted, assignment_id, student_id)
        if refused is not None:
            return failed(student_id, refused)
        with staged_step(settings, settings.autograded_directory, student_id, assignment_id) as step:
            prepared = prepare(course, assignment_id, student_id, notebook, step, recorded)
            failure = execute(prepared)
            if failure is None:
                return record(prepared, backups)
    except (OSError, CourseBroken) as error:  # NotebookInvalid is a CourseBroken: damaged after the run
        failure = Failure(error)
    why = diagnose(failure, submitted, recorded, assignment_id, student_id)
    return failed(student_id, why, failure.notebook)


def prepare(
    course: Course,
    assignment_id: str,
    student_id: str,
    notebook: str,
    step: str,
    recorded: RecordedAssignment,
    released: Released | None = None,
) -> Prepared:
    """Lay out the staging folder: empty, or with what is kept when only some notebooks are graded."""
    settings = course.settings
    target = settings.path(settings.autograded_directory, student_id, assignment_id)
    staged = settings.path(step, student_id, assignment_id)
    if notebook != "*":
        keep_others(target, staged)
    return Prepared(
        course=course,
        assignment_id=assignment_id,
        student_id=student_id,
        notebook=notebook,
        submitted=settings.path(settings.submitted_directory, student_id, assignment_id),
        target=target,
        step=step,
        staged=staged,
        recorded=recorded,
        released=released or Released(settings.path(settings.release_directory, ".", assignment_id)),
    )


def execute(prepared: Prepared) -> Failure | None:
    """Run nbgrader's Autograde into the staging folder, without our environment and leaving no process."""
    with scrubbed_environment(), no_process_left():
        return convert(
            WatchedAutograde,
            prepared.course,
            force=True,
            assignment_id=prepared.assignment_id,
            student_id=prepared.student_id,
            notebook_id=prepared.notebook,
            autograded_directory=prepared.step,
        )


def record(
    prepared: Prepared,
    backups: Backups,
    ran: Sequence[NotebookOutcome] = (),
    isolation: Isolation = "none",
) -> ItemResult:
    """Put the staged folder into place, and tell what an instructor should know about it.

    `ran` is what became of the notebooks' execution, where it was not all well.
    Raises: CourseBroken; the earlier folder is then where it was.
    """
    settings = prepared.course.settings
    limits = Execute(config=prepared.course.config)
    found = notebook_files(prepared.staged, prepared.notebook)
    # others are the student's own, or what the student's code has written: nbgrader leaves them alone
    graded = [path for path in found if path.stem in prepared.recorded.notebooks]
    notes = [
        *ran,
        *timed_out_cells(graded, limits.error_on_timeout.get("ename", "")),
        *compare(prepared.submitted, prepared.recorded, prepared.released),
    ]
    gone = [note.notebook for note in notes if note.code == "cells_deleted"]
    if gone and grading_options(prepared.course.config).forget_deleted_tests:
        forget_points(prepared.course, prepared.assignment_id, prepared.student_id, gone, prepared.released)
    put_in_place(prepared.staged, prepared.target, backups)
    share_with_group(settings, settings.autograded_directory, prepared.target)
    return summed_up(prepared.student_id, notes, [path.name for path in graded], isolation)


def summed_up(
    student_id: str, notes: Sequence[NotebookOutcome], graded: Sequence[str], isolation: Isolation
) -> ItemResult:
    """Report a submission that has its score: the gravest of the notes is its outcome, all are told."""
    rank = {code: number for number, code in enumerate(GRAVITY)}
    notes = sorted(notes, key=lambda note: rank.get(note.code, len(rank)))
    known = {note.notebook for note in notes}
    fine = [NotebookOutcome(name, "graded") for name in graded if name not in known]
    worst = notes[0] if notes else NotebookOutcome("", "graded")
    message = " ".join(dict.fromkeys(note.message for note in notes))
    return ItemResult(
        student_id, "done", worst.code, message, worst.remedy, isolation, notebooks=[*notes, *fine]
    )


def refusal(submitted: Path, assignment_id: str, student_id: str) -> Explanation | None:
    """Explain why nbgrader must not be let near the submission; None when it may."""
    if "\n" in student_id:
        return Explanation(
            InvalidName.code,
            "The name of the student's folder is on two lines; nbgrader does not find such a folder.",
            "Rename or remove the folder in submitted/.",
        )
    if not submitted.is_dir():
        return Explanation(
            "not_collected",
            f"No submission of {student_id} for {assignment_id} was collected.",
            "Collect first; if there is nothing to collect, the student has not submitted.",
        )
    inside = os.path.realpath(submitted)
    for path in notebook_files(submitted):
        # a link could lead to the instructor's solution; a pipe would block nbgrader for ever
        leads_out = not os.path.realpath(path).startswith(inside + os.sep)
        if leads_out or not path.is_file():
            return Explanation(
                "notebook_unreadable",
                f"{path.name} is not a file of the submission but leads elsewhere.",
                "Ask the student to submit the notebook itself.",
            )
    return _leads_elsewhere(submitted, inside) or _odd_timestamp(submitted)


def _leads_elsewhere(submitted: Path, inside: str) -> Explanation | None:
    outside = [
        path.relative_to(submitted).as_posix()
        for path in _links(submitted)
        if not os.path.realpath(path).startswith(inside + os.sep)
    ]
    if not outside:
        return None
    # nbgrader copies what a link leads to, with the grader's rights: solutions, another's work, secrets
    return Explanation(
        "file_unreadable",
        f"The submission contains {listed(outside)}, which leads elsewhere and is no file of its own.",
        "Remove it from the submitted folder, then autograde again.",
    )


def _odd_timestamp(submitted: Path) -> Explanation | None:
    stamp = submitted / "timestamp.txt"
    if os.path.lexists(stamp) and (stamp.is_symlink() or not stamp.is_file()):
        return Explanation(
            "timestamp_unreadable",
            "The submission's timestamp.txt is not a regular file.",
            "Remove it from the submitted folder, then autograde again.",
        )
    return None


def _links(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder, followlinks=False):
        yield from (path for name in (*folders, *names) if (path := Path(base, name)).is_symlink())


def failed(student_id: str, why: Explanation, notebook: str = "", isolation: Isolation = "") -> ItemResult:
    """Report a submission that was not graded; `notebook` is the one to blame."""
    outcome = NotebookOutcome(notebook, why.code, why.message, why.remedy)
    blamed = [outcome] if notebook else []
    return ItemResult(student_id, "failed", why.code, why.message, why.remedy, isolation, blamed)
