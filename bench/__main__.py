"""Measure hubgrade beside nbgrader, print one Markdown table and write it into docs/performance.md.

scripts/bench                 everything (takes half an hour and about 2 GB of disk)
scripts/bench --only pages    one group of rows; docs/performance.md stays as it is
scripts/bench --students 300  a smaller largest course; docs/performance.md stays as it is
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.dask import dask_rows
from bench.first_paint import first_paint_rows
from bench.grading import grading_rows, large_class_rows
from bench.pages import page_rows
from bench.rows import Row, table, write_document
from bench.server import server_rows
from hubgrade_ext.grading.execution.isolation import choose

MOST_STUDENTS = 1000
# each group: its name, and what yields its rows from an empty folder
Group = Callable[[Path, int], Iterator[Row]]
GROUPS: dict[str, Group] = {
    "server": lambda folder, students: server_rows(folder, say),
    "grading": lambda folder, students: grading_rows(folder, say),
    "large": lambda folder, students: large_class_rows(folder, say),
    "dask": lambda folder, students: dask_rows(folder, say),
    "paint": lambda folder, students: first_paint_rows(folder, say, students),
    "pages": lambda folder, students: page_rows(folder, say, students),
}


def say(text: str) -> None:
    """Tell what is being done, beside the table."""
    sys.stderr.write(text + "\n")


def main() -> int:
    """Return 0 when every row has reached what it has to."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[*GROUPS], action="append", help="measure this group only")
    parser.add_argument("--students", type=int, default=MOST_STUDENTS, help="size of the largest course")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.only or GROUPS:
        with tempfile.TemporaryDirectory(prefix="hubgrade-bench-") as folder:
            for row in GROUPS[name](Path(folder), options.students):
                rows.append(row)
                say(table([row]).splitlines()[-1])
    text = table(rows)
    sys.stdout.write(text + "\n")
    if not options.only and options.students == MOST_STUDENTS:
        write_document(f"Python {platform.python_version()}, {_machine()}.\n\n{text}")
    return 0 if all(row.is_reached for row in rows) else 1


def _machine() -> str:
    load = f"load of the last 15 minutes, our own included: {os.getloadavg()[2]:.1f}"
    return f"{os.cpu_count()} cores, {platform.system()}; student code walled in by {choose()}; {load}"


if __name__ == "__main__":
    sys.exit(main())
