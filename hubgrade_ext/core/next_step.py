"""The one thing that is due for an assignment.

The first row that holds decides (a dash: it does not matter):

| source | generated | released | due        | left to do           | next step         |
|--------|-----------|----------|------------|----------------------|-------------------|
| yes    | not current | -      | -          | -                    | generate_assignment |
| no     | none      | none     | -          | nothing handed in    | no_source         |
| -      | not none  | not current | -       | -                    | release_assignment |
| -      | -         | -        | not ahead  | collect n            | collect n         |
| -      | -         | -        | -          | autograde n          | autograde n       |
| -      | -         | -        | -          | n need a person      | grade_manually n  |
| -      | -         | -        | -          | feedback missing n   | generate_feedback n |
| -      | -         | -        | -          | feedback to release n | release_feedback n |
| -      | -         | -        | -          | n failed autograding | autograde n       |
| -      | -         | -        | ahead      | -                    | wait              |
| -      | -         | -        | none       | nothing handed in    | wait              |
| -      | -         | -        | -          | -                    | done              |

*Ahead* is a due date that has not come: collecting is possible then, but not
urged; what was collected all the same is carried on. Without a due date there
is nothing to wait for but the first submission. A submission that failed to be
autograded and was not collected anew is no reason to urge it, and comes last: it
would fail again unless somebody mends it, and its row says what. It is tried again,
and so counted, where there are others to autograde.
"""

from __future__ import annotations

from datetime import datetime

from hubgrade_ext.core.models import NextStep, StepState


def next_step(
    *,
    has_source: bool,
    generated: StepState,
    released: StepState,
    due_date: datetime | None,
    now: datetime,
    submitted: int,
    collect_left: int,
    autograde_left: int,
    manual_left: int,
    feedback_left: int,
    release_left: int,
    autograde_failed: int,
) -> NextStep:
    """Return the step that comes next, by the table above."""
    if has_source and generated != "current":
        return NextStep("generate_assignment")
    if generated == "none" and released == "none" and not submitted:
        return NextStep("no_source")
    if generated != "none" and released != "current":
        return NextStep("release_assignment")
    ahead = due_date is not None and now < due_date
    if collect_left and not ahead:
        return NextStep("collect", collect_left)
    failed = min(autograde_failed, autograde_left)
    if autograde_left > failed:
        return NextStep("autograde", autograde_left)
    if manual_left:
        return NextStep("grade_manually", manual_left)
    if feedback_left:
        return NextStep("generate_feedback", feedback_left)
    if release_left:
        return NextStep("release_feedback", release_left)
    if failed:
        return NextStep("autograde", failed)
    if ahead or (due_date is None and not submitted):
        return NextStep("wait")
    return NextStep("done")
