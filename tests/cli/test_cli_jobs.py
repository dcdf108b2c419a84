"""Jobs across processes: cancelled from another one, killed and resumed, typed into on a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

Hubgrade = Callable[..., Any]
PROGRAM = [sys.executable, "-m", "hubgrade_ext.cli"]


@pytest.fixture
def slow_course(
    hubgrade: Hubgrade, course_dir: Path, tmp_path: Path, submit_as: Callable[..., Path]
) -> tuple[Path, Path]:
    """A course with two collected submissions; bob's waits as long as the returned file exists."""
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
            notebook.cells.insert(0, nbformat.v4.new_code_cell(waiting))
            nbformat.write(notebook, files / "problem1.ipynb")
        submit_as(student, files)
    assert hubgrade("collect", "ps1", cwd=course_dir).status == 0
    return course_dir, flag


def start(course: Path) -> tuple[subprocess.Popen[str], str]:
    """Start autograding as its own process; return it and the job's id when bob's turn has come."""
    command = [*PROGRAM, "autograde", "ps1", "--notebook", "problem1", "--json"]
    process = subprocess.Popen(
        command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("[1/2] ada: done"), line + process.stderr.read()
    time.sleep(1)
    listed = subprocess.run(
        [*PROGRAM, "jobs", "--json"], cwd=course, capture_output=True, text=True, check=True
    )
    job = json.loads(listed.stdout)["jobs"][0]
    assert (job["state"], job["done"]) == ("running", 1)
    return process, job["job_id"]


def test_cancel_from_another_process_and_resume_after_a_kill(
    hubgrade: Hubgrade, slow_course: tuple[Path, Path]
) -> None:
    course, flag = slow_course
    process, job_id = start(course)
    assert hubgrade("jobs", "cancel", job_id[:20], cwd=course).status == 0
    out, err = process.communicate(timeout=15)
    assert process.returncode == 1, err
    assert json.loads(out)["job"]["state"] == "cancelled"
    # what was done stays; a job that has ended is not resumed
    ended = hubgrade("jobs", "resume", job_id, "--json", cwd=course)
    assert (ended.status, ended.json["error"]["code"]) == (2, "conflict")

    shutil.rmtree(course / "autograded")
    process, job_id = start(course)
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


def test_on_a_terminal_there_is_a_bar_and_a_question(hubgrade: Hubgrade, course_dir: Path) -> None:
    status, screen = on_terminal([*PROGRAM, "generate-assignment", "ps1"], course_dir, "")
    assert status == 0, screen
    assert "━" in screen
    assert "1/1" in screen
    assert hubgrade("release-assignment", "ps1", cwd=course_dir).status == 0
    status, screen = on_terminal([*PROGRAM, "unrelease", "ps1"], course_dir, "ps\n")
    assert status == 2
    assert "Type its name to go on" in screen
    assert "nothing was done" in screen
    status, screen = on_terminal([*PROGRAM, "unrelease", "ps1"], course_dir, "ps1\n")
    assert status == 0, screen
