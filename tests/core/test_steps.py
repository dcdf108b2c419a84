"""How far a submission has come, against nbgrader itself and after what can happen to a course."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bench.synthetic import stamp_of, submitted_at
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.feedback_marks import grade_marks, marks_file, remember_feedback
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.inbound import inbound_dir
from hubgrade_ext.core.released_feedback import feedback_hash, released_feedback_dir
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import SubmissionState, chosen, submission_states
from tests.core.conftest import change_gradebook

WHO = "student0001"


def _state(settings: CourseSettings, assignment: str = "ps01", student: str = WHO) -> SubmissionState:
    return next(s for s in submission_states(settings, assignment) if s.student_id == student)


def _submit(settings: CourseSettings, hours: float, *, whole: bool = True, assignment: str = "ps01") -> Path:
    """Hand in again, `hours` after the newest attempt (which was at the due date)."""
    when = submitted_at(int(assignment[2:]) - 1, 1) + timedelta(hours=hours)
    folder = inbound_dir(settings) / f"{WHO}+{assignment}+{stamp_of(when)}+x"
    folder.mkdir()
    if whole:
        (folder / "timestamp.txt").write_text(stamp_of(when))
    return folder


def _touch(path: Path, seconds: float) -> None:
    """Move a path's time by some seconds."""
    now = path.stat().st_mtime_ns + int(seconds * 1e9)
    os.utime(path, ns=(now, now))


def test_all_done(settings: CourseSettings) -> None:
    state = _state(settings)
    assert (state.attempts, state.waiting, state.collected) == (2, False, True)
    assert (state.autograded, state.feedback_generated, state.feedback_released) == ("current",) * 3
    assert (state.late_s, state.score, state.needs_manual_grade) == (0.0, 9.0, False)
    assert state.collected_at == submitted_at(0, 1)
    for verb in ("collect", "autograde", "generate_feedback", "release_feedback"):
        assert chosen(verb, [state], "remaining", None) == []
        assert chosen(verb, [state], "all", None) == [state]


def test_submitted_only(settings: CourseSettings) -> None:
    states = submission_states(settings, "ps03")
    assert [state.student_id for state in states] == [f"student{n:04}" for n in range(4)]
    assert all(state.waiting and not state.collected and state.autograded == "none" for state in states)
    assert chosen("collect", states, "remaining", None) == states
    assert chosen("autograde", states, "all", None) == []


def test_resubmitted(settings: CourseSettings) -> None:
    _submit(settings, 5)
    state = _state(settings)
    assert (state.waiting, state.attempts, state.late_s) == (True, 3, 5 * 3600)
    assert state.autograded == "current"  # until it is collected


def test_resubmitted_within_the_extension(settings: CourseSettings) -> None:
    change_gradebook(settings, "UPDATE submitted_assignment SET extension = '1970-01-01 06:00:00.000000'")
    _submit(settings, 5)
    assert _state(settings).late_s == 0


def test_resubmission_cut_short(settings: CourseSettings) -> None:
    _submit(settings, 5, whole=False)
    state = _state(settings)
    assert (state.waiting, state.attempts, state.late_s) == (False, 2, 0.0)
    _submit(settings, -3, whole=False)
    assert _state(settings).waiting is False


def test_nothing_but_a_submission_cut_short(settings: CourseSettings) -> None:
    folder = inbound_dir(settings) / f"zoe+ps01+{stamp_of(submitted_at(0, 0))}+x"
    folder.mkdir()
    assert "zoe" not in {state.student_id for state in submission_states(settings, "ps01")}
    (folder / "timestamp.txt").write_text("x")
    assert _state(settings, student="zoe").waiting


def test_collected_without_a_timestamp(settings: CourseSettings) -> None:
    (settings.path("submitted", WHO, "ps01") / "timestamp.txt").unlink()
    state = _state(settings)
    assert (state.collected, state.collected_at, state.waiting) == (True, None, True)
    assert state.autograded == "outdated"


def test_collected_anew(settings: CourseSettings) -> None:
    newer = stamp_of(submitted_at(0, 1) + timedelta(hours=1))
    (settings.path("submitted", WHO, "ps01") / "timestamp.txt").write_text(newer)
    assert _state(settings).autograded == "outdated"
    # autograding reached the gradebook and was killed before the folder was in place
    change_gradebook(settings, "UPDATE submitted_assignment SET timestamp = ?", newer.removesuffix(" UTC"))
    assert _state(settings).autograded == "outdated"
    (settings.path("autograded", WHO, "ps01") / "timestamp.txt").write_text(newer)
    assert _state(settings).autograded == "current"


def test_assignment_generated_anew(settings: CourseSettings) -> None:
    made = settings.path(settings.release_directory, ".", "ps01") / f"{_notebook_id(settings)}.ipynb"
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text("{}")
    graded = settings.path(settings.autograded_directory, WHO, "ps01")
    os.utime(made, ns=(graded.stat().st_mtime_ns,) * 2)
    assert _state(settings).autograded == "current"
    _touch(made, 1)
    assert _state(settings).autograded == "outdated"
    assert WHO in {one.student_id for one in chosen("autograde", [_state(settings)], "remaining", None)}


def _notebook_id(settings: CourseSettings) -> str:
    return read_gradebook(settings).assignments["ps01"].notebooks[0].notebook_id


def test_autograded_folder_without_gradebook(settings: CourseSettings) -> None:
    change_gradebook(settings, "DELETE FROM submitted_assignment")
    assert _state(settings).autograded == "outdated"


def test_only_autograded_left(settings: CourseSettings) -> None:
    shutil.rmtree(settings.path("submitted", WHO, "ps01"))
    for folder in inbound_dir(settings).glob(f"{WHO}+ps01+*"):
        shutil.rmtree(folder)
    state = _state(settings)
    assert (state.collected, state.attempts, state.autograded) == (False, 0, "current")


def test_graded_anew(settings: CourseSettings) -> None:
    _touch(settings.path("autograded", WHO, "ps01"), 60)
    assert _state(settings).feedback_generated == "outdated"
    assert chosen("generate_feedback", [_state(settings)], "remaining", None)
    assert not chosen("release_feedback", [_state(settings)], "remaining", None)


def test_grades_changed_by_hand(settings: CourseSettings) -> None:
    remember_feedback(settings, "ps01", WHO, grade_marks(settings, "ps01")[WHO])
    assert _state(settings).feedback_generated == "current"
    change_gradebook(settings, "UPDATE grade SET manual_score = 2")
    assert _state(settings).feedback_generated == "outdated"
    assert _state(settings, student="student0002").feedback_generated == "current"  # nobody noted its grades
    remember_feedback(settings, "ps01", WHO, grade_marks(settings, "ps01")[WHO])
    assert _state(settings).feedback_generated == "current"


def test_feedback_made_anew_by_somebody_else(settings: CourseSettings) -> None:
    remember_feedback(settings, "ps01", WHO, "old grades")
    assert _state(settings).feedback_generated == "outdated"
    _touch(settings.path("feedback", WHO, "ps01"), -1e-6)
    _touch(settings.path("autograded", WHO, "ps01"), -60)
    assert _state(settings).feedback_generated == "current"


def test_a_mark_that_was_cut_short(settings: CourseSettings) -> None:
    remember_feedback(settings, "ps01", WHO, "old grades")
    with marks_file(settings, "ps01").open("ab") as file:
        file.write(b'\n{"student_id": "stu')
    remember_feedback(settings, "ps01", "student0002", "old grades")
    states = {state.student_id: state.feedback_generated for state in submission_states(settings, "ps01")}
    assert states == {
        "student0000": "current",
        WHO: "outdated",
        "student0002": "outdated",
        "student0003": "current",
    }


def _released(settings: CourseSettings, notebook: str) -> Path:
    secret = (settings.path("feedback", WHO, "ps01") / "submission_secret.txt").read_bytes()
    return released_feedback_dir(settings) / f"{feedback_hash(secret, notebook)}.html"


def test_feedback_not_or_partly_released(settings: CourseSettings) -> None:
    _released(settings, "problem1").unlink()
    assert _state(settings).feedback_released == "outdated"
    (settings.path("feedback", WHO, "ps01") / "problem1.html").unlink()  # it was never handed in
    assert _state(settings).feedback_released == "current"
    _released(settings, "problem2").unlink()
    assert _state(settings).feedback_released == "none"


def test_feedback_newer_than_released(settings: CourseSettings) -> None:
    folder = settings.path("feedback", WHO, "ps01")
    _touch(folder, 3600)
    # the folder's time alone proves nothing: a release may keep the times of the files
    assert _state(settings).feedback_released == "current"
    _touch(folder / "problem1.html", 3600)
    assert _state(settings).feedback_released == "outdated"
    assert [
        s.student_id
        for s in chosen("release_feedback", submission_states(settings, "ps01"), "remaining", None)
    ] == [WHO]


def test_feedback_whose_secret_is_elsewhere(settings: CourseSettings) -> None:
    (settings.path("feedback", WHO, "ps01") / "submission_secret.txt").unlink()
    assert _state(settings).feedback_released == "current"
    for step in ("autograded", "submitted"):
        (settings.path(step, WHO, "ps01") / "submission_secret.txt").unlink()
    assert _state(settings).feedback_released == "none"


def test_hash_is_nbgraders() -> None:
    from nbgrader.utils import notebook_hash

    for secret, notebook in (("0af" * 40, "problem1"), ("geheim", "Übung 3")):
        assert feedback_hash(secret.encode(), notebook) == notebook_hash(secret=secret, notebook_id=notebook)


@pytest.mark.parametrize(
    "structure",
    [
        "{nbgrader_step}/{assignment_id}/{student_id}",
        "work/{nbgrader_step}/{student_id}/{assignment_id}/files",
        "{nbgrader_step}/{student_id}-{assignment_id}",
        "{student_id}/{assignment_id}/{nbgrader_step}",
    ],
)
def test_other_directory_structures(settings: CourseSettings, structure: str) -> None:
    expected = submission_states(settings, "ps01")
    other = msgspec.structs.replace(settings, directory_structure=structure)
    for step in ("submitted", "autograded", "feedback"):
        for student in range(4):
            for assignment in ("ps01", "ps02"):
                old = settings.path(step, f"student{student:04}", assignment)
                new = other.path(step, f"student{student:04}", assignment)
                new.parent.mkdir(parents=True, exist_ok=True)
                old.rename(new)
    assert submission_states(other, "ps01") == expected


def test_a_plugged_exchange_is_not_read(settings: CourseSettings) -> None:
    plugged = msgspec.structs.replace(settings, default_exchange=False)
    state = _state(plugged)
    assert (state.newest, state.waiting, state.collected, state.attempts) == (None, False, True, 1)
    assert state.feedback_released == "none"


# --- nbgrader itself ---------------------------------------------------------


def test_through_nbgraders_own_cycle(course_dir: Path, submit_as: Callable[..., Path]) -> None:
    settings = open_course(course_dir).settings

    def nbgrader(*arguments: str) -> SubmissionState | None:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments, "ps1"],
            cwd=course_dir,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        states = submission_states(settings, "ps1")
        return states[0] if states else None

    assert nbgrader("generate_assignment") is None
    assert nbgrader("release_assignment") is None
    submit_as("bitdiddle", course_dir / "source" / "ps1")
    assert submission_states(settings, "ps1")[0].waiting
    state = nbgrader("collect")
    assert state
    assert (state.waiting, state.collected, state.autograded) == (False, True, "none")
    state = nbgrader("autograde")
    assert state
    assert (state.autograded, state.feedback_generated) == ("current", "none")
    state = nbgrader("generate_feedback")
    assert state
    assert (state.feedback_generated, state.feedback_released) == ("current", "none")
    state = nbgrader("release_feedback")
    assert state
    assert state.feedback_released == "current"
    state = nbgrader("autograde", "--force")
    assert state
    assert (state.autograded, state.feedback_generated) == ("current", "outdated")
