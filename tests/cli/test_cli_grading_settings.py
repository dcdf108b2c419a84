"""`hubgrade limits`, and what becomes of settings of grading that cannot be meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.grading_options import LIMITS
from tests.cli.test_cli_bad_input import assert_refused

Hubgrade = Callable[..., Any]


def configure(course: Path, text: str) -> None:
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.HubgradeGrading.{text}\n")


def test_limits_have_the_names_and_units_of_the_settings(hubgrade: Hubgrade, course_dir: Path) -> None:
    configure(course_dir, 'limits = {"ps9": {"output_mib": 3, "network": True, "cell_timeout_s": 2.5}}')
    page = hubgrade("limits", "--json", cwd=course_dir).json["limits"]
    assert {tuple(own) for own in page.values()} == {LIMITS}
    assert (page[""]["output_mib"], page[""]["memory_mib"], page[""]["network"]) == (20, 2048, False)
    assert (page["ps9"]["output_mib"], page["ps9"]["network"]) == (3, True)
    shown = hubgrade("limits", cwd=course_dir).out
    rows = {words[0]: words[1:] for line in shown.splitlines() if (words := line.split())}
    assert rows["output_mib"] == ["20", "3"]
    assert rows["cell_timeout_s"][-1] == "2.5"
    assert hubgrade("limits", "ps1", "--json", cwd=course_dir).json["limits"].keys() == {"ps1"}


def test_limits_of_an_assignment_that_is_not_there(hubgrade: Hubgrade, course_dir: Path) -> None:
    ran = hubgrade("limits", "ps11", "--json", cwd=course_dir)
    assert_refused(ran, "assignment_not_found", "ps11", "Did you mean ps1?")


def test_isolation_that_is_switched_off_is_no_isolation(hubgrade: Hubgrade, course_dir: Path) -> None:
    configure(course_dir, "isolation = 'none'")
    assert hubgrade("limits", "--json", cwd=course_dir).json["isolation"] == "none"
    (found,) = hubgrade("preflight", "--only", "isolation.level", "--json", cwd=course_dir).json["findings"]
    assert found["status"] == "warning"
    assert str(course_dir / "nbgrader_config.py") in found["message"]


@pytest.mark.parametrize("text", ["memory_mib = 3", "engine = 'fast'", "limits = {'ps1': {'memory_mib': 1}}"])
def test_a_value_that_cannot_be_meant_is_one_finding_of_many(
    hubgrade: Hubgrade, course_dir: Path, text: str
) -> None:
    configure(course_dir, text)
    ran = hubgrade("preflight", "--json", cwd=course_dir)
    assert ran.status == 2
    findings = {found["check_id"]: found for found in ran.json["findings"]}
    refused = findings["grading.settings"]
    assert refused["status"] == "error"
    assert text.split()[0] in refused["message"] or "memory_mib" in refused["message"]
    assert "c.HubgradeGrading" in refused["remedy"]
    assert findings["isolation.level"]["status"] == "skipped"
    assert findings["notebook.readable"]["status"] == findings["config.syntax"]["status"] == "ok"
