"""The release gate: before students get an assignment, its own solution is graded as theirs will be.

The solution, twice, and the version for students go through the real grading
path, sandbox included, in a scratch course. Then, for each autograded cell:

solution   full marks in both runs, or the verdict is bad
released   not full marks in all of them together, or the verdict is bad; a single one is worth a note

An import that fails is named even when no test noticed. What goes wrong with
the grading itself (no room, a worker lost, a fault of ours) is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CheckUnfinished
from hubgrade_ext.core.failures import explain, unexpected
from hubgrade_ext.core.models import GateFinding, GateVerdict, ItemResult, NotebookOutcome
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.grading.at_once import SubmissionsAtOnce
from hubgrade_ext.grading.gate_marks import (
    AutoCell,
    RaisedError,
    auto_cells,
    auto_scores,
    labels,
    raised_errors,
)
from hubgrade_ext.grading.gate_scratch import (
    AGAIN,
    RELEASED,
    SOLUTION,
    hand_in_released,
    hand_in_solution,
    scratch_course,
)
from hubgrade_ext.grading.recorded import RecordedAssignment, recorded_assignment
from hubgrade_ext.grading.submission import grade_submission
from hubgrade_ext.grading.two_stage import sandboxed

GENERATE_AGAIN = "Generate the assignment again."
# what may be said of a solution, too, whose points count in full
_HARMLESS = ("graded", "hidden_tests_shown", "locked_cells_changed", "notebook_duplicated")
_OTHER_CELLS = ("cells_tampered", "cells_deleted", "notebook_missing", "notebook_renamed")
# what comes from the grading, whatever the solution is
_NOT_ITS_OWN = frozenset(
    {
        "busy", "cancelled", "cluster_lost", "cluster_unfit", "course_broken", "disk_full",
        "gradebook_broken", "gradebook_locked", "gradebook_unreachable", "internal_error",
        "isolation_unavailable", "kernel_start_failed", "not_writable", "worker_lost",
    }
)  # fmt: skip


def check_release(course: Course, assignment_id: str) -> GateVerdict:
    """Grade the solution and the version for students; the course stays as it is.

    Raises: CheckUnfinished, CourseBroken (no room, no permission), GradebookBroken, Busy,
        IsolationUnavailable.
    """
    settings = course.settings
    recorded = recorded_assignment(settings, assignment_id)
    if recorded is None:
        message = "It is not in the gradebook, so submissions could not be autograded."
        return _judged([], [GateFinding("not_generated", assignment_id, message, GENERATE_AGAIN)])
    if not settings.path(settings.source_directory, ".", assignment_id).is_dir():
        message = f"There is no {settings.source_directory}/{assignment_id}, so its solution cannot be tried."
        return _judged([], [GateFinding("no_source", assignment_id, message, "Put its source back there.")])
    cells = auto_cells(settings, assignment_id)
    with scratch_course(course, assignment_id) as scratch:
        solutions = [SOLUTION, AGAIN] if cells else [SOLUTION]
        failure = hand_in_solution(scratch, assignment_id, solutions)
        if failure is not None:
            why = explain(failure) or unexpected(failure, f"Preparing the solution of {assignment_id}")
            where = failure.notebook or assignment_id
            _require_own(why.code, why.message, why.remedy)
            return _judged(cells, [GateFinding(why.code, where, why.message, why.remedy)])
        if cells:
            hand_in_released(scratch, assignment_id)
        students = [*solutions, RELEASED] if cells else solutions
        results = _grade(scratch, assignment_id, recorded, students)
        return _Trial(scratch, assignment_id, cells, results).verdict()


def _grade(
    scratch: Course, assignment_id: str, recorded: RecordedAssignment, students: list[str]
) -> dict[str, ItemResult]:
    """Grade as the autograde job does; return what became of each."""
    backups = Backups(scratch.settings)
    results: list[ItemResult] = []
    if sandboxed(scratch):
        with SubmissionsAtOnce(scratch, assignment_id, "*", recorded, backups) as at_once:
            for student in students:
                ended = at_once.begin(student)
                results += [ended] if ended else []
            while at_once.under_way:
                results += at_once.ended(wait=True)
    else:
        results += [
            grade_submission(scratch, assignment_id, student, "*", recorded=recorded, backups=backups)
            for student in students
        ]
    return {result.item: result for result in results}


def _require_own(code: str, message: str, remedy: str) -> None:
    if code in _NOT_ITS_OWN:
        raise CheckUnfinished(message, remedy)


def _judged(
    cells: list[AutoCell], findings: list[GateFinding], released_score: float | None = None
) -> GateVerdict:
    return GateVerdict(
        state="failed" if any(finding.fails for finding in findings) else "passed",
        checked_at=datetime.now(UTC),
        cells=len(cells),
        max_score=sum(cell.max_score for cell in cells),
        released_score=released_score,
        findings=sorted(findings, key=lambda finding: not finding.fails),
    )


class _Trial:
    """The graded submissions of one scratch course, looked at."""

    def __init__(
        self, scratch: Course, assignment_id: str, cells: list[AutoCell], results: dict[str, ItemResult]
    ) -> None:
        settings = scratch.settings
        for result in results.values():
            for _, one in _outcomes(result):
                _require_own(one.code, one.message, one.remedy)
        self.results = results
        self.scores = auto_scores(settings, assignment_id)
        self.assignment_id = assignment_id
        folders = {
            student: settings.path(settings.autograded_directory, student, assignment_id)
            for student in results
        }
        self.errors = {student: list(raised_errors(folder)) for student, folder in folders.items()}
        self.labels = labels(settings.path(settings.source_directory, ".", assignment_id))
        order = {key: number for number, key in enumerate(self.labels)}
        self.cells = sorted(cells, key=lambda cell: order.get((cell.notebook_id, cell.grade_id), len(order)))

    def verdict(self) -> GateVerdict:
        """Say whether the solution is right, and the version for students is not."""
        findings = [*self._not_graded(), *self._imports(), *self._solution(), *self._released()]
        if not self.cells:
            message = "No cell is autograded, so there is nothing that the solution could fail."
            findings.append(GateFinding("nothing_autograded", self.assignment_id, message, fails=False))
        released = self._total(RELEASED) if self.cells and self._is_graded(RELEASED) else None
        return _judged(self.cells, findings, released)

    def _is_graded(self, student: str) -> bool:
        return self.results[student].state == "done"

    def _score(self, student: str, cell: AutoCell) -> float:
        return self.scores.get(student, {}).get((cell.notebook_id, cell.grade_id), 0.0)

    def _total(self, student: str) -> float:
        return sum(self._score(student, cell) for cell in self.cells)

    def _where(self, cell: AutoCell) -> str:
        return self.labels.get(
            (cell.notebook_id, cell.grade_id), f"{cell.notebook_id}.ipynb, the cell {cell.grade_id}"
        )

    def _not_graded(self) -> Iterator[GateFinding]:
        """Yield why the solution could not be graded at all, or not whole."""
        for student in (SOLUTION, AGAIN):
            outcomes = list(_outcomes(self.results[student])) if student in self.results else []
            for notebook, outcome in outcomes:
                said = outcome.message.removeprefix(f"{notebook}: ")  # `where` names it
                message, remedy = f"The solution: {said}", outcome.remedy
                if outcome.code in _OTHER_CELLS:
                    message = "Its source has other nbgrader cells or notebooks than were generated."
                    remedy = GENERATE_AGAIN
                yield GateFinding(outcome.code, notebook or self.assignment_id, message, remedy)
            if outcomes:
                return

    def _imports(self) -> Iterator[GateFinding]:
        named = set()
        for error in self.errors[SOLUTION]:
            if error.module and not error.expected and error.module not in named:
                named.add(error.module)
                yield GateFinding(
                    "import_missing",
                    error.label,
                    f"“import {error.module}” fails: that module is not there when submissions are graded.",
                    f"Install {error.module} for the kernel of the notebook, or do without it.",
                )

    def _solution(self) -> Iterator[GateFinding]:
        if not all(self._is_graded(student) for student in (SOLUTION, AGAIN) if student in self.results):
            return
        for cell in self.cells:
            first, second = (self._score(student, cell) for student in (SOLUTION, AGAIN))
            if min(first, second) >= cell.max_score:
                continue
            worse = SOLUTION if first <= second else AGAIN
            reason = self._reason(worse, cell)
            if max(first, second) >= cell.max_score:
                yield GateFinding(
                    "solution_unsteady",
                    self._where(cell),
                    f"Of two runs of the solution only one gets full marks{reason}.",
                    "Make test and solution give the same every time: set the seed, or allow a tolerance.",
                )
            else:
                yield GateFinding(
                    "solution_fails",
                    self._where(cell),
                    f"The solution gets {min(first, second):g} of {_points(cell.max_score)}{reason}.",
                    "Correct the solution or the test, and generate again.",
                )

    def _reason(self, student: str, cell: AutoCell) -> str:
        """Return what the test said, and which earlier cell had raised what; it ends a sentence."""
        here = [error for error in self.errors[student] if error.notebook_id == cell.notebook_id]
        own = next((error for error in here if error.grade_id == cell.grade_id), None)
        tests = {(each.notebook_id, each.grade_id) for each in self.cells}
        earlier = next((e for e in here if (e.notebook_id, e.grade_id) not in tests and not e.expected), None)
        parts = [own.said] if own else []
        if earlier is not None and (own is None or here.index(earlier) < here.index(own)):
            parts.append(f"{_in_notebook(earlier)} raised {earlier.said}")
        return f" ({'; '.join(parts)})" if parts else ""

    def _released(self) -> Iterator[GateFinding]:
        if RELEASED not in self.results or not self._is_graded(RELEASED):
            return
        free = [cell for cell in self.cells if self._score(RELEASED, cell) >= cell.max_score]
        all_of_it = len(free) == len(self.cells)
        for cell in free:
            share = "the whole assignment gets full marks" if all_of_it else "this test passes"
            yield GateFinding(
                "passes_unsolved",
                self._where(cell),
                f"As handed out, without any work, {share}: {_points(cell.max_score)} for nothing.",
                "Let it test what the student is to write, and generate again.",
                fails=all_of_it,
            )


def _outcomes(result: ItemResult) -> Iterator[tuple[str, NotebookOutcome]]:
    """Yield what was not well with a submission's notebooks, or with it as a whole."""
    blamed = [one for one in result.notebooks if one.code not in _HARMLESS]
    if not blamed and result.code not in _HARMLESS:
        blamed = [NotebookOutcome("", result.code, result.message, result.remedy)]
    for one in blamed:
        cell = f", cell {one.cell}" if one.cell else ""
        yield f"{one.notebook}{cell}", one


def _in_notebook(error: RaisedError) -> str:
    return error.label.partition(", ")[2]


def _points(number: float) -> str:
    return "1 point" if number == 1 else f"{number:g} points"
