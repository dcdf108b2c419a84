"""A class autograded: hubgrade's parallel, isolated grading beside `nbgrader autograde`, on equal courses."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from bench.cpu_time import Yardstick, control_group, cpu_s_of
from bench.rows import Row
from hubgrade_ext.grading.execution.isolation import choose
from tests.ui.server import Server, make_demo

Say = Callable[[str], None]
STAMP = "2026-01-31 10:00:00.000000 UTC"
NBGRADER = ("nbgrader", "autograde")
HUBGRADE = ("hubgrade_ext.cli", "autograde", "--all")
SLEEPS = "import time\ntime.sleep(4)"
SCIENCE = "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt"
PLOT = "frame = pd.DataFrame({'x': np.arange(10)})\nplt.plot(frame.x)\nframe.x.sum()"
FEW, MANY = 50, 1000
# how often the small classes are graded before the large one, and after it
AROUND = 3


class Run(Struct, frozen=True):
    """What one command took; `cpu_s` of every process of it, None where that cannot be told."""

    wall_s: float
    cpu_s: float | None
    peak_mib: float


def grading_rows(folder: Path, say: Say, students: int = 50) -> Iterator[Row]:
    """Yield the rows of a class; nbgrader beside us where it has something like it."""
    runs = {}
    for name, command in (("nbgrader", NBGRADER), ("hubgrade", HUBGRADE)):
        say(f"{students} students: {name}")
        course = demo_class(folder / name, students)
        runs[name] = autograded(course, command, students)
    what = "quickstart's ps1 (2 notebooks) autograded, start of the command included"
    ours, theirs = runs["hubgrade"], runs["nbgrader"]
    yield Row(what, f"{students} students", ours.wall_s, theirs.wall_s, least_ratio=10)
    say("the same by one click")
    clicked = by_one_click(folder / "clicked", students)
    what = "the same by one click in the panel (nbgrader: its command)"
    yield Row(what, f"{students} students", clicked, theirs.wall_s, least_ratio=10)
    say("one student, to tell the command's start from the notebooks")
    each: list[float] = []
    for command, run in ((HUBGRADE, ours), (NBGRADER, theirs)):
        start = autograded(demo_class(folder / f"one-{command[0]}", 1), command, 1)
        if run.cpu_s is not None and start.cpu_s is not None:
            each.append((run.cpu_s - start.cpu_s) / (2 * (students - 1)))
    if len(each) == 2:
        what = "CPU time a notebook of quickstart's ps1, the command's start not counted"
        yield Row(what, f"{students} students", each[0], each[1], limit=0.15)
    yield from _other_classes(folder, say, students)


def _other_classes(folder: Path, say: Say, students: int) -> Iterator[Row]:
    say("12 submissions that sleep")
    yield _beside(folder / "sleep", "notebooks that sleep for 4 s", 12, 5, [SLEEPS])
    say("numpy, pandas and matplotlib")
    what = "notebooks with numpy, pandas and matplotlib"
    yield _beside(folder / "science", what, students, 10, [SCIENCE, PLOT])


def large_class_rows(folder: Path, say: Say, few: int = FEW, many: int = MANY) -> Iterator[Row]:
    """Yield what a large class costs beside a small one: time a submission, and memory of the worker.

    Small ones are graded before and after: the start is most of their time, which is told in yardsticks.
    """
    classes = {
        students: small_class(folder / f"small-{students}", students, ["x = 1\nx"])
        for students in (1, few, many)
    }
    taken: dict[int, list[_Taken]] = {students: [] for students in classes}
    for number, students in enumerate([*(1, few) * AROUND, many, *(1, few) * AROUND]):
        say(f"{students} students with a small notebook")
        demo = shutil.copytree(classes[students].parent, folder / f"run-{number}")
        with Yardstick() as yardstick:
            run = autograded(demo / classes[students].name, HUBGRADE, students)
        taken[students].append(_Taken(run, yardstick.cpu_s))
    if all(each.run.cpu_s is not None for runs in taken.values() for each in runs):
        what = f"CPU time a submission, that of {many} over that of {few}"
        yield Row(
            f"{what}, in yardsticks", f"{many} students", _growth(taken, few, many), limit=1.1, unit="×"
        )
        yield Row(f"{what}, in seconds", f"{many} students", _growth(taken, few, many, raw=True), unit="×")
    peak = {
        students: statistics.fmean(each.run.peak_mib for each in runs) for students, runs in taken.items()
    }
    yield Row("peak memory of the worker", f"{few} students", peak[few], unit="MiB")
    yield Row(
        "peak memory of the worker", f"{many} students", peak[many], limit=round(1.1 * peak[few]), unit="MiB"
    )


class _Taken(Struct, frozen=True):
    """A run, and the yardstick's CPU seconds meanwhile."""

    run: Run
    yardstick_s: float


def _growth(taken: dict[int, list[_Taken]], few: int, many: int, *, raw: bool = False) -> float:
    """Return the cost of a submission in the large class over that in the small one, without the start."""
    work = {
        students: statistics.fmean(
            (each.run.cpu_s or 0.0) / (1.0 if raw else each.yardstick_s) for each in runs
        )
        for students, runs in taken.items()
    }
    each = {students: (work[students] - work[1]) / (students - 1) for students in (few, many)}
    return each[many] / each[few]


def _beside(folder: Path, what: str, students: int, least_ratio: float, cells: list[str]) -> Row:
    taken = [
        autograded(small_class(folder / command[0], students, cells), command, students).wall_s
        for command in (HUBGRADE, NBGRADER)
    ]
    return Row(f"{what} autograded", f"{students} students", taken[0], taken[1], least_ratio=least_ratio)


_WATCH = (
    "import os, pathlib, resource, subprocess, sys;"
    "group = pathlib.Path(sys.argv[1]) / 'tasks';"
    "group.write_text(str(os.getpid())) if group.exists() else None;"
    "subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def autograded(course: Path, command: tuple[str, ...], students: int) -> Run:
    """Autograde ps1 of a course by a command, and say what that took."""
    module, verb, *options = command
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    python = [sys.executable, "-W", "ignore", "-m"]
    with control_group() as group:
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", _WATCH, str(group), *python, module, verb, "ps1", *options],
            cwd=course,
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PATH": path},
        )
        wall_s = time.monotonic() - begun
        cpu_s = cpu_s_of(group) if group is not None else None
    graded = len(list((course / "autograded").iterdir()))
    assert graded == students, f"{module} graded {graded} of {students}"
    if command == HUBGRADE:
        _require_isolation(course)
    return Run(wall_s, cpu_s, int(done.stdout) / 1024)


def _require_isolation(course: Path) -> None:
    """Make sure that what was measured ran walled in by the strongest level that works here."""
    command = [sys.executable, "-W", "ignore", "-m", "hubgrade_ext.cli", "status", "ps1", "--json"]
    page = json.loads(subprocess.run(command, cwd=course, check=True, stdout=subprocess.PIPE).stdout)
    levels = {row["grading"]["isolation"] for row in page["submissions"] if row["grading"]}
    assert levels == {choose()} != {"none"}, f"graded with the isolation {levels}"


def by_one_click(folder: Path, students: int) -> float:
    """Autograde quickstart's ps1 from a running server; return the seconds from asking to the job's end."""
    demo_class(folder / "demo", students)
    server = Server(folder)
    server.start()
    try:
        key = server.course_key()
        begun = time.monotonic()
        job_id = server.start_job(key, verb="autograde", assignment_id="ps1", scope="all")
        ended = server.job_ended(key, job_id, 600)
        took_s = time.monotonic() - begun
        assert ended["job"]["done"] == students, ended
        return took_s
    finally:
        server.stop()


def demo_class(folder: Path, students: int) -> Path:
    """Make quickstart's course with its ps1 handed in, and return its folder."""
    _demo(folder)
    class_of(folder / "course101", students)
    return folder / "course101"


def _demo(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    make_demo(folder)


def small_class(folder: Path, students: int, cells: list[str]) -> Path:
    """Make a course whose ps1 is one notebook of these cells and a test, handed in as released."""
    _demo(folder)
    course = folder / "course101"
    shutil.rmtree(course / "source" / "ps1")
    (course / "source" / "ps1").mkdir()
    (course / "source" / "ps1" / "small.ipynb").write_text(json.dumps(_notebook(cells)))
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_assignment", "ps1", "--force"],
        cwd=course,
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    class_of(course, students)
    return course


def _notebook(cells: list[str]) -> object:
    from nbformat.v4 import new_code_cell, new_notebook

    test = {"schema_version": 3, "grade_id": "test", "grade": True, "solution": False, "locked": True}
    marked = {"nbgrader": {**test, "task": False, "points": 1, "cell_type": "code"}}
    made = [new_code_cell(source) for source in cells]  # type: ignore[no-untyped-call]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.append(new_code_cell("assert True", metadata=marked))  # type: ignore[no-untyped-call]
    return new_notebook(cells=made, metadata={"kernelspec": kernel})  # type: ignore[no-untyped-call]


def class_of(course: Path, students: int) -> None:
    """Fill submitted/ with copies of ps1 as released, as many as `students`."""
    for number in range(students):
        target = course / "submitted" / f"student{number:04}" / "ps1"
        shutil.copytree(course / "release" / "ps1", target)
        (target / "timestamp.txt").write_text(STAMP)
