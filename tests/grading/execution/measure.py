"""Measure the execute stage: `python -m tests.grading.execution.measure [trivial|sleep|compute] [LEVEL]`.

CPU is that of every process of the run: as root by a cpuacct cgroup of our own, else only the kernels' own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from bench.cpu_time import control_group, cpu_s_of
from hubgrade_ext.grading.execution.bundle import Bundle, BundleFile
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor


def bundle(number: int, *cells: str, notebooks: int = 1) -> Bundle:
    content = json.dumps(new_notebook(cells=[new_code_cell(cell) for cell in cells])).encode()
    names = tuple(f"n{index}.ipynb" for index in range(notebooks))
    return Bundle(f"b{number}", tuple(BundleFile(name, content) for name in names), names)


def loads(kind: str) -> list[Bundle]:
    if kind == "trivial":
        return [bundle(n, *(f"x = {n} * {m}\nx" for m in range(7))) for n in range(100)]
    if kind == "sleep":
        return [bundle(n, "import time\ntime.sleep(4)") for n in range(12)]
    if kind == "compute":
        return [bundle(n, "sum(i * i for i in range(10_000_000))") for n in range(12)]
    raise SystemExit(__doc__)


def cpu_s(group: Path | None) -> float:
    return cpu_s_of(group) if group else time.process_time()


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "trivial"
    level = sys.argv[2] if len(sys.argv) > 2 else None
    with control_group() as group:
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))
        run(kind, level, group)


def run(kind: str, level: str | None, group: Path | None) -> None:
    executor = LocalExecutor(ExecutorSettings(level=level))  # type: ignore[arg-type]
    list(executor.run_all([bundle(0, "1")]))
    work = loads(kind)
    before, own, started = cpu_s(group), time.process_time(), time.monotonic()
    results = list(executor.run_all(work))
    wall_s, all_s, own_s = time.monotonic() - started, cpu_s(group) - before, time.process_time() - own
    kernels_s = sum(result.cpu_s for result in results)
    bad = [result.outcome for result in results if result.outcome.kind != "ok"]
    count = len(results)
    each = ", ".join(
        f"{name} {used / count:.3f}"
        for name, used in (("all", all_s), ("worker", own_s), ("kernels", kernels_s))
    )
    sys.stdout.write(
        f"{kind} at {executor.level}: {count} submissions, {len(bad)} not ok; wall {wall_s:.2f} s; "
        f"CPU {all_s:.2f} s, each: {each}\n"
    )
    sys.stdout.writelines(f"{outcome}\n" for outcome in bad[:3])
    executor.shutdown()


if __name__ == "__main__":
    main()
