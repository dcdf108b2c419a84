"""What the tests of the exchange do: generate quickly, run a verb, mount a small disk, look at trees."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from nbgrader.api import Gradebook

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import ItemResult, JobRequest

DUE = datetime(2030, 1, 15, 12, 0)


def generate(course: Course, empty: Path, *assignments: str, duedate: datetime | None = None) -> None:
    """Stand in for generate_assignment: a release folder, and a copy of an empty gradebook with it."""
    settings = course.settings
    for assignment_id in assignments:
        source = settings.path(settings.source_directory, ".", assignment_id)
        target = settings.path(settings.release_directory, ".", assignment_id)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    shutil.copy(empty, Path(settings.root or "") / "gradebook.db")
    with Gradebook(settings.db_url, settings.course_id) as gradebook:
        for assignment_id in assignments:
            gradebook.update_or_create_assignment(assignment_id, duedate=duedate)


def run(
    verb: Callable[..., object], course: Course, assignment_id: str = "ps1", **wishes: object
) -> list[ItemResult]:
    """Run a verb to its end and return the items' results."""
    skip = wishes.pop("skip", frozenset())
    request = JobRequest(verb.__name__, assignment_id, **wishes)  # type: ignore[arg-type]
    return [p.result for p in verb(course, request, skip) if p.result]  # type: ignore[attr-defined]


def mounted(path: Path, options: str) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def remount(path: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", path], check=True)


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder with their content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def staging_left(*folders: Path) -> list[Path]:
    return [p for folder in folders for p in folder.rglob(".hubgrade-stage-*")]


def run_without_privileges(verb: str, course: Course) -> list[ItemResult]:
    """Run a verb in a child process that is an ordinary owner of its files, also when we are root."""
    command = [sys.executable, "-m", "tests.exchange.verb_child", verb, course.settings.root or ""]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is needed to give up root's privileges")
        lost = "--bounding-set=-dac_override,-dac_read_search,-fowner"
        command = ["setpriv", lost, *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=list[ItemResult])


def kill_while(repeat: Callable[[], None], seed: int, longest_s: float = 0.5) -> None:
    """Fork a child that does `repeat` over and over, and kill it at a random time after the first round."""
    ready, started = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            repeat()
            os.write(started, b"x")
            while True:
                repeat()
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(started)
    with os.fdopen(ready, "rb") as pipe:
        assert pipe.read(1) == b"x", "the child failed in its first round"
    time.sleep(random.Random(seed).uniform(0, longest_s))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the child failed before it was killed"


def gradebook_is_sound(course: Course) -> bool:
    with closing(sqlite3.connect(Path(course.settings.root or "") / "gradebook.db")) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
