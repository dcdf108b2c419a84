"""What the table of submissions says of grades: remarks, no isolation, and who was left out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hubgrade_ext.core.course import open_course
from hubgrade_ext.jobs.journal import Journal

Hubgrade = Callable[..., Any]


def hand_in(course: Path, student: str, code: str = "") -> None:
    """Hand in both notebooks as released; the first one runs `code` at its end."""
    folder = course / "submitted" / student / "ps1"
    shutil.copytree(course / "release" / "ps1", folder)
    (folder / "timestamp.txt").write_text("2026-01-31 10:00:00.000000 UTC")
    notebook = json.loads((folder / "problem1.ipynb").read_text())
    cell = {"cell_type": "code", "metadata": {}, "source": code, "outputs": [], "execution_count": None}
    notebook["cells"].append(cell)
    (folder / "problem1.ipynb").write_text(json.dumps(notebook))


def outcomes(hubgrade: Hubgrade, course: Path) -> dict[str, str]:
    """Return the last column of `hubgrade status ps1` for each student."""
    _, head, *rows = hubgrade("status", "ps1", cwd=course).out.splitlines()
    return {row.split()[0]: row[head.index("Outcome") :].rstrip() for row in rows}


def test_the_outcome_of_a_grade(hubgrade: Hubgrade, course_dir: Path) -> None:
    course = course_dir
    assert hubgrade("generate-assignment", "ps1", cwd=course).status == 0
    hand_in(course, "ada")
    hand_in(course, "bob", "import os\nos._exit(1)")
    assert hubgrade("autograde", "ps1", cwd=course).status == 0
    walled_in = outcomes(hubgrade, course)
    assert walled_in["ada"] == ""
    assert walled_in["bob"].startswith("kernel died: problem1.ipynb: ")
    assert "isolated" not in walled_in["bob"]

    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.HubgradeGrading.isolation = 'none'\n")
    hand_in(course, "cid", "import time\ntime.sleep(60)")
    graded = hubgrade("autograde", "ps1", "--student", "ada", "--student", "bob", cwd=course)
    assert graded.status == 0, graded.err
    command = [sys.executable, "-m", "hubgrade_ext.cli", "autograde", "ps1"]
    journal = Journal(open_course(course).settings)
    with subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (job := journal.list()[0]).total or job.ended_at:
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        assert hubgrade("jobs", "cancel", job.job_id, cwd=course).status == 0
        process.communicate(timeout=30)
    assert process.returncode == 1
    bare = outcomes(hubgrade, course)
    assert bare["ada"] == "Not isolated."
    assert bare["bob"] == f"{walled_in['bob']} Not isolated."
    assert bare["cid"].startswith("cancelled: ")
