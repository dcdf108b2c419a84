from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubgrade_ext.core import replace
from hubgrade_ext.core.disk import plain_errors, remove_tree, write_file
from hubgrade_ext.core.errors import CourseBroken, ExchangeBroken
from hubgrade_ext.core.replace import Backups, put_in_place, staging, sweep, take_away
from hubgrade_ext.core.settings import CourseSettings


@pytest.fixture
def settings(tmp_path: Path) -> CourseSettings:
    root = tmp_path / "course"
    root.mkdir()
    return settings_for(root)


def settings_for(root: Path) -> CourseSettings:
    return CourseSettings(
        course_id="c",
        root=str(root),
        db_url="",
        source_directory="source",
        release_directory="release",
        submitted_directory="submitted",
        autograded_directory="autograded",
        feedback_directory="feedback",
        directory_structure="{nbgrader_step}/{student_id}/{assignment_id}",
        exchange_root="",
        exchange_cache="",
        work_dir="",
        path_includes_course=False,
        default_exchange=True,
        groupshared=False,
        username="u",
        ignore=[],
        max_file_size=1,
        max_dir_size=1,
        data_dir="",
    )


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that cannot exchange two names."""
    monkeypatch.setattr(replace, "_exchange", lambda one, other: False)


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a second file system")
    path = tmp_path / "other"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], capture_output=True)
    if done.returncode:
        pytest.skip("cannot mount a second file system here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def make(path: Path, text: str, mode: int = 0o755) -> Path:
    path.mkdir(parents=True)
    (path / "a.txt").write_text(text)
    (path / "a.txt").chmod(0o444)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o755, 0o555])
def test_old_goes_to_backup_and_new_is_there(settings: CourseSettings, tmp_path: Path, mode: int) -> None:
    root = tmp_path / "course"
    target = make(root / "submitted" / "anna" / "ps1", "old", mode)
    new = make(root / "new", "new", mode)
    backups = Backups(settings)
    kept = put_in_place(new, target, backups)
    assert kept == backups.folder / "submitted" / "anna" / "ps1"
    assert (target / "a.txt").read_text() == "new"
    assert (kept / "a.txt").read_text() == "old"
    assert not new.exists()
    assert target.stat().st_mode & 0o777 == mode
    assert kept.stat().st_mode & 0o777 == mode


@pytest.mark.usefixtures("no_exchange")
def test_without_exchange_the_old_one_goes_aside_first(settings: CourseSettings, tmp_path: Path) -> None:
    target = make(tmp_path / "course" / "x", "old")
    kept = put_in_place(make(tmp_path / "new", "new"), target, Backups(settings))
    assert kept is not None
    assert (kept / "a.txt").read_text() == "old"
    assert (target / "a.txt").read_text() == "new"
    assert sorted(p.name for p in target.parent.iterdir()) == [".hubgrade", "x"]


def test_interrupted_swap_is_mended(settings: CourseSettings, tmp_path: Path) -> None:
    aside = make(tmp_path / "course" / ".x.hubgrade-aside", "old")
    sweep(tmp_path / "course")
    assert (tmp_path / "course" / "x" / "a.txt").read_text() == "old"
    assert not aside.exists()


def test_interrupted_after_the_swap_the_old_one_reaches_the_backups(
    settings: CourseSettings, tmp_path: Path
) -> None:
    make(tmp_path / "course" / ".x.hubgrade-aside", "oldest")
    target = make(tmp_path / "course" / "x", "old")
    backups = Backups(settings)
    put_in_place(make(tmp_path / "new", "new"), target, backups)
    assert {p.name: (p / "a.txt").read_text() for p in backups.folder.iterdir()} == {
        "x": "oldest",
        "x.2": "old",
    }


def test_without_backups_the_old_one_is_removed(tmp_path: Path) -> None:
    target = make(tmp_path / "x", "old", 0o555)
    assert put_in_place(make(tmp_path / "new", "new"), target, None) is None
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith((".x", "x", "new"))] == ["x"]
    assert (target / "a.txt").read_text() == "new"


def test_a_file_is_put_in_place_too(settings: CourseSettings, tmp_path: Path) -> None:
    target = tmp_path / "course" / "file"
    target.write_text("old")
    (tmp_path / "new").write_text("new")
    kept = put_in_place(tmp_path / "new", target, Backups(settings))
    assert kept is not None
    assert (kept.read_text(), target.read_text()) == ("old", "new")


def test_across_file_systems(settings: CourseSettings, tmp_path: Path, other_disk: Path) -> None:
    new = make(tmp_path / "new", "new")
    target = make(other_disk / "x", "old", 0o555)
    kept = put_in_place(new, target, Backups(settings))
    assert kept is not None
    assert kept.is_relative_to(tmp_path / "course")
    assert (kept / "a.txt").read_text() == "old"
    assert (target / "a.txt").read_text() == "new"
    assert [p.name for p in other_disk.iterdir()] == ["x"]
    assert not new.exists()


def test_full_disk_leaves_the_old_one(settings: CourseSettings, tmp_path: Path, other_disk: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "big").write_bytes(b"x" * 2_000_000)
    target = make(other_disk / "x", "old")
    with pytest.raises(CourseBroken, match="full") as caught:
        put_in_place(new, target, Backups(settings))
    assert "Free some space" in caught.value.remedy
    assert (target / "a.txt").read_text() == "old"
    assert [p.name for p in other_disk.iterdir()] == ["x"]


def test_read_only_file_system(settings: CourseSettings, tmp_path: Path, other_disk: Path) -> None:
    target = make(other_disk / "x", "old")
    subprocess.run(["mount", "-o", "remount,ro", other_disk], check=True)
    with pytest.raises(CourseBroken, match="read-only"):
        put_in_place(make(tmp_path / "new", "new"), target, Backups(settings))
    assert (target / "a.txt").read_text() == "old"


def test_backup_that_cannot_be_written_is_kept_beside(
    settings: CourseSettings, tmp_path: Path, other_disk: Path
) -> None:
    (other_disk / "course").mkdir()
    here = settings_for(other_disk / "course")
    target = tmp_path / "x"
    target.mkdir()
    (target / "big").write_bytes(b"x" * 2_000_000)
    kept = put_in_place(make(tmp_path / "new", "new"), target, Backups(here))
    assert kept == tmp_path / ".x.hubgrade-kept"
    assert (kept / "big").stat().st_size == 2_000_000
    assert (target / "a.txt").read_text() == "new"


def test_take_away(settings: CourseSettings, tmp_path: Path, other_disk: Path) -> None:
    for target in (make(tmp_path / "course" / "x", "1"), make(other_disk / "x", "2", 0o555)):
        kept = take_away(target, Backups(settings))
        assert (kept / "a.txt").is_file()
        assert not target.exists()
    assert list(other_disk.iterdir()) == []


def test_only_the_newest_backups_stay(settings: CourseSettings, tmp_path: Path) -> None:
    for number in range(5):
        target = tmp_path / "course" / "x"
        put_in_place(make(tmp_path / "new", str(number)), target, Backups(settings, keep=3))
        time.sleep(0.001)
    kept = sorted((settings.state_dir / "backups").iterdir())
    assert [(p / "x" / "a.txt").read_text() for p in kept] == ["1", "2", "3"]


def test_staging_is_removed_and_sweeping_spares_the_living(tmp_path: Path) -> None:
    with staging(tmp_path / "s") as stage:
        make(stage / "deep", "x", 0o555)
        sweep(tmp_path / "s")
        assert stage.is_dir()
        assert stage.name.startswith(".")
    assert list((tmp_path / "s").iterdir()) == []


def test_sweeping_removes_what_a_dead_process_left(tmp_path: Path) -> None:
    code = "import sys,os; from pathlib import Path; from hubgrade_ext.core.replace import staging\n"
    code += "c = staging(Path(sys.argv[1])); p = c.__enter__(); (p / 'd').mkdir()\n"
    code += "(p / 'd').chmod(0o555); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], check=True)
    (left,) = (tmp_path / "s").iterdir()
    sweep(tmp_path / "s")
    assert not left.exists()


def test_another_machines_staging_is_left_until_it_is_old(tmp_path: Path) -> None:
    foreign = tmp_path / ".hubgrade-stage-0123abcd-1-1-ffff"
    foreign.mkdir()
    sweep(tmp_path)
    assert foreign.is_dir()
    os.utime(foreign, (time.time() - 90_000,) * 2)
    sweep(tmp_path)
    assert not foreign.exists()


def test_remove_tree_does_not_follow_links(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", "x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(outside)
    remove_tree(tmp_path / "inside")
    remove_tree(tmp_path / "inside")
    assert (outside / "a.txt").is_file()


def test_write_file_is_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "d" / "f", b"1")
    write_file(tmp_path / "d" / "f", b"2", 0o600)
    assert (tmp_path / "d" / "f").read_bytes() == b"2"
    assert (tmp_path / "d" / "f").stat().st_mode & 0o777 == 0o600
    assert len(list((tmp_path / "d").iterdir())) == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.EXDEV, "container image"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_refusals_in_plain_words(number: int, words: str, tmp_path: Path) -> None:
    with (
        pytest.raises(ExchangeBroken, match=words) as caught,
        plain_errors("release ps1", tmp_path, ExchangeBroken),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.message.startswith("Could not release ps1")
    assert caught.value.remedy


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exchange", [True, False])
def test_killed_at_any_point_one_of_them_is_whole(
    settings: CourseSettings, tmp_path: Path, seed: int, exchange: bool
) -> None:
    kill_while_replacing(settings, tmp_path, seed, exchange)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
@pytest.mark.parametrize("exchange", [True, False])
def test_killed_at_any_of_many_points(
    settings: CourseSettings, tmp_path: Path, seed: int, exchange: bool
) -> None:
    kill_while_replacing(settings, tmp_path, seed, exchange)


def kill_while_replacing(settings: CourseSettings, tmp_path: Path, seed: int, exchange: bool) -> None:
    """A child replaces a folder of equal files again and again; whatever is there must be of one version."""
    import random

    target = tmp_path / "course" / "x"
    child = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "replacing_child.py", tmp_path, str(int(exchange))],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"started\n"
    time.sleep(random.Random(seed).uniform(0, 0.1))
    child.kill()
    child.wait()
    child.stdout.close()
    sweep(target.parent)
    versions = {p.read_text() for p in target.iterdir()}
    assert len(versions) == 1
    assert len(list(target.iterdir())) == 5
    put_in_place(make(tmp_path / "new", "next"), target, Backups(settings))
    assert (target / "a.txt").read_text() == "next"
    with staging(settings.state_dir / "staging"):
        pass
    assert list((settings.state_dir / "staging").iterdir()) == []
