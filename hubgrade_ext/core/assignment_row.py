"""One assignment as pages show it, put together from its files, its records and its counts."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime

from hubgrade_ext.core.assignment_files import AssignmentFiles
from hubgrade_ext.core.counts import Counts
from hubgrade_ext.core.errors import HubgradeError, InvalidName
from hubgrade_ext.core.folders import server_path
from hubgrade_ext.core.gradebook import AssignmentRecord
from hubgrade_ext.core.models import AssignmentRow, ErrorBody, Gate, NextStep, NotebookRef, StepCount, Verb
from hubgrade_ext.core.names import check_assignment_id
from hubgrade_ext.core.next_step import next_step

# how many submissions' newest try failed, for each verb
Failures = Mapping[Verb, int]


def assignment_row(
    assignment_id: str,
    files: AssignmentFiles,
    record: AssignmentRecord | None,
    counts: Counts,
    *,
    server_root: str | None,
    failures: Failures,
    problem: HubgradeError | None,
    gate: Gate | None = None,
) -> AssignmentRow:
    """Return the row; `problem` is what keeps the assignment from being seen whole, if something does."""
    due_date = record.due_date if record else None
    notebooks = _notebooks(files, record, server_root)
    return AssignmentRow(
        assignment_id=assignment_id,
        notebooks=notebooks,
        next_step=_next_step(files, due_date, counts, failures, has_notebooks=bool(notebooks)),
        generated=files.generated,
        released=files.released,
        submitted=counts.submitted,
        late=counts.late,
        has_source=files.source is not None,
        max_score=record.max_score if record and record.notebooks else None,
        due_date=due_date,
        source_modified=files.source_modified,
        mean_score=counts.score_sum / counts.autograded if counts.autograded else None,
        server_path=server_path(files.source, server_root) if files.source else None,
        problem=_problem(assignment_id, problem),
        gate=gate,
        **_steps(counts, failures),
    )


def _next_step(
    files: AssignmentFiles,
    due_date: datetime | None,
    counts: Counts,
    failures: Failures,
    *,
    has_notebooks: bool,
) -> NextStep:
    return next_step(
        has_source=files.source is not None and has_notebooks,
        generated=files.generated.state,
        released=files.released.state,
        due_date=due_date,
        now=datetime.now(UTC),
        submitted=counts.submitted,
        collect_left=counts.collect_left,
        autograde_left=counts.autograde_left,
        autograde_failed=failures.get("autograde", 0),
        manual_left=counts.manual_left,
        feedback_left=counts.feedback_left,
        release_left=counts.release_left,
    )


def _steps(counts: Counts, failures: Failures) -> dict[str, StepCount]:
    def step(verb: Verb, done: int, total: int, remaining: int) -> StepCount:
        return StepCount(done, total, remaining, min(failures.get(verb, 0), total))

    c = counts
    return {
        "collected": step("collect", c.submitted - c.collect_left, c.submitted, c.collect_left),
        "autograded": step("autograde", c.collected - c.autograde_left, c.collected, c.autograde_left),
        "manual": StepCount(c.autograded - c.manual_left, c.autograded, c.manual_left),
        "feedback_generated": step("generate_feedback", c.feedback, c.autograded, c.feedback_left),
        "feedback_released": step("release_feedback", c.released, c.feedback_any, c.release_left),
    }


def _notebooks(
    files: AssignmentFiles, record: AssignmentRecord | None, server_root: str | None
) -> list[NotebookRef]:
    points = {notebook.notebook_id: notebook.max_score for notebook in record.notebooks} if record else {}
    names = files.notebook_ids or sorted(points)
    base = server_path(files.source, server_root) if files.source else None

    def where(name: str) -> str | None:
        return None if base is None else posixpath.join(base, f"{name}.ipynb")

    return [NotebookRef(name, points.get(name), where(name)) for name in names]


def _problem(assignment_id: str, problem: HubgradeError | None) -> ErrorBody | None:
    try:
        normal = check_assignment_id(assignment_id)
    except InvalidName as error:
        return ErrorBody(error.code, error.message, error.remedy, error.suggestion)
    if normal != assignment_id:
        return ErrorBody(
            InvalidName.code,
            "The assignment's name is spelt with accents apart from their letters, as some archives do.",
            f"Rename its folder, typing the name anew: {normal}",
            normal,
        )
    return ErrorBody(problem.code, problem.message, problem.remedy) if problem else None
