"""Feedback from one graded submission, made once for the module."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import nbgrader
import pytest

from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.actions.generate_feedback import generate_feedback
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import ItemResult, JobRequest
from hubgrade_ext.core.steps import submission_states

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
VERBS = {
    "generate_assignment": generate_assignment,
    "autograde": autograde,
    "generate_feedback": generate_feedback,
}


def run(root: Path, verb: str, **request: Any) -> dict[str, ItemResult]:
    asked = JobRequest(**{"verb": verb, "assignment_id": "ps1", **request})
    steps = list(VERBS[verb](open_course(root), asked, frozenset()))
    return {step.result.item: step.result for step in steps if step.result}


def query(root: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(root / "gradebook.db")
    rows = connection.execute(sql).fetchall()
    connection.commit()
    connection.close()
    return rows


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann handed in the second notebook, which a person grades; Bob's had nothing to grade by hand."""
    root = tmp_path_factory.mktemp("graded") / "course101"
    shutil.copytree(EXAMPLE, root / "source" / "ps1", ignore=shutil.ignore_patterns("*.html"))
    config = 'c = get_config()\nc.CourseDirectory.course_id = "course101"\nc.HubgradeRelease.gate = "off"\n'
    (root / "nbgrader_config.py").write_text(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root.parent))
        patch.setenv("JUPYTER_CONFIG_DIR", str(root.parent / "config"))
        patch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
        run(root, "generate_assignment")
        for student_id, step in (("ann", "source"), ("bob", "release")):
            folder = root / "submitted" / student_id / "ps1"
            shutil.copytree(root / step / "ps1", folder)
            (folder / "problem1.ipynb").unlink()
            (folder / "timestamp.txt").write_text("2026-01-31 10:00:00.000000 UTC")
        assert all(one.state == "done" for one in run(root, "autograde").values())
    return root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(graded, tmp_path / "course101"))


def test_remaining_leaves_out_who_waits_for_a_person(course: Path) -> None:
    results = run(course, "generate_feedback")
    assert (results["ann"].state, results["ann"].code) == ("skipped", "needs_manual_grade")
    assert results["ann"].message == "2 cells still need a grade."
    assert results["bob"].state == "done"
    page = (course / "feedback/bob/ps1/problem2.html").read_text()
    assert "YOUR ANSWER HERE" in page
    assert not (course / "feedback/ann").exists()
    assert set(run(course, "generate_feedback")) == {"ann"}
    # who asks for her gets it all the same
    assert run(course, "generate_feedback", students=["ann"])["ann"].state == "done"
    assert run(course, "generate_feedback") == {}
    assert not list(course.glob(".hubgrade-stage-*"))


def test_a_grade_given_later_makes_feedback_outdated(course: Path) -> None:
    assert set(run(course, "generate_feedback", scope="all")) == {"ann", "bob"}
    query(course, "UPDATE grade SET manual_score = 1, needs_manual_grade = 0 WHERE needs_manual_grade")
    states = {state.student_id: state for state in submission_states(open_course(course).settings, "ps1")}
    assert {name: state.feedback_generated for name, state in states.items()} == {
        "ann": "outdated",
        "bob": "current",
    }
    before = (course / "feedback/ann/ps1/problem2.html").read_bytes()
    assert {name: one.state for name, one in run(course, "generate_feedback").items()} == {"ann": "done"}
    assert (course / "feedback/ann/ps1/problem2.html").read_bytes() != before
    kept = list(course.glob(".hubgrade/backups/*/feedback/ann/ps1/problem2.html"))
    assert [path.read_bytes() for path in kept] == [before]


def test_a_failure_keeps_the_earlier_feedback_and_stops_nobody_else(course: Path) -> None:
    run(course, "generate_feedback", scope="all")
    before = (course / "feedback/ann/ps1/problem2.html").read_bytes()
    broken = course / "autograded/ann/ps1/problem2.ipynb"
    broken.chmod(0o644)
    broken.write_text('{\n"cells": [')
    results = run(course, "generate_feedback", scope="all")
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "ann": ("failed", "notebook_unreadable"),
        "bob": ("done", "generated"),
    }
    assert "line 2" in results["ann"].message
    assert (course / "feedback/ann/ps1/problem2.html").read_bytes() == before
    query(course, "DELETE FROM grade")
    query(course, "DELETE FROM comment")
    results = run(course, "generate_feedback", students=["bob"])
    assert (results["bob"].state, results["bob"].code) == ("failed", "not_autograded")


def test_what_is_not_autograded_is_said_so(course: Path) -> None:
    result = run(course, "generate_feedback", students=["cid"])["cid"]
    assert (result.state, result.code) == ("failed", "not_autograded")
    result = run(course, "generate_feedback", students=["bob"], notebook="other*")["bob"]
    assert (result.state, result.code) == ("failed", "notebook_missing")
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("c.CourseDirectory.student_id_exclude = 'bob'\n")
    assert run(course, "generate_feedback", scope="all")["bob"].state == "skipped"


def test_a_notebook_that_student_code_left_gets_no_page(course: Path) -> None:
    left = course / "autograded/ann/ps1/mine.ipynb"
    left.parent.chmod(0o755)
    left.write_text("{")
    assert run(course, "generate_feedback", students=["ann"])["ann"].state == "done"
    pages = {page.name for page in (course / "feedback/ann/ps1").glob("*.html")}
    assert "mine.html" not in pages
    assert pages
