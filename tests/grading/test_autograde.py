from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from hubgrade_ext.core import gradebook_lock
from hubgrade_ext.core.errors import Conflict, InvalidName

Cell = Callable[[int, str], Any]


def only_quick(folder: Path) -> Path:
    """Leave the notebook without code: it needs a kernel all the same, but no second one is started."""
    (folder / "problem1.ipynb").unlink()
    return folder / "problem2.ipynb"


def test_each_failure_has_its_cause_and_stops_nobody_else(classroom: Any, cell: Cell) -> None:
    room = classroom
    room.configure("c.Execute.timeout = 4")
    folders = {
        name: room.hand_in(name)
        for name in (
            "broken", "dead", "foreign", "fine", "future", "gone", "linked", "old", "points", "renamed",
            "slow", "stamped", "twice",
        )
    }  # fmt: skip
    first = {name: folder / "problem1.ipynb" for name, folder in folders.items()}
    lines = first["broken"].read_text().splitlines(keepends=True)
    first["broken"].write_text("".join(lines[:40]) + '  "cut')
    room.edit(first["dead"], cell(2, "import os\nos._exit(1)"))
    room.edit(first["foreign"], lambda cells: cells[5]["metadata"]["nbgrader"].update(grade_id="elsewhere"))
    room.edit(first["future"], lambda cells: cells[5]["metadata"]["nbgrader"].update(schema_version=4))
    for notebook in folders["gone"].glob("*.ipynb"):
        notebook.unlink()
    first["linked"].unlink()
    first["linked"].symlink_to(room.root / "source/ps1/problem1.ipynb")
    room.edit(first["old"], lambda cells: cells[5]["metadata"]["nbgrader"].update(schema_version=1))
    room.edit(first["points"], lambda cells: cells[5]["metadata"]["nbgrader"].update(locked="maybe"))
    first["renamed"].rename(folders["renamed"] / "problem1 - final.ipynb")
    room.edit(first["slow"], cell(2, "while True:\n    pass"))
    (folders["stamped"] / "timestamp.txt").write_text("yesterday at noon or so")
    room.edit(first["twice"], lambda cells: cells.append(dict(cells[5])))
    (room.root / "submitted/nothing").mkdir()

    steps = room.run("autograde")
    results = {step.result.item: step.result for step in steps if step.result}
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "broken": ("failed", "notebook_unreadable"),
        "dead": ("done", "kernel_died"),
        "fine": ("done", "graded"),
        "foreign": ("failed", "cells_tampered"),
        "future": ("failed", "schema_new"),
        "gone": ("failed", "notebook_missing"),
        "linked": ("failed", "notebook_unreadable"),
        "old": ("failed", "schema_old"),
        "points": ("failed", "cells_tampered"),
        "renamed": ("done", "notebook_renamed"),
        "slow": ("done", "cell_timed_out"),
        "stamped": ("failed", "timestamp_unreadable"),
        "twice": ("failed", "cells_duplicated"),
    }
    said = {name: one.message for name, one in results.items()}
    assert said["broken"].endswith(" its JSON breaks off or is damaged at line 41, column 3.")
    assert "problem1.ipynb" in said["dead"]
    assert "cell 3" in said["dead"]
    assert "cell 6 (elsewhere)" in said["foreign"]
    assert "problem1 - final.ipynb looks like it" in said["renamed"]
    assert "problem1.ipynb, cell 3 ran longer" in said["slow"]
    assert "correct_squares (cells 6 and 19)" in said["twice"]
    assert "old" not in said["twice"]
    for one in results.values():
        assert "Traceback" not in one.message
        assert one.remedy or one.code == "graded"
    graded = {name for name, one in results.items() if one.state == "done"}
    assert {path.name for path in (room.root / "autograded").iterdir()} == graded
    # before each: who is being worked on; after each, once: what became of it
    assert [step.current for step in steps if step.current and not step.result] == sorted(results)
    assert sorted(step.result.item for step in steps if step.result) == sorted(results)
    assert [step.done for step in steps if step.result] == list(range(1, 14))
    assert steps[-1].total == 13
    # what failed is still to be done, what was graded is not
    assert {step.current for step in room.run("autograde") if step.current} == set(results) - graded


def test_hostile_files_stop_nobody_else(classroom: Any) -> None:
    folders = {
        name: classroom.hand_in(name)
        for name in ("dangling", "fine", "format", "pipe", "pipes", "rules", "stamp", "text", "two\nlines")
    }
    for folder in folders.values():
        only_quick(folder)
    (folders["dangling"] / "data.csv").symlink_to("/nonexistent/data.csv")
    (folders["format"] / "problem2.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 99}')
    (folders["pipe"] / "problem2.ipynb").unlink()
    os.mkfifo(folders["pipe"] / "problem2.ipynb")
    os.mkfifo(folders["pipes"] / "data.csv")
    notebook = json.loads((folders["rules"] / "problem2.ipynb").read_text())
    notebook["metadata"]["language_info"] = "python"
    (folders["rules"] / "problem2.ipynb").write_text(json.dumps(notebook))
    (folders["stamp"] / "timestamp.txt").unlink()
    os.mkfifo(folders["stamp"] / "timestamp.txt")
    (folders["text"] / "problem2.ipynb").write_text("[" * 100_000)
    results = classroom.results("autograde")
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "dangling": ("failed", "file_unreadable"),
        "fine": ("done", "notebook_missing"),
        "format": ("failed", "notebook_unreadable"),
        "pipe": ("failed", "notebook_unreadable"),
        "pipes": ("failed", "file_unreadable"),
        "rules": ("failed", "notebook_unreadable"),
        "stamp": ("failed", "timestamp_unreadable"),
        "text": ("failed", "notebook_unreadable"),
        "two\nlines": ("failed", "invalid_name"),
    }


def test_a_failure_leaves_the_earlier_grade_whole(classroom: Any, cell: Cell) -> None:
    folder = classroom.hand_in("ann")
    classroom.run("autograde")
    before = classroom.tree("autograded")
    assert classroom.run("autograde") == []
    classroom.hand_in("ann", "2026-02-01 10:00:00.000000 UTC")
    classroom.edit(folder / "problem2.ipynb", lambda cells: cells.append(dict(cells[2])))
    assert classroom.results("autograde")["ann"].code == "cells_duplicated"
    assert classroom.tree("autograded") == before
    assert len(list(classroom.root.glob(".hubgrade/backups/*/gradebook.db"))) == 1
    classroom.edit(folder / "problem2.ipynb", lambda cells: cells.pop())
    assert classroom.results("autograde")["ann"].state == "done"
    assert classroom.tree("autograded")["autograded/ann/ps1/timestamp.txt"].startswith(b"2026-02-01")
    kept = list(classroom.root.glob(".hubgrade/backups/*/autograded/ann/ps1/timestamp.txt"))
    assert [path.read_text()[:10] for path in kept] == ["2026-01-31"]


def test_student_code_gets_no_secrets_and_leaves_no_process(
    classroom: Any, cell: Cell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classroom.configure("c.HubgradeGrading.engine = 'nbgrader'")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hush")
    monkeypatch.setenv("MY_PASSWORD", "hush")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("NOT_KNOWN", "1")
    spy = (
        "import json, os, subprocess\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "seen = json.dumps([dict(os.environ), os.getcwd(), child.pid])\n"
        f"open({str(tmp_path / 'seen.json')!r}, 'w').write(seen)"
    )
    folder = classroom.hand_in("eve")
    classroom.edit(folder / "problem1.ipynb", cell(2, spy))
    assert classroom.results("autograde")["eve"].state == "done"
    seen, where, pid = json.loads((tmp_path / "seen.json").read_text())
    assert seen["LANG"] == "C.UTF-8"
    assert seen["NBGRADER_EXECUTION"] == "autograde"
    assert not {"JUPYTERHUB_API_TOKEN", "MY_PASSWORD", "NOT_KNOWN"} & seen.keys()
    assert "hush" not in seen.values()
    assert os.environ["JUPYTERHUB_API_TOKEN"] == "hush"
    assert "NBGRADER_EXECUTION" not in os.environ
    # as deep below the course as autograded/eve/ps1, for relative paths
    assert Path(where).relative_to(classroom.root).parts[1:] == ("eve", "ps1")
    assert not psutil.pid_exists(pid)


def test_a_sandbox_shows_nothing_but_the_submission(
    classroom: Any, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hush")
    monkeypatch.setenv("MY_PASSWORD", "hush")
    targets = [classroom.root / name for name in ("source/ps1/problem1.ipynb", "gradebook.db", "submitted")]
    folder = classroom.hand_in("eve")
    assert all(path.exists() for path in targets)
    spy = (
        "import json, os\n"
        f"reached = [path for path in {[str(path) for path in targets]!r} if os.access(path, os.R_OK)]\n"
        "open('seen.json', 'w').write(json.dumps([dict(os.environ), reached]))"
    )
    classroom.edit(folder / "problem1.ipynb", cell(2, spy))
    assert classroom.results("autograde")["eve"].state == "done"
    seen, reached = json.loads((classroom.root / "autograded/eve/ps1/seen.json").read_text())
    assert reached == []
    assert seen["NBGRADER_EXECUTION"] == "autograde"
    assert not {"JUPYTERHUB_API_TOKEN", "MY_PASSWORD"} & seen.keys()
    assert "hush" not in seen.values()


def test_unknown_students_and_kernels(classroom: Any) -> None:
    classroom.configure("c.Autograde.create_student = False\nc.CourseDirectory.student_id_exclude = 'zoe'")
    for name in ("ann", "bob", "zoe"):
        only_quick(classroom.hand_in(name))
    classroom.query("INSERT INTO student (id) VALUES ('ann')")
    classroom.query("UPDATE notebook SET kernelspec = ?", '{"name": "fortran", "display_name": "F"}')
    results = classroom.results("autograde")
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "ann": ("failed", "kernel_missing"),
        "bob": ("failed", "unknown_student"),
        "zoe": ("skipped", "excluded"),
    }
    assert "'fortran'" in results["ann"].message


def test_names_are_no_patterns(classroom: Any) -> None:
    for name in ("a[b]", "a", "b"):
        only_quick(classroom.hand_in(name))
    assert set(classroom.results("autograde", students=["a"])) == {"a"}
    assert {path.name for path in (classroom.root / "autograded").iterdir()} == {"a"}
    assert classroom.results("autograde", scope="remaining").keys() == {"a[b]", "b"}
    with pytest.raises(InvalidName):
        classroom.run("autograde", students=["../a"])


def test_scopes_and_resume(classroom: Any) -> None:
    for name in ("ann", "bob", "cid"):
        only_quick(classroom.hand_in(name))
    steps = classroom.run("autograde", skip=frozenset({"ann", "bob"}))
    assert [(s.done, s.total, s.current) for s in steps] == [(2, 3, "cid"), (3, 3, "")]
    results = classroom.results("autograde", students=["ann", "dan"])
    assert results["dan"].code == "not_collected"
    assert results["ann"].state == "done"
    assert [s.current for s in classroom.run("autograde") if s.current] == ["bob"]
    # grown meanwhile: what an earlier attempt of the job did counts, though it is no longer remaining
    assert classroom.run("autograde", skip=frozenset({"bob"})) == []
    assert classroom.results("autograde", scope="all").keys() == {"ann", "bob", "cid"}


def test_needs_a_generated_assignment(source_only: Any) -> None:
    with pytest.raises(Conflict, match="never generated"):
        source_only.run("autograde")
    assert not (source_only.root / "gradebook.db").exists()


HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@pytest.mark.parametrize("seconds", [6.5, pytest.param(20, marks=pytest.mark.long)])
def test_waits_for_another_process_that_locks_the_gradebook(classroom: Any, seconds: float) -> None:
    gradebook_lock.patient_sqlite()
    only_quick(classroom.hand_in("ann"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(classroom.root / "gradebook.db"), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "locked\n"
        assert classroom.results("autograde")["ann"].state == "done"
        assert holder.wait(1) == 0


def test_locked_for_too_long_is_said_so(classroom: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    only_quick(classroom.hand_in("ann"))
    gradebook_lock.patient_sqlite(0)
    connection = sqlite3.connect(classroom.root / "gradebook.db", isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")  # readers pass, writers wait
        assert classroom.results("autograde")["ann"].code == "gradebook_locked"
    finally:
        connection.close()
        gradebook_lock.patient_sqlite()
    assert classroom.results("autograde")["ann"].code == "notebook_missing"


def test_unforeseen_failures_have_a_reference(classroom: Any, caplog: pytest.LogCaptureFixture) -> None:
    plug_in = "from nbgrader.preprocessors import NbGraderPreprocessor\nclass Bad(NbGraderPreprocessor):\n"
    plug_in += "    def preprocess(self, nb, resources):\n        raise ZeroDivisionError('private')\n"
    (classroom.root / "bad_plugin_of_course.py").write_text(plug_in)
    classroom.configure("c.Autograde.autograde_preprocessors = ['bad_plugin_of_course.Bad']")
    only_quick(classroom.hand_in("ann"))
    result = classroom.results("autograde")["ann"]
    assert (result.state, result.code) == ("failed", "internal_error")
    assert "private" not in result.message
    reference = result.remedy.split("“report ")[1].split("”")[0]
    assert any(reference in record.message and record.exc_info for record in caplog.records)
