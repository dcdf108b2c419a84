"""The pages: what they show, and that odd names break nothing."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bench.synthetic import stamp_of, submitted_at
from hubgrade_ext.core import course_counter
from hubgrade_ext.core.assignments_page import assignments_page
from hubgrade_ext.core.errors import AssignmentNotFound, GradebookBroken
from hubgrade_ext.core.inbound import inbound_dir
from hubgrade_ext.core.models import AssignmentRow, AssignmentsPage, NextStep, Outcome, StepCount
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.students_page import students_page
from hubgrade_ext.core.submissions_page import submissions_page
from tests.core.conftest import REF, change_gradebook

WHO = "student0001"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    course_counter._counters.clear()
    yield
    course_counter._counters.clear()


def _rows(settings: CourseSettings) -> dict[str, AssignmentRow]:
    return {row.assignment_id: row for row in assignments_page(settings, REF).assignments}


# --- what they show ----------------------------------------------------------


def test_assignments(settings: CourseSettings) -> None:
    page = assignments_page(settings, REF, str(Path(settings.root or "").parent))
    assert page.students == 4
    assert [row.assignment_id for row in page.assignments] == ["ps01", "ps02", "ps03"]
    done, _, waiting = page.assignments
    assert done.next_step == NextStep("done")
    assert (done.submitted, done.late, done.max_score, done.mean_score) == (4, 0, 12.0, 9.0)
    assert done.collected == done.autograded == done.feedback_released == StepCount(4, 4, 0)
    assert (done.generated.state, done.released.state) == ("current", "current")
    assert done.server_path == "course/source/ps01"
    assert [(n.notebook_id, n.max_score, n.server_path) for n in done.notebooks] == [
        ("problem1", 6.0, "course/source/ps01/problem1.ipynb"),
        ("problem2", 6.0, "course/source/ps01/problem2.ipynb"),
    ]
    assert waiting.next_step == NextStep("collect", 4)
    assert waiting.collected == StepCount(0, 4, 4)
    assert (waiting.autograded, waiting.mean_score) == (StepCount(0, 0, 0), None)
    assert msgspec.json.decode(msgspec.json.encode(page), type=AssignmentsPage) == page


def test_failures_are_counted(settings: CourseSettings) -> None:
    page = assignments_page(settings, REF, None, {"ps01": {"autograde": 2, "collect": 99}})
    assert page.assignments[0].autograded.failed == 2
    assert page.assignments[0].collected.failed == 4  # never more than there are
    assert page.assignments[1].autograded.failed == 0


def test_assignments_known_from_one_place_only(settings: CourseSettings) -> None:
    root = Path(settings.root or "")
    (root / "source" / "fresh").mkdir()
    (root / "source" / "fresh" / "a.ipynb").touch()
    (root / "source" / "empty").mkdir()
    (root / "release" / "generated").mkdir()
    (root / "release" / "generated" / "a.ipynb").touch()
    shutil.copytree(
        root / "release" / "ps01", Path(settings.exchange_root, "course101", "outbound", "handed out")
    )
    (root / "submitted" / "zoe" / "mailed").mkdir(parents=True)
    change_gradebook(
        settings, "INSERT INTO assignment (id, name, course_id) VALUES ('x', 'recorded', 'course101')"
    )
    rows = _rows(settings)
    steps = {name: rows[name].next_step.step for name in rows.keys() - {"ps01", "ps02", "ps03"}}
    assert steps == {
        "fresh": "generate_assignment",
        "empty": "no_source",
        "generated": "release_assignment",
        "handed out": "wait",
        "mailed": "autograde",
        "recorded": "no_source",
    }
    assert not rows["recorded"].has_source


def test_before_the_due_date(settings: CourseSettings) -> None:
    due = datetime.now(UTC) + timedelta(days=1)
    change_gradebook(settings, "UPDATE assignment SET duedate = ?", due.strftime("%Y-%m-%d %H:%M:%S.%f"))
    rows = _rows(settings)
    assert rows["ps03"].next_step == NextStep("wait")
    assert rows["ps03"].collected.remaining == 4


def test_generated_and_released_follow_their_input(settings: CourseSettings) -> None:
    root = Path(settings.root or "")
    notebook = root / "source" / "ps01" / "problem1.ipynb"
    later = time.time() + 60
    os.utime(notebook, (later, later))
    assert _rows(settings)["ps01"].next_step == NextStep("generate_assignment")
    released = root / "release" / "ps01" / "problem1.ipynb"
    released.write_text("{}")
    os.utime(released, (later + 1, later + 1))
    row = _rows(settings)["ps01"]
    assert (row.generated.state, row.released.state) == ("current", "outdated")
    assert row.next_step == NextStep("release_assignment")
    outbound = Path(settings.exchange_root, "course101", "outbound", "ps01")
    shutil.rmtree(outbound)
    assert _rows(settings)["ps01"].released.state == "none"
    shutil.copytree(root / "release" / "ps01", outbound)
    assert _rows(settings)["ps01"].released.state == "current"
    shutil.copyfile(released, outbound / "problem1.ipynb")  # only the time differs
    assert _rows(settings)["ps01"].released.state == "current"
    (outbound / "problem2.ipynb").unlink()
    assert _rows(settings)["ps01"].released.state == "outdated"
    (root / "source" / "ps01" / "problem3.ipynb").touch()
    os.utime(root / "source" / "ps01" / "problem3.ipynb", (0, 0))
    assert _rows(settings)["ps01"].generated.state == "outdated"


def test_checkpoints_are_no_source(settings: CourseSettings) -> None:
    folder = Path(settings.root or "", "source", "ps01", ".ipynb_checkpoints")
    folder.mkdir()
    (folder / "problem1-checkpoint.ipynb").touch()
    assert _rows(settings)["ps01"].generated.state == "current"


def test_manual_grading_comes_before_feedback(settings: CourseSettings) -> None:
    change_gradebook(
        settings,
        """UPDATE grade SET needs_manual_grade = 1 WHERE notebook_id IN (
           SELECT s.id FROM submitted_notebook s JOIN submitted_assignment a ON a.id = s.assignment_id
           WHERE a.student_id = ?)""",
        WHO,
    )
    shutil.rmtree(settings.path("feedback", WHO, "ps01"))
    shutil.rmtree(settings.path("feedback", "student0002", "ps01"))
    row = _rows(settings)["ps01"]
    assert row.next_step == NextStep("grade_manually", 1)
    assert row.manual == StepCount(3, 4, 1)
    assert row.feedback_generated == StepCount(2, 4, 1)


def test_submissions(settings: CourseSettings) -> None:
    outcome = Outcome("autograde", "failed", "cell_timed_out", "Cell 3 ran for too long.")
    page = submissions_page(settings, REF, "ps01", {"student0002": outcome})
    assert page.assignment.assignment_id == "ps01"
    assert page.assignment.autograded.failed == 1
    assert [row.student_id for row in page.submissions] == [
        "student0002", "student0000", "student0001", "student0003",
    ]  # fmt: skip
    first = page.submissions[0]
    assert first.outcome == outcome
    assert (first.first_name, first.last_name, first.attempts) == ("First", "Student0002", 2)
    assert (first.score, first.max_score, first.late_s) == (9.0, 12.0, 0.0)
    assert first.newest_attempt == first.collected_attempt == submitted_at(0, 1)
    assert [(n.notebook_id, n.score, n.max_score) for n in first.notebooks] == [
        ("problem1", 4.5, 6.0),
        ("problem2", 4.5, 6.0),
    ]


def test_students_without_a_submission_and_strangers(settings: CourseSettings) -> None:
    for path in (*inbound_dir(settings).glob(f"{WHO}+ps03+*"),):
        shutil.rmtree(path)
    folder = inbound_dir(settings) / f"zoe+ps03+{stamp_of(submitted_at(2, 5))}+x"
    folder.mkdir()
    (folder / "timestamp.txt").write_text("x")
    rows = {row.student_id: row for row in submissions_page(settings, REF, "ps03").submissions}
    assert (rows[WHO].attempts, rows[WHO].score, rows[WHO].max_score) == (0, None, 12.0)
    assert (rows["zoe"].waiting, rows["zoe"].last_name, rows["zoe"].late_s) == (True, "", 4 * 3600)
    assert len(rows) == 5


def test_no_such_assignment(settings: CourseSettings) -> None:
    for name in ("nowhere", "../course", "", "ps01/..", "\0"):
        with pytest.raises(AssignmentNotFound):
            submissions_page(settings, REF, name)


def test_students(settings: CourseSettings) -> None:
    page = students_page(settings, REF)
    assert [student.student_id for student in page.students] == [f"student{n:04}" for n in range(4)]
    assert (page.students[0].submissions, page.students[0].score, page.students[0].max_score) == (
        2,
        18.0,
        36.0,
    )


def test_a_course_with_nothing_in_it(tmp_path: Path, settings: CourseSettings) -> None:
    empty = msgspec.structs.replace(
        settings, root=str(tmp_path), db_url=f"sqlite:///{tmp_path}/gradebook.db", exchange_root="/nowhere"
    )
    assert assignments_page(empty, REF) == AssignmentsPage(REF, 0, [])
    assert students_page(empty, REF).students == []


def test_a_broken_gradebook_is_said_and_not_remembered(settings: CourseSettings) -> None:
    gradebook = Path(settings.root or "", "gradebook.db")
    good = gradebook.read_bytes()
    expected = assignments_page(settings, REF)
    gradebook.write_bytes(b"broken" * 1000)
    for _ in range(2):
        with pytest.raises(GradebookBroken):
            assignments_page(settings, REF)
    gradebook.write_bytes(good)
    assert assignments_page(settings, REF) == expected


# --- hostile names -----------------------------------------------------------


def test_odd_names_and_files_break_nothing(settings: CourseSettings, tmp_path: Path) -> None:
    root = Path(settings.root or "")
    before = _rows(settings)
    (root / "source" / "a file").touch()
    (root / "source" / "ps[4]").mkdir()
    (root / "source" / "U\u0308bung").mkdir()
    (root / "source" / "loop").symlink_to(root / "source")
    (root / "source" / "dangling").symlink_to(tmp_path / "nowhere")
    (root / "submitted" / "a file").touch()
    (root / "submitted" / WHO / "a file").touch()
    (root / "submitted" / WHO / "dangling").symlink_to(tmp_path / "nowhere")
    (root / "submitted" / "<img src=x>" / "ps01").mkdir(parents=True)
    os.mkfifo(root / "submitted" / "<img src=x>" / "ps01" / "timestamp.txt")
    (root / "submitted" / "two\nlines" / "ps01").mkdir(parents=True)
    no_text = os.fsdecode(b"\xff")
    (root / "submitted" / no_text / "ps01").mkdir(parents=True)
    (root / "source" / no_text).mkdir()
    (inbound_dir(settings) / f"zo+ps01+{stamp_of(submitted_at(0, 0))}+{no_text}").mkdir()
    (inbound_dir(settings) / f"zoe+{'(' * 9}+{stamp_of(submitted_at(0, 0))}+x").mkdir()
    (inbound_dir(settings) / "nothing").touch()
    (settings.path("autograded", WHO, "ps01") / "timestamp.txt").unlink()
    (settings.path("autograded", WHO, "ps01") / "timestamp.txt").symlink_to("/etc/passwd")
    course_counter._counters.clear()  # nobody but a test writes into an autograded folder
    page = assignments_page(settings, REF)
    rows = {row.assignment_id: row for row in page.assignments}
    msgspec.json.encode(page)
    assert rows["ps02"] == before["ps02"]
    assert rows["ps01"].autograded.remaining == 3  # two new folders, and one whose time is a link
    problem = rows["ps[4]"].problem
    assert problem is not None
    assert (problem.code, problem.suggestion) == ("invalid_name", "ps-4")
    apart = rows["U\u0308bung"].problem
    assert apart is not None
    assert (apart.code, apart.suggestion) == ("invalid_name", "\u00dcbung")
    submissions = submissions_page(settings, REF, "ps01")
    msgspec.json.encode(submissions)
    assert {row.student_id for row in submissions.submissions} == {
        *(f"student{n:04}" for n in range(4)), "<img src=x>", "two\nlines",
    }  # fmt: skip
