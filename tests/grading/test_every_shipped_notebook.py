"""Every notebook that nbgrader ships with its tests, handed in or as a source, comes out as from nbgrader.

A source is the only notebook of its assignment. Handed in are what students get, and every other shipped
notebook that has one of its cells; what is made to be handed in is no source itself.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbgrader as nbgrader_package
import pytest
from same_as import nbgrader, tables, without_times

from hubgrade_ext.core.errors import HubgradeError

SHIPPED = Path(nbgrader_package.__file__).parent / "tests"
STAMP = "2026-01-31 10:00:00.000000 UTC"
COURSE = """
c.Execute.timeout = 3
c.ClearSolutions.enforce_metadata = False
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1200),
    # the kernel that nbgrader starts for autotests leaves its sockets open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def _shipped() -> dict[str, Path]:
    """Return name → file, of equal ones the first."""
    found: dict[bytes, Path] = {}
    for path in sorted(SHIPPED.rglob("*.ipynb")):
        found.setdefault(path.read_bytes(), path)
    return {f"{path.parent.parent.name}-{path.stem}": path for path in found.values()}


NOTEBOOKS = _shipped()
HANDED_IN = re.compile("(?!apps-submitted-unchanged).*(changed|unchanged|cheat-attempt)")
SOURCES = [name for name in NOTEBOOKS if not HANDED_IN.match(name)]


def _grade_ids(path: Path) -> set[str]:
    cells = json.loads(path.read_text()).get("cells", [])
    marks = [cell.get("metadata", {}).get("nbgrader", {}) for cell in cells]
    return {mark["grade_id"] for mark in marks if mark.get("grade_id")}


def test_there_are_many() -> None:
    assert len(NOTEBOOKS) > 50
    assert len(SOURCES) > 35
    ids = set().union(*(_grade_ids(NOTEBOOKS[name]) for name in SOURCES))
    for name in NOTEBOOKS:
        assert name in SOURCES or _grade_ids(NOTEBOOKS[name]) & ids, name


@pytest.mark.parametrize("name", SOURCES)
def test_as_source_and_handed_in(source_only: Any, name: str) -> None:
    ours = source_only
    ours.configure(COURSE)
    source = ours.root / "source" / "ps1"
    shutil.rmtree(source)
    source.mkdir()
    shutil.copy(NOTEBOOKS[name], source / "nb.ipynb")
    shutil.copy(SHIPPED / "apps/files/autotests.yml", ours.root / "autotests.yml")
    twin = ours.root.parent / "twin" / "course101"
    shutil.copytree(ours.root, twin)
    theirs = type(ours)(twin)

    nbgrader(theirs.root, "generate_assignment", "ps1", check=False)
    released = theirs.root / "release" / "ps1" / "nb.ipynb"
    if not released.exists():
        with pytest.raises(HubgradeError) as refused:
            ours.results("generate_assignment")
        assert "nb.ipynb" in refused.value.message
        return
    assert ours.results("generate_assignment")["ps1"].state == "done"
    students = {"unchanged": released} | {
        other: path
        for other, path in NOTEBOOKS.items()
        if other != name and _grade_ids(path) & _grade_ids(NOTEBOOKS[name])
    }
    for room in (ours, theirs):
        for student, path in students.items():
            folder = room.root / "submitted" / student / "ps1"
            folder.mkdir(parents=True)
            shutil.copy(path, folder / "nb.ipynb")
            (folder / "timestamp.txt").write_text(STAMP)
    results = ours.results("autograde")
    nbgrader(theirs.root, "autograde", "ps1", check=False)
    for student in students.keys() - _graded(theirs):
        # some end nbgrader's whole run
        nbgrader(theirs.root, "autograde", "ps1", "--student", student, check=False)
    done = {student for student, one in results.items() if one.state == "done"}
    assert done == _graded(ours) == _graded(theirs), results
    assert tables(ours.root / "gradebook.db") == tables(theirs.root / "gradebook.db")
    steps = ("release", "autograded")
    assert without_times(ours.tree(*steps)) == without_times(theirs.tree(*steps))


def _graded(room: Any) -> set[str]:
    return {path.parents[1].name for path in (room.root / "autograded").glob("*/ps1/timestamp.txt")}
