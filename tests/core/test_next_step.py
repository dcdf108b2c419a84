"""The truth table of the next step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

import pytest

from hubgrade_ext.core.models import NextStep
from hubgrade_ext.core.next_step import next_step

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
PAST, AHEAD = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
NOTHING = {
    "submitted": 0,
    "collect": 0,
    "autograde": 0,
    "manual": 0,
    "feedback": 0,
    "release": 0,
    "failed": 0,
}

# source, generated, released, due, what is left → step, count
TABLE = [
    (True, "none", "none", None, {}, "generate_assignment", 0),
    (True, "outdated", "none", None, {}, "generate_assignment", 0),
    (True, "outdated", "current", PAST, {"submitted": 9, "collect": 9}, "generate_assignment", 0),
    (False, "none", "none", None, {}, "no_source", 0),
    (False, "none", "none", PAST, {}, "no_source", 0),
    (False, "none", "none", None, {"submitted": 3, "autograde": 3}, "autograde", 3),
    (True, "current", "none", AHEAD, {}, "release_assignment", 0),
    (True, "current", "outdated", PAST, {"submitted": 2, "collect": 2}, "release_assignment", 0),
    (False, "current", "none", None, {}, "release_assignment", 0),
    (False, "none", "current", PAST, {"submitted": 2, "collect": 2}, "collect", 2),
    (True, "current", "current", PAST, {"submitted": 8, "collect": 8, "autograde": 1}, "collect", 8),
    (True, "current", "current", NOW, {"submitted": 8, "collect": 8}, "collect", 8),
    (True, "current", "current", None, {"submitted": 8, "collect": 8}, "collect", 8),
    (True, "current", "current", AHEAD, {"submitted": 8, "collect": 8}, "wait", 0),
    (True, "current", "current", AHEAD, {"submitted": 8, "collect": 7, "autograde": 1}, "autograde", 1),
    (True, "current", "current", PAST, {"submitted": 75, "autograde": 75, "manual": 3}, "autograde", 75),
    (True, "current", "current", PAST, {"submitted": 9, "autograde": 9, "failed": 2}, "autograde", 9),
    (
        True,
        "current",
        "current",
        PAST,
        {"submitted": 9, "autograde": 2, "failed": 2, "manual": 7},
        "grade_manually",
        7,
    ),
    (True, "current", "current", PAST, {"submitted": 9, "autograde": 2, "failed": 2}, "autograde", 2),
    (True, "current", "current", PAST, {"submitted": 9, "failed": 2}, "done", 0),
    (True, "current", "current", PAST, {"submitted": 75, "manual": 12, "feedback": 63}, "grade_manually", 12),
    (
        True,
        "current",
        "current",
        PAST,
        {"submitted": 75, "feedback": 75, "release": 4},
        "generate_feedback",
        75,
    ),
    (True, "current", "current", PAST, {"submitted": 75, "release": 75}, "release_feedback", 75),
    (True, "current", "current", AHEAD, {}, "wait", 0),
    (True, "current", "current", AHEAD, {"submitted": 5}, "wait", 0),
    (True, "current", "current", None, {}, "wait", 0),
    (True, "current", "current", None, {"submitted": 5}, "done", 0),
    (True, "current", "current", PAST, {"submitted": 5}, "done", 0),
    (True, "current", "current", PAST, {}, "done", 0),
]


@pytest.mark.parametrize(("source", "generated", "released", "due", "left", "step", "count"), TABLE)
def test_next_step(source, generated, released, due, left, step, count) -> None:
    counted = {**NOTHING, **left}
    found = next_step(
        has_source=source,
        generated=generated,
        released=released,
        due_date=due,
        now=NOW,
        submitted=counted["submitted"],
        collect_left=counted["collect"],
        autograde_left=counted["autograde"],
        manual_left=counted["manual"],
        feedback_left=counted["feedback"],
        release_left=counted["release"],
        autograde_failed=counted["failed"],
    )
    assert found == NextStep(step, count)


def test_table_reaches_every_step() -> None:
    steps = get_args(get_type_hints(NextStep)["step"])
    assert {row[5] for row in TABLE} == set(steps)
