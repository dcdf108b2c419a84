"""What pages remember equals what is read afresh, and what is kept for the next server may be lost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from bench.synthetic import stamp_of, submitted_at
from hubgrade_ext.core import (
    assignment_memory,
    course_counter,
    course_memory,
    folder_tree,
    inbound_listing,
    kept_files,
)
from hubgrade_ext.core.assignment_memory import Submissions, submissions_of
from hubgrade_ext.core.assignments_page import assignments_page
from hubgrade_ext.core.counts import count_states
from hubgrade_ext.core.course_counter import CourseCounter, course_counts
from hubgrade_ext.core.feedback_marks import remember_feedback
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.inbound import inbound_dir, inbound_names
from hubgrade_ext.core.kept_files import KeptFile
from hubgrade_ext.core.models import AssignmentRow
from hubgrade_ext.core.released_feedback import released_feedback_dir
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import submission_states
from hubgrade_ext.core.submissions_page import submissions_page
from tests.core.conftest import REF, change_gradebook
from tests.core.remembering import WHO, damage, damaged, forget, settle


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def _rows(settings: CourseSettings) -> dict[str, AssignmentRow]:
    return {row.assignment_id: row for row in assignments_page(settings, REF).assignments}


def _swap(settings: CourseSettings) -> None:
    """Collect by swapping folders, as hubgrade does."""
    target = settings.path("submitted", WHO, "ps01")
    beside = target.with_name(".staging")
    shutil.copytree(target, beside)
    (beside / "timestamp.txt").write_text(stamp_of(submitted_at(0, 1) + timedelta(hours=1)))
    target.rename(target.with_name(".old"))
    beside.rename(target)


def _collect_as_nbgrader(settings: CourseSettings) -> None:
    target = settings.path("submitted", WHO, "ps03")
    source = sorted(inbound_dir(settings).glob(f"{WHO}+ps03+*"))[-1]
    shutil.copytree(source, target)


def _add_attempt(settings: CourseSettings, hours: int, stamp: str | None) -> None:
    folder = inbound_dir(settings) / f"{WHO}+ps01+{stamp_of(submitted_at(0, hours))}+x"
    folder.mkdir()
    if stamp is not None:
        (folder / "timestamp.txt").write_text(stamp)


def _make_whole(settings: CourseSettings) -> None:
    (inbound_dir(settings) / f"{WHO}+ps01+{stamp_of(submitted_at(0, 9))}+x" / "timestamp.txt").write_text("x")


def _feedback_in_place(settings: CourseSettings) -> None:
    folder = settings.path("feedback", WHO, "ps01")
    (folder / "problem1.html").unlink()
    (folder / "problem1.html").write_text("new")


def _autograde_in_place(settings: CourseSettings) -> None:
    folder = settings.path("autograded", WHO, "ps01")
    (folder / "problem1.ipynb").unlink()
    (folder / "problem1.ipynb").write_text("new")
    change_gradebook(settings, "UPDATE grade SET auto_score = 1")


CHANGES: list[Callable[[CourseSettings], object]] = [
    _swap,
    _collect_as_nbgrader,
    lambda settings: _add_attempt(settings, 7, "x"),
    lambda settings: _add_attempt(settings, 9, None),
    _make_whole,
    _feedback_in_place,
    _autograde_in_place,
    lambda settings: shutil.rmtree(settings.path("autograded", WHO, "ps02")),
    lambda settings: shutil.rmtree(Path(settings.root or "", "submitted", WHO)),
    lambda settings: settings.path("submitted", "student0002", "ps03").mkdir(),
    lambda settings: (settings.path("submitted", "student0002", "ps03") / "timestamp.txt").write_text(
        stamp_of(submitted_at(2, 1))
    ),
    lambda settings: change_gradebook(settings, "UPDATE grade SET needs_manual_grade = 1"),
    lambda settings: change_gradebook(settings, "UPDATE assignment SET duedate = '2020-01-01 00:00:00'"),
    lambda settings: remember_feedback(settings, "ps02", "student0003", "other grades"),
    lambda settings: next(released_feedback_dir(settings).iterdir()).unlink(),
    lambda settings: shutil.rmtree(inbound_dir(settings)),
]


@pytest.mark.parametrize("restart", [False, True], ids=["same server", "new server"])
def test_remembered_equals_fresh_after_every_change(
    settings: CourseSettings, restart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_counter, "WORTH_SAVING", 1)
    monkeypatch.setattr(course_counter, "LOOK_CLOSER_RARELY", 0)
    monkeypatch.setattr(assignment_memory, "WORTH_SAVING", 1)
    monkeypatch.setattr(kept_files, "SAVE_INTERVAL_S", 0.0)
    monkeypatch.setattr(folder_tree, "SETTLE_NS", 50_000_000)
    settle(settings)
    pages = [_rows(settings)]
    for change in CHANGES:
        change(settings)
        if restart:
            forget()
        for _ in range(2):
            remembered = course_counts(settings).assignments
            for name in ("ps01", "ps02", "ps03"):
                fresh = submission_states(settings, name)
                assert remembered[name] == count_states(fresh), (change, name)
                found = submissions_of(settings, name)
                assert found == Submissions(read_gradebook(settings, name), fresh), (change, name)
        pages.append(_rows(settings))
        time.sleep(0.06)  # from here on the new times are trusted
        course_counts(settings)
        for name in ("ps01", "ps02", "ps03"):
            submissions_of(settings, name)
    assert sum(one != other for one, other in pairwise(pages)) >= len(CHANGES) - 3


def test_an_unchanged_course_is_not_read_again(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(settings)
    counter = CourseCounter(settings)
    expected = counter.count().assignments

    def refuse(*_: object) -> None:
        raise AssertionError("read again")

    for name in ("read_gradebook", "listed_names", "released_all_at_once", "state_of"):
        monkeypatch.setattr(course_counter, name, refuse)
    monkeypatch.setattr(folder_tree.FolderTree, "_read_all", refuse)
    assert counter.count().assignments == expected


def test_feedback_folders_are_looked_into_for_a_twentieth_of_the_time(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(course_counter, "time", clock)
    settle(settings)
    counter = CourseCounter(settings)
    look = counter._feedback.refresh

    def long_look(look_closer: bool) -> bool:
        nonlocal now
        now += 0.1 if look_closer else 0.0
        return look(look_closer)

    monkeypatch.setattr(counter._feedback, "refresh", long_look)
    released = counter.count().assignments["ps01"].released
    _feedback_in_place(settings)
    now += 1.85
    assert counter.count().assignments["ps01"].released == released
    now += 0.1
    assert counter.count().assignments["ps01"].released == released - 1


def test_what_has_settled_meanwhile_is_kept(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment_memory, "WORTH_SAVING", 1)
    monkeypatch.setattr(course_counter, "WORTH_SAVING", 1)
    for when in ("young", "settled", "a minute later"):
        submissions_of(settings, "ps01")
        course_counts(settings)
        if when == "young":
            settle(settings)
        if when == "settled":
            monkeypatch.setattr(kept_files, "SAVE_INTERVAL_S", 0.0)
    one = assignment_memory._readers.get(
        (settings.course_key, "ps01"), settings, lambda: pytest.fail("forgotten")
    )
    assert one._file.load() == one._memory
    assert one._memory is not None
    assert one._memory.records is not None
    kept = KeptFile(settings, course_memory.memory_file(settings), course_memory.decoder).load()
    assert kept is not None
    assert all(each.settled for each in kept.collected.values())


def test_a_new_server_remembers_what_the_old_one_read(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_counter, "WORTH_SAVING", 1)
    settle(settings)
    first = assignments_page(settings, REF)
    kept = course_memory.memory_file(settings)
    assert kept.stat().st_mode & 0o777 == 0o600
    forget()
    monkeypatch.setattr(course_counter, "read_gradebook", None)
    assert assignments_page(settings, REF) == first


@damaged
def test_a_memory_that_cannot_be_read_is_as_good_as_none(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch, content: bytes | str | None
) -> None:
    monkeypatch.setattr(course_counter, "WORTH_SAVING", 1)
    expected = assignments_page(settings, REF)
    kept = course_memory.memory_file(settings)
    damage(kept, content)
    forget()
    assert KeptFile(settings, kept, course_memory.decoder).load() is None
    assert assignments_page(settings, REF) == expected


def test_a_state_folder_that_refuses_writes(
    settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_counter, "WORTH_SAVING", 1)
    settings.state_dir.write_text("in the way")
    assert len(assignments_page(settings, REF).assignments) == 3


def test_only_a_few_courses_are_remembered(settings: CourseSettings, tmp_path: Path) -> None:
    for number in range(12):
        course_counts(msgspec.structs.replace(settings, root=str(tmp_path / str(number))))
    assert len(course_counter._counters) == course_counter.REMEMBERED_COURSES


def test_changed_settings_are_followed(settings: CourseSettings) -> None:
    assert _rows(settings)["ps01"].collected.done == 4
    other = msgspec.structs.replace(settings, submitted_directory="elsewhere")
    assert other.course_key == settings.course_key
    assert _rows(other)["ps01"].collected.remaining == 4


# --- the listing of the inbound folder ---------------------------------------


@pytest.fixture
def listing(settings: CourseSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep also what is small; returns the file."""
    monkeypatch.setattr(inbound_listing, "WORTH_KEEPING", 1)
    # no name has a slash, but it may have all else
    odd = ("zoe\nmax+ps01+x", "zo" + os.fsdecode(b"\xff") + f"+ps01+{stamp_of(submitted_at(0, 0))}+x")
    for name in odd:
        (inbound_dir(settings) / name).mkdir()
    settle(settings)
    return inbound_listing.listing_file(settings)


def test_a_new_server_knows_the_listing_of_the_old_one(
    settings: CourseSettings, listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = inbound_listing.listed_names(settings)
    assert sorted(names) == sorted(inbound_names(settings))
    first = submissions_page(settings, REF, "ps01")
    assert listing.stat().st_mode & 0o777 == 0o600
    forget()
    with monkeypatch.context() as refusing:
        refusing.setattr(inbound_listing, "inbound_names", None)
        assert inbound_listing.listed_names(settings) == names
        assert submissions_page(settings, REF, "ps01") == first
    _add_attempt(settings, 7, "x")
    forget()
    new = {row.student_id: row for row in submissions_page(settings, REF, "ps01").submissions}
    assert (new[WHO].attempts, new[WHO].waiting) == (3, True)
    settle(settings)
    forget()
    assert len(inbound_listing.listed_names(settings)) == len(names) + 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-5],
        lambda whole: whole[5:],
        lambda whole: b"\0" * 9 + whole[9:],
    ],
    ids=["empty", "end lost", "begin lost", "zeros"],
)
def test_a_listing_that_cannot_be_read_is_as_good_as_none(
    settings: CourseSettings, listing: Path, damage: Callable[[bytes], bytes]
) -> None:
    names = inbound_listing.listed_names(settings)
    listing.write_bytes(damage(listing.read_bytes()))
    forget()
    assert inbound_listing.listed_names(settings) == names
