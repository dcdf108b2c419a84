"""Notebooks: nbgrader's own rules over real sources, one row a fault; and kernels."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import CourseRef, Finding
from hubgrade_ext.preflight.checks.notebooks import NOTEBOOKS
from hubgrade_ext.preflight.facts import Given
from hubgrade_ext.preflight.runner import run
from hubgrade_ext.preflight.sources import gather_sources

Cell = dict[str, Any]


def cell(source: str = "x = 1", kind: str = "code", **nbgrader: Any) -> Cell:
    roles = {"grade": False, "solution": False, "locked": False, "task": False}
    meta = {"nbgrader": {"schema_version": 3, "grade_id": "a", **roles, **nbgrader}} if nbgrader else {}
    made: Cell = {"cell_type": kind, "metadata": meta, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def notebook(*cells: Cell, kernel: str = "python3", language: str = "python") -> dict[str, Any]:
    spec = {"kernelspec": {"name": kernel, "language": language, "display_name": kernel}}
    return {"cells": list(cells), "metadata": spec, "nbformat": 4, "nbformat_minor": 4}


@pytest.fixture
def check(make_course: Callable[..., Path]) -> Callable[..., dict[str, Finding]]:
    """Return a function that writes a notebook into source/ps1 and checks all notebooks."""

    def look(content: str | dict[str, Any] | None) -> dict[str, Finding]:
        root = make_course()
        folder = root / "source" / "ps1"
        shutil.rmtree(folder)
        folder.mkdir()
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / "problem1.ipynb").write_text(text)
        course = open_course(root)
        ref = CourseRef("0" * 16, "course101", ["instructor"], str(root))
        only = [one.check_id for one in NOTEBOOKS]
        report = run(course.settings, ref, Given(sources=gather_sources(course)), only=only)
        return {finding.check_id: finding for finding in report.findings}

    return look


GRADED = cell("assert x == 1", grade=True, locked=True, points=2, grade_id="test")
SOLUTION = cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", solution=True, grade_id="answer")
FAULTS: list[tuple[str, str, Any]] = [
    ("assignment.notebooks", "no notebook", None),
    ("notebook.readable", "breaks off", '{"cells": ['),
    ("notebook.schema_old", "older", notebook(cell(grade=True, points=1, schema_version=1))),
    ("notebook.schema_new", "newer", notebook(cell(grade=True, points=1, schema_version=9))),
    ("notebook.ids", "no id", notebook(cell(grade=True, points=1, grade_id=""))),
    ("notebook.ids", "other characters", notebook(cell(grade=True, points=1, grade_id="a b"))),
    ("notebook.duplicate_ids", "share the id", notebook(GRADED, GRADED)),
    ("notebook.points", "no points", notebook(cell(grade=True, locked=True))),
    ("notebook.points", "negative", notebook(cell(grade=True, locked=True, points=-1))),
    ("notebook.zero_points", "zero points", notebook(cell(grade=True, locked=True, points=0))),
    ("notebook.solution_regions", "BEGIN SOLUTION", notebook(cell("### BEGIN SOLUTION\n### END SOLUTION"))),
    (
        "notebook.solution_regions",
        "BEGIN HIDDEN",
        notebook(cell("### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")),
    ),
    ("notebook.regions", "has no", notebook(cell("### BEGIN SOLUTION\nx = 1", solution=True))),
    ("notebook.cell_types", "Markdown", notebook(cell("x", task=True, points=1))),
    ("notebook.cell_types", "manually graded", notebook(cell("x", "markdown", grade=True, points=1))),
    ("notebook.language", "'cobol'", notebook(GRADED, language="cobol")),
    ("kernel.unset", "no kernel", notebook(GRADED, kernel="")),
    ("kernel.missing", "'cobol74'", notebook(GRADED, kernel="cobol74")),
]


@pytest.mark.parametrize(("check_id", "word", "content"), FAULTS, ids=[f"{f[0]}-{f[1]}" for f in FAULTS])
def test_fault(check: Callable[..., dict[str, Finding]], check_id: str, word: str, content: Any) -> None:
    found = check(content)[check_id]
    assert found.status in ("error", "warning"), found
    assert word in found.message
    assert "ps1" in found.message
    assert found.remedy
    assert found.why


def test_all_is_well(check: Callable[..., dict[str, Finding]]) -> None:
    assert {f.status for f in check(notebook(SOLUTION, GRADED)).values()} == {"ok"}


def test_the_kernel_called_python_is_python3(check: Callable[..., dict[str, Finding]]) -> None:
    found = check(notebook(GRADED, kernel="python"))
    assert (found["kernel.missing"].status, found["kernel.executable"].status) == ("ok", "ok")


@pytest.mark.parametrize(
    ("program", "status"), [("python", "ok"), (sys.executable, "ok"), ("/no/such/R", "error")]
)
def test_a_kernel_whose_program_is_gone(
    check: Callable[..., dict[str, Finding]], isolated_env: Path, program: str, status: str
) -> None:
    """`python` in a kernel's command means the interpreter that starts it."""
    spec = isolated_env / "jupyter_data" / "kernels" / "mine"
    spec.mkdir(parents=True)
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Mine", "language": "python"})
    )
    found = check(notebook(GRADED, kernel="mine"))["kernel.executable"]
    assert found.status == status
    assert found.status == "ok" or program in found.message
