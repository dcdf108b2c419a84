"""The demo's two assignments: nbgrader's quickstart example, and a small fresh one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbgrader

from hubgrade_ext.core.new_course import PYTHON3

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"


def write_ps1(folder: Path) -> None:
    """Write nbgrader's quickstart assignment, its kernel named as JupyterLab's own is.

    With the example's kernel name `python` JupyterLab asks which kernel to use.
    """
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.html"))
    for path in folder.glob("*.ipynb"):
        notebook = json.loads(path.read_bytes())
        notebook["metadata"]["kernelspec"] = PYTHON3
        path.write_text(json.dumps(notebook, indent=1))


def write_ps2(folder: Path) -> None:
    """Write a small assignment: one question graded by tests, one by hand."""
    folder.mkdir()
    notebook = {
        "cells": [{"id": f"vowels-{number}"} | cell for number, cell in enumerate(_vowels(), 1)],
        "metadata": {"kernelspec": PYTHON3, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "vowels.ipynb").write_text(json.dumps(notebook, indent=1))


def _vowels() -> list[dict[str, object]]:
    return [
        _markdown(
            "# Counting vowels\n\n"
            "Write a function that counts the vowels (a, e, i, o, u) of a text, upper and lower case."
        ),
        _code(
            "def count_vowels(text):\n"
            '    """Return how many vowels `text` has."""\n'
            "    ### BEGIN SOLUTION\n"
            '    return sum(letter in "aeiou" for letter in text.lower())\n'
            "    ### END SOLUTION",
            _nbgrader("count-vowels", solution=True),
        ),
        _code(
            '"""Check lower case words (1 point)"""\n'
            'assert count_vowels("networks") == 2\n'
            'assert count_vowels("xyz") == 0',
            _nbgrader("test-lower-case", grade=True, points=1),
        ),
        _code(
            '"""Check capitals and the empty text (1 point)"""\n'
            'assert count_vowels("") == 0\n'
            "### BEGIN HIDDEN TESTS\n"
            'assert count_vowels("AEIOU and aeiou") == 11\n'
            "### END HIDDEN TESTS",
            _nbgrader("test-capitals", grade=True, points=1),
        ),
        _markdown("Which languages would your function count wrongly, and why? Two sentences are enough."),
        _markdown(
            "Any language with letters such as ä, é or ø: they are not among the five that it knows.",
            _nbgrader("other-languages", grade=True, solution=True, points=3),
        ),
    ]


def _markdown(source: str, metadata: dict[str, object] | None = None) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": metadata or {}, "source": source}


def _code(source: str, metadata: dict[str, object]) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, points: int = 0
) -> dict[str, object]:
    marks: dict[str, object] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": grade and not solution,
        "task": False,
    }
    if grade:
        marks["points"] = points
    return {"nbgrader": marks}
