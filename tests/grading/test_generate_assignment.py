from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.errors import AssignmentNotFound, Conflict, InvalidName, NotebookInvalid


def test_generates_and_says_so(generated: Path) -> None:
    released = json.loads((generated / "release/ps1/problem1.ipynb").read_text())
    assert "raise NotImplementedError" in "".join(released["cells"][2]["source"])
    assert (generated / "release/ps1/jupyter.png").exists()
    assert not list(generated.glob(".hubgrade-stage-*"))


def test_again_keeps_the_earlier_release_in_the_backups(classroom: Any) -> None:
    before = classroom.tree("release")
    (classroom.root / "release/ps1/mine.txt").write_text("note")
    steps = classroom.run("generate_assignment")
    assert [(s.done, s.total, s.current) for s in steps] == [(0, 1, "ps1"), (1, 1, "")]
    assert steps[1].result.state == "done"
    assert classroom.tree("release") == before
    kept = list(classroom.root.glob(".hubgrade/backups/*/release/ps1/mine.txt"))
    assert [path.read_text() for path in kept] == ["note"]


def test_skips_what_was_done(classroom: Any) -> None:
    assert classroom.run("generate_assignment", skip=frozenset({"ps1"})) == []


def faults(cells: list[dict[str, Any]]) -> None:
    cells[4]["source"] = "### BEGIN SOLUTION\nsquares(10)\n### END SOLUTION"  # a plain cell
    del cells[5]["metadata"]["nbgrader"]["points"]
    cells[6]["metadata"]["nbgrader"]["points"] = 0
    cells[8]["source"] = "def f():\n    ### BEGIN SOLUTION\n    return 1"
    cells[12]["metadata"]["nbgrader"]["grade_id"] = "correct_sum_of_squares"
    cells[11]["source"] = "### BEGIN HIDDEN TESTS\nassert 1"
    cells[17]["source"] = "=== BEGIN MARK SCHEME ==="
    cells[10]["source"] = "### AUTOTEST sum_of_squares(10)"  # a plain cell
    cells[14]["metadata"]["nbgrader"]["schema_version"] = 1
    cells[16]["metadata"]["nbgrader"]["schema_version"] = 4


def test_lists_every_fault_with_notebook_and_cell(source_only: Any) -> None:
    room = source_only
    room.edit(room.root / "source/ps1/problem1.ipynb", faults)
    (room.root / "source/ps1/problem2.ipynb").write_text('{\n "cells": [\n  {"cell_type": ]\n')
    with pytest.raises(NotebookInvalid) as caught:
        room.run("generate_assignment")
    lines = caught.value.message.splitlines()
    expected = [
        "ps1 cannot be generated: its source has 10 faults.",
        "problem1.ipynb, cell 5: it has a BEGIN SOLUTION region, but is not a solution cell",
        "problem1.ipynb, cell 6 (correct_squares): it has no points.",
        "problem1.ipynb, cell 9 (sum_of_squares): BEGIN SOLUTION in line 2 has no END SOLUTION.",
        "problem1.ipynb, cell 11: it has a line with AUTOTEST, but is not an Autograder tests cell.",
        "problem1.ipynb, cell 12 (correct_sum_of_squares): BEGIN HIDDEN TESTS in line 1 has no END",
        "problem1.ipynb, cell 15 (sum_of_squares_equation): its nbgrader metadata has an older format (1).",
        "problem1.ipynb, cell 17 (sum_of_squares_application): its nbgrader metadata has a newer format (4).",
        "problem1.ipynb, cell 18 (cell-938593c4a215c6cc): BEGIN MARK SCHEME in line 1 has no END",
        "problem1.ipynb, cells 12 and 13: they share the id 'correct_sum_of_squares'.",
        "problem2.ipynb: cannot be read: its JSON breaks off or is damaged at line 3, column 17.",
    ]
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)
    assert caught.value.remedy
    assert not (room.root / "gradebook.db").exists()
    assert not (room.root / "release").exists()


def test_warns_of_zero_points_and_a_missing_kernel(source_only: Any) -> None:
    path = source_only.root / "source/ps1/problem1.ipynb"
    source_only.edit(path, lambda cells: cells[5]["metadata"]["nbgrader"].update(points=0))
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"]["name"] = "fortran"
    path.write_text(json.dumps(content))
    result = source_only.results("generate_assignment")["ps1"]
    assert result.state == "done"
    assert "problem1.ipynb, cell 6 (correct_squares): it has zero points." in result.message
    assert "kernel 'fortran' is not installed" in result.message


def test_follows_the_configured_markers(source_only: Any) -> None:
    source_only.configure(
        "c.ClearSolutions.enforce_metadata = False\nc.ClearSolutions.begin_solution_delimeter = 'LOES'"
    )
    source_only.edit(
        source_only.root / "source/ps1/problem1.ipynb",
        lambda cells: cells[4].update(source="# BEGIN SOLUTION\n1"),
    )
    assert source_only.results("generate_assignment")["ps1"].state == "done"


def test_needs_a_source_and_a_notebook(source_only: Any) -> None:
    with pytest.raises(AssignmentNotFound):
        source_only.run("generate_assignment", assignment_id="ps9")
    with pytest.raises(InvalidName):
        source_only.run("generate_assignment", assignment_id="../ps1")
    (source_only.root / "source/ps2").mkdir()
    with pytest.raises(NotebookInvalid, match="no notebook"):
        source_only.run("generate_assignment", assignment_id="ps2")


def test_reports_what_only_nbgrader_finds(source_only: Any) -> None:
    source_only.configure("c.IncludeHeaderFooter.header = 'source/ps1/problem1.ipynb'")  # every id twice
    result = source_only.results("generate_assignment")["ps1"]
    assert (result.state, result.code) == ("failed", "notebook_invalid")
    assert "Traceback" not in result.message
    assert not (source_only.root / "release").exists()


def test_includes_the_header(source_only: Any) -> None:
    source = source_only.root / "source/ps1"
    content = json.loads((source / "problem2.ipynb").read_text())
    content["cells"] = [content["cells"][0] | {"source": "# A header"}]
    (source_only.root / "header.ipynb").write_text(json.dumps(content))
    source_only.configure("c.IncludeHeaderFooter.header = 'header.ipynb'")
    assert source_only.results("generate_assignment")["ps1"].state == "done"
    released = json.loads((source_only.root / "release/ps1/problem1.ipynb").read_text())
    assert "".join(released["cells"][0]["source"]) == "# A header"


@pytest.fixture
def graded_once(classroom: Any) -> Any:
    folder = classroom.hand_in("ann")
    (folder / "problem1.ipynb").unlink()  # only the quick notebook
    classroom.run("autograde")
    return classroom


def test_with_submissions_notebooks_and_cells_must_stay(graded_once: Any) -> None:
    room = graded_once
    room.run("generate_assignment")  # unchanged: allowed, with a copy of the gradebook
    assert len(list(room.root.glob(".hubgrade/backups/*/gradebook.db"))) == 1
    before = room.query("SELECT name FROM base_cell ORDER BY id"), room.tree("release")
    source = room.root / "source/ps1"
    shutil.copy(source / "problem2.ipynb", source / "problem3.ipynb")
    with pytest.raises(Conflict, match=r"1 submission .* problem3.ipynb was added"):
        room.run("generate_assignment")
    (source / "problem3.ipynb").unlink()
    # the first notebook's change would be taken, the second's is refused: neither may be recorded
    room.edit(source / "problem1.ipynb", lambda cells: cells[5]["metadata"]["nbgrader"].update(points=7))
    room.edit(
        source / "problem2.ipynb", lambda cells: cells[2]["metadata"]["nbgrader"].update(grade_id="new")
    )
    with pytest.raises(Conflict, match=r"problem2\.ipynb must stay the same"):
        room.run("generate_assignment")
    assert (room.query("SELECT name FROM base_cell ORDER BY id"), room.tree("release")) == before
    assert room.query("SELECT max_score FROM grade_cells WHERE max_score = 7") == []
