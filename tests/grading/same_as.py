"""Compare two courses, one graded by hubgrade and one by nbgrader's own commands."""

from __future__ import annotations

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
    return {
        str(path.relative_to(root)): path.stat().st_mode
        for step in ("release", "autograded", "feedback")
        for path in (root / step).rglob("*")
    }


def nbgrader(root: Path, *arguments: str) -> None:
    code = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        env=dict(os.environ),
    )


def without_times(tree: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out when each cell was executed."""
    return {name: re.sub(rb'"\d{4}-\d\d-\d\dT[0-9:.]+Z"', b"", content) for name, content in tree.items()}


def check_same(ours: Any, theirs: Any) -> None:
    assert tables(ours.root / "gradebook.db") == tables(theirs.root / "gradebook.db")
    steps = ("release", "autograded", "feedback")
    assert without_times(ours.tree(*steps)) == without_times(theirs.tree(*steps))
    assert modes(ours.root) == modes(theirs.root)
