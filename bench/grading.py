"""A class autograded: hubgrade's parallel, isolated grading beside `nbgrader autograde`, on equal courses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.rows import Row
from tests.ui.server import make_demo

Say = Callable[[str], None]
STAMP = "2026-01-31 10:00:00.000000 UTC"


def grading_rows(folder: Path, say: Say, students: int = 50) -> Iterator[Row]:
    """Yield the row of the quickstart assignment (2 notebooks) for a class."""
    took = {}
    for name, command in (
        ("nbgrader", ["nbgrader", "autograde", "ps1"]),
        ("hubgrade_ext.cli", ["hubgrade_ext.cli", "autograde", "ps1", "--all"]),
    ):
        say(f"{students} students: {name}")
        make_demo(folder / name)
        course = folder / name / "course101"
        class_of(course, students)
        begun = time.monotonic()
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *command],
            cwd=course,
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        )
        took[name] = time.monotonic() - begun
        graded = len(list((course / "autograded").iterdir()))
        assert graded == students, f"{name} graded {graded} of {students}"
    yield Row(
        "quickstart's ps1 (2 notebooks) autograded, start of the command included",
        f"{students} students",
        took["hubgrade_ext.cli"],
        took["nbgrader"],
        least_ratio=10,
    )


def class_of(course: Path, students: int) -> None:
    """Fill submitted/ with solved copies of ps1, as many as `students`."""
    for number in range(students):
        target = course / "submitted" / f"student{number:04}" / "ps1"
        shutil.copytree(course / "release" / "ps1", target)
        (target / "timestamp.txt").write_text(STAMP)
