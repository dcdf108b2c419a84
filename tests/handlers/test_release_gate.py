"""The release gate through the user's door: planned, held back, released on a second word, remembered."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Ask = Callable[..., Awaitable[Any]]
RELEASE = {"verb": "release_assignment", "assignment_id": "ps1"}


async def test_a_release_is_held_back_until_the_second_word(
    api: Ask, open_course_key: Ask, ended: Ask, make_course: Callable[..., Path], exchange_dir: Path
) -> None:
    course = make_course(config="c.HubgradeRelease.gate = 'block'\n")
    # never generated: the gate knows that without running anything
    shutil.copytree(course / "source/ps1", course / "release/ps1")
    key = await open_course_key(course)
    planned = (await api("POST", f"/courses/{key}/plan", RELEASE)).body
    assert planned["gate"] == {"mode": "block", "verdict": None, "unfinished": None}

    job = (await api("POST", f"/courses/{key}/jobs", RELEASE)).body
    held = (await ended(key, job["job_id"]))["job"]
    assert (held["state"], held["error"]["code"]) == ("failed", "gate_failed")
    assert held["error"]["message"].startswith("ps1 is held back. Its solution does not pass: 1 fault.")
    assert "release it anyway" in held["error"]["remedy"]
    assert not (exchange_dir / "course101/outbound/ps1").exists()

    planned = (await api("POST", f"/courses/{key}/plan", RELEASE)).body
    assert [finding["code"] for finding in planned["gate"]["verdict"]["findings"]] == ["not_generated"]
    page = (await api("GET", f"/courses/{key}/assignments")).body
    assert [row["gate"] for row in page["assignments"]] == [planned["gate"]]
    job = (await api("POST", f"/courses/{key}/jobs", {**RELEASE, "anyway": True})).body
    detail = await ended(key, job["job_id"])
    assert detail["job"]["request"]["anyway"] is True
    assert "Released anyway. Its solution does not pass" in detail["results"][0]["message"]
    assert (exchange_dir / "course101/outbound/ps1/problem1.ipynb").is_file()
