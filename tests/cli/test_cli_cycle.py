"""The whole cycle by command line, on a real course; each command is a process of its own."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Hubgrade = Callable[..., Any]


def test_one_assignment_from_source_to_fetched_feedback(
    hubgrade: Hubgrade, course_dir: Path, tmp_path: Path, submit_as: Callable[..., Path], isolated_env: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    # a student has no course folder: the exchange is configured for the user
    user_config = isolated_env / "jupyter_config" / "nbgrader_config.py"
    user_config.parent.mkdir()
    user_config.write_text((course_dir / "nbgrader_config.py").read_text())
    student = ("--course-id", "course101")

    generated = hubgrade("generate-assignment", "ps1", "--json", cwd=course_dir)
    assert generated.status == 0, generated.err
    assert (generated.json["job"]["state"], generated.json["job"]["done"]) == ("done", 1)
    assert (course_dir / "release" / "ps1" / "problem1.ipynb").is_file()
    # --course instead of the current folder
    released = hubgrade("release-assignment", "ps1", "--course", course_dir)
    assert released.status == 0, released.err
    assert released.out.startswith("Release assignment ps1: 1 done of 1 (job ")
    assert "[1/1] ps1: done" in released.err

    assert hubgrade("fetch-assignment", "ps1", *student, cwd=work).status == 0
    assert (work / "ps1" / "problem1.ipynb").is_file()
    submitted = hubgrade("submit", "ps1", *student, cwd=work)
    assert submitted.status == 0, submitted.err
    listed = hubgrade("list", *student, "--json", cwd=work).json["assignments"]
    assert [(a["assignment_id"], a["state"], len(a["submissions"])) for a in listed] == [
        ("ps1", "submitted", 1)
    ]
    receipt = listed[0]["submissions"][0]["receipt"]["code"]
    assert receipt in submitted.out
    assert receipt in hubgrade("list", *student, cwd=work).out

    broken = tmp_path / "broken"
    shutil.copytree(work / "ps1", broken)
    (broken / "problem1.ipynb").write_text("{ no notebook")
    submit_as("mallory", broken)
    collected = hubgrade("collect", "ps1", "--json", cwd=course_dir)
    assert collected.status == 0, collected.err
    assert collected.json["job"]["done"] == 2

    graded = hubgrade("autograde", "ps1", cwd=course_dir)
    assert graded.status == 1, "one submission failed: done, with items that failed"
    assert "1 done, 1 failed of 2" in graded.out
    assert "  mallory: failed. " in graded.out
    scores = hubgrade("status", "ps1", "--json", cwd=course_dir).json["submissions"]
    own = next(row for row in scores if row["student_id"] != "mallory")
    assert own["score"] is not None
    again = hubgrade("autograde", "ps1", "--student", "mallory", "--json", cwd=course_dir)
    assert again.status == 1
    assert [r["item"] for r in again.json["results"]] == ["mallory"]

    for verb in ("generate-feedback", "release-feedback"):
        ran = hubgrade(verb, "ps1", "--student", own["student_id"], cwd=course_dir)
        assert ran.status == 0, ran.err
    fetched = hubgrade("fetch-feedback", "ps1", *student, cwd=work)
    assert fetched.status == 0, fetched.err
    assert list((work / "ps1" / "feedback").rglob("problem1.html"))

    row = hubgrade("status", "--json", cwd=course_dir).json["assignments"][0]
    assert (row["collected"]["done"], row["autograded"]["done"], row["autograded"]["failed"]) == (2, 1, 1)
    assert "1 / 2, 1 failed" in hubgrade("status", cwd=course_dir).out
    jobs = hubgrade("jobs", "--json", cwd=course_dir).json["jobs"]
    assert [job["request"]["verb"] for job in jobs][-1] == "generate_assignment"
    assert len(jobs) == 7
    shown = hubgrade("jobs", "show", jobs[2]["job_id"], cwd=course_dir)
    assert shown.status == 0
    assert "mallory" in shown.out


def test_the_demo_by_command_line(hubgrade: Hubgrade, tmp_path: Path) -> None:
    made = hubgrade("demo", tmp_path / "demo", "--json")
    assert made.status == 0, made.err
    course = Path(made.json["root"])
    assert hubgrade("demo", tmp_path / "demo").status == 2
    report = hubgrade("preflight", "--json", cwd=course)
    assert report.json["errors"] == 0, json.dumps(report.json["findings"][:3])
    assert hubgrade("collect", "ps1", cwd=course).status in (0, 1)
    graded = hubgrade("autograde", "ps1", "--json", cwd=course)
    assert graded.status == 1
    failed = [result for result in graded.json["results"] if result["state"] == "failed"]
    assert len(failed) == graded.json["job"]["failed"] >= 1, "the demo has a damaged submission"
    assert all(result["message"] and result["remedy"] for result in failed)
    # every submission of the demo has cells to grade by hand: their feedback is not due yet
    waiting = hubgrade("generate-feedback", "ps1", cwd=course)
    assert waiting.status == 0
    assert "to grade by hand" in waiting.err
    assert "0 done, " in waiting.out
    assert " skipped of " in waiting.out
    assert hubgrade("generate-feedback", "ps1", "--all", cwd=course).status == 0
    assert hubgrade("release-feedback", "ps1", cwd=course).status == 0
    table = hubgrade("status", "ps1", cwd=course)
    assert table.status == 0
    assert table.out.count(" / ") >= 9, "the grade table has a score for each graded student"
    assert "released" in table.out


def test_new_course_is_on_the_list(hubgrade: Hubgrade, tmp_path: Path) -> None:
    made = hubgrade("course", "new", "Übung", "--course-id", "Übung 3", "--json")
    assert made.status == 0, made.err
    assert made.json["course_id"] == "Übung 3"
    listed = hubgrade("course", "list", "--json")
    assert [c["root"] for c in listed.json["courses"]] == [str(tmp_path / "Übung")]
    assert "Übung 3" in hubgrade("course", "list").out
    shutil.rmtree(tmp_path / "Übung")
    gone = hubgrade("course", "list", "--json").json["courses"][0]
    assert gone["problem"]["message"]


def cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ("config", "status", "check"),
    [
        ("", 0, None),
        ("c.Exchange.roto = 'x'\n", 1, "config.unknown"),
        ("c.Exchange.root = '/nowhere/at/all'\n", 2, "exchange.exists"),
    ],
)
def test_preflight_statuses(
    hubgrade: Hubgrade, make_course: Callable[..., Path], config: str, status: int, check: str | None
) -> None:
    course = make_course(config=config)
    before = cpu_of_children_s()
    ran = hubgrade("preflight", "--json", cwd=course)
    # two seconds are the aim; this many are for the slowest machine that runs the tests
    assert cpu_of_children_s() - before < 8
    assert ran.status == status, ran.out
    problems = [f["check_id"] for f in ran.json["findings"] if f["status"] in ("error", "warning")]
    assert problems == ([check] if check else [])


def test_config_shows_where_values_come_from(hubgrade: Hubgrade, make_course: Callable[..., Path]) -> None:
    course = make_course(config="c.Exchange.roto = 'x'\n")
    page = hubgrade("config", "--json", cwd=course).json
    setting = next(s for s in page["settings"] if s["name"] == "Exchange.root")
    assert setting["source"] == str(course / "nbgrader_config.py")
    assert [k["name"] for k in page["unknown"]] == ["Exchange.roto"]
    text = hubgrade("config", cwd=course).out
    assert "Exchange.roto" in text
    assert str(course / "nbgrader_config.py") in text
