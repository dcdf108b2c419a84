"""The report as a whole: its order, its roles, its speed, and that looking leaves no trace."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.models import PreflightReport
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.docs import render
from hubgrade_ext.preflight.runner import run

Look = Callable[..., PreflightReport]
ROOT = Path(__file__).resolve().parents[2]


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(p): (p.stat().st_mtime_ns, p.stat().st_ctime_ns, p.stat().st_size)
        for p in [folder, *folder.rglob("*")]
    }


def test_ids_are_unique_and_needs_come_first() -> None:
    seen: set[str] = set()
    for check in CATALOGUE:
        assert check.check_id not in seen
        assert set(check.needs) <= seen, check.check_id
        seen.add(check.check_id)


def test_problems_come_first(look: Look, place: Path, settings: CourseSettings) -> None:
    Path(settings.exchange_root).chmod(0o777)
    report = look(server_root=str(place / "elsewhere"))
    assert [f.status for f in report.findings[:3]] == ["error", "warning", "ok"]
    assert [f.check_id for f in report.findings if f.fixable] == ["exchange.sticky"]
    assert (report.errors, report.warnings) == (1, 1)


def test_a_student_hears_nothing_of_the_course_folder(look: Look) -> None:
    report = look(role="student", root=None)
    heard = {f.check_id.split(".")[0] for f in report.findings if f.subject != "hub"}
    assert not heard & {"coursedir", "gradebook", "notebook", "kernel", "assignment"}
    assert {"exchange", "course_id", "course", "config", "session"} <= heard
    assert report.errors == 0
    assert not any(f.fixable for f in report.findings)


def test_only_limits_the_report_and_keeps_causes(look: Look, settings: CourseSettings, place: Path) -> None:
    ref = look().course
    report = run(settings, ref, only=["exchange.exists"])
    assert [f.check_id for f in report.findings] == ["exchange.exists"]
    with pytest.raises(InvalidRequest, match=r"no check 'no\.such'"):
        run(settings, ref, only=["no.such"])


def test_slow_checks_are_left_for_a_second_call(settings: CourseSettings, look: Look) -> None:
    quick = run(settings, look(only=["exchange.exists"]).course, slow=False)
    running = {f.check_id for f in quick.findings if f.status == "running"}
    assert {"isolation.level", "kernel.missing", "coursedir.submitted_writable", "hub.reachable"} <= running
    assert not {"exchange.exists", "gradebook.writable", "config.syntax"} & running


def test_looking_leaves_no_trace(look: Look, place: Path) -> None:
    before = snapshot(place)
    look()
    assert snapshot(place) == before


def test_it_answers_within_two_seconds_with_many_submissions(look: Look, settings: CourseSettings) -> None:
    inbound = Path(settings.exchange_root) / "course101" / "inbound"
    for number in range(2000):
        (inbound / f"s{number:04}+ps1+t+x").mkdir()
    start = time.monotonic()
    look()
    assert time.monotonic() - start < 2


def test_it_runs_without_nbgrader_and_without_a_server() -> None:
    code = (
        "import sys, hubgrade_ext.preflight.runner, hubgrade_ext.preflight.facts\n"
        "loaded = {m.split('.')[0] for m in sys.modules}\n"
        "heavy = loaded & {'nbgrader', 'tornado', 'jupyter_server', 'sqlalchemy'}\n"
        "print(sorted(heavy))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_page_of_checks_is_current() -> None:
    assert (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8") == render()
