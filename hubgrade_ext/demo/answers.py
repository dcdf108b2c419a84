"""What the demo's students hand in: answers to nbgrader's quickstart assignment, good and otherwise.

A kind of hand-in changes the folder of one attempt, which starts as the released assignment.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOOD = {
    "squares": "def squares(n):\n    if n < 1:\n        raise ValueError('n must be at least 1')\n"
    "    return [i ** 2 for i in range(1, n + 1)]",
    "sum_of_squares": "def sum_of_squares(n):\n    return sum(squares(n))",
    "sum_of_squares_equation": r"$\sum_{i=1}^n i^2$",
    "sum_of_squares_application": "def pyramidal_number(n):\n    return sum_of_squares(n)",
    "part-a": "It computes the n-th Fibonacci number by calling itself for the two numbers before.",
    "part-b": "For negative numbers it never ends: the base cases are passed by.",
}
# forgets the check of n, and does not call squares
HALF = GOOD | {
    "squares": "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]",
    "sum_of_squares": "def sum_of_squares(n):\n    total = 0\n    for i in range(1, n + 1):\n"
    "        total = total + i ** 2\n    return total",
    "part-b": "I think it works for all of them.",
}


def good(folder: Path) -> None:
    """Answer everything rightly."""
    _answer(folder, GOOD)


def half_right(folder: Path) -> None:
    """Answer so that some tests fail."""
    _answer(folder, HALF)


def untouched(folder: Path) -> None:
    """Hand in what was released."""


def duplicated_cell(folder: Path) -> None:
    """Answer rightly, with a test cell copied and pasted, as happens when a cell is split or moved."""
    _answer(folder, GOOD)
    path = folder / "problem1.ipynb"
    notebook = json.loads(path.read_bytes())
    cells = notebook["cells"]
    where = next(i for i, cell in enumerate(cells) if _grade_id(cell) == "correct_squares")
    cells.insert(where + 1, copy.deepcopy(cells[where]))
    path.write_text(json.dumps(notebook, indent=1))


def renamed_notebook(folder: Path) -> None:
    """Answer rightly in a notebook that got another name."""
    _answer(folder, GOOD)
    (folder / "problem1.ipynb").rename(folder / "problem1 (my solution).ipynb")


def damaged_notebook(folder: Path) -> None:
    """Hand in a notebook whose second half is missing."""
    _answer(folder, GOOD)
    path = folder / "problem1.ipynb"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


Kind = Callable[[Path], None]


def _answer(folder: Path, answers: dict[str, str]) -> None:
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_bytes())
        for cell in notebook["cells"]:
            cell["source"] = answers.get(_grade_id(cell), cell["source"])
        path.write_text(json.dumps(notebook, indent=1))


def _grade_id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
