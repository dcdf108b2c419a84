from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.unrelease import unrelease
from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.errors import AssignmentNotFound, ConfirmationRequired, Conflict, InvalidName
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.exchange.due_dates import FILE_NAME, edit_due_date, publish_due_dates, read_due_dates
from tests.exchange.acting import DUE, generate, remount, run, staging_left, tree


def released(course: Course) -> Path:
    return outbound_dir(course.settings) / "ps1"


def test_release(course: Course) -> None:
    (result,) = run(release_assignment, course)
    assert (result.item, result.state, result.message) == ("ps1", "done", "Released.")
    assert tree(released(course)) == tree(Path(course.settings.root or "") / "release" / "ps1")
    assert stat.S_IMODE(released(course).stat().st_mode) == 0o755
    assert {stat.S_IMODE(p.stat().st_mode) for p in released(course).rglob("*.ipynb")} == {0o644}
    assert stat.S_IMODE((outbound_dir(course.settings).parent / "inbound").stat().st_mode) == 0o2733
    assert staging_left(Path(course.settings.exchange_root)) == []


def test_release_again_keeps_the_earlier_one(course: Course) -> None:
    run(release_assignment, course)
    old = tree(released(course))
    notebook = Path(course.settings.root or "") / "release" / "ps1" / "problem1.ipynb"
    notebook.write_text("{}")
    (result,) = run(release_assignment, course)
    assert result.state == "done"
    assert (released(course) / "problem1.ipynb").read_text() == "{}"
    kept = Path(result.message.split(" kept in ")[1].rstrip("."))
    assert kept.is_relative_to(course.settings.state_dir / "backups")
    assert tree(kept) == old


def test_release_publishes_due_dates(course: Course) -> None:
    run(release_assignment, course)
    published = read_due_dates(course.settings)["ps1"]
    assert published.due_date == DUE.replace(tzinfo=UTC)
    assert published.released_at is not None
    path = outbound_dir(course.settings) / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert '"due_date":"2030-01-15T12:00:00Z"' in path.read_text()
    later = datetime(2031, 1, 1, tzinfo=UTC)
    publish_due_dates(course.settings, {"ps1": later, "not_released": later})
    assert {k: v.due_date for k, v in read_due_dates(course.settings).items()} == {"ps1": later}
    publish_due_dates(course.settings, {"ps1": None})
    assert read_due_dates(course.settings)["ps1"].due_date is None


def test_an_edited_due_date_is_published(course: Course) -> None:
    run(release_assignment, course)
    later = datetime(2030, 2, 1, 8, 0, tzinfo=UTC)
    edit_due_date(course.settings, "ps1", later)
    assert read_gradebook(course.settings).assignments["ps1"].due_date == later
    assert read_due_dates(course.settings)["ps1"].due_date == later
    (Path(course.settings.root or "") / "source" / "ps2").mkdir()
    edit_due_date(course.settings, "ps2", later)
    assert "ps2" not in read_due_dates(course.settings)
    edit_due_date(course.settings, "ps1", None)
    assert read_due_dates(course.settings)["ps1"].due_date is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"[]",
        b"[[" * 50_000,
        b'{"ps1": 3}',
        b'{"ps1": {"due_date": "soon"}}',
        b"\xff" * 9,
        b" " * 2_000_000,
    ],
)
def test_hostile_due_dates_are_none(course: Course, content: bytes) -> None:
    run(release_assignment, course)
    (outbound_dir(course.settings) / FILE_NAME).write_bytes(content)
    assert read_due_dates(course.settings) == {}


def test_due_dates_that_are_a_pipe_or_a_link_are_none(course: Course, tmp_path: Path) -> None:
    run(release_assignment, course)
    path = outbound_dir(course.settings) / FILE_NAME
    good = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    assert read_due_dates(course.settings) == {}
    path.unlink()
    (tmp_path / "elsewhere").write_bytes(good)
    path.symlink_to(tmp_path / "elsewhere")
    assert read_due_dates(course.settings) == {}


def test_not_generated(course_dir: Path) -> None:
    course = open_course(course_dir)
    with pytest.raises(Conflict, match="has not been generated"):
        run(release_assignment, course)
    with pytest.raises(AssignmentNotFound):
        run(release_assignment, course, "ps9")
    with pytest.raises(InvalidName):
        run(release_assignment, course, "../ps1")
    # looking for due dates must not create a gradebook
    assert not (course_dir / "gradebook.db").exists()


@pytest.mark.parametrize(
    ("before", "after"), [(None, 0o1777), (0o1777, 0o1777), (0o777, 0o777), (0o755, 0o1777)]
)
def test_mode_of_the_exchange(course: Course, exchange_dir: Path, before: int | None, after: int) -> None:
    if before is None:
        exchange_dir.rmdir()
    else:
        exchange_dir.chmod(before)
    assert run(release_assignment, course)[0].state == "done"
    assert stat.S_IMODE(exchange_dir.stat().st_mode) == after


def test_full_disk_leaves_the_old_release(course: Course, small_disk: Path) -> None:
    root = Path(course.settings.root or "")
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(small_disk)!r}\n")
    course = open_course(root)
    run(release_assignment, course)
    old = tree(released(course))
    (root / "release" / "ps1" / "data.bin").write_bytes(os.urandom(3_000_000))
    (result,) = run(release_assignment, course)
    assert (result.state, result.code) == ("failed", "exchange_broken")
    assert "full" in result.message
    assert "Free some space" in result.remedy
    assert tree(released(course)) == old
    assert staging_left(small_disk) == []
    (root / "release" / "ps1" / "data.bin").write_bytes(b"small")
    assert run(release_assignment, course)[0].state == "done"
    assert (released(course) / "data.bin").read_bytes() == b"small"


def test_read_only_exchange(course: Course, small_disk: Path) -> None:
    root = Path(course.settings.root or "")
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(small_disk)!r}\n")
    course = open_course(root)
    run(release_assignment, course)
    old = tree(released(course))
    remount(small_disk, "ro")
    (result,) = run(release_assignment, course)
    assert (result.state, result.code) == ("failed", "exchange_broken")
    assert result.remedy
    assert tree(released(course)) == old


def test_names_of_any_script(make_course: Callable[..., Path], empty_gradebook: Path) -> None:
    names = ("06. Networks", "Übung 3")
    course = open_course(make_course(assignments=names))
    generate(course, empty_gradebook, *names)
    for name in names:
        assert run(release_assignment, course, name)[0].state == "done"
    assert sorted(read_due_dates(course.settings)) == sorted(names)


def test_unrelease(course: Course, submit_as: Callable[..., Path]) -> None:
    run(release_assignment, course)
    old = tree(released(course))
    inbound = submit_as("anna", released(course))
    with pytest.raises(ConfirmationRequired):
        run(unrelease, course)
    assert released(course).is_dir()
    (result,) = run(unrelease, course, confirm="ps1")
    assert result.state == "done"
    assert tree(Path(result.message.split(" kept in ")[1].rstrip("."))) == old
    assert not released(course).exists()
    assert inbound.is_dir()
    assert read_due_dates(course.settings) == {}
    with pytest.raises(AssignmentNotFound):
        run(unrelease, course, confirm="ps1")


def test_somebody_elses_release_folder(course: Course) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give folders to others")
    run(release_assignment, course)
    subprocess.run(["chown", "-R", "nobody", outbound_dir(course.settings)], check=True)
    (result,) = run(release_assignment, course)
    assert (result.state, result.code) == ("failed", "exchange_broken")
    assert "You don't own the directory" in result.message
    assert "owner" in result.remedy
