"""Tracebacks of our kernels, letter for letter those of a kernel that was started in the usual way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import Execute

from hubgrade_ext.grading.execution.bundle import BundleResult, ExecuteOptions
from tests.grading.same_as import in_one_piece

CELLS = (
    "def squares(n):\n    'Compute them.'\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "assert squares(1) == [1]\nassert squares(2) == [1, 4]",
    "assert squares(1) == [1]\nassert squares(2) == [1, 4]",
    "try:\n    squares(0)\nexcept NotImplementedError as error:\n    raise ValueError('worse') from error",
    "try:\n    squares(0)\nexcept NotImplementedError:\n    1 / 0",
    "def again(n):\n    return again(n - 1) if n else 1 / n\nagain(30)",
    "import json\njson.loads('{')",
    "x = = 1",
    "exec('squares(3)')",
    "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
    "class Odd(Exception):\n    def _render_traceback_(self):\n        return ['odd', 'lines']\nraise Odd",
    "class Loud(Exception):\n    def __str__(self):\n        return 'Ünïcode <b>&'\nraise Loud",
    "[1 / n for n in (1, 0)]",
    "%xmode Verbose\nvalue = 3\nassert value == 4, 'not four'",
    "%xmode Context\nsquares(5)",
    "%colors nocolor\nsquares(6)",
    "%tb",
    "%no_such_magic",
    "print({n: text['traceback'] for n, text in get_ipython().history_manager.exceptions.items()})",
    "import inspect\nprint(inspect.getmodule(squares).__name__, inspect.getsource(squares))",
)


def clean(outputs: list[Any]) -> str:
    """Leave out what differs from run to run: process number and folder, addresses, pieces of a stream."""
    whole = in_one_piece({"cells": [{"outputs": outputs}]})["cells"][0]["outputs"]
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True)
    return re.sub(r"[\w/]*/ipykernel_\d+", "ipykernel_", re.sub(r"0x[0-9a-f]+", "0x", text))


def usual(*cells: str) -> list[str]:
    """Run cells as nbgrader does, in a kernel that is nobody's fork."""
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    executed, _ = Execute(kernel_name="python3").preprocess(book, {"metadata": {}})
    return [clean(cell.outputs) for cell in executed.cells]


def test_they_read_as_those_of_any_kernel(run: Callable[..., BundleResult]) -> None:
    result = run(*CELLS, options=ExecuteOptions(allow_errors=True))
    cells = json.loads(result.notebooks[0].notebook or b"")["cells"]
    ours = [clean(cell["outputs"]) for cell in cells if cell["cell_type"] == "code"]
    for source, one, other in zip(CELLS, ours, usual(*CELLS), strict=True):
        assert one == other, source
    assert sum('"traceback"' in text for text in ours) >= 14
