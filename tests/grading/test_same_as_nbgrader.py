"""For the same inputs, gradebook and folders equal what nbgrader's own commands leave."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from same_as import check_same, nbgrader

COURSE = """
from nbgrader.plugins import LateSubmissionPlugin
c.LateSubmissionPlugin.penalty_method = "zero"
c.Execute.timeout = 20
"""


@pytest.fixture
def twin(source_only: Any, tmp_path: Path) -> Any:
    """The same course a second time, for nbgrader's own commands."""
    source_only.configure(COURSE)
    shutil.copytree(source_only.root, tmp_path / "twin" / "course101")
    return type(source_only)(tmp_path / "twin" / "course101")


def hand_in_all(room: Any, cell: Callable[..., Any]) -> None:
    room.hand_in("good", solved=True)
    half = room.hand_in("half", "2026-02-02 12:30:00.000000 UTC", solved=True)
    room.edit(
        half / "problem1.ipynb", cell(2, "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]")
    )
    room.edit(half / "problem1.ipynb", cell(5, "assert True  # a test that the student changed"))
    (half / "problem2.ipynb").unlink()
    room.hand_in("empty")


def test_cycle(source_only: Any, twin: Any, cell: Callable[..., Any]) -> None:
    ours, theirs = source_only, twin
    ours.run("generate_assignment")
    nbgrader(theirs.root, "generate_assignment", "ps1")
    check_same(ours, theirs)
    for room in (ours, theirs):
        hand_in_all(room, cell)
        room.query("UPDATE assignment SET duedate = '2026-02-01 00:00:00.000000'")
    results = ours.results("autograde")
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "empty": ("done", "graded"),
        "good": ("done", "graded"),
        "half": ("done", "notebook_missing"),
    }
    nbgrader(theirs.root, "autograde", "ps1")
    check_same(ours, theirs)
    assert (ours.score("good"), ours.score("half"), ours.score("empty")) == (3.0, 2.0, 0.0)
    regrade_after_manual_grading(ours, theirs)
    ours.run("generate_feedback", scope="all")
    nbgrader(theirs.root, "generate_feedback", "ps1")
    check_same(ours, theirs)


def regrade_after_manual_grading(ours: Any, theirs: Any) -> None:
    for room in (ours, theirs):
        room.query("UPDATE grade SET manual_score = 0.5, needs_manual_grade = 0 WHERE auto_score = 1")
        room.query("UPDATE comment SET manual_comment = 'well done' WHERE auto_comment IS NULL")
    assert set(ours.results("autograde", students=["good"])) == {"good"}
    nbgrader(theirs.root, "autograde", "ps1", "--student", "good", "--force")
    check_same(ours, theirs)
    assert ours.query("SELECT count(*) FROM grade WHERE manual_score = 0.5 AND needs_manual_grade") != [(0,)]
    # one notebook alone: the other stays as it was
    other = (ours.root / "autograded/empty/ps1/problem2.ipynb").stat().st_mtime_ns
    ours.run("autograde", students=["empty"], notebook="problem1")
    nbgrader(theirs.root, "autograde", "ps1", "--student", "empty", "--notebook", "problem1", "--force")
    check_same(ours, theirs)
    assert (ours.root / "autograded/empty/ps1/problem2.ipynb").stat().st_mtime_ns == other
