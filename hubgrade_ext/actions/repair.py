"""repair and undo_repair: put collected submissions right, or back, and regrade; an item is a student."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import structs

from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import Conflict, CourseBroken, HubgradeError
from hubgrade_ext.core.failures import Explanation, unexpected
from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.core.names import check_student_id
from hubgrade_ext.core.repairs import read_repair, repaired_students, undone_students
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import submission_states
from hubgrade_ext.grading.comparison import Released
from hubgrade_ext.grading.recorded import RecordedAssignment, recorded_assignment
from hubgrade_ext.grading.repair import forget_undone, mend, planned_repairs, take_back
from hubgrade_ext.grading.submission import failed, refusal

# what is changed in a student's submission, a sentence each, or the result that ends the work on it
Changed = list[str] | ItemResult


def repair(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Rename notebooks and restore deleted cells of the chosen students', or of all, and grade those again.

    Raises: Conflict (never generated), InvalidName, GradebookBroken, Busy.
    """
    settings, assignment_id = course.settings, request.assignment_id
    recorded = _recorded(course, assignment_id)
    released = Released(settings.path(settings.release_directory, ".", assignment_id))

    def change(student_id: str) -> Changed:
        submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
        refused = refusal(submitted, assignment_id, student_id)
        if refused is not None:
            return failed(student_id, refused)
        changes = mend(settings, assignment_id, student_id, recorded, released)
        if changes:
            return changes
        # mended by an attempt that was cut short before it had graded
        earlier = read_repair(settings, assignment_id, student_id)
        if earlier is not None:
            return earlier.changes
        return ItemResult(
            student_id, "skipped", "nothing_to_repair", "There is nothing in it that can be put right here."
        )

    if request.students is None:
        states = patiently(lambda: submission_states(settings, assignment_id))
        collected = {
            state.student_id: settings.path(settings.submitted_directory, state.student_id, assignment_id)
            for state in states
            if state.collected
        }
        students = [
            name
            for name, folder in collected.items()
            if planned_repairs(folder, recorded, released) or _awaits_grading(settings, assignment_id, name)
        ]
    else:
        students = _named(request)
    yield from _change_and_grade(course, request, skip, students, change)


def undo_repair(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Put the chosen students' submissions, or all repaired ones, back as collected, and grade them again.

    Raises: Conflict (never generated), InvalidName, GradebookBroken, Busy.
    """
    settings, assignment_id = course.settings, request.assignment_id
    _recorded(course, assignment_id)
    backups = Backups(settings)
    if request.students is None:
        # also those that an attempt put back, and was cut short before it had graded them
        students = sorted(
            repaired_students(settings, assignment_id) | undone_students(settings, assignment_id)
        )
    else:
        students = _named(request)

    def change(student_id: str) -> Changed:
        undone = take_back(settings, assignment_id, student_id, backups)
        if undone:
            return undone
        return ItemResult(
            student_id,
            "skipped",
            "nothing_to_undo",
            f"There is no repair of {student_id}'s submission of {assignment_id} to undo.",
            "It was never repaired, or has been collected anew since.",
        )

    for step in _change_and_grade(course, request, skip, students, change):
        if step.result is not None:
            with suppress(CourseBroken):  # then the next undoing grades it once more
                forget_undone(settings, assignment_id, step.result.item)
        yield step


def _recorded(course: Course, assignment_id: str) -> RecordedAssignment:
    recorded = recorded_assignment(course.settings, assignment_id)
    if recorded is None:
        raise Conflict(
            f"{assignment_id} is not in the gradebook: it was never generated.",
            "Generate the assignment first.",
        )
    return recorded


def _awaits_grading(settings: CourseSettings, assignment_id: str, student_id: str) -> bool:
    """Say whether a submission was mended, and not graded since: the attempt that did it was cut short."""
    done = read_repair(settings, assignment_id, student_id)
    graded = settings.path(settings.autograded_directory, student_id, assignment_id)
    return done is not None and not (graded.is_dir() and graded.stat().st_mtime >= done.at.timestamp())


def _named(request: JobRequest) -> list[str]:
    return sorted({check_student_id(student_id) for student_id in request.students or ()})


def _change_and_grade(
    course: Course,
    request: JobRequest,
    skip: frozenset[str],
    students: list[str],
    change: Callable[[str], Changed],
) -> Iterator[Progress]:
    """Change all submissions first, then grade those that were changed, many at once."""
    total = len(skip.union(students))
    ended = set(skip)
    changed: dict[str, str] = {}
    for student_id in students:
        if student_id in skip:
            continue
        yield Progress(len(ended), total, current=student_id)
        try:
            came = change(student_id)
        except HubgradeError as error:
            came = _kept(student_id, Explanation(error.code, error.message, error.remedy))
        except Exception as error:  # noqa: BLE001  one submission, whatever is in it, never stops the others
            came = _kept(student_id, unexpected(Failure(error), f"The repair of {student_id}"))
        if isinstance(came, ItemResult):
            ended.add(student_id)
            yield Progress(len(ended), total, result=came)
        else:
            changed[student_id] = " ".join(came)
    if changed:
        wanted = structs.replace(request, students=sorted(changed), notebook="*")
        for step in autograde(course, wanted, frozenset(ended)):
            yield _told(step, changed)


def _kept(student_id: str, why: Explanation) -> ItemResult:
    """Report a submission that could not be changed, and so is graded as it was."""
    return structs.replace(failed(student_id, why), kept=True)


def _told(step: Progress, changed: dict[str, str]) -> Progress:
    result = step.result
    if result is None:
        return step
    message = f"{result.message} {changed[result.item]}".strip()
    return structs.replace(step, result=structs.replace(result, message=message))
