"""Jobs across processes: cancelled from another one, killed and resumed, typed into on a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

Hubgrade = Callable[..., Any]
PROGRAM = [sys.executable, "-m", "hubgrade_ext.cli"]


@pytest.fixture
def slow_course(
    hubgrade: Hubgrade, make_course: Callable[..., Path], tmp_path: Path, submit_as: Callable[..., Path]
) -> tuple[Path, Path]:
    """A course with two collected submissions; bob's waits as long as the returned file exists."""
    course_dir = make_course(config="c.Execute.timeout = 600\nc.HubgradeGrading.engine = 'nbgrader'\n")
    for verb in ("generate-assignment", "release-assignment"):
        assert hubgrade(verb, "ps1", cwd=course_dir).status == 0
    flag = tmp_path / "wait"
    flag.write_text("")
    for student in ("ada", "bob"):
        files = tmp_path / f"files-{student}"
        shutil.copytree(course_dir / "release" / "ps1", files)
        (files / "problem2.ipynb").unlink()
        if student == "bob":
            notebook = nbformat.read(files / "problem1.ipynb", as_version=4)
            waiting = f"import os, time\nwhile os.path.exists({str(flag)!r}):\n    time.sleep(0.1)"
            cell = nbformat.v4.new_code_cell(waiting)
            del cell["id"]  # the notebook is of a format without them
            notebook.cells.insert(0, cell)
            nbformat.write(notebook, files / "problem1.ipynb")
        submit_as(student, files)
    assert hubgrade("collect", "ps1", cwd=course_dir).status == 0
    return course_dir, flag


@contextlib.contextmanager
def started(course: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Autograde in a process of its own; give it and the job's id when bob's turn has come."""
    command = [*PROGRAM, "autograde", "ps1", "--notebook", "problem1", "--json"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=course, start_new_session=True, **pipes) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("[1/2] ada: done"), line
            listed = subprocess.run([*PROGRAM, "jobs", "--json"], cwd=course, check=True, capture_output=True)
            job = json.loads(listed.stdout)["jobs"][0]
            assert (job["state"], job["done"]) == ("running", 1)
            yield process, job["job_id"]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_cancel_from_another_process_and_resume_after_a_kill(
    hubgrade: Hubgrade, slow_course: tuple[Path, Path]
) -> None:
    course, flag = slow_course
    with started(course) as (process, job_id):
        assert hubgrade("jobs", "cancel", job_id[:20], cwd=course).status == 0
        out, err = process.communicate(timeout=15)
    assert process.returncode == 1, err
    assert json.loads(out)["job"]["state"] == "cancelled"
    # what was done stays; a job that has ended is not resumed
    ended = hubgrade("jobs", "resume", job_id, "--json", cwd=course)
    assert (ended.status, ended.json["error"]["code"]) == (2, "conflict")

    shutil.rmtree(course / "autograded")
    with started(course) as (process, job_id):
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    flag.unlink()
    resumed = hubgrade("jobs", "resume", job_id, "--json", cwd=course)
    assert resumed.status == 0, resumed.err
    job = resumed.json["job"]
    assert (job["job_id"], job["state"], job["attempt"], job["done"]) == (job_id, "done", 2, 2)
    assert (course / "autograded" / "bob" / "ps1" / "problem1.ipynb").is_file()


def on_terminal(command: list[str], cwd: Path, typed: str) -> tuple[int, str]:
    """Run a command with a terminal as all its streams; return exit status and what the screen got."""
    child, terminal = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(child, typed.encode())
    screen = b""
    while True:
        ready, _, _ = select.select([child], [], [], 60)
        assert ready, "the command hangs"
        try:
            piece = os.read(child, 4096)
        except OSError:
            break
        if not piece:
            break
        screen += piece
    os.close(child)
    return process.wait(timeout=30), screen.decode()


def test_a_terminal_has_a_bar_and_what_destroys_asks_for_the_name(
    hubgrade: Hubgrade, course_dir: Path, exchange_dir: Path
) -> None:
    status, screen = on_terminal([*PROGRAM, "generate-assignment", "ps1"], course_dir, "")
    assert status == 0, screen
    assert "━" in screen
    assert "1/1" in screen
    assert hubgrade("release-assignment", "ps1", cwd=course_dir).status == 0

    outbound = exchange_dir / "course101" / "outbound" / "ps1"
    refused = hubgrade("unrelease", "ps1", "--json", cwd=course_dir)
    assert refused.status == 2
    assert refused.json["error"]["code"] == "confirmation_required"
    assert "--confirm" in refused.json["error"]["remedy"]
    assert hubgrade("unrelease", "ps1", "--confirm", "ps2", cwd=course_dir).status == 2
    status, screen = on_terminal([*PROGRAM, "unrelease", "ps1"], course_dir, "ps\n")
    assert status == 2
    assert "asks for the assignment's name" in screen
    assert "nothing was done" in screen
    assert outbound.is_dir()
    status, screen = on_terminal([*PROGRAM, "unrelease", "ps1"], course_dir, "ps1\n")
    assert status == 0, screen
    assert not outbound.exists()
