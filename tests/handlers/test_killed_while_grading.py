"""Server, worker and kernels are killed while a class is graded: each is graded once, none is lost."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbgrader
import psutil
import pytest
from server_process import Server, gone

from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import JobRequest

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
NAME = "hg-killed"
# the kernel gets a name by which it is found, and takes its time
SLOW = (
    f"import ctypes, time\nctypes.CDLL(None).prctl(15, b'{NAME}')\ntime.sleep(0.7)\n"
    "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]"
)
STUDENTS = [f"s{number:02}" for number in range(8)]
DEADLINE_S = 240.0


def make_course(root: Path) -> None:
    (root / "source" / "ps1").mkdir(parents=True)
    shutil.copy(EXAMPLE / "problem1.ipynb", root / "source" / "ps1")
    config = 'c = get_config()\nc.CourseDirectory.course_id = "course101"\nc.HubgradeRelease.gate = "off"\n'
    (root / "nbgrader_config.py").write_text(config)
    list(generate_assignment(open_course(root), JobRequest("generate_assignment", "ps1"), frozenset()))


def hand_in(root: Path, day: int) -> None:
    """Hand in for everybody, by hand, as of this day."""
    notebook = json.loads((root / "release/ps1/problem1.ipynb").read_text())
    notebook["cells"][2]["source"] = SLOW
    for student in STUDENTS:
        folder = root / "submitted" / student / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "problem1.ipynb").write_text(json.dumps(notebook))
        (folder / "timestamp.txt").write_text(f"2026-01-{day:02} 10:00:00.000000 UTC")


def kernels() -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["name"]) if process.info["name"] == NAME]


class Run:
    """One job, followed through the deaths of those who carry it out."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "course101"
        self.server = self.start()
        status, course = self.server.ask("POST", "/courses", {"root": "course101"})
        assert status in (200, 201), course
        self.path = f"/courses/{course['course_key']}/jobs"
        status, job = self.server.ask("POST", self.path, {"verb": "autograde", "assignment_id": "ps1"})
        assert status == 202, job
        self.job_id = job["job_id"]

    def start(self) -> Server:
        return Server(self.place, verbs="hubgrade_ext.actions.verbs:VERBS")

    def detail(self) -> Any:
        return self.server.ask("GET", f"{self.path}/{self.job_id}")[1]

    def until(self, holds: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + DEADLINE_S
        while not holds(detail := self.detail()):
            assert time.monotonic() < deadline, detail
            time.sleep(0.02)
        return detail

    def kill(self, whom: str) -> bool:
        """Kill one of them; say whether there was one to kill."""
        if whom == "server":
            family = self.server.family()
            self.server.kill()
            assert gone(family, 30)
            self.server = self.start()
            return True
        victims = kernels() if whom == "kernel" else self.worker()
        for victim in victims[:1]:
            victim.kill()
        return bool(victims)

    def worker(self) -> list[psutil.Process]:
        with sqlite3.connect(self.root / ".hubgrade" / "journal.db") as db:
            pid = db.execute("SELECT worker_pid FROM jobs WHERE job_id = ?", (self.job_id,)).fetchone()[0]
        db.close()
        return [psutil.Process(pid)] if pid and psutil.pid_exists(pid) else []


def check(root: Path, detail: Any, kernels_killed: int) -> None:
    job, results = detail["job"], detail["results"]
    assert job["state"] == "done", job
    assert Counter(result["item"] for result in results) == Counter(STUDENTS)
    assert {result["state"] for result in results} == {"done"}
    assert sum(result["code"] == "kernel_died" for result in results) <= kernels_killed
    assert job["summary"] in ("", f"Audit: all {len(STUDENTS)} collected submissions have a score.")
    db = sqlite3.connect(root / "gradebook.db")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    rows = db.execute("SELECT student_id, count(*) FROM submitted_assignment GROUP BY 1").fetchall()
    db.close()
    assert dict(rows) == dict.fromkeys(STUDENTS, 1)
    for student in STUDENTS:
        stamp = root / "autograded" / student / "ps1" / "timestamp.txt"
        assert stamp.read_text() == (root / "submitted" / student / "ps1" / "timestamp.txt").read_text()


def rounds(place: Path, number: int, kills: int) -> None:
    """Grade a class, and kill somebody `kills` times meanwhile, at random moments; again and again."""
    root = place / "course101"
    dice = random.Random(11)
    for day in range(1, number + 1):
        hand_in(root, day)
        run = Run(place)
        killed: Counter[str] = Counter()
        try:
            for whom in dice.sample(("kernel", "worker", "server") * -(-kills // 3), kills):
                done = run.detail()["job"]["done"]
                run.until(lambda d, done=done: d["job"]["done"] > done or bool(d["job"].get("ended_at")))
                time.sleep(dice.uniform(0, 0.6))  # a random moment, not a wait for anything
                killed[whom] += run.kill(whom)
            detail = run.until(lambda d: bool(d["job"].get("ended_at")))
        finally:
            run.server.stop()
        assert killed.total() > 0
        check(root, detail, killed["kernel"])
        # replaced by this round is what the one before had made, and nothing twice
        kept = Counter(
            path.relative_to(path.parents[3]).as_posix()
            for path in root.glob(".hubgrade/backups/*/autograded/*/ps1/timestamp.txt")
            if path.read_text() == (root / "submitted/s00/ps1/timestamp.txt").read_text()
        )
        assert kept == Counter(), "graded twice"
        assert kernels() == []


@pytest.mark.timeout(600)
def test_each_submission_is_graded_once_whoever_dies(tmp_path: Path, isolated_env: Any) -> None:
    make_course(tmp_path / "course101")
    rounds(tmp_path, number=1, kills=3)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_each_submission_is_graded_once_a_hundred_deaths(tmp_path: Path, isolated_env: Any) -> None:
    make_course(tmp_path / "course101")
    rounds(tmp_path, number=20, kills=5)
