"""The page with all assignments of a course."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hubgrade_ext.core.assignment_files import AssignmentFiles, all_assignment_files
from hubgrade_ext.core.assignment_row import Failures, assignment_row
from hubgrade_ext.core.counts import Counts
from hubgrade_ext.core.course_counter import course_counts
from hubgrade_ext.core.gate_verdicts import gate_remark
from hubgrade_ext.core.models import AssignmentRow, AssignmentsPage, CourseRef, Step
from hubgrade_ext.core.settings import CourseSettings

_NOWHERE = AssignmentFiles(None, [], None, Step("none"), Step("none"))
_LAST = datetime.max.replace(tzinfo=UTC)


def assignments_page(
    settings: CourseSettings,
    course: CourseRef,
    server_root: str | None = None,
    failures: Mapping[str, Failures] | None = None,
) -> AssignmentsPage:
    """Return every assignment that has a trace anywhere: by due date, then by name.

    `failures` is assignment → verb → number of submissions whose newest try failed.

    Raises: GradebookBroken, Busy.
    Source: nbgrader 0.9.6 `NbGraderAPI.get_assignments`, which knows those in source/ alone.
    """
    counted = course_counts(settings)
    files = all_assignment_files(settings)
    names = {*files, *counted.records.assignments, *counted.assignments}
    rows = [
        assignment_row(
            name,
            files.get(name, _NOWHERE),
            counted.records.assignments.get(name),
            counted.assignments.get(name, Counts()),
            server_root=server_root,
            failures=(failures or {}).get(name, {}),
            problem=counted.problem,
            gate=gate_remark(settings, name),
        )
        for name in names
    ]
    return AssignmentsPage(course, len(counted.records.students), sorted(rows, key=_order))


def _order(row: AssignmentRow) -> tuple[datetime, str]:
    return row.due_date or _LAST, row.assignment_id
