"""The pieces that make words: numbers, times, names that would steer a terminal, exit statuses."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from rich.console import Console

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.output import Output, plain
from hubgrade_ext.cli.verb_commands import describe, exit_status
from hubgrade_ext.core.models import (
    AssignmentRow,
    ErrorBody,
    ItemResult,
    Job,
    JobRequest,
    NextStep,
    Step,
    StepCount,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Übung 3", "Übung 3"),
        ("\x1b[2Jada", "\\x1b[2Jada"),
        ("a\nb", "a\\nb"),
        ("x\u202ey", "x\\u202ey"),
        ("\udcff", "\\udcff"),
    ],
)
def test_names_cannot_steer_the_terminal(name: str, shown: str) -> None:
    assert plain(name) == shown


def job(**facts: object) -> Job:
    request = JobRequest("autograde", "ps1")
    return Job("id", "key", request, seq=1, created_at=datetime.now(UTC), created_by="ada", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (job(state="done", done=3, total=3), 0),
        (job(state="done", done=3, total=3, skipped=1), 0),
        (job(state="done", done=3, total=3, failed=1), 1),
        (job(state="cancelled", done=1, total=3), 1),
        (job(state="failed", error=ErrorBody("conflict", "No.")), 2),
        (job(state="failed", done=2, total=3, error=ErrorBody("course_broken", "Full.")), 1),
    ],
)
def test_exit_status(ended: Job, status: int) -> None:
    assert exit_status(ended) == status


def test_the_table_has_local_times_with_their_zone_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        none = StepCount(0, 0, 0)
        row = AssignmentRow(
            "[red]ps1[/red]",
            [],
            NextStep("autograde", 75),
            Step("current"),
            Step("outdated"),
            8,
            1,
            StepCount(100, 120, 20),
            StepCount(25, 100, 75, failed=2),
            none,
            none,
            none,
            due_date=datetime(2026, 1, 2, 16, 0, tzinfo=UTC),
            max_score=7.5,
        )
        console = Console(width=300, markup=False)
        with console.capture() as captured:
            console.print(tables.assignments([row]))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    text = captured.get()
    for words in (
        "[red]ps1[/red]",
        "Autograde 75",
        "2026-01-02 17:00 CET",
        "100 / 120",
        "25 / 100, 2 failed",
        "7.5",
    ):
        assert words in text


def test_findings_stand_in_lines_of_their_own_and_steer_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    said = "Its solution does not pass.\na.ipynb: \x1b[2Jwrong."
    result = ItemResult("ps1", "failed", "gate_failed", said, "Mend it.")
    with Output(as_json=False) as output:
        output.block(describe(result))
    assert capfd.readouterr().out == (
        "ps1: failed. Its solution does not pass.\n    a.ipynb: \\x1b[2Jwrong. Mend it.\n"
    )
