"""An assignment's submissions, remembered, equal what is read afresh, whatever is to deceive the page."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench.synthetic import stamp_of, submitted_at
from hubgrade_ext.core import assignment_memory, last_used
from hubgrade_ext.core.assignment_memory import assignment_file, submissions_of
from hubgrade_ext.core.errors import AssignmentNotFound, Busy
from hubgrade_ext.core.inbound import inbound_dir
from hubgrade_ext.core.kept_files import KeptFile
from hubgrade_ext.core.models import SubmissionRow
from hubgrade_ext.core.released_feedback import released_feedback_dir
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import submission_states
from hubgrade_ext.core.submissions_page import submissions_page
from tests.core.conftest import REF, change_gradebook
from tests.core.remembering import WHO, damage, damaged, forget, settle


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    # also what is small is kept
    monkeypatch.setattr(assignment_memory, "WORTH_SAVING", 1)


def check(settings: CourseSettings) -> None:
    assert submissions_of(settings, "ps01").states == submission_states(settings, "ps01")


def test_an_unchanged_assignment_is_not_read_again(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(settings)
    first = submissions_page(settings, REF, "ps01")
    assert assignment_file(settings, "ps01").stat().st_mode & 0o777 == 0o600
    for name in ("read_gradebook", "listed_attempts", "read_collected", "read_autograded", "read_feedback"):
        monkeypatch.setattr(assignment_memory, name, None)
    assert submissions_page(settings, REF, "ps01") == first
    forget()
    assert submissions_page(settings, REF, "ps01") == first


@damaged
def test_an_assignment_whose_memory_cannot_be_read(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch, content: bytes | str | None
) -> None:
    settle(settings)
    expected = submissions_page(settings, REF, "ps01")
    kept = assignment_file(settings, "ps01")
    damage(kept, content)
    forget()
    assert submissions_page(settings, REF, "ps01") == expected


def test_only_a_few_assignments_are_remembered(settings: CourseSettings) -> None:
    for number in range(20):
        submissions_of(settings, f"ps{number}")
    assert len(assignment_memory._readers) == assignment_memory.REMEMBERED_ASSIGNMENTS


def test_a_folder_that_could_not_be_read_is_read_again(settings: CourseSettings) -> None:
    stamp = settings.path("submitted", WHO, "ps01") / "timestamp.txt"
    text = stamp.read_text()
    stamp.write_text("")
    settle(settings)
    row = _submission(settings)
    assert row.collected_attempt is None
    stamp.write_text(text)
    assert _submission(settings).collected_attempt is not None


def test_a_timestamp_rewritten_in_place(settings: CourseSettings) -> None:
    settle(settings)
    before = _submission(settings).collected_attempt
    stamp = settings.path("submitted", WHO, "ps01") / "timestamp.txt"
    stamp.write_text(stamp_of(submitted_at(5, 0)))
    assert before != _submission(settings).collected_attempt == submitted_at(5, 0)


def test_an_assignment_that_is_no_more_is_not_kept(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions_of(settings, "ps03")
    kept = assignment_file(settings, "ps03")
    assert kept.exists()
    course = Path(settings.root or "")
    for folder in [*course.glob("*/ps03"), *course.glob("*/*/ps03")]:
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(settings.exchange_root)
    change_gradebook(settings, "DELETE FROM assignment WHERE name = 'ps03'")
    with pytest.raises(AssignmentNotFound):
        submissions_page(settings, REF, "ps03")
    assert not kept.exists()


def test_who_waits_for_long_is_sent_away(settings: CourseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_used, "LOCK_TIMEOUT_S", 0.1)
    submissions_of(settings, "ps01")
    reader = assignment_memory._readers.get(
        (settings.course_key, "ps01"), settings, lambda: pytest.fail("forgotten")
    )
    with reader._lock, pytest.raises(Busy, match="earlier request"):
        submissions_of(settings, "ps01")
    assert submissions_of(settings, "ps01").states


def test_large_assignments_are_remembered_in_fewer(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment_memory._readers, "_most_size", 5)
    for name in ("ps01", "ps02", "ps03"):
        submissions_of(settings, name)
    # four submissions each: the size is known once it was read
    assert len(assignment_memory._readers) == 2
    submissions_of(settings, "ps03")
    assert len(assignment_memory._readers) == 1


def _submission(settings: CourseSettings) -> SubmissionRow:
    return next(row for row in submissions_page(settings, REF, "ps01").submissions if row.student_id == WHO)


# --- what is to deceive the page ---------------------------------------------


def test_attempts_that_were_given_the_same_times(settings: CourseSettings) -> None:
    """nbgrader's collect copies times, and a file system may give the same inode again."""
    attempts = sorted(inbound_dir(settings).glob(f"{WHO}+ps01*"))
    for folder in attempts:
        for path in (*folder.iterdir(), folder):
            os.utime(path, (10**9, 10**9))
    target = settings.path("submitted", WHO, "ps01")
    for folder in attempts * 2:
        shutil.rmtree(target)
        shutil.copytree(folder, target)
        check(settings)


def test_files_of_before_1677(settings: CourseSettings) -> None:
    memory = assignment_memory.Memory(released=(-(2**64), 1, 1, 1))
    kept = KeptFile(settings, assignment_file(settings, "ps01"), assignment_memory._decoder)
    kept.save(lambda: memory, is_new=True)
    assert kept.load() is None


def test_a_gradebook_behind_a_link_in_write_ahead_mode(settings: CourseSettings, tmp_path: Path) -> None:
    gradebook = Path(settings.db_url.removeprefix("sqlite:///"))
    real = gradebook.rename(tmp_path / "elsewhere.db")
    gradebook.symlink_to(real)
    with closing(sqlite3.connect(real)) as held:
        held.execute("PRAGMA journal_mode = wal")
        held.execute("UPDATE grade SET auto_score = 1")
        held.commit()
        for path in tmp_path.glob("elsewhere.db*"):
            os.utime(path, (10**9, 10**9))
        check(settings)
        change_gradebook(settings, "UPDATE grade SET auto_score = 0.25")
        check(settings)


def test_feedback_that_could_not_be_reached(settings: CourseSettings) -> None:
    folder = released_feedback_dir(settings)
    aside = folder.rename(folder.with_name("aside"))
    folder.mkdir()
    settle(settings)
    check(settings)
    folder.rmdir()
    aside.rename(folder)
    check(settings)


def test_what_is_no_file_of_ours_in_the_place_of_a_kept_one(settings: CourseSettings) -> None:
    settle(settings)
    submissions_of(settings, "ps02")
    kept = assignment_file(settings, "ps01")
    other = assignment_file(settings, "ps02").read_bytes()
    for put in (
        lambda: os.mkfifo(kept),
        lambda: kept.mkdir(),
        lambda: kept.symlink_to(assignment_file(settings, "ps02")),
        lambda: kept.write_bytes(other),
    ):
        if kept.is_dir():
            kept.rmdir()
        kept.unlink(missing_ok=True)
        put()
        forget()
        check(settings)


def test_assignments_with_long_names(settings: CourseSettings) -> None:
    names = ["数" * 66, "数" * 66 + "1", "Übung 3", "06. Networks"]
    files = {assignment_file(settings, name).name for name in names}
    assert len(files) == len(names)
    assert all(len(name) < 250 for name in files)
