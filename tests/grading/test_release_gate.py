"""The release gate: the instructor's own solution on the real grading path, before anybody gets it."""

from __future__ import annotations

import concurrent.futures
import gc
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.actions.plans import plan
from hubgrade_ext.actions.verbs import VERBS
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import CheckUnfinished, GateFailed
from hubgrade_ext.core.gate_verdicts import gate_remark
from hubgrade_ext.core.models import Gate, GateFinding, GateVerdict, JobRequest, Progress
from hubgrade_ext.grading.execution.engine import LocalExecutor

AUTOTESTS = """
python3:
    setup: "from hashlib import sha1"
    hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
    dispatch: "type({{snippet}})"
    normalize: "str({{snippet}})"
    check: 'assert {{snippet}} == "{{value}}", "{{message}}"'
    success: "print('Success!')"
    templates:
        default:
            - test: "{{snippet}}"
              fail: "value of {{snippet}} is not correct"
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def code(source: str, grade_id: str = "", *, points: float | None = None, answer: bool = False) -> Any:
    """A code cell; with an id a test worth `points`, or with `answer` one that students fill in."""
    meta = {"grade_id": grade_id, "grade": points is not None, "solution": answer, "schema_version": 3}
    meta |= {"locked": not answer, "task": False} | ({} if points is None else {"points": points})
    metadata = {"nbgrader": meta} if grade_id else {}
    cell = {"cell_type": "code", "metadata": metadata, "source": source}
    return cell | {"execution_count": None, "outputs": []}


def answer(right: str, grade_id: str = "answer") -> Any:
    return code(f"### BEGIN SOLUTION\n{right}\n### END SOLUTION", grade_id, answer=True)


class FlakyExecutor(LocalExecutor):
    """An executor that loses what it is given, while it is told to."""

    loses = True

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        if not self.loses:
            return super().submit(*args, **kwargs)
        lost: concurrent.futures.Future[Any] = concurrent.futures.Future()
        lost.set_exception(RuntimeError("lost"))
        return lost


class Course:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("c = get_config()\nc.CourseDirectory.course_id = 'course101'")
        self.write(f"c.Exchange.root = {str(root.parent / 'exchange')!r}\nc.Execute.timeout = 2")

    def write(self, config: str) -> None:
        self.root.mkdir(exist_ok=True)
        with (self.root / "nbgrader_config.py").open("a") as file:
            file.write(config + "\n")

    def assignment(self, name: str, kernel: str = "python3", **notebooks: list[Any]) -> None:
        folder = self.root / "source" / name
        folder.mkdir(parents=True, exist_ok=True)
        for notebook_id, cells in notebooks.items():
            numbered = [{**cell, "id": f"{notebook_id}-{number}"} for number, cell in enumerate(cells)]
            metadata = {"kernelspec": {**KERNEL, "name": kernel}}
            content = {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
            (folder / f"{notebook_id}.ipynb").write_text(json.dumps(content))

    def run(self, verb: Any, name: str, **request: Any) -> list[Progress]:
        return list(VERBS[verb](open_course(self.root), JobRequest(verb, name, **request), frozenset()))

    def gate(self, name: str) -> Gate | None:
        return plan(open_course(self.root).settings, JobRequest("release_assignment", name)).gate

    def verdict(self, name: str) -> GateVerdict:
        gate = self.gate(name)
        assert gate is not None
        assert gate.verdict is not None
        return gate.verdict

    def is_released(self, name: str) -> bool:
        return (self.root.parent / "exchange/course101/outbound" / name).is_dir()


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    course = Course(tmp_path / "course101")
    yield course
    # what it graded in is gone, and the real folders never had it
    assert list(course.root.rglob(".hubgrade-stage-*")) == []
    assert not (course.root / "autograded").exists()
    assert not (course.root / "submitted").exists()


def said(verdict: GateVerdict) -> dict[tuple[str, str], GateFinding]:
    return {(finding.where, finding.code): finding for finding in verdict.findings}


def result(steps: list[Progress]) -> Any:
    return next(step.result for step in steps if step.result)


def test_a_solution_that_fails_is_held_back_with_every_cell_named(course: Course) -> None:
    course.assignment(
        "ps1",
        faulty=[
            answer("def double(x):\n    return x + x + 1", "wrong"),
            code("assert double(2) == 4, 'two and two'", "twice", points=2),
            code("assert double(-1) == -1", "chance", points=1),
            answer("import no_such_package as lacks", "lacking"),
            code("assert lacks.works()", "works", points=1),
            code("import random"),
            # two runs agree on all of 24 tests that pass every other time once in 16 million tries
            *(code("assert random.random() < 0.5", f"coin{n}", points=1) for n in range(24)),
        ],
        slow=[answer("while True:\n    pass"), code("assert True is not None", "test", points=1)],
    )
    generated = result(course.run("generate_assignment", "ps1"))
    assert (generated.state, generated.code) == ("done", "generated")
    assert (course.root / "release/ps1/faulty.ipynb").is_file()
    assert "faulty.ipynb, cell 2 (twice): The solution gets 0 of 2 points" in generated.message
    verdict = course.verdict("ps1")
    assert verdict.state == "failed"
    found = said(verdict)
    wrong = found["faulty.ipynb, cell 2 (twice)", "solution_fails"]
    assert "AssertionError: two and two" in wrong.message
    assert ("faulty.ipynb, cell 3 (chance)", "solution_fails") not in found
    missing = found["faulty.ipynb, cell 4 (lacking)", "import_missing"]
    assert "“import no_such_package” fails" in missing.message
    why = found["faulty.ipynb, cell 5 (works)", "solution_fails"].message
    assert "NameError" in why
    assert "cell 4 (lacking) raised ModuleNotFoundError" in why
    unsteady = [finding for finding in verdict.findings if finding.code == "solution_unsteady"]
    assert unsteady
    assert unsteady[0].where.startswith("faulty.ipynb, cell ")
    assert [where for where, kind in found if kind == "cell_timed_out"] == ["slow.ipynb, cell 1"]
    anyway = result(course.run("release_assignment", "ps1", anyway=True))
    assert anyway.state == "done"
    assert "Released anyway" in anyway.message
    assert "“import no_such_package” fails" in anyway.message
    assert course.is_released("ps1")


# nbgrader's instantiation of autotests leaves its kernel's sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_right_solution_passes_and_its_verdict_is_known_until_something_changes(course: Course) -> None:
    header = course.root / "header.ipynb"
    course.write(f"c.IncludeHeaderFooter.header = {str(header)!r}")
    course.assignment("unused", header=[code("from math import floor")])
    (course.root / "source/unused/header.ipynb").rename(header)
    (course.root / "source/unused").rmdir()
    manual = code("### BEGIN SOLUTION\nexplain = 'so'\n### END SOLUTION", "essay", points=4, answer=True)
    hidden = "assert half(8) == 4\n### BEGIN HIDDEN TESTS\nassert half(5) == 2\n### END HIDDEN TESTS"
    course.assignment(
        "ps1",
        good=[
            answer("def half(number):\n    return floor(number / 2)"),
            code(hidden, "hidden", points=1),
            code("### AUTOTEST half(7)", "auto", points=2),
            manual,
            code("assert half", "given", points=1),
            code("data = open('data.txt').read()\nassert data == 'x'", "file", points=1),
        ],
    )
    (course.root / "source/ps1/data.txt").write_text("x")
    (course.root / "source/ps1/autotests.yml").write_text(AUTOTESTS)
    before = course.run("generate_assignment", "ps1")
    gc.collect()  # here their warning is expected
    assert result(before).state == "done", result(before)
    verdict = course.verdict("ps1")
    assert verdict.state == "passed", verdict
    assert (verdict.cells, verdict.max_score) == (4, 5)
    # the file is there for everybody, so that test is worth a note
    assert verdict.released_score == 1
    notes = said(verdict)
    assert list(notes) == [("good.ipynb, cell 6 (file)", "passes_unsolved")]
    assert "Its solution gets full marks: 5 in 4 autograded cells." in before[-1].summary
    assert tracks(course) == 0
    # known: nothing runs again
    assert [step.current for step in course.run("release_assignment", "ps1")] == ["ps1", ""]
    assert course.is_released("ps1")
    (course.root / "source/ps1/data.txt").write_text("y")
    assert course.gate("ps1") == Gate("block", None)
    with pytest.raises(GateFailed, match=r"good.ipynb, cell 6 \(file\): The solution gets 0 of 1 point"):
        course.run("release_assignment", "ps1")
    assert course.verdict("ps1").state == "failed"
    (course.root / "source/ps1/data.txt").write_text("x")
    assert course.gate("ps1") == Gate("block", None)


def tracks(course: Course) -> int:
    """Count what of the gate's own submissions is in the real gradebook."""
    connection = sqlite3.connect(course.root / "gradebook.db")
    try:
        rows = connection.execute(
            "SELECT (SELECT count(*) FROM student) + (SELECT count(*) FROM submitted_assignment)"
        )
        return int(rows.fetchone()[0])
    finally:
        connection.close()


def test_tests_that_pass_without_any_work_are_named(course: Course) -> None:
    cells = [
        answer("x = 1"),
        code("assert True is not None", "first", points=2),
        code("'no assertion'", "second", points=1),
        # that some cell raises is no fault as long as no test minds
        code("1 / 0"),
    ]
    course.assignment("ps1", trivial=cells)
    course.write("c.HubgradeRelease.gate = 'off'")
    assert result(course.run("generate_assignment", "ps1")).message == ""
    assert course.gate("ps1") is None
    course.write("c.HubgradeRelease.gate = 'warn'")
    checked = course.run("check_assignment", "ps1")
    assert (result(checked).state, result(checked).code) == ("failed", "gate_failed")
    assert checked[-1].summary == "Its solution does not pass: 2 faults."
    verdict = course.verdict("ps1")
    assert (verdict.state, verdict.released_score) == ("failed", 3)
    assert [finding.where for finding in verdict.findings if finding.code == "passes_unsolved"] == [
        "trivial.ipynb, cell 2 (first)",
        "trivial.ipynb, cell 3 (second)",
    ]
    # a course that only wants to be warned is
    released = result(course.run("release_assignment", "ps1"))
    assert released.state == "done"
    assert "2 points for nothing" in released.message


def test_a_missing_kernel_is_named_and_what_is_graded_by_hand_passes(course: Course) -> None:
    essay = code("### BEGIN SOLUTION\nok = 1\n### END SOLUTION", "essay", points=4, answer=True)
    course.assignment("old", kernel="python2", essay=[essay, code("ok", "test", points=1)])
    course.assignment("essays", essay=[essay])
    course.run("generate_assignment", "old")
    verdict = course.verdict("old")
    assert verdict.state == "failed"
    (found,) = verdict.findings
    assert found.code == "kernel_missing"
    assert found.where == "essay.ipynb"
    assert "'python2'" in found.message
    course.write("c.HubgradeGrading.engine = 'nbgrader'")
    course.run("generate_assignment", "essays")
    verdict = course.verdict("essays")
    assert (verdict.state, verdict.cells, verdict.released_score) == ("passed", 0, None)
    assert [finding.code for finding in verdict.findings] == ["nothing_autograded"]


def test_a_check_that_did_not_finish_is_no_verdict_on_the_solution(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.assignment("ps1", good=[answer("x = 1"), code("assert x", "test", points=1)])
    course.write(f"c.HubgradeGrading.executor = '{__name__}.FlakyExecutor'")
    generated = result(course.run("generate_assignment", "ps1"))
    assert generated.state == "done"
    assert "The check itself did not finish: " in generated.message
    assert "does not pass" not in generated.message
    gate = course.gate("ps1")
    assert gate is not None
    assert (gate.verdict, gate.unfinished and gate.unfinished.code) == (None, "check_unfinished")
    assert gate_remark(open_course(course.root).settings, "ps1") == gate
    with pytest.raises(CheckUnfinished, match="did not finish"):
        course.run("release_assignment", "ps1")
    assert not course.is_released("ps1")
    checked = result(course.run("check_assignment", "ps1"))
    assert (checked.state, checked.code) == ("failed", "check_unfinished")
    # a release tries anew, since nothing is known
    monkeypatch.setattr(FlakyExecutor, "loses", False)
    assert result(course.run("release_assignment", "ps1")).state == "done"
    assert course.is_released("ps1")
    assert course.verdict("ps1").state == "passed"
    assert gate_remark(open_course(course.root).settings, "ps1") is None


def test_what_was_never_generated_or_has_no_source_is_held_back(course: Course) -> None:
    course.assignment("ps1", good=[answer("x = 1"), code("assert x", "test", points=1)])
    copied = course.root / "release" / "ps1"
    copied.parent.mkdir()
    (course.root / "source/ps1").rename(copied)
    assert course.gate("ps1") == Gate("block", None)
    # nothing but a second word releases it
    with pytest.raises(GateFailed, match="not in the gradebook"):
        course.run("release_assignment", "ps1")
    assert not course.is_released("ps1")
    assert [finding.code for finding in course.verdict("ps1").findings] == ["not_generated"]
