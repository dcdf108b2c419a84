from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from nbgrader.api import Gradebook

from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.errors import ExchangeBroken, InvalidName
from hubgrade_ext.core.models import ItemResult
from tests.exchange.acting import DUE, run, run_without_privileges, staging_left, tree

EARLY = DUE.replace(tzinfo=UTC) - timedelta(days=2)
LATE = DUE.replace(tzinfo=UTC) + timedelta(days=2)


@pytest.fixture
def released(course: Course) -> Path:
    run(release_assignment, course)
    folder = Path(course.settings.root or "") / "release" / "ps1"
    assert folder.is_dir()
    return folder


@pytest.fixture
def hand_in(released: Path, submit_as: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Return a function that submits ps1 with a file that says what it is."""

    def submit(student_id: str, text: str = "work", when: datetime = EARLY, **wishes: str) -> Path:
        files = tmp_path / "own" / os.urandom(4).hex()
        shutil.copytree(released, files)
        (files / "answer.txt").write_text(text)
        return submit_as(student_id, files, when=when, **wishes)

    return submit


def answer(course: Course, student_id: str) -> str:
    return (course.settings.path("submitted", student_id, "ps1") / "answer.txt").read_text()


def by_item(results: list[ItemResult]) -> dict[str, ItemResult]:
    assert len({result.item for result in results}) == len(results)
    return {result.item: result for result in results}


def test_collects_the_newest_of_each(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("anna", "old", EARLY)
    folder = hand_in("anna", "new", EARLY + timedelta(hours=1))
    hand_in("ben+x", "b")
    results = by_item(run(collect, course))
    assert {k: r.state for k, r in results.items()} == {"anna": "done", "ben+x": "done"}
    assert tree(course.settings.path("submitted", "anna", "ps1")) == tree(folder)
    assert (answer(course, "anna"), answer(course, "ben+x")) == ("new", "b")
    assert staging_left(course.settings.state_dir) == []
    assert run(collect, course) == []


def test_a_name_on_two_lines_is_told_and_stops_no_other(course: Course, hand_in: Callable[..., Path]) -> None:
    folder = hand_in("anna")
    shutil.copytree(folder, folder.with_name(folder.name.replace("anna", "two\nlines")))
    results = by_item(run(collect, course))
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "anna": ("done", "done"),
        "two\nlines": ("failed", "invalid_name"),
    }
    assert "U+000A" in results["two\nlines"].message


def test_owner_mismatch_is_told(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("anna")
    (result,) = run(collect, course)
    assert result.state == "done"
    assert "claims to be submitted by anna but is owned by" in result.message


def test_newer_replaces_and_the_earlier_is_kept(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("anna", "old", EARLY)
    hand_in("ben", "b", EARLY)
    run(collect, course)
    hand_in("anna", "new", EARLY + timedelta(hours=1))
    assert [r.item for r in run(collect, course)] == ["anna"]
    assert answer(course, "anna") == "new"
    kept = list((course.settings.state_dir / "backups").glob("*/submitted/anna/ps1/answer.txt"))
    assert [p.read_text() for p in kept] == ["old"]


def test_scope_all_and_chosen_students(course: Course, hand_in: Callable[..., Path]) -> None:
    for student in ("anna", "ben"):
        hand_in(student)
    run(collect, course)
    assert [r.item for r in run(collect, course, scope="all")] == ["anna", "ben"]
    results = by_item(run(collect, course, students=["ben", "carl"]))
    assert {k: (r.state, r.code) for k, r in results.items()} == {
        "ben": ("done", "done"),
        "carl": ("skipped", "no_submission"),
    }
    with pytest.raises(InvalidName):
        run(collect, course, students=["../anna"])


def test_items_done_before_are_not_touched(course: Course, hand_in: Callable[..., Path]) -> None:
    for student in ("anna", "ben"):
        hand_in(student)
    results = run(collect, course, scope="all", skip=frozenset({"anna"}))
    assert [r.item for r in results] == ["ben"]
    assert not course.settings.path("submitted", "anna", "ps1").exists()


def test_cut_short_is_never_collected_over_a_whole_one(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("anna", "whole", EARLY)
    (hand_in("anna", "cut", LATE) / "timestamp.txt").unlink()
    (hand_in("ben", "cut", EARLY) / "timestamp.txt").unlink()
    results = by_item(run(collect, course))
    assert answer(course, "anna") == "whole"
    assert results["anna"].state == "done"
    assert "cut short" in results["anna"].message
    assert (results["ben"].state, results["ben"].code) == ("failed", "submission_cut_short")
    assert results["ben"].remedy
    assert not course.settings.path("submitted", "ben", "ps1").exists()
    again = by_item(run(collect, course))
    assert (again["anna"].state, again["anna"].code) == ("skipped", "submission_cut_short")
    assert answer(course, "anna") == "whole"
    hand_in("anna", "newest", LATE + timedelta(hours=1))
    hand_in("ben", "whole", LATE)
    assert {r.item: r.state for r in run(collect, course)} == {"anna": "done", "ben": "done"}
    assert run(collect, course) == []


def test_before_due_date(course: Course, hand_in: Callable[..., Path]) -> None:
    for student in ("anna", "ben"):
        hand_in(student, "early", EARLY)
        hand_in(student, "late", LATE)
    hand_in("carl", "late", LATE)
    with Gradebook(course.settings.db_url, "course101") as gradebook:
        gradebook.add_student("ben")
        gradebook.add_submission("ps1", "ben")
        gradebook.grant_extension("ps1", "ben", days=3)
    run(collect, course)
    assert answer(course, "anna") == "late"
    results = by_item(run(collect, course, before_due_date=True))
    # ben's extension makes the late one timely; carl has no other
    assert list(results) == ["anna"]
    assert {s: answer(course, s) for s in ("anna", "ben", "carl")} == {
        "anna": "early",
        "ben": "late",
        "carl": "late",
    }


def test_bad_submissions_do_not_stop_the_others(
    course: Course, hand_in: Callable[..., Path], tmp_path: Path
) -> None:
    secret = tmp_path / "instructors.txt"
    secret.write_text("hidden tests")
    (hand_in("a_link") / "stolen.txt").symlink_to(secret)
    (hand_in("b_dirlink") / "stolen").symlink_to(tmp_path)
    os.mkfifo(hand_in("c_pipe") / "pipe")
    (hand_in("d_relative") / "up.txt").symlink_to("../../../../../../etc/passwd")
    (hand_in("e_dangling") / "gone.txt").symlink_to("not_there.txt")
    with (hand_in("f_huge") / "huge.bin").open("wb") as file:
        file.truncate(90_000_000)
    with (next(Path(course.settings.exchange_root).rglob("inbound/f_huge*")) / "more.bin").open("wb") as file:
        file.truncate(60_000_000)
    whole = hand_in("g_link")
    shutil.move(whole, whole.with_name(".moved"))
    whole.symlink_to(".moved")
    (hand_in("i_loop") / "loop").symlink_to(".")
    inside = hand_in("h_inside")
    (inside / "sub").mkdir()
    (inside / "sub" / "same.txt").symlink_to("../answer.txt")
    hand_in("z_good")
    results = by_item(run(collect, course))
    states = {k: r.state for k, r in results.items()}
    bad = ["a_link", "b_dirlink", "c_pipe", "d_relative", "e_dangling", "f_huge", "g_link", "i_loop"]
    assert states == dict.fromkeys(bad, "failed") | {"h_inside": "done", "z_good": "done"}
    for student in bad:
        assert results[student].remedy
        assert not course.settings.path("submitted", student, "ps1").exists()
    assert "leads out of the submission" in results["a_link"].message
    assert "MB" in results["f_huge"].message
    assert "link to the submission itself" in results["i_loop"].message
    collected = course.settings.path("submitted", "h_inside", "ps1") / "sub" / "same.txt"
    assert not collected.is_symlink()
    assert collected.read_text() == "work"
    assert "hidden tests" not in "".join(
        p.read_text() for p in Path(course.settings.root or "").rglob("*.txt")
    )


def test_a_name_that_is_no_text_stops_nobody(course: Course, hand_in: Callable[..., Path]) -> None:
    whole = hand_in("anna")
    # any student may give a folder such a name; no message about it could be sent
    for hostile in (b"\xff", b"zoe\xfe"):
        shutil.copytree(whole, whole.with_name(whole.name.replace("anna", os.fsdecode(hostile))))
    for scope in ("remaining", "all"):
        results = run(collect, course, scope=scope)
        msgspec.json.encode(results)
        assert [(r.item, r.state) for r in results] == [("anna", "done")]


def test_unreadable_submission(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("good")
    (hand_in("shut") / "answer.txt").chmod(0)
    closed = hand_in("closed")
    closed.chmod(0)
    results = by_item(run_without_privileges("collect", course))
    closed.chmod(0o755)
    assert {k: r.state for k, r in results.items()} == {"good": "done", "shut": "failed", "closed": "failed"}
    assert "cannot be read" in results["shut"].message
    assert results["closed"].code == "submission_unreadable"


def test_read_only_course_keeps_what_was_collected(course: Course, hand_in: Callable[..., Path]) -> None:
    hand_in("anna", "old", EARLY)
    run(collect, course)
    hand_in("anna", "new", LATE)
    folder = course.settings.path("submitted", "anna", "ps1").parent
    folder.chmod(0o555)
    (result,) = run_without_privileges("collect", course)
    folder.chmod(0o755)
    assert result.state == "failed"
    assert "no permission" in result.message
    assert result.remedy
    assert answer(course, "anna") == "old"
    assert [r.state for r in run(collect, course)] == ["done"]
    assert answer(course, "anna") == "new"


def test_timestamp_that_makes_no_sense_is_mended(course: Course, hand_in: Callable[..., Path]) -> None:
    (hand_in("anna") / "timestamp.txt").write_text("tomorrow-ish")
    (result,) = run(collect, course)
    assert "made no sense" in result.message
    stamp = course.settings.path("submitted", "anna", "ps1") / "timestamp.txt"
    assert stamp.read_text() == EARLY.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    assert run(collect, course) == []


def test_files_too_large_are_left_out(
    make_course: Callable[..., Path], submit_as: Callable[..., Path]
) -> None:
    root = make_course(
        config="\nc.CourseDirectory.max_file_size = 50\nc.CourseDirectory.ignore = ['*.log']\n"
    )
    course = open_course(root)
    submit = submit_as("anna", root / "source" / "ps1")
    (submit / "big.bin").write_bytes(b"x" * 60_000)
    (submit / "noise.log").write_text("x")
    (result,) = run(collect, course)
    assert result.state == "done"
    assert "Left out" in result.message
    assert "big.bin" in result.message
    collected = course.settings.path("submitted", "anna", "ps1")
    assert {p.name for p in collected.iterdir()} & {"big.bin", "noise.log", "problem1.ipynb"} == {
        "problem1.ipynb"
    }


def test_nothing_released_yet(course: Course) -> None:
    with pytest.raises(ExchangeBroken, match="no folder for submissions"):
        run(collect, course)


def test_groupshared(make_course: Callable[..., Path], submit_as: Callable[..., Path]) -> None:
    root = make_course(config="\nc.CourseDirectory.groupshared = True\n")
    submit_as("anna", root / "source" / "ps1")
    course = open_course(root)
    run(collect, course)
    collected = course.settings.path("submitted", "anna", "ps1")
    assert stat.S_IMODE(collected.stat().st_mode) & 0o2770 == 0o2770
    assert stat.S_IMODE((collected / "problem1.ipynb").stat().st_mode) & 0o660 == 0o660


def test_full_disk_keeps_what_was_collected(
    make_course: Callable[..., Path], submit_as: Callable[..., Path], small_disk: Path
) -> None:
    made = make_course()
    root = small_disk / "course101"
    root.mkdir()
    shutil.copy(made / "nbgrader_config.py", root)
    course = open_course(root)
    first = submit_as("anna", made / "source" / "ps1", when=EARLY)
    run(collect, course)
    old = tree(course.settings.path("submitted", "anna", "ps1"))
    assert old == tree(first)
    (submit_as("anna", made / "source" / "ps1", when=LATE) / "data.bin").write_bytes(os.urandom(3_000_000))
    submit_as("ben", made / "source" / "ps1", when=EARLY)
    results = by_item(run(collect, course))
    assert {k: r.state for k, r in results.items()} == {"anna": "failed", "ben": "done"}
    assert "full" in results["anna"].message
    assert tree(course.settings.path("submitted", "anna", "ps1")) == old
    assert staging_left(root) == []
