"""Bad input of every kind: one sentence, a remedy, exit status 2, and never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Hubgrade = Callable[..., Any]


def assert_refused(ran: Any, code: str, *words: str) -> None:
    assert ran.status == 2
    error = ran.json["error"]
    assert error["code"] == code, error
    assert error["remedy"]
    for word in words:
        assert word in error["message"] + error["remedy"]
    assert error["message"] in ran.err


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "*", ".hidden", "a\nb", "x" * 300])
def test_hostile_assignment_names(hubgrade: Hubgrade, course_dir: Path, name: str) -> None:
    before = sorted(p for p in course_dir.rglob("*"))
    assert_refused(hubgrade("generate-assignment", name, "--json", cwd=course_dir), "invalid_name")
    assert sorted(p for p in course_dir.rglob("*")) == before


@pytest.mark.parametrize("option", [["--student", "../ada"], ["--student", "a*"], ["--notebook", "../*"]])
def test_hostile_options(hubgrade: Hubgrade, course_dir: Path, option: list[str]) -> None:
    assert_refused(hubgrade("autograde", "ps1", *option, "--json", cwd=course_dir), "invalid_name")


def test_one_student_of_what_is_about_the_whole(hubgrade: Hubgrade, course_dir: Path) -> None:
    ran = hubgrade("generate-assignment", "ps1", "--student", "ada", "--json", cwd=course_dir)
    assert_refused(ran, "invalid_request", "generate-assignment", "without --student")
    assert not (course_dir / "release").exists()


def test_unknown_names_get_the_nearest(hubgrade: Hubgrade, course_dir: Path) -> None:
    ran = hubgrade("autograde", "ps11", "--json", cwd=course_dir)
    assert_refused(ran, "assignment_not_found", "ps11", "Did you mean ps1?")
    ran = hubgrade("autograde", "ps1", "--student", "nobody", "--json", cwd=course_dir)
    assert_refused(ran, "not_found", "nobody")
    # a typing error is no job
    assert hubgrade("jobs", "--json", cwd=course_dir).json["jobs"] == []


def test_no_course_folder(hubgrade: Hubgrade, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(hubgrade("status", "--json", cwd=tmp_path / "empty"), "course_not_found", "--course")
    assert_refused(hubgrade("status", "--course", tmp_path / "none", "--json"), "course_not_found")
    assert hubgrade("status", "--course", tmp_path / "none").out == ""


def test_a_broken_configuration(hubgrade: Hubgrade, course_dir: Path) -> None:
    config = course_dir / "nbgrader_config.py"
    config.write_text("c = get_config()\nc.CourseDirectory.course_id = (\n")
    assert_refused(
        hubgrade("generate-assignment", "ps1", "--json", cwd=course_dir), "config_broken", str(config)
    )
    # what is there to find the fault goes on working, and says it
    shown = hubgrade("config", "--json", cwd=course_dir)
    assert shown.status == 2
    assert any(file["error"] for file in shown.json["files"])
    report = hubgrade("preflight", "--json", cwd=course_dir)
    assert report.status == 2
    problem = report.json["findings"][0]
    assert (problem["check_id"], problem["status"]) == ("config.syntax", "error")
    assert str(config) in problem["message"]


def test_a_configuration_that_prints_and_ends(hubgrade: Hubgrade, course_dir: Path) -> None:
    config = course_dir / "nbgrader_config.py"
    config.write_text(config.read_text() + "import os\nprint('hello')\nos.write(1, b'hello')\n")
    assert hubgrade("config", "--json", cwd=course_dir).json["settings"]
    config.write_text("raise SystemExit(3)\n")
    assert_refused(hubgrade("status", "--json", cwd=course_dir), "config_broken")


def test_a_folder_that_cannot_be_written(hubgrade: Hubgrade, course_dir: Path) -> None:
    course_dir.chmod(0o555)
    try:
        ran = hubgrade("generate-assignment", "ps1", "--json", cwd=course_dir, powerless=True)
    finally:
        course_dir.chmod(0o755)
    assert ran.status == 2
    assert ran.json["error"]["message"]
    assert ran.json["error"]["remedy"]
    assert not (course_dir / "release").exists()


def test_unknown_jobs_and_checks(hubgrade: Hubgrade, course_dir: Path) -> None:
    for command in ("show", "cancel", "resume"):
        assert_refused(
            hubgrade("jobs", command, "../x", "--json", cwd=course_dir), "job_not_found", "hubgrade jobs"
        )
    assert_refused(
        hubgrade("preflight", "--only", "no.such", "--json", cwd=course_dir), "invalid_request", "no.such"
    )


def test_a_new_course_needs_a_good_name_and_a_free_place(hubgrade: Hubgrade, course_dir: Path) -> None:
    refused = hubgrade("course", "new", "x", "--course-id", "../x", "--json")
    assert_refused(refused, "invalid_name")
    assert refused.json["error"]["suggestion"] == "x"
    assert_refused(hubgrade("course", "new", course_dir, "--course-id", "bio", "--json"), "conflict")


def test_an_unforeseen_error_leaves_a_report(tmp_path: Path) -> None:
    code = (
        "import sys, hubgrade_ext.cli.courses as courses\n"
        "def broken(arguments):\n    raise RuntimeError('a fault nobody foresaw')\n"
        "courses.open_instructor = broken\n"
        "from hubgrade_ext.cli import main\n"
        "sys.exit(main(['status', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "internal_error"
    path = Path(error["remedy"].removeprefix("Send the report ").split(" to who")[0])
    assert "a fault nobody foresaw" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
