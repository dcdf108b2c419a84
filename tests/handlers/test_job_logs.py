"""The log of each submission of a job that grades several at once, over HTTP and by command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Ask = Callable[..., Awaitable[Any]]
CHANGED = "cell correct_squares has changed"


def hand_in(course: Path, student: str) -> Path:
    folder = course / "submitted" / student / "ps1"
    shutil.copytree(course / "release" / "ps1", folder)
    (folder / "timestamp.txt").write_text("2026-01-31 10:00:00.000000 UTC")
    return folder


def shown(course: Path, job_id: str, item: str) -> Any:
    command = [sys.executable, "-m", "hubgrade_ext.cli", "jobs", "show", job_id, "--item", item, "--json"]
    return json.loads(subprocess.run(command, cwd=course, check=True, capture_output=True).stdout)


async def test_each_submissions_own_lines(
    api: Ask, course_dir: Path, open_course_key: Ask, ended: Ask
) -> None:
    key = await open_course_key(course_dir)
    jobs = f"/courses/{key}/jobs"

    async def do(verb: str) -> str:
        job_id = str((await api("POST", jobs, {"verb": verb, "assignment_id": "ps1"})).body["job_id"])
        job = (await ended(key, job_id))["job"]
        assert (job["state"], job["failed"]) == ("done", 0)
        return job_id

    await do("generate_assignment")
    hand_in(course_dir, "ada")
    locked = hand_in(course_dir, "bob") / "problem1.ipynb"
    changed = locked.read_text().replace("assert squares(2) == [1, 4]", "assert True")
    locked.write_text(changed)
    job_id = await do("autograde")

    async def log(**item: str) -> str:
        return str((await api("GET", f"{jobs}/{job_id}/log", params=item)).body["text"])

    whole, of_ada, of_bob = await log(), await log(item="ada"), await log(item="bob")
    assert whole.count(CHANGED) == of_bob.count(CHANGED) == 1
    assert CHANGED not in of_ada
    assert await log(item="nobody") == ""
    for student, log_text in (("ada", of_ada), ("bob", of_bob)):
        assert f"[{student}] done: " in log_text
        assert all(f"[{student}] " in line and line in whole for line in log_text.splitlines())
        by_command = shown(course_dir, job_id, student)
        assert by_command["log"] == log_text
        assert [result["item"] for result in by_command["results"]] == [student]
