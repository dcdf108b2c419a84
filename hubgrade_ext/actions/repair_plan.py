"""What repairing submissions, or undoing it, would change; without nbgrader, for the server's process."""

from __future__ import annotations

from collections.abc import Sequence

from hubgrade_ext.core.models import JobRequest, Plan
from hubgrade_ext.core.repairs import read_repair, read_undone
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import SubmissionState
from hubgrade_ext.grading.comparison import Released
from hubgrade_ext.grading.recorded import recorded_assignment
from hubgrade_ext.grading.repair import planned_repairs

_SHOWN = 8


def plan_repair(settings: CourseSettings, request: JobRequest, states: Sequence[SubmissionState]) -> Plan:
    """Return the plan of `repair` or `undo_repair`: its warnings say, a student each, what changes.

    Raises: GradebookBroken, Busy.
    """
    wanted = [
        state.student_id
        for state in states
        if state.collected and (request.students is None or state.student_id in request.students)
    ]
    changes = (
        _repairs(settings, request, wanted)
        if request.verb == "repair"
        else _undone(settings, request, wanted)
    )
    said = [f"{student_id}: {sentence}" for student_id, some in changes.items() for sentence in some]
    if len(said) > _SHOWN:
        said = [*said[:_SHOWN], f"… and {len(said) - _SHOWN} more changes."]
    nothing = (
        "There is nothing in it that can be put right here."
        if request.verb == "repair"
        else "There is no repair of it to undo."
    )
    total = len(wanted) if request.students is None else len(set(request.students))
    return Plan(
        request.verb,
        request.assignment_id,
        total=total,
        new=0,
        replaced=len(changes),
        unchanged=total - len(changes),
        warnings=said or [nothing],
    )


def _repairs(settings: CourseSettings, request: JobRequest, students: list[str]) -> dict[str, list[str]]:
    recorded = recorded_assignment(settings, request.assignment_id)
    if recorded is None:
        return {}
    released = Released(settings.path(settings.release_directory, ".", request.assignment_id))
    found = {
        student_id: planned_repairs(
            settings.path(settings.submitted_directory, student_id, request.assignment_id), recorded, released
        )
        for student_id in students
    }
    return {student_id: changes for student_id, changes in found.items() if changes}


def _undone(settings: CourseSettings, request: JobRequest, students: list[str]) -> dict[str, list[str]]:
    assignment_id = request.assignment_id
    repairs = {
        name: read_repair(settings, assignment_id, name) or read_undone(settings, assignment_id, name)
        for name in students
    }
    return {name: repair.undoing for name, repair in repairs.items() if repair is not None}
