"""A row of the table of measurements, and how a measurement is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


class Row(Struct, frozen=True):
    """One thing measured, in `unit`; `nbgrader` None: it was not measured, or has nothing like it."""

    what: str
    size: str
    hubgrade: float
    nbgrader: float | None = None
    limit: float | None = None
    least_ratio: float | None = None
    unit: Literal["s", "MiB", "×"] = "s"

    @property
    def ratio(self) -> float | None:
        """Return how many times as long nbgrader took."""
        return self.nbgrader / self.hubgrade if self.nbgrader is not None else None

    @property
    def is_reached(self) -> bool:
        """Say whether what the row has to reach is reached; True when it has nothing to."""
        fast = self.limit is None or self.hubgrade <= self.limit
        return fast and (self.least_ratio is None or (self.ratio or 0.0) >= self.least_ratio)


class Measured(Struct, frozen=True):
    """What one measurement in a process of its own took."""

    wall_s: float
    cpu_s: float


def measure(name: str, *arguments: str) -> Measured:
    """Take a measurement of `bench.children` in a new process; imports come before the clock starts."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment.get("PATH", "")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.children", name, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def table(rows: Iterable[Row]) -> str:
    """Return the rows as one Markdown table."""
    lines = [
        "| what | size | nbgrader 0.9.6 | hubgrade | ratio | to reach | reached |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    for row in rows:
        goal = "" if row.limit is None else f"≤ {row.limit:g} {row.unit}"
        if row.least_ratio is not None:
            goal = f"≥ {row.least_ratio:g} ×"
        ratio = "" if row.ratio is None else f"{row.ratio:.0f} ×"
        reached = "" if not goal else "yes" if row.is_reached else "**no**"
        theirs = "" if row.nbgrader is None else _measured(row.nbgrader, row.unit)
        cells = (row.what, row.size, theirs, _measured(row.hubgrade, row.unit), ratio, goal, reached)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _measured(value: float, unit: str) -> str:
    digits = {"MiB": 0, "×": 2}.get(unit, 3 if value < 1 else 1)
    return f"{value:.{digits}f} {unit}"


def write_document(text: str, path: Path = DOCUMENT) -> None:
    """Put the table between the markers of docs/performance.md."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
