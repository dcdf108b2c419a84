"""Names in the inbound folder, and which of them count."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.inbound import (
    group_unread,
    inbound_dir,
    inbound_names,
    is_whole,
    newest_whole,
    parse_attempt,
    read_inbound,
    scan_inbound,
)
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text

STAMP = "2015-02-02 15:58:23.948203 UTC"
WHEN = datetime(2015, 2, 2, 15, 58, 23, 948203, tzinfo=UTC)


def _add(settings: CourseSettings, name: str, stamp: str | None = STAMP) -> Path:
    folder = inbound_dir(settings) / name
    folder.mkdir(parents=True)
    if stamp is not None:
        (folder / "timestamp.txt").write_text(stamp)
    return folder


@pytest.mark.parametrize(
    ("name", "student", "assignment", "when"),
    [
        (f"bob+ps1+{STAMP}+Zm9v", "bob", "ps1", WHEN),
        (f"bob+ps1+{STAMP}", "bob", "ps1", WHEN),
        (f"bob+smith+ps1+{STAMP}+Zm9v", "bob+smith", "ps1", WHEN),
        (f"a+b+c+ps1+{STAMP}+Zm9v", "a+b+c", "ps1", WHEN),
        (f"bob+smith+10+{STAMP}", "bob+smith", "10", WHEN),
        (f"Jürgen+06. Übung 3+{STAMP}+Zm9v", "Jürgen", "06. Übung 3", WHEN),
        ("bob+ps1+2015-02-02 15:58:23 UTC+x", "bob", "ps1", WHEN.replace(microsecond=0)),
        ("bob+ps1+2015-02-02T15:58:23.948203Z+x", "bob", "ps1", WHEN),
    ],
)
def test_names_that_make_sense(name: str, student: str, assignment: str, when: datetime) -> None:
    attempt = parse_attempt(name)
    assert attempt is not None
    assert (attempt.student_id, attempt.assignment_id, attempt.submitted_at) == (student, assignment, when)


@pytest.mark.parametrize(
    "name",
    ["", "+", "++++", "bob", "bob+ps1", "bob+ps1+never+x", f"+ps1+{STAMP}+x", f"bob++{STAMP}+x", "x" * 250],
)
def test_names_that_make_none(name: str) -> None:
    assert parse_attempt(name) is None


@pytest.mark.parametrize("name", [f"bob+ps1+{STAMP}+Zm9v", f"a+b+ps1+{STAMP}+x", f"bob+ps1+{STAMP}"])
def test_names_are_read_as_nbgrader_does(name: str) -> None:
    from nbgrader.exchange.default.collect import ExchangeCollect

    record = ExchangeCollect._path_to_record(None, f"/exchange/inbound/{name}")
    attempt = parse_attempt(name)
    assert attempt is not None
    assert record["username"] == attempt.student_id
    assert record["timestamp"] == attempt.submitted_at.replace(tzinfo=None)


@pytest.mark.parametrize(
    "text",
    [
        STAMP,
        "2015-02-02 15:58:23 UTC",
        "2015-02-02 15:58:23.948203 Europe/Berlin",
        "2015-02-02 15:58:23 -0500",  # nbgrader takes the offset for seconds
        "2015-02-02T15:58:23.948203-05:00",
        "2015-02-02T15:58:23",
        "2 Feb 2015 15:58",
    ],
)
def test_times_are_read_as_nbgrader_does(text: str) -> None:
    from nbgrader.utils import parse_utc

    found = parse_timestamp(text)
    assert found is not None
    assert found.tzinfo is UTC
    assert found.replace(tzinfo=None) == parse_utc(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "0" * 40,
        "9" * 300,
        "2015-13-45 99:99:99.999999 UTC",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31 23:59:59 -9999",
    ],
)
def test_times_that_make_no_sense(text: str) -> None:
    assert parse_timestamp(text) is None


def test_a_zone_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Path("/t") / "z"
    asked: list[str] = []
    monkeypatch.setattr("dateutil.tz.gettz", asked.append)
    found = parse_timestamp(f"2015-02-02 12:00:00 {zone}")
    assert asked == []
    assert found == datetime(2015, 2, 2, 12, tzinfo=UTC)


def test_scan_groups_newest_first_and_counts_what_is_odd(settings: CourseSettings) -> None:
    _add(settings, "zoe+ps9+2015-02-02 10:00:00.000000 UTC+a")
    _add(settings, "zoe+ps9+2015-02-03 10:00:00.000000 UTC+b")
    _add(settings, "zoe+ps9+2015-02-01 10:00:00.000000 UTC+c")
    _add(settings, ".staging-zoe+ps9+2015-02-09 10:00:00.000000 UTC+d")
    _add(settings, "notes")
    found = read_inbound(settings)
    assert [attempt.submitted_at.day for attempt in found.attempts["ps9"]["zoe"]] == [3, 2, 1]
    assert found.ignored == 1
    assert set(found.attempts) == {"ps01", "ps02", "ps03", "ps9"}
    assert {student: len(attempts) for student, attempts in found.attempts["ps01"].items()} == {
        f"student{n:04}": 2 for n in range(4)
    }


def test_scan_of_one_assignment_is_a_part_of_the_whole(settings: CourseSettings) -> None:
    _add(settings, f"ps01+x+ps02+{STAMP}+a")  # a student called ps01+x
    assert scan_inbound(settings, "ps02") == {"ps02": scan_inbound(settings)["ps02"]}
    assert scan_inbound(settings, "ps") == {}


def test_unread_attempts_are_the_same_attempts(settings: CourseSettings) -> None:
    for name in (
        f"a+b+ps1+{STAMP}+x",
        f"bob+ps1+{STAMP}",
        f"bob+ps1+{STAMP}+x",
        "bob+ps1+2015-02-02 15:58:23 UTC+x",
        "bob+ps1+2016-13-02 15:58:23.948203 UTC+x",
        "bob+ps1+2014-02-02 15:58:23.948203 UTC+y+z",
        ".dot",
        "nothing",
    ):
        _add(settings, name)
    unread = group_unread(inbound_names(settings))
    read = scan_inbound(settings)
    assert {a: {s: list(found) for s, found in students.items()} for a, students in unread.items()} == read
    assert {a: {s: len(found) for s, found in students.items()} for a, students in unread.items()} == {
        a: {s: len(found) for s, found in students.items()} for a, students in read.items()
    }


def test_what_was_cut_short_does_not_count(settings: CourseSettings) -> None:
    _add(settings, "zoe+ps9+2015-02-01 10:00:00.000000 UTC+a")
    cut = _add(settings, "zoe+ps9+2015-02-02 10:00:00.000000 UTC+b", stamp=None)
    _add(settings, "zoe+ps9+2015-02-03 10:00:00.000000 UTC+c", stamp="")
    attempts = scan_inbound(settings)["ps9"]["zoe"]
    assert [is_whole(settings, attempt) for attempt in attempts] == [False, False, True]
    assert newest_whole(settings, attempts) == attempts[2]
    (cut / "timestamp.txt").write_text(STAMP)
    assert newest_whole(settings, attempts) == attempts[1]


def test_links_are_no_submissions(settings: CourseSettings, tmp_path: Path) -> None:
    real = _add(settings, f"amy+ps9+{STAMP}+a")
    (inbound_dir(settings) / f"zoe+ps9+{STAMP}+a").symlink_to(real)
    linked = _add(settings, f"bob+ps9+{STAMP}+a", stamp=None)
    (linked / "timestamp.txt").symlink_to(real / "timestamp.txt")
    folder = _add(settings, f"cat+ps9+{STAMP}+a", stamp=None)
    (folder / "timestamp.txt").mkdir()
    os.mkfifo(_add(settings, f"dan+ps9+{STAMP}+a", stamp=None) / "timestamp.txt")
    whole = {s: is_whole(settings, found[0]) for s, found in scan_inbound(settings)["ps9"].items()}
    assert whole == {"amy": True, "zoe": False, "bob": False, "cat": False, "dan": False}


def test_a_timestamp_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "timestamp.txt")
    assert read_timestamp_text(str(tmp_path)) is None


def test_up_to_the_due_date(settings: CourseSettings) -> None:
    for day in (1, 2, 3):
        _add(settings, f"zoe+ps9+2015-02-0{day} 10:00:00.000000 UTC+a", stamp=None if day == 2 else STAMP)
    attempts = scan_inbound(settings)["ps9"]["zoe"]

    def until(day: int) -> int | None:
        found = newest_whole(settings, attempts, datetime(2015, 2, day, 12, tzinfo=UTC))
        return found.submitted_at.day if found else None

    assert until(3) == 3
    assert until(2) == 1  # that of the 2nd was cut short
    assert until(1) == 1
    assert newest_whole(settings, attempts, datetime(2014, 1, 1, tzinfo=UTC)) == attempts[0]
    assert newest_whole(settings, []) is None


def test_no_exchange_or_another_one(settings: CourseSettings) -> None:
    import msgspec

    assert scan_inbound(msgspec.structs.replace(settings, course_id="other")) == {}
    assert scan_inbound(msgspec.structs.replace(settings, default_exchange=False)) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_inbound_folder_that_may_not_be_read(settings: CourseSettings) -> None:
    inbound_dir(settings).chmod(0o300)
    try:
        with pytest.raises(ExchangeBroken, match="cannot be read"):
            scan_inbound(settings)
    finally:
        inbound_dir(settings).chmod(0o755)
