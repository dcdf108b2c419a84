"""A class graded on a Dask cluster: what a submission costs with 1, 2 and 4 workers, and 10,000 of them.

Two sizes of a class are graded on each cluster; the difference is what a submission costs, without the start.

The model for other clusters: this machine prepares and records one submission after the other, and meanwhile
the workers execute, so that `count` submissions take `start + count * max(here, on workers / cores)`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from bench.cpu_time import control_group, cpu_s_of
from bench.grading import class_of
from bench.rows import Row
from tests.grading.dask_cluster import DaskProcesses, dask_processes
from tests.ui.server import make_demo

Say = Callable[[str], None]
SIZES = (10, 110)
WORKERS = (1, 2, 4)
MODELLED = 10_000
CORES = (2, 8, 32)
COMPUTING_S = 10.0


class Used(Struct, frozen=True):
    """Seconds for one run, or for each submission of it: wall clock, CPU here, CPU of the workers."""

    wall_s: float
    here_s: float
    workers_s: float


def dask_rows(folder: Path, say: Say) -> Iterator[Row]:
    """Yield what a submission of quickstart's ps1 costs, and what 10,000 would."""
    each, start_s = Used(0, 0, 0), 0.0
    for workers in WORKERS:
        with dask_processes(folder / f"dask{workers}", workers) as cluster, _counted(cluster) as cpu_s:
            runs = []
            for students in SIZES:
                say(f"{students} students on {workers} Dask workers")
                runs.append(_graded(folder / f"{workers}-{students}", students, cluster, cpu_s))
        each = _difference(*runs)
        start_s = runs[0].wall_s - SIZES[0] * each.wall_s
        yield Row("a submission of quickstart's ps1 on a Dask cluster", f"{workers} workers", each.wall_s)
    yield Row("… its CPU time on the machine that prepares and records", "", each.here_s)
    yield Row("… its CPU time on the workers", "", each.workers_s)
    yield Row("… start of the command and of the workers' executors", "", start_s)
    what = f"{MODELLED:,} such submissions, modelled"
    yield Row(what, f"≥ {CORES[0]} cores of workers", start_s + modelled_s(MODELLED, CORES[0], each))
    computing = Used(each.wall_s, each.here_s, each.workers_s + COMPUTING_S)
    what = f"{MODELLED:,} that compute for {COMPUTING_S:g} s each, modelled"
    for cores in CORES:
        yield Row(what, f"{cores} cores of workers", start_s + modelled_s(MODELLED, cores, computing))


def modelled_s(count: int, cores: int, each: Used) -> float:
    """Return the seconds that `count` submissions take, without the start, on workers with `cores` cores."""
    return count * max(each.here_s, each.workers_s / cores)


def _difference(small: Used, large: Used) -> Used:
    count = SIZES[1] - SIZES[0]
    return Used(
        (large.wall_s - small.wall_s) / count,
        (large.here_s - small.here_s) / count,
        (large.workers_s - small.workers_s) / count,
    )


def _graded(folder: Path, students: int, cluster: DaskProcesses, cpu_s: Callable[[], float]) -> Used:
    make_demo(folder)
    course = folder / "course101"
    class_of(course, students)
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.HubgradeGrading.executor = 'dask'\n")
        config.write(f"c.HubgradeDask.scheduler = {cluster.address!r}\n")
    before, begun = cpu_s(), time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "hubgrade_ext.cli", "autograde", "ps1", "--all"],
        cwd=course,
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    wall_s = time.monotonic() - begun
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    graded = len(list((course / "autograded").iterdir()))
    assert graded == students, f"graded {graded} of {students}"
    here_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return Used(wall_s, here_s, cpu_s() - before)


@contextmanager
def _counted(cluster: DaskProcesses) -> Iterator[Callable[[], float]]:
    """Give what tells the CPU time of the workers and of all that they start, with what has ended.

    A control group does: sandboxes are nobody's children when they end. Without one (not as root) it is 0.
    """
    with control_group() as group:
        if group is None:
            yield lambda: 0.0
            return
        for process in [cluster.nannies, *cluster.nannies.children(recursive=True)]:
            (group / "cgroup.procs").write_text(str(process.pid))
        yield lambda: cpu_s_of(group)
