"""Killed at any moment, on a full or read-only disk: the earlier state is whole, or the new one is."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.errors import CourseBroken
from hubgrade_ext.grading.processes import no_process_left

STUDENTS = ("ann", "bob")
# forks, so that nbgrader is imported once for all the children that are killed
WORKER = """
import json, os, sys, time
from pathlib import Path
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.actions.generate_feedback import generate_feedback
verbs = {verb.__name__: verb for verb in (autograde, generate_assignment, generate_feedback)}
print("ready", flush=True)
for line in sys.stdin:
    root, verb = json.loads(line)
    pid = os.fork()
    if pid == 0:
        request = JobRequest(verb=verb, assignment_id="ps1", scope="all")
        list(verbs[verb](open_course(Path(root)), request, frozenset()))
        os._exit(0)
    print(pid, flush=True)
    sys.stdin.readline()  # until then the child is not reaped, and the number is its own
    print(os.waitpid(pid, 0)[1], flush=True)
"""


class Killer:
    """Runs a verb in a child and kills it after a while."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def run(self, root: Path, verb: str, kill_after_s: float | None) -> bool:
        """Return whether the child ended by itself."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(root), verb]) + "\n")
        self.process.stdin.flush()
        pid = int(self._line())
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            os.kill(pid, signal.SIGKILL)
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()
        return self._line() == "0"

    def close(self) -> None:
        # no waiting for the end of the pipe: a kernel that outlived its worker may hold it open
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def killer() -> Iterator[Killer]:
    # the kernels of a killed worker become ours, and some would stay
    with no_process_left():
        killer = Killer()
        yield killer
        killer.close()


STEP = {"generate_assignment": "release", "autograde": "autograded", "generate_feedback": "feedback"}


def prepared(room: Any) -> None:
    """Hand in small submissions: one notebook, so that a run is short and a kill often hits the middle."""
    for student_id in STUDENTS:
        folder = room.hand_in(student_id, solved=True)
        (folder / "problem1.ipynb").unlink()
        room.edit(folder / "problem2.ipynb", lambda cells: cells[2].update(source="first answer"))
    assert all(one.state == "done" for one in room.results("autograde").values())
    assert all(one.state == "done" for one in room.results("generate_feedback", scope="all").values())


def change(room: Any, number: int) -> None:
    """Make the next run's result tell from every earlier one's."""
    for student_id in STUDENTS:
        room.edit(
            room.root / "submitted" / student_id / "ps1/problem2.ipynb",
            lambda cells: cells[2].update(source=f"answer {number}"),
        )
    room.edit(
        room.root / "source/ps1/problem2.ipynb", lambda cells: cells[0].update(source=f"question {number}")
    )


def whole_folders(room: Any, step: str) -> dict[str, frozenset[tuple[str, bytes]]]:
    """Return each folder of a step with its files; contents as they are."""
    top = room.root / step
    folders = [top / "ps1"] if step == "release" else [top / student_id / "ps1" for student_id in STUDENTS]
    return {
        str(folder): frozenset((path.name, path.read_bytes()) for path in folder.iterdir())
        for folder in folders
    }


def names(files: frozenset[tuple[str, bytes]]) -> set[str]:
    return {name for name, _ in files}


def kill_often(room: Any, killer: Killer, verb: str, times: int) -> None:
    step = STEP[verb]
    started = time.monotonic()
    assert killer.run(room.root, verb, None)
    takes_s = time.monotonic() - started
    complete = {folder: names(files) for folder, files in whole_folders(room, step).items()}
    dice = random.Random(7)
    finished = 0
    for number in range(times):
        change(room, number)
        before = whole_folders(room, step)
        finished += killer.run(room.root, verb, dice.uniform(0, takes_s * 1.1))
        for folder, files in whole_folders(room, step).items():
            assert names(files) == complete[folder]
            if files != before[folder]:
                check_new(verb, files, number)
        assert room.query("PRAGMA integrity_check") == [("ok",)]
        assert room.query("SELECT count(*) FROM alembic_version") == [(1,)]
    assert finished < times, "no kill came in time: this test shows nothing"
    assert killer.run(room.root, verb, None)
    assert room.stages() == []
    for folder, files in whole_folders(room, step).items():
        assert names(files) == complete[folder]
        check_new(verb, files, times - 1)


def check_new(verb: str, files: frozenset[tuple[str, bytes]], number: int) -> None:
    content = dict(files)
    if verb == "autograde":
        assert f"answer {number}".encode() in content["problem2.ipynb"]
    if verb == "generate_assignment":
        assert f"question {number}".encode() in content["problem2.ipynb"]
    if verb == "generate_feedback":
        assert content["problem2.html"].rstrip().endswith(b"</html>")


LONG = (pytest.mark.long, pytest.mark.timeout(1800))


@pytest.mark.parametrize("times", [4, pytest.param(50, marks=LONG)])
@pytest.mark.parametrize("verb", ["generate_assignment", "autograde", "generate_feedback"])
def test_killed_at_any_moment(classroom: Any, killer: Killer, verb: str, times: int) -> None:
    prepared(classroom)
    kill_often(classroom, killer, verb, times)


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=LONG)])
def test_killed_while_the_gradebook_is_made(source_only: Any, killer: Killer, times: int) -> None:
    room = source_only
    dice = random.Random(3)
    for _ in range(times):
        killer.run(room.root, "generate_assignment", dice.uniform(0, 1.5))
        if (room.root / "gradebook.db").exists():
            assert room.query("SELECT count(*) FROM alembic_version") == [(1,)]
            assert room.query("PRAGMA integrity_check") == [("ok",)]
            (room.root / "gradebook.db").unlink()
            shutil.rmtree(room.root / "release", ignore_errors=True)
    assert killer.run(room.root, "generate_assignment", None)
    assert (room.root / "release/ps1/problem1.ipynb").exists()
    assert room.stages() == []


@pytest.fixture
def small_disk(classroom: Any, tmp_path: Path) -> Iterator[Any]:
    """The course on a file system of 6 MB of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        shutil.copytree(classroom.root, disk / "course101")
        yield type(classroom)(disk / "course101")
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(folder: Path, leave_kb: int) -> Path:
    """Fill the file system but for `leave_kb`, which are given back by a second file's removal."""
    reserve, filler = folder / "reserve", folder / "filler"
    reserve.write_bytes(bytes(leave_kb * 1024))
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    reserve.unlink()
    return filler


def outcome_codes(room: Any, verb: str) -> set[str]:
    """Run a verb; what makes the whole of it impossible counts as the code of each item."""
    try:
        return {one.code for one in room.results(verb, scope="all").values()}
    except CourseBroken as error:
        words = {"is full": "disk_full", "read-only": "not_writable"}
        return {code for word, code in words.items() if word in error.message}


@pytest.mark.parametrize("leave_kb", [0, 40, 250])
def test_full_disk(small_disk: Any, leave_kb: int) -> None:
    room = small_disk
    prepared(room)
    change(room, 1)
    steps = ("release", "autograded", "feedback")
    before = room.tree(*steps)
    filler = fill(room.root.parent, leave_kb)
    for verb in STEP:
        for code in outcome_codes(room, verb):
            assert code in {"graded", "generated", "notebook_missing", "disk_full"}
    after = room.tree(*steps)
    assert after.keys() == before.keys()
    for name, content in after.items():
        if name.endswith(".ipynb"):
            json.loads(content)
    assert room.query("PRAGMA integrity_check") == [("ok",)]
    filler.unlink()
    for verb in STEP:
        assert {one.state for one in room.results(verb, scope="all").values()} == {"done"}
    assert b"answer 1" in room.tree("autograded")["autograded/ann/ps1/problem2.ipynb"]
    assert room.stages() == []


def test_read_only_course(small_disk: Any) -> None:
    room = small_disk
    prepared(room)
    before = room.tree("release", "autograded", "feedback")
    subprocess.run(["mount", "-o", "remount,ro", room.root.parent], check=True)
    try:
        for verb in STEP:
            assert outcome_codes(room, verb) == {"not_writable"}
    finally:
        subprocess.run(["mount", "-o", "remount,rw", room.root.parent], check=True)
    assert room.tree("release", "autograded", "feedback") == before
    assert {one.state for one in room.results("autograde", scope="all").values()} == {"done"}
