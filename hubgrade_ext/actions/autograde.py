"""autograde: collected submissions become scores; an item is a student."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from hubgrade_ext.actions.items import work_at_once, work_through
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.gradebook_lock import backup_gradebook, patiently
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_notebook_pattern, check_student_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.core.steps import chosen, has_result, submission_states
from hubgrade_ext.grading.at_once import SubmissionsAtOnce
from hubgrade_ext.grading.audit import audit
from hubgrade_ext.grading.recorded import RecordedAssignment, recorded_assignment
from hubgrade_ext.grading.submission import grade_submission
from hubgrade_ext.grading.two_stage import sandboxed


def autograde(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Autograde the chosen students, or all whose collected submission is not graded yet, or all collected.

    Raises: Conflict (never generated), InvalidName, GradebookBroken, Busy.
    """
    settings = course.settings
    check_notebook_pattern(request.notebook)
    recorded = recorded_assignment(settings, request.assignment_id)
    if recorded is None:
        raise Conflict(
            f"{request.assignment_id} is not in the gradebook: it was never generated.",
            "Generate the assignment first.",
        )
    named = None
    if request.students is not None:
        named = sorted({check_student_id(student_id) for student_id in request.students})
    states = patiently(lambda: submission_states(settings, request.assignment_id))
    todo = chosen("autograde", states, request.scope, named)
    # who was named without having a submission is reported, not passed over
    students = [state.student_id for state in todo] if named is None else named
    backups = Backups(settings)
    if any(has_result("autograde", state) for state in todo if state.student_id not in skip):
        backup_gradebook(settings, backups)
    yield from _audited(_grade(course, request, skip, students, recorded, backups), course, request, skip)


def _grade(
    course: Course,
    request: JobRequest,
    skip: frozenset[str],
    students: list[str],
    recorded: RecordedAssignment,
    backups: Backups,
) -> Iterator[Progress]:
    if skip.issuperset(students):
        # nothing is started for nothing
        return
    if sandboxed(course):
        with SubmissionsAtOnce(course, request.assignment_id, request.notebook, recorded, backups) as at_once:
            yield from work_at_once(students, skip, at_once)
        return
    yield from work_through(
        students,
        skip,
        lambda student: grade_submission(
            course, request.assignment_id, student, request.notebook, recorded=recorded, backups=backups
        ),
    )


def _audited(
    steps: Iterator[Progress], course: Course, request: JobRequest, skip: frozenset[str]
) -> Iterator[Progress]:
    """Pass the steps on, the last one with what the audit says."""
    results: dict[str, ItemResult] = {}
    for step in steps:
        if step.result is None:
            yield step
            continue
        results[step.result.item] = step.result
        is_last = step.done == step.total
        summary = _summary(course, request, results, skip) if is_last else ""
        yield structs.replace(step, summary=summary)


def _summary(
    course: Course, request: JobRequest, results: dict[str, ItemResult], earlier: frozenset[str]
) -> str:
    summary = audit(course.settings, request.assignment_id, results, earlier)
    bare = sum(result.isolation == "none" for result in results.values())
    return f"{summary} Nothing walled in the code of {bare} of them." if bare else summary
