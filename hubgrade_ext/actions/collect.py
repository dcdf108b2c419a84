"""Collect what students submitted."""

from __future__ import annotations

from collections.abc import Iterator

from hubgrade_ext.actions.each_item import each_item
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.inbound import Attempt
from hubgrade_ext.core.models import ItemResult, ItemState, JobRequest, Progress
from hubgrade_ext.core.names import check_assignment_id, check_student_id
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.exchange.collection import Candidate, collect_one, collected_at, plan
from hubgrade_ext.exchange.plugged_collection import collect_staged, list_inbound


def collect(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    """Collect the newest whole attempt of each student (the items); earlier copies go to the backups.

    Raises: ExchangeBroken (no inbound folder), GradebookBroken, InvalidName.
    """
    check_assignment_id(request.assignment_id)
    for student_id in request.students or ():
        check_student_id(student_id)
    backups = Backups(course.settings)
    if not course.settings.default_exchange:
        yield from _collect_plugged(course, request, skip, backups)
        return
    candidates = {candidate.student_id: candidate for candidate in plan(course, request)}

    def work(student_id: str) -> ItemResult:
        candidate = candidates[student_id]
        if candidate.attempt is None:
            return _nothing(candidate)
        told = collect_one(course, candidate.attempt, backups)
        if candidate.cut_short:
            told.append(
                f"A later submission ({_when(candidate.cut_short)}) was cut short; this is the one before."
            )
        return ItemResult(student_id, "done", message=" ".join(told))

    yield from each_item(list(candidates), skip, work)


def _nothing(candidate: Candidate) -> ItemResult:
    student_id, cut_short = candidate.student_id, candidate.cut_short
    if cut_short is None:
        return ItemResult(student_id, "skipped", "no_submission", "Nothing has been submitted.")
    state: ItemState = "skipped" if candidate.collected else "failed"
    if candidate.unreadable:
        return ItemResult(
            student_id,
            state,
            "submission_unreadable",
            f"The submission of {_when(cut_short)} cannot be read: its owner does not allow it.",
            "Ask the student to submit again, with nbgrader.",
        )
    kept = " What was collected before is still there." if candidate.collected else ""
    return ItemResult(
        student_id,
        state,
        "submission_cut_short",
        f"The submission of {_when(cut_short)} was cut short: it has no timestamp.txt.{kept}",
        "If it is not just being submitted, ask the student to submit again; then collect again.",
    )


def _when(attempt: Attempt) -> str:
    return attempt.submitted_at.strftime("%Y-%m-%d %H:%M UTC")


def _collect_plugged(
    course: Course, request: JobRequest, skip: frozenset[str], backups: Backups
) -> Iterator[Progress]:
    """Collect student by student where the plug-in can list them, else all in one go."""
    assignment_id = request.assignment_id
    again = request.scope == "all" or request.students is not None
    listed = list_inbound(course, assignment_id)
    if listed is None and request.students is None:
        yield Progress(0, 0, current="*")
        found = collect_staged(
            course, assignment_id, "*", backups, again=again, before_due_date=request.before_due_date
        )
        for done, student_id in enumerate(found, 1):
            yield Progress(done, len(found), result=ItemResult(student_id, "done"))
        return
    students = sorted(set(request.students) if request.students is not None else listed or ())
    if listed and not again and not request.before_due_date:
        have = {
            student_id: collected_at(course.settings, student_id, assignment_id) for student_id in students
        }
        students = [s for s in students if not ((new := listed[s]) and (old := have[s]) and new <= old)]

    def work(student_id: str) -> ItemResult:
        check_student_id(student_id)
        found = collect_staged(
            course, assignment_id, student_id, backups, again=again, before_due_date=request.before_due_date
        )
        if student_id in found:
            return ItemResult(student_id, "done")
        return ItemResult(student_id, "skipped", "no_submission", "The exchange has nothing newer.")

    yield from each_item(students, skip, work)
