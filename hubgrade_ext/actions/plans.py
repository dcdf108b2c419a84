"""What a job would do, for the dialog before it; without nbgrader, for the server's process.

*New* items have no earlier result, *replaced* ones overwrite one, *unchanged*
ones would be passed over. What is replaced is kept in the backups.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from datetime import timedelta

from msgspec import structs

from hubgrade_ext.actions.repair_plan import plan_repair
from hubgrade_ext.core.assignment_files import AssignmentFiles, assignment_files
from hubgrade_ext.core.errors import AssignmentNotFound, InvalidRequest
from hubgrade_ext.core.folders import is_folder_name
from hubgrade_ext.core.gate_verdicts import known_gate
from hubgrade_ext.core.gradebook import Records, read_gradebook
from hubgrade_ext.core.inbound import newest_whole, scan_inbound
from hubgrade_ext.core.models import PER_STUDENT, JobRequest, Plan, StepState, Verb
from hubgrade_ext.core.names import check_notebook_pattern, check_student_id
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import (
    SubmissionState,
    chosen,
    has_result,
    is_possible,
    is_remaining,
    states_from,
)

BACKUP = ".hubgrade/backups"
_NAMES_SHOWN = 5


def plan(settings: CourseSettings, request: JobRequest) -> Plan:
    """Return what the verb would do now; nothing is changed.

    Raises: AssignmentNotFound, InvalidRequest (students without a trace in the course), InvalidName,
        GradebookBroken, ExchangeBroken, Busy.
    """
    check_notebook_pattern(request.notebook)
    _require(is_folder_name(request.assignment_id), request, "is not in this course")
    if request.verb in PER_STUDENT:
        return _plan_students(settings, request)
    if settings.root is None or request.verb in ("fetch_assignment", "submit", "fetch_feedback"):
        return Plan(request.verb, request.assignment_id, 1, 1, 0, 0)
    return _plan_assignment(settings, request)


# --- verbs on the assignment itself ------------------------------------------


def _plan_assignment(settings: CourseSettings, request: JobRequest) -> Plan:
    files = assignment_files(settings, request.assignment_id)
    states = _states(settings, request, read_gradebook(settings, request.assignment_id))
    handed_in = sum(state.newest is not None or state.collected for state in states)
    if request.verb == "generate_assignment":
        _require(files.source is not None, request, "has no folder in the source folder of the course")
        warnings = [_submitted_already(handed_in)] if handed_in and files.generated.state != "none" else []
        return _once(request, files.generated.state, warnings)
    if request.verb == "release_assignment":
        _require(
            files.source is not None or files.generated.state != "none", request, "is not in this course"
        )
        once = _once(request, files.released.state, _release_warnings(request, files))
        return structs.replace(once, gate=known_gate(settings, request.assignment_id))
    if request.verb == "check_assignment":
        _require(files.generated.state != "none", request, "is not generated yet")
        return Plan(request.verb, request.assignment_id, total=1, new=1, replaced=0, unchanged=0)
    _require(files.released.state != "none" or not settings.default_exchange, request, "is not released")
    warnings = ["Students will no longer find the assignment; what they have fetched or submitted stays."]
    if handed_in:
        warnings.append(f"{_count(handed_in, 'student has', 'students have')} submitted already.")
    return Plan("unrelease", request.assignment_id, 1, 0, 1, 0, BACKUP, request.assignment_id, warnings)


def _once(request: JobRequest, state: StepState, warnings: list[str]) -> Plan:
    new = int(state == "none")
    unchanged = int(state == "current" and request.scope == "remaining")
    return Plan(
        request.verb,
        request.assignment_id,
        total=1,
        new=new,
        replaced=1 - new - unchanged,
        unchanged=unchanged,
        backup=None if new or unchanged else BACKUP,
        warnings=warnings,
    )


def _submitted_already(count: int) -> str:
    return (
        f"{_count(count, 'student has', 'students have')} submitted already: "
        "changed or removed cells will not fit what was handed in."
    )


def _release_warnings(request: JobRequest, files: AssignmentFiles) -> list[str]:
    if files.generated.state == "none":
        return [f"{request.assignment_id} is not generated yet."]
    if files.generated.state == "outdated":
        return [f"The source of {request.assignment_id} is newer than what was generated from it."]
    return []


def _require(condition: bool, request: JobRequest, fault: str) -> None:
    if not condition:
        raise AssignmentNotFound(
            f"“{request.assignment_id}” {fault}.", "Check its name in the list of assignments."
        )


# --- verbs on submissions ----------------------------------------------------


def _plan_students(settings: CourseSettings, request: JobRequest) -> Plan:
    records = read_gradebook(settings, request.assignment_id)
    states = _states(settings, request, records)
    if not states and request.assignment_id not in records.assignments:
        files = assignment_files(settings, request.assignment_id)
        known = files.source is not None or files.generated.at is not None or files.released.at is not None
        _require(known, request, "is not in this course")
    _check_students(request, records, states)
    if request.verb in ("repair", "undo_repair"):
        return plan_repair(settings, request, states)
    todo = chosen(request.verb, states, request.scope, request.students)
    if request.verb == "collect":
        todo = _to_collect(settings, request, records, todo, states)
    if request.verb == "generate_feedback" and request.scope == "remaining" and request.students is None:
        todo = [state for state in todo if not state.needs_manual_grade]
    replaced = sum(has_result(request.verb, state) for state in todo)
    possible = sum(is_possible(request.verb, state) for state in states)
    total = len(set(request.students)) if request.students is not None else possible
    return Plan(
        request.verb,
        request.assignment_id,
        total=total,
        new=len(todo) - replaced,
        replaced=replaced,
        unchanged=total - len(todo),
        # released feedback is made anew from the course at any time: nothing is lost with it
        backup=BACKUP if replaced and request.verb != "release_feedback" else None,
        warnings=_WARNINGS[request.verb](request, records, states, todo),
    )


def _states(settings: CourseSettings, request: JobRequest, records: Records) -> list[SubmissionState]:
    return states_from(settings, request.assignment_id, records)


def _check_students(request: JobRequest, records: Records, states: Sequence[SubmissionState]) -> None:
    known = {*records.students, *(state.student_id for state in states)}
    unknown = [check_student_id(student) for student in request.students or () if student not in known]
    if unknown:
        more = f" and {len(unknown) - _NAMES_SHOWN} more" if len(unknown) > _NAMES_SHOWN else ""
        raise InvalidRequest(
            f"Not in the course, and nothing submitted: {', '.join(unknown[:_NAMES_SHOWN])}{more}.",
            "Check the names of the students.",
        )


def _to_collect(
    settings: CourseSettings,
    request: JobRequest,
    records: Records,
    todo: list[SubmissionState],
    states: Sequence[SubmissionState],
) -> list[SubmissionState]:
    """Narrow down to what a collection up to the due date would change: it may go back to an earlier attempt.

    Source: nbgrader 0.9.6 `ExchangeCollect.copy_files`.
    """
    assignment = records.assignments.get(request.assignment_id)
    due_date = assignment.due_date if assignment else None
    if not request.before_due_date or due_date is None or request.scope == "all" or request.students:
        return todo
    attempts = scan_inbound(settings, request.assignment_id).get(request.assignment_id, {})
    submissions = records.submissions.get(request.assignment_id, {})
    found = []
    for state in states:
        record = submissions.get(state.student_id)
        until = due_date + timedelta(seconds=record.extension_s if record else 0.0)
        wanted = newest_whole(settings, attempts.get(state.student_id, ()), until)
        if wanted is not None and wanted.submitted_at != state.collected_at:
            found.append(state)
    return found


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _collect_warnings(
    request: JobRequest,
    records: Records,
    states: Sequence[SubmissionState],
    todo: Sequence[SubmissionState],
) -> list[str]:
    late = sum(state.late_s > 0 for state in todo)
    regrade = sum(state.waiting and state.autograded != "none" for state in todo)
    warnings = [f"{_count(late, 'submission is', 'submissions are')} late."] if late else []
    if regrade:
        were = _count(regrade, "submission was", "submissions were")
        warnings.append(f"{were} graded already and will need grading again.")
    return warnings


def _autograde_warnings(
    request: JobRequest,
    records: Records,
    states: Sequence[SubmissionState],
    todo: Sequence[SubmissionState],
) -> list[str]:
    warnings = []
    if request.assignment_id not in records.assignments:
        warnings.append(f"{request.assignment_id} is not generated: it cannot be graded yet.")
    waiting = sum(state.waiting for state in todo)
    if waiting:
        warnings.append(
            f"{_count(waiting, 'student has', 'students have')} a newer submission that is not collected yet."
        )
    return warnings + _no_such_notebook(request, records)


def _feedback_warnings(
    request: JobRequest,
    records: Records,
    states: Sequence[SubmissionState],
    todo: Sequence[SubmissionState],
) -> list[str]:
    manual = sum(state.needs_manual_grade for state in states if is_remaining(request.verb, state))
    if request.students is not None or request.scope == "all":
        manual = sum(state.needs_manual_grade for state in todo)
        outcome = ""
    else:
        outcome = ", and is left out" if manual == 1 else ", and are left out"
    warnings = []
    if manual:
        warnings.append(
            f"{_count(manual, 'student still has', 'students still have')} cells to grade by hand{outcome}."
        )
    old = sum(state.autograded == "outdated" for state in todo)
    if old:
        warnings.append(f"{_count(old, 'grade is', 'grades are')} of an earlier submission.")
    return warnings + _no_such_notebook(request, records)


def _release_feedback_warnings(
    request: JobRequest,
    records: Records,
    states: Sequence[SubmissionState],
    todo: Sequence[SubmissionState],
) -> list[str]:
    warnings = []
    manual = sum(state.needs_manual_grade for state in todo)
    if manual:
        students = _count(manual, "student still has", "students still have")
        warnings.append(f"{students} cells to grade by hand; they will see a grade that is not final.")
    old = sum(state.feedback_generated == "outdated" for state in todo)
    if old:
        warnings.append(f"{_count(old, 'feedback is', 'feedbacks are')} older than the grades.")
    return warnings


def _no_such_notebook(request: JobRequest, records: Records) -> list[str]:
    assignment = records.assignments.get(request.assignment_id)
    names = [notebook.notebook_id for notebook in assignment.notebooks] if assignment else []
    if names and not any(fnmatch.fnmatchcase(name, request.notebook) for name in names):
        return [f"No notebook of {request.assignment_id} is called “{request.notebook}”."]
    return []


_Warn = Callable[[JobRequest, Records, Sequence[SubmissionState], Sequence[SubmissionState]], list[str]]
_WARNINGS: dict[Verb, _Warn] = {
    "collect": _collect_warnings,
    "autograde": _autograde_warnings,
    "generate_feedback": _feedback_warnings,
    "release_feedback": _release_feedback_warnings,
}
