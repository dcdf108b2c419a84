"""A value that grading refuses is one finding of preflight, beside all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("c.HubgradeGrading.memory_mib = 3", "memory_mib cannot be 3"),
        ("c.Autograde.autograde_preprocessors = 3", "autograde_preprocessors"),
        ("c.GenerateAssignment.preprocessors = 3", "preprocessors"),
    ],
)
async def test_a_value_that_grading_refuses(api: Any, course_dir: Path, setting: str, said: str) -> None:
    with (course_dir / "nbgrader_config.py").open("a") as config:
        config.write(f"\n{setting}\n")
    key = (await api("POST", "/courses", {"root": "course101"})).body["course_key"]
    reply = await api("GET", f"/courses/{key}/preflight")
    assert reply.status == 200
    findings = {found["check_id"]: found for found in reply.body["findings"]}
    assert findings["grading.settings"]["status"] == "error"
    assert said in findings["grading.settings"]["message"]
    assert findings["kernel.missing"]["status"] == "ok"
