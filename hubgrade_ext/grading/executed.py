"""What execution made of a submission, in the words of a grade: what is counted, and what is to be said.

A kernel that ends before the last cell leaves the cells from there on unexecuted, and they earn nothing; the
points of the cells before count. nbgrader 0.9.6 gives such a submission no grade at all.
"""

from __future__ import annotations

from hubgrade_ext.core.failures import Explanation
from hubgrade_ext.core.models import NotebookOutcome
from hubgrade_ext.grading.execution.bundle import BundleResult, NotebookResult

# with these there is a part that can be counted, if any cell was reached
PARTIAL = frozenset({"kernel_died", "out_of_memory", "submission_timed_out", "too_large", "cell_timed_out"})
WHOLE = frozenset({"ok", "tests_disabled", "hidden_tests_shown"})


def gave_up(result: BundleResult) -> tuple[str, Explanation] | None:
    """Return the notebook, and why nothing of the submission can be counted; None when something can."""
    reached = any(notebook.outcome.cell is not None for notebook in result.notebooks)
    for notebook in result.notebooks:
        kind = notebook.outcome.kind
        countable = kind in WHOLE or (kind in PARTIAL and (reached or kind != "kernel_died"))
        if not countable or notebook.notebook is None:
            outcome = notebook.outcome
            return notebook.path, Explanation(kind, f"{notebook.path}: {outcome.sentence}", outcome.remedy)
    return None


def notes(result: BundleResult) -> list[NotebookOutcome]:
    """Return what is to be said about the notebooks that can be counted."""
    return [_note(notebook) for notebook in result.notebooks if not _goes_without_saying(notebook)]


def _goes_without_saying(notebook: NotebookResult) -> bool:
    # a cell that was interrupted is marked in the notebook, and is told from there
    outcome = notebook.outcome
    interrupted = outcome.kind == "cell_timed_out" and "could not be" not in outcome.sentence
    return outcome.kind == "ok" or interrupted


def _note(notebook: NotebookResult) -> NotebookOutcome:
    outcome = notebook.outcome
    stopped = outcome.kind in PARTIAL and outcome.cell and notebook.cells_run <= outcome.cell
    counted = " The points of the cells before it count." if stopped else ""
    return NotebookOutcome(
        notebook.path,
        outcome.kind,
        f"{notebook.path}: {outcome.sentence}{counted}",
        outcome.remedy,
        None if outcome.cell is None else outcome.cell + 1,
    )
