"""Server, worker and kernels are killed while a class is graded: each is graded once, none is lost."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbgrader
import psutil
import pytest
from server_process import Server, gone

from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.jobs.owner import process_is

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
NAME = "hg-killed"
# the kernel gets a name by which it is found; each takes longer than the one before, so that some still run
SLOW = (
    f"import ctypes, time\nctypes.CDLL(None).prctl(15, b'{NAME}')\ntime.sleep(SECONDS)\n"
    "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]"
)
STUDENTS = [f"s{number:02}" for number in range(8)]
DEADLINE_S = 240.0
VICTIMS = ("kernel", "worker", "server")
MOST_ROUNDS = 50


def make_course(root: Path) -> None:
    (root / "source" / "ps1").mkdir(parents=True)
    shutil.copy(EXAMPLE / "problem1.ipynb", root / "source" / "ps1")
    config = 'c = get_config()\nc.CourseDirectory.course_id = "course101"\nc.HubgradeRelease.gate = "off"\n'
    (root / "nbgrader_config.py").write_text(config)
    list(generate_assignment(open_course(root), JobRequest("generate_assignment", "ps1"), frozenset()))


def hand_in(root: Path, day: int) -> None:
    """Hand in for everybody, by hand, so many days after the first of January."""
    stamp = f"{datetime(2026, 1, 1, 10) + timedelta(days=day):%Y-%m-%d %H:%M:%S.%f} UTC"
    notebook = json.loads((root / "release/ps1/problem1.ipynb").read_text())
    for number, student in enumerate(STUDENTS):
        notebook["cells"][2]["source"] = SLOW.replace("SECONDS", f"{0.5 + 0.3 * number}")
        folder = root / "submitted" / student / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "problem1.ipynb").write_text(json.dumps(notebook))
        (folder / "timestamp.txt").write_text(stamp)


def kernels() -> list[psutil.Process]:
    found = psutil.process_iter(["name", "status"])
    return [one for one in found if one.info["name"] == NAME and one.info["status"] != psutil.STATUS_ZOMBIE]


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
        """Kill one of them as soon as there is one to kill; False when the job ends before."""
        while not self.detail()["job"].get("ended_at"):
            if whom == "server":
                family = self.server.family()
                self.server.kill()
                assert gone(family, 30)
                self.server = self.start()
                return True
            for victim in kernels() if whom == "kernel" else self.worker():
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
                    return True
            time.sleep(0.01)
        return False

    def worker(self) -> list[psutil.Process]:
        with closing(sqlite3.connect(self.root / ".hubgrade" / "journal.db")) as db:
            query = "SELECT worker_pid, worker_started FROM jobs WHERE job_id = ?"
            pid, started = db.execute(query, (self.job_id,)).fetchone()
        return [psutil.Process(pid)] if pid and process_is(pid, started) else []


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


def rounds(place: Path, kills: int, enough: Callable[[Counter[str]], bool]) -> None:
    """Grade a class, and kill somebody `kills` times meanwhile, at random moments; again until it is enough.

    `enough` is asked of the kills that found somebody alive, while the job ran.
    """
    root = place / "course101"
    make_course(root)
    dice = random.Random(11)
    killed: Counter[str] = Counter()
    for day in range(MOST_ROUNDS):
        hand_in(root, day)
        run = Run(place)
        of_round: Counter[str] = Counter()
        try:
            for whom in dice.sample(VICTIMS * -(-kills // len(VICTIMS)), kills):
                if whom != "kernel":  # two deaths of a worker at the same submission would be held against it
                    done = run.detail()["job"]["done"]
                    run.until(lambda d, done=done: d["job"]["done"] > done or bool(d["job"].get("ended_at")))
                time.sleep(dice.uniform(0, 0.6))  # a random moment, not a wait for anything
                of_round[whom] += run.kill(whom)
            detail = run.until(lambda d: bool(d["job"].get("ended_at")))
        finally:
            run.server.stop()
        check(root, detail, of_round["kernel"])
        # replaced by this round is what the one before had made, and nothing twice
        kept = Counter(
            path.relative_to(path.parents[3]).as_posix()
            for path in root.glob(".hubgrade/backups/*/autograded/*/ps1/timestamp.txt")
            if path.read_text() == (root / "submitted/s00/ps1/timestamp.txt").read_text()
        )
        assert kept == Counter(), "graded twice"
        assert kernels() == []
        killed += of_round
        if enough(killed):
            return
    raise AssertionError(f"too few were there to be killed: {killed}")


@pytest.mark.timeout(600)
def test_each_submission_is_graded_once_whoever_dies(tmp_path: Path, isolated_env: Any) -> None:
    rounds(tmp_path, 3, lambda killed: all(killed[whom] for whom in VICTIMS))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_each_submission_is_graded_once_a_hundred_deaths(tmp_path: Path, isolated_env: Any) -> None:
    rounds(tmp_path, 5, lambda killed: killed.total() >= 100)
