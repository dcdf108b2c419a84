"""Every verb through an exchange that is not nbgrader's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.fetch_assignment import fetch_assignment
from hubgrade_ext.actions.fetch_feedback import fetch_feedback
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.release_feedback import release_feedback
from hubgrade_ext.actions.submit import submit
from hubgrade_ext.actions.unrelease import unrelease
from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.exchange.plugged_student_page import listed_assignments
from hubgrade_ext.exchange.receipts import read_receipts
from tests.exchange.acting import generate, run, staging_left, tree

CLASSES = {
    "exchange": "Drawer",
    "release_assignment": "Release",
    "fetch_assignment": "Fetch",
    "submit": "Submit",
    "collect": "Collect",
    "list": "List",
    "release_feedback": "ReleaseFeedback",
    "fetch_feedback": "FetchFeedback",
}


@pytest.fixture
def drawer(tmp_path: Path) -> Path:
    return tmp_path / "drawer"


@pytest.fixture
def course(make_course: Callable[..., Path], drawer: Path, empty_gradebook: Path) -> Course:
    lines = [f"c.ExchangeFactory.{k} = 'tests.exchange.drawer_exchange.{v}'" for k, v in CLASSES.items()]
    course = open_course(make_course(config="\n".join([*lines, f"c.Drawer.drawer = {str(drawer)!r}"])))
    generate(course, empty_gradebook, "ps1")
    assert not course.settings.default_exchange
    return course


@pytest.fixture
def own(course: Course, student: Course) -> Path:
    run(release_assignment, course)
    run(fetch_assignment, student)
    return Path(student.settings.work_dir) / "ps1"


def test_release_fetch_and_take_back(course: Course, student: Course, drawer: Path) -> None:
    assert run(release_assignment, course)[0].state == "done"
    assert run(release_assignment, course)[0].state == "done"
    assert [p.name for p in drawer.iterdir()] == ["released~course101~ps1"]
    assert listed_assignments(student)[0].state == "released"
    assert run(fetch_assignment, student)[0].state == "done"
    own = Path(student.settings.work_dir) / "ps1"
    assert tree(own) == tree(Path(course.settings.root or "") / "release" / "ps1")
    (own / "problem1.ipynb").write_text("mine")
    (own / "problem2.ipynb").unlink()
    assert "problem2.ipynb" in run(fetch_assignment, student)[0].message
    assert (own / "problem1.ipynb").read_text() == "mine"
    assert run(unrelease, course, confirm="ps1")[0].state == "done"
    assert list(drawer.iterdir()) == []
    (result,) = run(submit, student)
    assert (result.state, result.code) == ("failed", "assignment_not_found")


@pytest.mark.parametrize("lists", [True, False])
def test_submit_and_collect(
    course: Course, student: Course, own: Path, drawer: Path, lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lists:
        monkeypatch.setenv("DRAWER_LISTS_NOTHING", "1")
    user = student.settings.username
    (own / "answer.txt").write_text("first")
    (result,) = run(submit, student)
    assert result.state == "done"
    assert "the drawer is nearly full" in result.message
    assert len(read_receipts(student.settings, "ps1")) == 1
    page = listed_assignments(student)[0]
    assert (page.state, page.submissions[0].receipt is not None) == ("submitted", True)
    assert [(r.item, r.state) for r in run(collect, course)] == [(user, "done")]
    collected = course.settings.path("submitted", user, "ps1")
    assert (collected / "answer.txt").read_text() == "first"
    assert run(collect, course) == []
    (own / "answer.txt").write_text("second")
    run(submit, student)
    assert [(r.item, r.state) for r in run(collect, course)] == [(user, "done")]
    assert (collected / "answer.txt").read_text() == "second"
    kept = list((course.settings.state_dir / "backups").rglob("answer.txt"))
    assert [p.read_text() for p in kept] == ["first"]
    assert [r.state for r in run(collect, course, scope="all")] == ["done"]
    assert staging_left(course.settings.state_dir) == []


def test_a_damaged_submission_does_not_stop_the_others(
    course: Course, student: Course, own: Path, drawer: Path
) -> None:
    run(submit, student)
    (whole,) = drawer.glob("submitted~*")
    name = whole.name.replace(f"~{student.settings.username}~", "~aaa~")
    (drawer / name).write_bytes(b"")
    shutil.copy(whole, drawer / name.replace("~aaa~", "~zzz~"))
    results = {r.item: r for r in run(collect, course)}
    assert {k: r.state for k, r in results.items()} == {
        "aaa": "failed",
        student.settings.username: "done",
        "zzz": "done",
    }
    assert results["aaa"].remedy
    assert not course.settings.path("submitted", "aaa", "ps1").exists()


def test_feedback(course: Course, student: Course, own: Path, drawer: Path) -> None:
    run(submit, student)
    run(collect, course)
    for student_id in ("ben", student.settings.username):
        folder = course.settings.path("feedback", student_id, "ps1")
        folder.mkdir(parents=True)
        (folder / "problem1.html").write_text("good")
    results = {r.item: r for r in run(release_feedback, course)}
    assert {k: r.state for k, r in results.items()} == {"ben": "failed", student.settings.username: "done"}
    assert "the drawer jams" in results["ben"].message
    assert listed_assignments(student)[0].state == "graded"
    assert run(fetch_feedback, student)[0].state == "done"
    assert (own / "feedback" / "newest" / "problem1.html").read_text() == "good"


def test_listed_assignments_of_nbgraders_exchange(course_dir: Path, empty_gradebook: Path) -> None:
    course = open_course(course_dir)
    generate(course, empty_gradebook, "ps1")
    run(release_assignment, course)
    assert [a.state for a in listed_assignments(course)] == ["released"]
