"""Bundles, and one executor for all tests that do not need their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from hubgrade_ext.grading.execution.bundle import Bundle, BundleFile, BundleResult
from hubgrade_ext.grading.execution.engine import LocalExecutor, execute_bundle

sys.path.insert(0, str(Path(__file__).parent))


def notebook(*cells: str) -> bytes:
    made = new_notebook(cells=[new_markdown_cell("# Title"), *(new_code_cell(cell) for cell in cells)])
    return json.dumps(made).encode()


@pytest.fixture(scope="session")
def make_bundle() -> Callable[..., Bundle]:
    """Return a function: cells, or `notebooks` by name, and `files`, into a bundle."""

    def make(
        *cells: str,
        notebooks: dict[str, tuple[str, ...]] | None = None,
        files: dict[str, bytes] | None = None,
        **more: Any,
    ) -> Bundle:
        books = notebooks or {"p.ipynb": cells}
        content = {name: notebook(*sources) for name, sources in books.items()} | (files or {})
        return Bundle(
            more.pop("bundle_id", "alice"),
            tuple(BundleFile(n, c) for n, c in content.items()),
            tuple(books),
            **more,
        )

    return make


@pytest.fixture(scope="session")
def executor() -> Iterator[LocalExecutor]:
    with LocalExecutor() as running:
        yield running


@pytest.fixture(scope="session")
def run(executor: LocalExecutor, make_bundle: Callable[..., Bundle]) -> Callable[..., BundleResult]:
    """Return a function that executes what `make_bundle` would make."""

    def execute(*cells: str, **more: Any) -> BundleResult:
        return executor.submit(execute_bundle, make_bundle(*cells, **more)).result(120)

    return execute


@pytest.fixture(scope="session")
def said() -> Callable[..., list[str]]:
    """Return a function: the text of each code cell's outputs; an error's is its name."""

    def texts(result: BundleResult, number: int = 0) -> list[str]:
        cells = json.loads(result.notebooks[number].notebook or b"")["cells"]
        return ["".join(map(_text, cell["outputs"])) for cell in cells if cell["cell_type"] == "code"]

    return texts


def _text(output: dict[str, Any]) -> str:
    if "data" in output:
        return str(output["data"]["text/plain"])
    return str(output.get("text", output.get("ename")))
