"""The page with all submissions of one assignment."""

from __future__ import annotations

from collections.abc import Mapping

from hubgrade_ext.core.assignment_files import assignment_files
from hubgrade_ext.core.assignment_memory import forget_submissions, submissions_of
from hubgrade_ext.core.assignment_row import assignment_row
from hubgrade_ext.core.counts import count_states
from hubgrade_ext.core.errors import AssignmentNotFound
from hubgrade_ext.core.folders import is_folder_name
from hubgrade_ext.core.gradebook import NotebookGrade, Records, StudentRecord
from hubgrade_ext.core.models import (
    AssignmentRow,
    CourseRef,
    NotebookScore,
    Outcome,
    StepState,
    SubmissionRow,
    SubmissionsPage,
    Verb,
)
from hubgrade_ext.core.repairs import repaired_students
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import SubmissionState

_NONE: StepState = "none"


def submissions_page(
    settings: CourseSettings,
    course: CourseRef,
    assignment_id: str,
    outcomes: Mapping[str, Outcome] | None = None,
    gradings: Mapping[str, Outcome] | None = None,
    server_root: str | None = None,
) -> SubmissionsPage:
    """Return a row for each student of the roster and whoever else submitted: failures first, then by name.

    `outcomes` is student → outcome of the newest job that tried the submission,
    `gradings` that of the newest one that graded it.

    Raises: AssignmentNotFound, GradebookBroken, Busy.
    """
    outcomes, gradings = outcomes or {}, gradings or {}
    records, states, row = _read(settings, assignment_id, outcomes, server_root)
    by_student = {state.student_id: state for state in states}
    record = records.assignments.get(assignment_id)
    points = {notebook.notebook_id: notebook.max_score for notebook in record.notebooks} if record else {}
    students = {*records.students, *by_student, *records.submissions.get(assignment_id, {})}
    repaired = repaired_students(settings, assignment_id)
    rows = [
        _submission_row(
            name,
            by_student.get(name),
            records,
            points,
            max_score=row.max_score,
            outcome=outcomes.get(name),
            grading=gradings.get(name),
            repaired=name in repaired,
        )
        for name in students
    ]
    return SubmissionsPage(course, row, sorted(rows, key=_order))


def one_assignment(
    settings: CourseSettings,
    assignment_id: str,
    server_root: str | None = None,
    outcomes: Mapping[str, Outcome] | None = None,
) -> AssignmentRow:
    """Return one assignment's row as it is now.

    Raises: AssignmentNotFound, GradebookBroken, Busy.
    """
    return _read(settings, assignment_id, outcomes or {}, server_root)[2]


def _read(
    settings: CourseSettings, assignment_id: str, outcomes: Mapping[str, Outcome], server_root: str | None
) -> tuple[Records, list[SubmissionState], AssignmentRow]:
    if not is_folder_name(assignment_id):
        raise _not_found(assignment_id)
    found = submissions_of(settings, assignment_id)
    records, states = found.records, found.states
    files = assignment_files(settings, assignment_id)
    record = records.assignments.get(assignment_id)
    traces = (files.source, record, files.generated.at, files.released.at, states or None)
    if all(trace is None for trace in traces):
        forget_submissions(settings, assignment_id)
        raise _not_found(assignment_id)
    counts = count_states(states)
    failures: dict[Verb, int] = {}
    for outcome in outcomes.values():
        failures[outcome.verb] = failures.get(outcome.verb, 0) + (outcome.state == "failed")
    row = assignment_row(
        assignment_id,
        files,
        record,
        counts,
        server_root=server_root,
        failures=failures,
        problem=found.problem,
    )
    return records, states, row


def _not_found(assignment_id: str) -> AssignmentNotFound:
    return AssignmentNotFound(
        f"The course has no assignment “{assignment_id}”.", "Check its name in the list of assignments."
    )


def _submission_row(
    student_id: str,
    state: SubmissionState | None,
    records: Records,
    points: Mapping[str, float],
    *,
    max_score: float | None,
    outcome: Outcome | None,
    grading: Outcome | None,
    repaired: bool,
) -> SubmissionRow:
    student = records.students.get(student_id) or StudentRecord(student_id, "", "", "")
    if state is None:
        return SubmissionRow(
            student_id, student.first_name, student.last_name, 0, False, _NONE, _NONE, _NONE,
            max_score=max_score, outcome=outcome, grading=grading, repaired=repaired,
        )  # fmt: skip
    graded = records.notebooks.get(student_id, []) if state.autograded != "none" else []
    return SubmissionRow(
        student_id=student_id,
        first_name=student.first_name,
        last_name=student.last_name,
        attempts=state.attempts,
        waiting=state.waiting,
        autograded=state.autograded,
        feedback_generated=state.feedback_generated,
        feedback_released=state.feedback_released,
        newest_attempt=state.newest.submitted_at if state.newest else None,
        collected_attempt=state.collected_at,
        late_s=state.late_s,
        score=state.score if state.autograded != "none" else None,
        max_score=max_score,
        late_penalty=sum(notebook.late_penalty for notebook in graded),
        needs_manual_grade=state.needs_manual_grade,
        notebooks=[_score(notebook, points) for notebook in graded],
        outcome=outcome,
        grading=grading,
        repaired=repaired,
    )


def _score(notebook: NotebookGrade, points: Mapping[str, float]) -> NotebookScore:
    return NotebookScore(
        notebook.notebook_id,
        notebook.score,
        points.get(notebook.notebook_id, 0.0),
        notebook.manual_cells > 0,
        notebook.row_id,
    )


def _order(row: SubmissionRow) -> tuple[bool, str, str, str]:
    failed = row.outcome is not None and row.outcome.state == "failed"
    return not failed, row.last_name.casefold(), row.first_name.casefold(), row.student_id
