"""Submissions that are not as released: told, put right by one verb, and put back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.actions.plans import plan
from hubgrade_ext.actions.repair import repair, undo_repair
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import ItemResult, JobRequest
from hubgrade_ext.core.repairs import KEPT, RECORD, repair_folder, undone_students
from hubgrade_ext.core.submissions_page import submissions_page
from hubgrade_ext.grading.comparison import Released
from hubgrade_ext.grading.recorded import recorded_assignment
from hubgrade_ext.grading.repair import planned_repairs
from tests.grading.conftest import VERBS, Classroom

NAME_BACK = "problem1.ipynb gets back its name problem1 (final).ipynb."
CELLS_OUT = (
    "problem1.ipynb loses again 2 cells from the released one (correct_squares and squares_invalid_input)."
)


def results(room: Classroom, verb: str, **request: Any) -> dict[str, ItemResult]:
    run = {**VERBS, "repair": repair, "undo_repair": undo_repair}[verb]
    asked = JobRequest(**{"verb": verb, "assignment_id": "ps1", **request})
    steps = list(run(open_course(room.root), asked, frozenset()))
    assert [step.done for step in steps if step.result] == list(
        range(1, len(steps) // 2 + 1)
    ) or verb != "autograde"
    return {step.result.item: step.result for step in steps if step.result}


def one_notebook(folder: Path, name: str) -> Path:
    for path in folder.glob("*.ipynb"):
        if path.name != name:
            path.unlink()
    return folder / name


def grade_ids(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text())["cells"]
    return [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell["metadata"]]


def drop(*ids: str) -> Any:
    def change(cells: list[dict[str, Any]]) -> None:
        cells[:] = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") not in ids]

    return change


@pytest.fixture
def room(classroom: Classroom) -> Classroom:
    """Three submissions: a renamed notebook, deleted cells, and one that is as it should be."""
    one_notebook(classroom.hand_in("ann", solved=True), "problem1.ipynb").rename(
        classroom.root / "submitted/ann/ps1/problem1 (final).ipynb"
    )
    bob = one_notebook(classroom.hand_in("bob", solved=True), "problem1.ipynb")
    classroom.edit(bob, drop("correct_squares", "squares_invalid_input"))
    classroom.edit(
        bob, lambda cells: cells.append({"cell_type": "markdown", "metadata": {}, "source": "mine"})
    )
    one_notebook(classroom.hand_in("cid", solved=True), "problem1.ipynb")
    return classroom


def test_repair_and_undo(room: Classroom) -> None:
    before = room.tree("submitted")
    graded = results(room, "autograde")
    assert {name: one.code for name, one in graded.items()} == {
        "ann": "notebook_renamed", "bob": "notebook_missing", "cid": "notebook_missing",
    }  # fmt: skip
    assert [(n.notebook, n.code) for n in graded["bob"].notebooks] == [
        ("problem2.ipynb", "notebook_missing"),
        ("problem1.ipynb", "cells_deleted"),
    ]
    assert "2 cells" in graded["bob"].message
    assert (room.score("ann"), room.score("cid")) == (0.0, 3.0)
    graded_bob = room.score("bob")
    assert graded_bob < 3.0
    settings = open_course(room.root).settings
    planned = plan(settings, JobRequest("repair", "ps1"))
    assert (planned.total, planned.replaced, planned.unchanged) == (3, 2, 1)
    assert planned.warnings[0] == "ann: problem1 (final).ipynb is renamed to problem1.ipynb."
    assert "bob: problem1.ipynb gets back 2 cells" in planned.warnings[1]
    assert room.tree("submitted") == before

    untouched = results(room, "repair", students=["cid"])["cid"]
    assert (untouched.state, untouched.code) == ("skipped", "nothing_to_repair")
    repaired = results(room, "repair")
    assert set(repaired) == {"ann", "bob"}
    assert repaired["ann"].message.startswith("problem2.ipynb was not handed in; it counts zero.")
    assert repaired["ann"].message.endswith(" problem1 (final).ipynb is renamed to problem1.ipynb.")
    assert [n.code for n in repaired["bob"].notebooks] == ["notebook_missing", "graded"]
    assert {name: room.score(name) for name in ("ann", "bob", "cid")} == {"ann": 3.0, "bob": 3.0, "cid": 3.0}
    bob = room.root / "submitted/bob/ps1/problem1.ipynb"
    assert grade_ids(bob) == grade_ids(room.root / "release/ps1/problem1.ipynb")
    assert json.loads(bob.read_text())["cells"][-1]["source"] == "mine"
    page = submissions_page(settings, None, "ps1").submissions  # type: ignore[arg-type]
    assert {row.student_id: row.repaired for row in page} == {"ann": True, "bob": True, "cid": False}

    undo = plan(settings, JobRequest("undo_repair", "ps1"))
    assert undo.replaced == 2
    assert undo.warnings == [f"ann: {NAME_BACK}", f"bob: {CELLS_OUT}"]
    undone = results(room, "undo_repair")
    assert room.tree("submitted") == before
    assert set(undone) == {"ann", "bob"}
    assert (undone["ann"].state, undone["ann"].code) == ("failed", "notebook_renamed")
    assert undone["ann"].message.endswith(f"looks like it. {NAME_BACK}")
    page = submissions_page(settings, None, "ps1").submissions  # type: ignore[arg-type]
    assert {row.student_id: (row.score, row.repaired) for row in page} == {
        "ann": (None, False),
        "bob": (graded_bob, False),
        "cid": (3.0, False),
    }
    again = results(room, "undo_repair", students=["ann"])
    assert (again["ann"].state, again["ann"].code) == ("skipped", "nothing_to_undo")
    nothing = plan(settings, JobRequest("undo_repair", "ps1", students=["ann"]))
    assert (nothing.replaced, nothing.warnings) == (0, ["There is no repair of it to undo."])


def test_a_record_that_does_not_say_what_undoing_does(room: Classroom) -> None:
    before = room.tree("submitted")
    results(room, "repair", students=["ann"])
    record = repair_folder(open_course(room.root).settings, "ps1", "ann") / RECORD
    told = json.loads(record.read_text())
    assert told.pop("undoing") == [NAME_BACK]
    record.write_text(json.dumps(told))
    undone = results(room, "undo_repair")["ann"]
    assert undone.message.endswith("The submission is put back as it was collected.")
    assert room.tree("submitted") == before


def test_a_repair_of_an_earlier_submission_is_not_put_back(room: Classroom) -> None:
    results(room, "autograde", students=["ann"])
    results(room, "repair", students=["ann"])
    room.hand_in("ann", "2026-02-01 10:00:00.000000 UTC")
    kept = room.tree("submitted")
    assert results(room, "undo_repair") == {}
    assert results(room, "undo_repair", students=["ann"])["ann"].code == "nothing_to_undo"
    assert room.tree("submitted") == kept


def test_what_leads_elsewhere_is_not_repaired(room: Classroom) -> None:
    """A link in a submission that points at the source: neither read, nor written through."""
    target = room.root / "source/ps1/problem1.ipynb"
    before = target.read_bytes()
    notebook = room.root / "submitted/bob/ps1/problem1.ipynb"
    notebook.unlink()
    notebook.symlink_to(target)
    (room.root / "submitted/ann/ps1/answers.txt").symlink_to(target)
    repaired = results(room, "repair", students=["ann", "bob"])
    assert (repaired["bob"].state, repaired["bob"].code) == ("failed", "notebook_unreadable")
    assert (repaired["ann"].state, repaired["ann"].code) == ("failed", "file_unreadable")
    assert target.read_bytes() == before
    assert not (room.root / ".hubgrade/repairs").exists()


@pytest.mark.parametrize("engine", ["sandboxed", "nbgrader"])
def test_a_link_out_of_a_submission_is_never_followed(classroom: Classroom, engine: str) -> None:
    """nbgrader copies what a link leads to, as the grader: it would hand the student the solution."""
    classroom.configure(f"c.HubgradeGrading.engine = {engine!r}")
    for name, target in (("file", "source/ps1/problem1.ipynb"), ("folder", "source"), ("up", "..")):
        folder = classroom.hand_in(name)
        (folder / "notes").symlink_to(classroom.root / target)
    own = classroom.hand_in("own", solved=True)
    one_notebook(own, "problem2.ipynb")
    (own / "data.txt").write_text("mine")
    (own / "link.txt").symlink_to("data.txt")
    told = results(classroom, "autograde")
    assert {name: (one.state, one.code) for name, one in told.items()} == {
        "file": ("failed", "file_unreadable"),
        "folder": ("failed", "file_unreadable"),
        "up": ("failed", "file_unreadable"),
        "own": ("done", "notebook_missing"),
    }
    assert "notes" in told["file"].message
    assert [path.name for path in (classroom.root / "autograded").iterdir()] == ["own"]


def test_changes_and_copies_are_told(classroom: Classroom) -> None:
    folder = classroom.hand_in("dan", solved=True)
    classroom.edit(folder / "problem1.ipynb", lambda cells: cells[5].update(source="assert True"))
    (folder / "problem1-Copy1.ipynb").write_text((folder / "problem1.ipynb").read_text())
    told = results(classroom, "autograde")["dan"]
    assert told.state == "done"
    assert [(n.notebook, n.code, n.cell) for n in told.notebooks] == [
        ("problem1.ipynb", "locked_cells_changed", 6),
        ("problem1-Copy1.ipynb", "notebook_duplicated", None),
        ("problem2.ipynb", "graded", None),
    ]
    assert "cell 6 (correct_squares) is read-only and was changed" in told.message
    assert told.isolation in ("namespaces", "bubblewrap", "none")


def test_a_repair_that_was_cut_short_is_graded_by_the_next(room: Classroom) -> None:
    results(room, "autograde", students=["ann", "bob"])
    course = open_course(room.root)
    steps = repair(course, JobRequest("repair", "ps1"), frozenset())
    for step in steps:
        if step.current == "bob":  # ann's is mended, and not graded
            break
    steps.close()  # type: ignore[attr-defined]
    assert room.score("ann") == 0.0
    repaired = results(room, "repair")
    assert set(repaired) == {"ann", "bob"}
    assert repaired["ann"].message.endswith("problem1 (final).ipynb is renamed to problem1.ipynb.")
    assert room.score("ann") == 3.0
    assert results(room, "repair") == {}


def test_an_undoing_that_was_cut_short_is_graded_by_the_next(room: Classroom) -> None:
    before = room.tree("submitted")
    results(room, "repair")
    assert room.score("ann") == 3.0
    steps = undo_repair(open_course(room.root), JobRequest("undo_repair", "ps1"), frozenset())
    for step in steps:
        if step.current == "bob":  # ann's is put back, and not graded
            break
    steps.close()  # type: ignore[attr-defined]
    assert (room.root / "submitted/ann/ps1/problem1 (final).ipynb").exists()
    assert not (room.root / "autograded/ann/ps1").exists()
    assert plan(open_course(room.root).settings, JobRequest("undo_repair", "ps1")).replaced == 2
    undone = results(room, "undo_repair")
    assert undone["ann"].message.endswith(NAME_BACK)
    assert undone["bob"].message.endswith(CELLS_OUT)
    assert room.tree("submitted") == before
    assert results(room, "undo_repair") == {}


def test_what_was_kept_and_is_gone_was_not_put_back(room: Classroom) -> None:
    results(room, "repair", students=["ann"])
    settings = open_course(room.root).settings
    shutil.rmtree(repair_folder(settings, "ps1", "ann") / KEPT)
    shutil.rmtree(room.root / "autograded/ann/ps1")
    assert undone_students(settings, "ps1") == frozenset()


def test_without_a_timestamp_what_came_later_is_not_taken_for_what_was_repaired(room: Classroom) -> None:
    (room.root / "submitted/ann/ps1/timestamp.txt").unlink()
    collected = room.tree("submitted")
    results(room, "repair", students=["ann"])
    assert room.tree("submitted") != collected
    later = room.root / "submitted/ann/ps1/problem1.ipynb"
    content = later.read_bytes()
    later.write_bytes(content + b"\n")
    assert results(room, "undo_repair") == {}
    assert results(room, "undo_repair", students=["ann"])["ann"].code == "nothing_to_undo"
    assert later.read_bytes() == content + b"\n"


def test_an_odd_submission_does_not_stop_the_repair_of_others(room: Classroom) -> None:
    odd = room.root / "submitted/bob/ps1/problem1.ipynb"
    content = json.loads(odd.read_text())
    odd.write_text(json.dumps({**content, "nbformat_minor": "5"}))
    cid = room.root / "submitted/cid/ps1/problem1.ipynb"
    cid.write_text('{"nbformat": 4, "cells": ' + "[" * 100_000)
    assert set(results(room, "repair")) == {"ann"}
    settings = open_course(room.root).settings
    recorded = recorded_assignment(settings, "ps1")
    assert recorded is not None
    assert (
        planned_repairs(room.root / "submitted/gone/ps1", recorded, Released(room.root / "release/ps1")) == []
    )
