"""The demo course: whole, realistic, and nowhere but in its folder."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.preprocessors import CheckCellMetadata

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Conflict, CourseBroken, InvalidRequest
from hubgrade_ext.demo import create_demo
from hubgrade_ext.demo.roster import NAMED, roster


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    folder = place / "demo"
    with pytest.MonkeyPatch.context() as patch:
        # this fixture is older than the test's own isolated environment
        patch.setenv("JUPYTER_CONFIG_DIR", str(place / "config"))
        patch.setenv("JUPYTER_DATA_DIR", str(place / "data"))
        patch.setenv("PATH", "/usr/bin:/bin")
        assert create_demo(folder) == folder / "course101"
    assert [path.name for path in place.iterdir()] == ["demo"]
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _submissions(demo: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted((demo / "exchange" / "course101" / "inbound").iterdir()):
        found.setdefault(path.name.split("+")[0], []).append(path)
    return found


def test_the_demo_is_laid_out(demo: Path) -> None:
    assert _names(demo) == ["cache", "course101", "exchange", "nbgrader_config.py"]
    assert stat.S_IMODE((demo / "exchange").stat().st_mode) == 0o1777
    assert {"source", "release", "gradebook.db", "nbgrader_config.py"} <= set(_names(demo / "course101"))
    assert _names(demo / "course101" / "source") == ["ps1", "ps2"]
    assert _names(demo / "course101" / "release") == ["ps1"]
    assert (demo / "exchange" / "course101" / "outbound" / "ps1" / "problem1.ipynb").is_file()


def test_everything_points_into_the_demo(demo: Path) -> None:
    settings = open_course(demo / "course101").settings
    assert settings.root == str(demo / "course101")
    assert settings.exchange_root == str(demo / "exchange")
    assert settings.exchange_cache == str(demo / "cache")
    student = open_course(None, work_dir=demo).settings
    assert (student.course_id, student.exchange_root) == ("course101", settings.exchange_root)
    assert open_course(demo).settings.root == settings.root


def test_notebooks_open_without_a_question(demo: Path) -> None:
    notebooks = [p for part in ("source", "release") for p in (demo / "course101" / part).rglob("*.ipynb")]
    assert len(notebooks) == 5
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        CheckCellMetadata().preprocess(notebook, {})


def test_every_kind_of_submission_is_there(demo: Path) -> None:
    found = _submissions(demo)
    assert {student: len(paths) for student, paths in found.items()} == {
        student.student_id: len(student.attempts) for student in NAMED if student.attempts
    }
    assert len(found["ator"]) == 2
    assert "watanabe" not in found
    for path in [p for paths in found.values() for p in paths]:
        assert re.fullmatch(r"\w+\+ps1\+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC\+[0-9a-f]{12}", path.name)
        assert (path / "timestamp.txt").read_text() == path.name.split("+")[2]
        assert len((path / "submission_secret.txt").read_text()) == 128
    assert not (found["tweakit"][0] / "problem1.ipynb").exists()
    with pytest.raises(nbformat.reader.NotJSONError):
        nbformat.read(found["noether"][0] / "problem1.ipynb", as_version=4)
    cells = nbformat.read(found["fect"][0] / "problem1.ipynb", as_version=4).cells
    ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in cells]
    assert ids.count("correct_squares") == 2


def test_the_gradebook_knows_roster_and_dates(demo: Path) -> None:
    connection = sqlite3.connect(demo / "course101" / "gradebook.db")
    try:
        names = dict(connection.execute("SELECT id, last_name FROM student").fetchall())
        due = dict(connection.execute("SELECT name, duedate FROM assignment").fetchall())
        version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    finally:
        connection.close()
    assert len(names) == 12
    assert names["mueller"] == "Müller"
    late = _submissions(demo)["reasoner"][0].name.split("+")[2]
    assert due["ps1"] < late
    assert due["ps2"] > time.strftime("%Y-%m-%d")
    assert len(version) == 1


def test_a_demo_is_not_made_twice(demo: Path) -> None:
    before = sorted((p, p.stat().st_mtime_ns) for p in demo.rglob("*") if p.is_file())
    with pytest.raises(Conflict, match="already"):
        create_demo(demo)
    assert sorted((p, p.stat().st_mtime_ns) for p in demo.rglob("*") if p.is_file()) == before


def test_a_demo_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(CourseBroken):
        create_demo(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_places_that_cannot_hold_a_demo(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidRequest, match="is a file"):
        create_demo(tmp_path / "file")
    with pytest.raises(CourseBroken, match="Could not make the demo"):
        create_demo(tmp_path / "file" / "below")
    (tmp_path / "used" / "exchange").mkdir(parents=True)
    with pytest.raises(Conflict, match="holds exchange"):
        create_demo(tmp_path / "used")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_use_keeps_its_files_and_many_students_fit(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "jupyter").mkdir(parents=True)
    (folder / "jupyter" / "mine").write_text("kept")
    before = sum(os.times()[:4])
    create_demo(folder, students=30)
    # CPU of this process and its children: the wall clock is shared with whatever else runs
    assert sum(os.times()[:4]) - before < 15
    assert (folder / "jupyter" / "mine").read_text() == "kept"
    assert [name for name in _names(folder) if name.startswith(".")] == []
    assert len(_submissions(folder)) == 29


def test_the_roster_has_any_size() -> None:
    for size in (0, 1, 12, 200):
        assert len({student.student_id for student in roster(size)}) == size
