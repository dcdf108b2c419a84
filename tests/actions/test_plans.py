"""What the dialog before a job says."""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bench.synthetic import stamp_of, submitted_at
from hubgrade_ext.actions.plans import BACKUP, plan
from hubgrade_ext.core.errors import AssignmentNotFound, InvalidName, InvalidRequest
from hubgrade_ext.core.inbound import inbound_dir
from hubgrade_ext.core.models import JobRequest, Plan
from hubgrade_ext.core.settings import CourseSettings
from tests.core.conftest import built, change_gradebook, settings

__all__ = ["built", "settings"]
WHO = "student0001"


def _submit(settings: CourseSettings, student: str, assignment: str, hours: float) -> None:
    when = submitted_at(int(assignment[2:]) - 1, 1) + timedelta(hours=hours)
    folder = inbound_dir(settings) / f"{student}+{assignment}+{stamp_of(when)}+x"
    folder.mkdir()
    (folder / "timestamp.txt").write_text(stamp_of(when))


def _numbers(found: Plan) -> tuple[int, int, int, int]:
    return found.total, found.new, found.replaced, found.unchanged


def test_collect(settings: CourseSettings) -> None:
    new = plan(settings, JobRequest("collect", "ps03"))
    assert new == Plan("collect", "ps03", 4, 4, 0, 0)
    _submit(settings, WHO, "ps01", 2)
    found = plan(settings, JobRequest("collect", "ps01"))
    assert _numbers(found) == (4, 0, 1, 3)
    assert found.backup == BACKUP
    assert found.warnings == [
        "1 submission is late.",
        "1 submission was graded already and will need grading again.",
    ]
    assert _numbers(plan(settings, JobRequest("collect", "ps01", scope="all"))) == (4, 0, 4, 0)
    assert _numbers(plan(settings, JobRequest("collect", "ps01", students=[WHO, "student0002"]))) == (
        2,
        0,
        2,
        0,
    )


def test_collect_up_to_the_due_date(settings: CourseSettings) -> None:
    _submit(settings, WHO, "ps01", 2)
    request = JobRequest("collect", "ps01", before_due_date=True)
    assert _numbers(plan(settings, request)) == (4, 0, 0, 4)
    change_gradebook(
        settings, "UPDATE assignment SET duedate = ?", str(submitted_at(0, 0).replace(tzinfo=None))
    )
    # the attempt before takes the place of what was collected
    assert _numbers(plan(settings, request)) == (4, 0, 4, 0)
    assert _numbers(plan(settings, JobRequest("collect", "ps03", before_due_date=True))) == (4, 4, 0, 0)


def test_autograde(settings: CourseSettings) -> None:
    assert _numbers(plan(settings, JobRequest("autograde", "ps01"))) == (4, 0, 0, 4)
    every = plan(settings, JobRequest("autograde", "ps01", scope="all"))
    assert (_numbers(every), every.backup, every.warnings) == ((4, 0, 4, 0), BACKUP, [])
    shutil.rmtree(settings.path("autograded", WHO, "ps01"))
    assert _numbers(plan(settings, JobRequest("autograde", "ps01"))) == (4, 1, 0, 3)
    _submit(settings, WHO, "ps01", 2)
    warned = plan(settings, JobRequest("autograde", "ps01", notebook="nothing*"))
    assert warned.warnings == [
        "1 student has a newer submission that is not collected yet.",
        "No notebook of ps01 is called “nothing*”.",
    ]
    assert (
        plan(settings, JobRequest("autograde", "ps01", notebook="problem?")).warnings == warned.warnings[:1]
    )


def test_autograde_what_was_never_generated(settings: CourseSettings) -> None:
    Path(settings.root or "", "submitted", WHO, "mailed").mkdir()
    found = plan(settings, JobRequest("autograde", "mailed"))
    assert _numbers(found) == (1, 1, 0, 0)
    assert found.warnings == ["mailed is not generated: it cannot be graded yet."]


def test_feedback(settings: CourseSettings) -> None:
    for student in (WHO, "student0002"):
        shutil.rmtree(settings.path("feedback", student, "ps01"))
    change_gradebook(
        settings,
        """UPDATE grade SET needs_manual_grade = 1 WHERE notebook_id IN (
           SELECT s.id FROM submitted_notebook s JOIN submitted_assignment a ON a.id = s.assignment_id
           WHERE a.student_id = ?)""",
        WHO,
    )
    remaining = plan(settings, JobRequest("generate_feedback", "ps01"))
    assert _numbers(remaining) == (4, 1, 0, 3)
    assert remaining.warnings == ["1 student still has cells to grade by hand, and is left out."]
    every = plan(settings, JobRequest("generate_feedback", "ps01", scope="all"))
    assert (_numbers(every), every.backup) == ((4, 2, 2, 0), BACKUP)
    assert every.warnings == ["1 student still has cells to grade by hand."]


def test_release_feedback(settings: CourseSettings) -> None:
    assert _numbers(plan(settings, JobRequest("release_feedback", "ps01"))) == (4, 0, 0, 4)
    shutil.rmtree(Path(settings.exchange_root, "course101", "feedback"))
    assert _numbers(plan(settings, JobRequest("release_feedback", "ps01"))) == (4, 4, 0, 0)
    later = time.time() + 60
    os.utime(settings.path("autograded", WHO, "ps01"), (later, later))
    assert _numbers(plan(settings, JobRequest("release_feedback", "ps01"))) == (4, 3, 0, 1)
    every = plan(settings, JobRequest("release_feedback", "ps01", scope="all"))
    assert every.warnings == ["1 feedback is older than the grades."]
    assert every.backup is None


def test_generate(settings: CourseSettings) -> None:
    done = plan(settings, JobRequest("generate_assignment", "ps01"))
    assert (_numbers(done), done.backup) == ((1, 0, 0, 1), None)
    assert done.warnings == [
        "4 students have submitted already: changed or removed cells will not fit what was handed in."
    ]
    again = plan(settings, JobRequest("generate_assignment", "ps01", scope="all"))
    assert (_numbers(again), again.backup) == ((1, 0, 1, 0), BACKUP)
    fresh = Path(settings.root or "", "source", "fresh")
    fresh.mkdir()
    (fresh / "a.ipynb").touch()
    assert plan(settings, JobRequest("generate_assignment", "fresh")) == Plan(
        "generate_assignment", "fresh", 1, 1, 0, 0
    )


def test_release(settings: CourseSettings) -> None:
    assert _numbers(plan(settings, JobRequest("release_assignment", "ps01"))) == (1, 0, 0, 1)
    shutil.rmtree(Path(settings.exchange_root, "course101", "outbound", "ps01"))
    assert _numbers(plan(settings, JobRequest("release_assignment", "ps01"))) == (1, 1, 0, 0)
    later = time.time() + 60
    os.utime(Path(settings.root or "", "source", "ps01", "problem1.ipynb"), (later, later))
    found = plan(settings, JobRequest("release_assignment", "ps01"))
    assert found.warnings == ["The source of ps01 is newer than what was generated from it."]
    shutil.rmtree(Path(settings.root or "", "release", "ps01"))
    assert plan(settings, JobRequest("release_assignment", "ps01")).warnings == ["ps01 is not generated yet."]


def test_unrelease_asks_for_the_name(settings: CourseSettings) -> None:
    found = plan(settings, JobRequest("unrelease", "ps01"))
    assert (_numbers(found), found.confirm_with, found.backup) == ((1, 0, 1, 0), "ps01", BACKUP)
    assert found.warnings[1] == "4 students have submitted already."
    shutil.rmtree(Path(settings.exchange_root, "course101", "outbound", "ps01"))
    with pytest.raises(AssignmentNotFound, match="is not released"):
        plan(settings, JobRequest("unrelease", "ps01"))


@pytest.mark.parametrize(
    "verb",
    [
        "generate_assignment",
        "release_assignment",
        "unrelease",
        "collect",
        "autograde",
        "generate_feedback",
        "release_feedback",
    ],
)
@pytest.mark.parametrize("name", ["nowhere", "../course", "", ".", "a/b", "\0"])
def test_no_such_assignment(settings: CourseSettings, verb, name: str) -> None:
    with pytest.raises(AssignmentNotFound):
        plan(settings, JobRequest(verb, name))


def test_students_nobody_knows(settings: CourseSettings) -> None:
    with pytest.raises(InvalidRequest, match="nobody, noone") as caught:
        plan(settings, JobRequest("autograde", "ps01", students=["nobody", WHO, "noone"]))
    assert WHO not in caught.value.message
    many = [f"nobody{number}" for number in range(9)]
    with pytest.raises(InvalidRequest, match="nobody4 and 4 more"):
        plan(settings, JobRequest("collect", "ps01", students=many))
    with pytest.raises(InvalidName):
        plan(settings, JobRequest("collect", "ps01", students=["../etc"]))
    with pytest.raises(InvalidName):
        plan(settings, JobRequest("autograde", "ps01", notebook="../*"))


def test_students_chosen_without_a_submission(settings: CourseSettings) -> None:
    for folder in inbound_dir(settings).glob(f"{WHO}+ps03+*"):
        shutil.rmtree(folder)
    assert _numbers(plan(settings, JobRequest("collect", "ps03", students=[WHO]))) == (1, 0, 0, 1)
    assert _numbers(plan(settings, JobRequest("collect", "ps03", students=[]))) == (0, 0, 0, 0)


def test_nothing_is_changed(settings: CourseSettings) -> None:
    def snapshot() -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in Path(settings.root or "").rglob("*")}

    before = snapshot()
    for verb in ("generate_assignment", "release_assignment", "unrelease", "collect", "autograde"):
        plan(settings, JobRequest(verb, "ps01", scope="all"))
    assert snapshot() == before
