"""Compare two courses, one graded by hubgrade and one by nbgrader's own commands."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any


def tables(gradebook: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Dump every table, with generated ids replaced by the names they stand for."""
    connection = sqlite3.connect(gradebook)
    names: dict[str, str] = {}
    for sql in (
        "SELECT id, name FROM assignment",
        "SELECT id, name FROM notebook",
        "SELECT id, student_id FROM submitted_assignment",
        "SELECT submitted_notebook.id, student_id || '/' || notebook.name FROM submitted_notebook"
        " JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"
        " JOIN notebook ON notebook.id = submitted_notebook.notebook_id",
        "SELECT base_cell.id, notebook.name || '/' || base_cell.name || '/' || type FROM base_cell"
        " JOIN notebook ON notebook.id = notebook_id",
    ):
        names.update(connection.execute(sql).fetchall())
    dump = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        dump[table] = sorted(
            (
                tuple(
                    names.get(value, "-" if re.fullmatch("[0-9a-f]{32}", value) else value)
                    if isinstance(value, str)
                    else value
                    for value in row
                )
                for row in rows
            ),
            key=repr,
        )
    connection.close()
    return dump


def modes(root: Path) -> dict[str, int]:
    """Return the mode of each file and folder; nbgrader leaves an empty folder of who could not be graded."""
    return {
        str(path.relative_to(root)): path.stat().st_mode
        for step in ("release", "autograded", "feedback")
        for path in (root / step).rglob("*")
        if not path.is_dir() or any(path.iterdir())
    }


def nbgrader(root: Path, *arguments: str, check: bool = True) -> None:
    code = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        check=check,
        capture_output=True,
        # within pytest, ipykernel does not see what programs print
        env={name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
    )


def without_times(tree: dict[str, bytes]) -> dict[str, object]:
    """Leave out when and in which process a cell was executed, and how ipykernel's timer has cut streams."""
    clean = {name: re.sub(rb'"\d{4}-\d\d-\d\dT[0-9:.]+Z"', b'""', content) for name, content in tree.items()}
    kernel = rb"[/\w.-]*/ipykernel_\d+/"
    clean = {name: re.sub(kernel, b"ipykernel/", content) for name, content in clean.items()}
    return {
        name: in_one_piece(json.loads(content)) if name.endswith(".ipynb") else content
        for name, content in clean.items()
    }


def in_one_piece(notebook: dict[str, Any]) -> dict[str, Any]:
    for cell in notebook["cells"]:
        whole: list[dict[str, Any]] = []
        for output in cell.get("outputs", ()):
            output["text"] = "".join(output.get("text", ()))
            last = whole[-1] if whole else {}
            if (last.get("output_type"), last.get("name")) == ("stream", output.get("name")):
                last["text"] += output["text"]
                continue
            whole.append(output)
        if "outputs" in cell:
            cell["outputs"] = whole
    return notebook


def check_same(ours: Any, theirs: Any) -> None:
    assert tables(ours.root / "gradebook.db") == tables(theirs.root / "gradebook.db")
    steps = ("release", "autograded", "feedback")
    assert without_times(ours.tree(*steps)) == without_times(theirs.tree(*steps))
    assert modes(ours.root) == modes(theirs.root)
