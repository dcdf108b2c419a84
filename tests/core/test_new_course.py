"""New courses and new assignments."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import nbformat
import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Conflict, CourseBroken, Forbidden, InvalidName, InvalidRequest, NotFound
from hubgrade_ext.core.new_course import create_assignment, create_course

PS1 = ["jupyter.png", "problem1.ipynb", "problem2.ipynb"]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_course_opens_and_holds_nothing_else(tmp_path: Path) -> None:
    root = create_course(tmp_path / "Übung 2", "Übung 2")
    assert sorted(p.name for p in root.iterdir()) == ["nbgrader_config.py", "source"]
    assert open_course(root).settings.course_id == "Übung 2"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert stat.S_IMODE((root / "nbgrader_config.py").stat().st_mode) == 0o644


def test_an_existing_folder_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "notes.txt").write_text("mine")
    root = create_course(tmp_path / "c", "c")
    assert sorted(p.name for p in root.iterdir()) == ["nbgrader_config.py", "notes.txt", "source"]
    assert (root / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("taken", ["source/ps1/a.ipynb", "nbgrader_config.py", "nbgrader_config.json"])
def test_a_course_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    file = tmp_path / "c" / taken
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(Conflict, match=taken.split("/")[0]):
        create_course(tmp_path / "c", "c")
    assert file.read_text() == "mine"


@pytest.mark.parametrize("place", ["source", "source/ps1/new", "submitted/anna/new", "link/new"])
def test_a_course_lies_in_no_other_courses_folders(course_dir: Path, place: str) -> None:
    (course_dir / "submitted/anna").mkdir(parents=True)
    (course_dir / "link").symlink_to("source")
    before = sorted(course_dir.rglob("*"))
    with pytest.raises(Conflict, match=f"of the course in {course_dir}"):
        create_course(course_dir / place, "new")
    assert sorted(course_dir.rglob("*")) == before
    assert create_course(course_dir / "beside", "new") == course_dir / "beside"


def test_a_cut_run_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "c" / "source").mkdir(parents=True)
    assert open_course(create_course(tmp_path / "c", "c")).settings.course_id == "c"


def test_places_that_cannot_hold_a_course(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match="is a file"):
        create_course(tmp_path / "file", "c")
    with pytest.raises(NotFound, match="no folder"):
        create_course(tmp_path / "missing" / "c", "c")
    with pytest.raises(InvalidName, match="folder's name"):
        create_course(tmp_path / "a\nb", "c")
    with pytest.raises(InvalidName):
        create_course(tmp_path / "c", "../c")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["file"]


@pytest.mark.parametrize("name", ["ps2", "06. Networks", "Übung 3", "作业一"])
def test_a_new_assignment_is_a_valid_notebook(course_dir: Path, name: str) -> None:
    folder = create_assignment(open_course(course_dir).settings, name)
    assert folder == course_dir / "source" / name
    assert _names(folder) == [f"{name}.ipynb"]
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [("code", "")]
    assert _names(course_dir / "source") == sorted(["ps1", name])


def test_an_assignment_needs_no_source_folder(tmp_path: Path) -> None:
    root = create_course(tmp_path / "c", "c")
    (root / "source").rmdir()
    assert create_assignment(open_course(root).settings, "ps1").is_dir()


@pytest.mark.parametrize("name", ["ps1", "PS1"])
def test_an_assignment_is_never_overwritten(course_dir: Path, name: str) -> None:
    with pytest.raises(Conflict, match="ps1"):
        create_assignment(open_course(course_dir).settings, name)
    assert _names(course_dir / "source" / "ps1") == PS1


def test_the_same_letters_spelt_otherwise_are_the_same_name(course_dir: Path) -> None:
    (course_dir / "source" / "U\u0308bung").mkdir()
    with pytest.raises(Conflict):
        create_assignment(open_course(course_dir).settings, "Übung")


def test_a_student_creates_no_assignment(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        create_assignment(open_course(None, work_dir=tmp_path, course_id="c").settings, "ps1")


def test_a_full_disk_leaves_nothing_behind(course_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = open_course(course_dir).settings

    def refuse(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(CourseBroken, match="full"):
        create_assignment(settings, "ps2")
    assert _names(course_dir / "source") == ["ps1"]
    with pytest.raises(CourseBroken, match="full"):
        create_course(course_dir.parent / "other", "other")
    assert not (course_dir.parent / "other").exists()
