"""After a batch: does every collected submission have a score, or the reason why not?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import submission_states
from hubgrade_ext.grading.comparison import listed


def audit(
    settings: CourseSettings, assignment_id: str, results: Mapping[str, ItemResult], earlier: Collection[str]
) -> str:
    """Return a sentence on all collected submissions, from folders and gradebook as they are now.

    `results` are this run's; `earlier` are students whose results an earlier attempt of the job wrote down.
    Raises: GradebookBroken, ExchangeBroken, Busy.
    """
    states = patiently(lambda: submission_states(settings, assignment_id))
    collected = [state for state in states if state.collected]
    without = [state.student_id for state in collected if state.autograded != "current"]
    reasons = [name for name in without if name in earlier or _explained(results.get(name))]
    lost = [name for name in without if name in results and name not in reasons]
    untried = [name for name in without if name not in results and name not in earlier]
    scores = len(collected) - len(without)
    if not without:
        return f"Audit: {_all(len(collected))} a score."
    parts = [f"{scores} of {len(collected)} collected submissions {_have(scores)} a score"]
    if reasons:
        parts.append(f"{len(reasons)} {_have(len(reasons))} a reason why not")
    if untried:
        parts.append(f"{len(untried)} {'was' if len(untried) == 1 else 'were'} not asked for")
    if lost:
        parts.append(f"{len(lost)} {_have(len(lost))} neither and must be autograded again: {listed(lost)}")
    return f"Audit: {', '.join(parts)}."


def _explained(result: ItemResult | None) -> bool:
    return result is not None and result.state != "done"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _all(count: int) -> str:
    return "the one collected submission has" if count == 1 else f"all {count} collected submissions have"
