"""Submissions that nobody hands in by mistake: what nbgrader stumbles over is explained, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.grading.assignment_limits import limits_for
from tests.grading.conftest import Classroom, set_source

Notebook = dict[str, Any]


def saying_of_tests(**metadata: object) -> Callable[[Notebook], object]:
    """Change what nbgrader's metadata says of the cells that are tests."""

    def change(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            own = cell["metadata"].get("nbgrader", {})
            if own.get("grade") and not own["solution"]:
                own.update(metadata)

    return change


def one_more(**cell: object) -> Callable[[Notebook], object]:
    """Put a code cell at the front; a value None takes the key away."""
    whole: Notebook = {
        "cell_type": "code",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    left = {key: value for key, value in (whole | cell).items() if value is not None or key not in cell}
    return lambda notebook: notebook["cells"].insert(0, left)


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


CHANGED = "metadata of cell 6 (correct_squares) was changed"
ODD: dict[str, tuple[Callable[[Notebook], object], str, str]] = {
    "no_test": (saying_of_tests(grade=False), "cells_tampered", CHANGED),
    "answer": (saying_of_tests(solution=True), "cells_tampered", CHANGED),
    "bare": (lambda nb: nb.pop("metadata"), "notebook_unreadable", "missing an expected key: metadata"),
    "bare_cell": (one_more(metadata=None), "notebook_unreadable", "its cell 1 has no metadata"),
    "lines": (one_more(source=[["a"]]), "notebook_unreadable", "its cell 1 has a line that is no text"),
    "outputs": (one_more(outputs=[3]), "notebook_unreadable", "rules of the notebook format"),
    "deep": (lambda nb: nb["metadata"].update(nested(600)), "notebook_unreadable", "nested too deeply"),
    "third": (lambda nb: nb.update(nbformat=3, nbformat_minor=0), "notebook_unreadable", "worksheets"),
    "minor": (lambda nb: nb.update(nbformat_minor=-1), "notebook_unreadable", "v4.-1"),
    "half": (one_more(source="'\ud800'"), "notebook_unreadable", "(a lone surrogate) in cell 1."),
}  # fmt: skip


def hand_in(room: Classroom, student: str) -> Path:
    folder = room.hand_in(student, solved=True)
    (folder / "problem2.ipynb").unlink()
    return folder / "problem1.ipynb"


def test_what_nbgrader_stumbles_over_is_explained(classroom: Classroom) -> None:
    for student, (change, _, _) in ODD.items():
        path = hand_in(classroom, student)
        notebook = json.loads(path.read_text())
        change(notebook)
        path.write_text(json.dumps(notebook))
    results = classroom.results("autograde")
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        name: ("failed", code) for name, (_, code, _) in ODD.items()
    }
    for name, (_, _, words) in ODD.items():
        assert words in results[name].message
        assert "problem1.ipynb" in results[name].message
        assert results[name].remedy


LEFT_BEHIND = {
    "broken": "open('extra.ipynb', 'w').write('{')",
    "folder": "import os\nos.mkdir('extra.ipynb')\nopen('extra.ipynb/a', 'w').write('a')",
    "foreign": "open('extra.ipynb', 'w').write('{\"cells\": 1}')",
}


def test_notebooks_that_student_code_writes_are_not_looked_at(classroom: Classroom) -> None:
    for student, source in LEFT_BEHIND.items():
        path = hand_in(classroom, student)
        notebook = json.loads(path.read_text())
        one_more(source=source)(notebook)
        path.write_text(json.dumps(notebook))
    for student, one in classroom.results("autograde").items():
        assert (one.state, one.code) == ("done", "notebook_missing"), one.message
        assert [each.notebook for each in one.notebooks] == ["problem2.ipynb", "problem1.ipynb"]
        assert classroom.score(student) == 3.0
        assert (classroom.root / f"autograded/{student}/ps1/problem1.ipynb").exists()
    assert sorted(path.parts[-3] for path in classroom.root.glob("autograded/*/ps1/extra.ipynb")) == sorted(
        LEFT_BEHIND
    )


GIVES = {"much": "[0, 20]", "endless": "[0, float('inf')]", "silent": "[0, Silent()]", "fine": "[0, 2]"}
SILENT = """
class Silent:
    def __truediv__(self, other): return self
    def __repr__(self): return ''
"""


def test_a_result_that_is_no_points_names_its_cell(classroom: Classroom) -> None:
    source = classroom.root / "source/ps1/problem1.ipynb"
    classroom.edit(source, lambda cells: cells[5].update(source="squares(2)[1] / 4"))
    classroom.run("generate_assignment")
    for student, value in GIVES.items():
        answer = f"{SILENT}\ndef squares(n): return {value}"
        classroom.edit(classroom.hand_in(student) / "problem1.ipynb", set_source(2, answer))
    results = classroom.results("autograde")
    assert (results["fine"].state, classroom.score("fine")) == ("done", 0.5)
    said = {name: _impossible(one) for name, one in results.items() if name != "fine"}
    assert said == {
        "endless": "Cell 6 of problem1.ipynb gives inf of 1 points",
        "much": "Cell 6 of problem1.ipynb gives 5.0 of 1 points",
        "silent": "Cell 6 of problem1.ipynb gives a result that has no text",
    }


def _impossible(result: ItemResult) -> str:
    assert (result.state, result.code) == ("failed", "points_impossible"), result.message
    assert result.remedy
    return result.message.partition(";")[0]


@pytest.mark.parametrize("setting", ["timeout = float('inf')", "iopub_timeout = 'long'"])
@pytest.mark.parametrize("engine", ["sandboxed", "nbgrader"])
def test_what_nbgraders_execute_refuses_is_the_configurations_fault(
    classroom: Classroom, setting: str, engine: str
) -> None:
    classroom.configure(f"c.HubgradeGrading.engine = {engine!r}\nc.Execute.{setting}")
    classroom.hand_in("ann")
    with pytest.raises(ConfigBroken, match="Execute") as told:
        classroom.run("autograde")
    assert setting.split()[0] in told.value.message
    assert told.value.remedy
    assert not (classroom.root / "autograded").exists()


@pytest.mark.parametrize(("given", "seconds"), [("None", None), ("-1", None), ("0", None), ("45", 45.0)])
def test_execute_may_have_no_limit(classroom: Classroom, given: str, seconds: float | None) -> None:
    classroom.configure(f"c.Execute.timeout = {given}")
    assert limits_for(open_course(classroom.root), "ps1").cell_timeout_s == seconds
