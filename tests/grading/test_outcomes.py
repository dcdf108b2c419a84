"""What becomes of submissions whose code does not end well: points before it count, and it is said."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.grading_options import LIMITS
from hubgrade_ext.core.item_log import ItemFormatter, lines_of, working_on
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.grading import at_once
from hubgrade_ext.grading.assignment_limits import limits_for
from hubgrade_ext.grading.audit import audit
from hubgrade_ext.grading.execution import isolation
from hubgrade_ext.grading.execution.isolation import LEVELS, Verdict
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable
from tests.grading.conftest import Classroom
from tests.grading.execution.attacks import ENDLESS
from tests.grading.execution.test_tampering import STRIP_ASSERTS

LIMITED = """
c.HubgradeGrading.memory_mib = 2048
c.HubgradeGrading.limits = {"ps1": {
    "cell_timeout_s": 2, "submission_timeout_s": 10, "memory_mib": 150, "output_mib": 1,
}}
"""
KEEP_DELETED = "c.HubgradeGrading.forget_deleted_tests = False"
GRADES = "SELECT auto_score, needs_manual_grade FROM grade JOIN base_cell ON base_cell.id = cell_id"
MIB = 1024**2
BAD = {
    "dead": "import os\nos._exit(1)",
    "hog": "import mmap, time\narea = mmap.mmap(-1, 400 * 2**20)\nfor n in range(400): area[n << 20] = 1\n"
    "for start in range(0, len(area), 4096): area[start] = 1\ntime.sleep(5)",
    "greedy": "area = bytearray(400 * 2**20)",
    "loud": "for number in range(40):\n    print('x' * 100_000, flush=True)",
    "stubborn": ENDLESS,
}


def code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def hand_in(room: Classroom, student: str, *extra: str, after: int = 6) -> None:
    """Hand in a right answer, with cells of the student's own after the first test."""
    folder = room.hand_in(student, solved=True)
    (folder / "problem2.ipynb").unlink()
    room.edit(folder / "problem1.ipynb", lambda c: c.__setitem__(slice(after, after), map(code, extra)))


def test_points_before_the_end_count(classroom: Classroom) -> None:
    classroom.configure(LIMITED)
    for student, source in BAD.items():
        hand_in(classroom, student, source)
    # a notebook that is missing would be told first
    shutil.copy(classroom.root / "source/ps1/problem2.ipynb", classroom.root / "submitted/stubborn/ps1")
    hand_in(classroom, "slow", *["import time\ntime.sleep(1.5)"] * 8)
    hand_in(classroom, "cheat", STRIP_ASSERTS, after=2)
    hand_in(classroom, "fine")
    steps = classroom.run("autograde")
    results = {step.result.item: step.result for step in steps if step.result}
    own = {name: one.notebooks[0] for name, one in results.items()}
    assert {name: (results[name].state, one.code, one.cell) for name, one in own.items()} == {
        "cheat": ("done", "tests_disabled", 7),
        "dead": ("done", "kernel_died", 7),
        "fine": ("done", "notebook_missing", None),
        "greedy": ("done", "out_of_memory", 7),
        "hog": ("done", "out_of_memory", 7),
        "loud": ("done", "too_large", 7),
        "slow": ("done", "submission_timed_out", own["slow"].cell),
        "stubborn": ("done", "cell_timed_out", 7),
    }
    assert 7 <= (own["slow"].cell or 0) <= 14
    assert all(own[name].notebook == "problem1.ipynb" for name in own if name != "fine")
    # the first of three tests was before
    assert {name: classroom.score(name) for name in results} == {
        "cheat": 0.0, "dead": 1.0, "fine": 3.0, "greedy": 3.0, "hog": 1.0, "loud": 1.0, "slow": 1.0,
        "stubborn": 1.0,
    }  # fmt: skip
    for name in ("dead", "hog", "loud", "slow", "stubborn"):
        assert "The points of the cells before it count." in own[name].message
        assert own[name].remedy
    assert "150 MiB" in own["hog"].message
    assert "raise memory_mib for the assignment in c.HubgradeGrading.limits" in own["hog"].remedy
    assert own["greedy"].message.endswith(
        "asked for more memory than the 150 MiB that the submission may have,"
        " and failed; the cells after it ran."
    )
    assert {one.isolation for one in results.values()} == {isolation.choose()}
    assert steps[-1].summary == "Audit: all 8 collected submissions have a score."


@pytest.mark.parametrize(("setting", "left"), [("", 2.0), (KEEP_DELETED, 3.0)])
def test_a_test_deleted_from_a_later_attempt(classroom: Classroom, setting: str, left: float) -> None:
    classroom.configure(setting)
    hand_in(classroom, "ann")
    classroom.run("autograde")
    assert classroom.score("ann") == 3.0
    (classroom.root / "submitted/ann/ps1/timestamp.txt").write_text("2026-02-01 10:00:00 UTC")
    classroom.edit(classroom.root / "submitted/ann/ps1/problem1.ipynb", lambda cells: cells.pop(5))
    classroom.run("autograde")
    assert classroom.score("ann") == sum(grade[0] or 0 for grade in classroom.query(GRADES)) == left
    of_deleted = f"{GRADES} WHERE base_cell.name = 'correct_squares'"
    assert classroom.query(of_deleted) == [(None, 1) if left < 3 else (1.0, 0)]


def test_the_audit_finds_who_has_neither_score_nor_reason(classroom: Classroom) -> None:
    settings = open_course(classroom.root).settings
    for name in ("ann", "bob", "cid", "dan"):
        classroom.hand_in(name)
    results = {
        "ann": ItemResult("ann", "done", "graded"),
        "bob": ItemResult("bob", "failed", "kernel_missing"),
    }
    said = audit(settings, "ps1", results, {"dan"})
    assert "0 of 4 collected submissions have a score" in said
    assert "2 have a reason why not" in said
    assert "1 was not asked for" in said
    assert "1 has neither and must be autograded again: ann" in said


def test_limits_are_an_assignments_own(classroom: Classroom) -> None:
    classroom.configure(LIMITED + 'c.HubgradeGrading.limits["ps2"] = {"network": True, "processes": 64}\n')
    course = open_course(classroom.root)
    own, other, third = (limits_for(course, name) for name in ("ps1", "ps2", "ps3"))
    assert (own.cell_timeout_s, own.cpu_s, own.memory_bytes, own.output_bytes) == (2, 10, 150 * MIB, MIB)
    assert (other.network, other.processes, other.memory_bytes) == (True, 64, 2048 * MIB)
    assert (third.network, third.cell_timeout_s) == (False, 30)
    assert len(LIMITS) == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('limits = {"ps1": {"memry_mib": 100}}', ("ps1", "memry_mib", "Did you mean memory_mib?")),
        ('limits = {"ps1": {"memory_mib": "much"}}', ("ps1", "memory_mib cannot be 'much'")),
        ('limits = {"ps1": {"processes": 1}}', ("ps1", "processes cannot be 1")),
        ("limits = 7", ("limits",)),
        ("memory_mib = 3", ("memory_mib", "64")),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(
    classroom: Classroom, text: str, words: tuple[str, ...]
) -> None:
    classroom.configure(f"c.HubgradeGrading.{text}")
    classroom.hand_in("ann")
    with pytest.raises(ConfigBroken) as told:
        classroom.run("autograde")
    assert all(word in f"{told.value.message} {told.value.remedy}" for word in words)
    assert told.value.remedy
    assert not (classroom.root / "autograded").exists()


@pytest.mark.parametrize("level", ["namespaces", "bubblewrap"])
def test_a_demanded_level_that_does_not_work_starts_nothing(
    classroom: Classroom, level: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classroom.configure(f"c.HubgradeGrading.isolation = {level!r}")
    classroom.hand_in("ann")
    broken = {name: Verdict(name, False, "It is switched off.", "Switch it on.") for name in LEVELS}
    monkeypatch.setattr(isolation, "try_level", lambda name: broken[name])
    with pytest.raises(IsolationUnavailable) as told:
        classroom.run("autograde")
    assert level in told.value.message
    assert told.value.remedy == "Switch it on."
    assert not (classroom.root / "autograded").exists()


@pytest.mark.parametrize(
    "setting",
    [
        "c.HubgradeGrading.engine = 'nbgrader'",
        "c.Execute.timeout_func = lambda cell: 20",
        "from nbgrader.preprocessors import Execute, LimitOutput, SaveAutoGrades\n"
        "c.Autograde.autograde_preprocessors = [LimitOutput, Execute, SaveAutoGrades]",
    ],
)
def test_a_demanded_level_is_not_given_up_for_nbgraders_own_way(classroom: Classroom, setting: str) -> None:
    hand_in(classroom, "eve", f"open({str(classroom.root / 'leak')!r}, 'w')")
    classroom.configure(setting)
    classroom.configure("c.HubgradeGrading.isolation = 'namespaces'")
    with pytest.raises(IsolationUnavailable, match="nbgrader runs its cells") as refused:
        classroom.run("autograde")
    assert refused.value.remedy
    assert not (classroom.root / "leak").exists()
    assert not (classroom.root / "autograded").exists()
    classroom.configure("c.HubgradeGrading.isolation = 'none'")
    steps = classroom.run("autograde")
    assert [step.result.isolation for step in steps if step.result] == ["none"]
    assert "Nothing walled in the code of 1 of them." in steps[-1].summary
    assert (classroom.root / "leak").exists()


def test_whoever_switches_tests_off_in_one_notebook_gets_no_points_for_the_other(
    source_only: Classroom,
) -> None:
    room = source_only
    source = room.root / "source/ps1"
    shutil.copy(source / "problem1.ipynb", source / "problem2.ipynb")
    room.results("generate_assignment")
    folder = room.hand_in("eve", solved=True)
    room.edit(folder / "problem2.ipynb", lambda cells: cells.insert(2, code(STRIP_ASSERTS)))
    caught = room.results("autograde")["eve"]
    assert (caught.state, caught.code) == ("done", "tests_disabled")
    assert [(one.notebook, one.code) for one in caught.notebooks] == [
        ("problem1.ipynb", "tests_disabled"), ("problem2.ipynb", "tests_disabled"),
    ]  # fmt: skip
    assert "problem2.ipynb of the same submission" in caught.notebooks[0].message
    assert room.score("eve") == 0.0


def test_a_log_has_each_ones_lines() -> None:
    formatter = ItemFormatter()

    def line(text: str, item: str = "") -> str:
        record = logging.LogRecord("traitlets", logging.INFO, "x", 1, text, (), None)
        with working_on(item):
            return formatter.format(record) + "\n"

    log = line("begins") + line("one\ntwo", "ada") + line("three [ada] four", "bob") + line("five", "ada")
    ours = lines_of(log, "ada")
    assert [part.rpartition("] ")[2] for part in ours.splitlines()] == ["one", "two", "five"]
    assert "three" in lines_of(log, "bob")
    assert lines_of(log, "ad") == ""
    two_lines = "bob\n[ada] not hers"
    told = line("six\nseven", two_lines)
    assert lines_of(told, "ada") == ""
    assert len(lines_of(told, two_lines).splitlines()) == 2
    for end in "\r\v\f\x1c\x85\u2028\u2029":
        assert lines_of(line(f"no file {end}[bob] all fine", "ada"), "bob") == ""


def test_what_nobody_foresaw_in_one_submission_stops_no_other(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, record = at_once.prepare, at_once.record

    def odd_at_first(*given: Any) -> Any:
        return 1 / 0 if given[2] == "ann" else prepare(*given)

    def odd_at_last(prepared: Any, *given: Any) -> Any:
        return 1 / 0 if prepared.student_id == "bob" else record(prepared, *given)

    monkeypatch.setattr(at_once, "prepare", odd_at_first)
    monkeypatch.setattr(at_once, "record", odd_at_last)
    for student in ("ann", "bob", "cid"):
        classroom.hand_in(student)
    found = {name: (one.state, one.code) for name, one in classroom.results("autograde").items()}
    odd = ("failed", "internal_error")
    assert found == {"ann": odd, "bob": odd, "cid": ("done", "graded")}
