"""What nbgrader grades in its own tests, and every way to configure it, comes out as from nbgrader itself.

One run of `nbgrader autograde` costs seconds and 1.5 s a notebook, so many cases share one: each student
hands in other variants of the same notebooks.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import nbgrader as nbgrader_package
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from same_as import check_same, modes, nbgrader, tables, without_times

SHIPPED = Path(nbgrader_package.__file__).parent / "tests"
ON_TIME, LATE = "2026-01-31 10:00:00.000000 UTC", "2026-02-03 12:30:00.000000 UTC"

COURSE = '''
from pathlib import Path
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import *
from nbconvert.preprocessors import ClearMetadataPreprocessor

ROOT = Path(__file__).parent if "__file__" in globals() else Path.cwd()

class DayByDay(BasePlugin):
    """Take half a point for each day."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * (1 + total_seconds_late // 86400)

def before(assignment, student, notebooks):
    with open("before.log", "a") as log:
        print(assignment, sorted(Path(name).name for name in notebooks), file=log)

def after(assignment, student, notebooks):
    with open("after.log", "a") as log:
        print(assignment, sorted(Path(name).name for name in notebooks), file=log)

c.AssignLatePenalties.plugin_class = DayByDay
c.Autograde.pre_convert_hook = before
c.Autograde.post_convert_hook = after
c.Autograde.exclude_overwriting = {"ps1": ["own.py"]}
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()", "bash": "# YOUR CODE HERE"}
c.LimitOutput.max_lines = 20
c.Execute.timeout = 3
'''
CUSTOM = """
c.Autograde.sanitize_preprocessors = [ClearOutput, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [Execute, LimitOutput, SaveAutoGrades, CheckCellMetadata]
c.OverwriteCells.add_missing_cells = True
c.CourseDirectory.groupshared = True
c.Execute.error_on_timeout = {"ename": "TooSlow", "evalue": "too slow", "traceback": []}
"""


def graded(grade_id: str, points: float | None, source: str, **more: object) -> Any:
    meta = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": False,
        "locked": points is not None,
        "task": False,
        "cell_type": "code",
        **({"points": points} if points is not None else {}),
        **more,
    }
    return new_code_cell(source, metadata={"nbgrader": meta})


def write(path: Path, *cells: Any, kernel: str = "python3", language: str = "python") -> None:
    spec = {"name": kernel, "display_name": kernel, "language": language}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(new_notebook(cells=list(cells), metadata={"kernelspec": spec})))


OUTPUTS = (
    "import sys\nfor n in range(60):\n    print(n)\nprint('warned', file=sys.stderr)\n'value'",
    "from IPython.display import display, HTML, clear_output\nh = display(HTML('<b>1</b>'), display_id='d')\n"
    "h.update(HTML('<b>2</b>'))\nclear_output(wait=True)\nprint('kept')",
    "%%capture said\nprint('unseen')",
    "import asyncio\nawait asyncio.sleep(0)\nsaid.stdout",
    "import os, time\nos.system('echo from a child')\ntime.sleep(0.5)\n!echo from a shell",
    "import threading\nt = threading.Thread(target=print, args=('thread',))\nt.start(); t.join()",
    "open('made.txt', 'w').write('made')\nprint(open('own.py').read(), open('theirs.py').read())",
    "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(3)",
    "x = [\n",
    "input('name?')",
    "import time\ntime.sleep(30)",
    "_, __, In[1][:6], sorted(Out), __name__",
    "raise SystemExit(3)",
    "import os\n(os.environ.get('NBGRADER_EXECUTION'), os.environ['MPLBACKEND'],"
    " sorted(name for name in os.listdir() if not name.endswith('.ipynb')))",
)


def write_source(room: Any) -> None:
    source = room.root / "source" / "ps1"
    shutil.rmtree(source)
    for name, path in {
        "p1": "apps/files/submitted-unchanged.ipynb",
        "hidden": "apps/files/test-hidden-tests.ipynb",
        "auto": "apps/files/autotest-hidden.ipynb",
        "tasks": "preprocessors/files/test_taskcell.ipynb",
        "manual": "preprocessors/files/manually-graded-code-cell.ipynb",
    }.items():
        source.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED / path, source / f"{name}.ipynb")
    shutil.copy(SHIPPED / "apps/files/autotests.yml", room.root / "autotests.yml")
    write(
        source / "outputs.ipynb",
        *(graded(f"o{number}", 1, text) for number, text in enumerate(OUTPUTS)),
        graded("own", None, "### BEGIN SOLUTION\n1\n### END SOLUTION", solution=True),
    )
    (source / "own.py").write_text("'the master'")
    (source / "theirs.py").write_text("'the master'")
    write(
        source / "shell.ipynb",
        graded("say", None, "### BEGIN SOLUTION\nsay() { echo hello; }\n### END SOLUTION", solution=True),
        graded("said", 2, '[ "$(say)" = hello ] || false\necho done'),
        graded("fails", 1, "false"),
        kernel="bash",
        language="bash",
    )


# student → notebook → the variant handed in; what is not named is left out of the submission
VARIANTS: dict[str, dict[str, str | None]] = {
    "unchanged": dict.fromkeys(("p1", "hidden", "auto", "tasks", "manual", "outputs", "shell")),
    "changed": {
        "p1": "apps/files/submitted-changed.ipynb",
        "auto": "apps/files/autotest-hidden-changed-right.ipynb",
    },
    "wrong": {"auto": "apps/files/autotest-hidden-changed-wrong.ipynb"},
    "foreign": {"hidden": "apps/files/test-with-output.ipynb"},
    "answer": {"p1": "preprocessors/files/submitted-answer-cell-type-changed.ipynb"},
    "grade": {"p1": "apps/files/submitted-grade-cell-changed.ipynb"},
    "kind": {"p1": "preprocessors/files/submitted-grade-cell-type-changed.ipynb"},
    "locked": {"p1": "apps/files/submitted-locked-cell-changed.ipynb"},
    "cheat": {"p1": "apps/files/submitted-cheat-attempt.ipynb"},
    "twice": {"p1": None},
    "extra": {"p1": None, "more": "preprocessors/files/long-output.ipynb"},
    "old": {"p1": "apps/files/test-v1.ipynb"},
}
# at these nbgrader ends the whole run
ENDING = ("old", "twice")


def hand_in(room: Any, student: str, variants: dict[str, str | None]) -> None:
    folder = room.root / "submitted" / student / "ps1"
    folder.mkdir(parents=True)
    for name, path in variants.items():
        made = room.root / "release" / "ps1" / f"{name}.ipynb"
        shutil.copy(SHIPPED / path if path else made, folder / f"{name}.ipynb")
    if student == "twice":
        room.edit(folder / "p1.ipynb", lambda cells: cells.append(dict(cells[1], source="1 / 0")))
    for name in ("own.py", "theirs.py"):
        (folder / name).write_text(f"'of {student}'")
    (folder / "timestamp.txt").write_text(LATE if student in ("changed", "locked") else ON_TIME)


@pytest.fixture
def bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel of another language, where only this test finds it."""
    pytest.importorskip("bash_kernel", reason="bash_kernel is not installed")
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    spec = tmp_path / "jupyter" / "kernels" / "bash" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": argv, "display_name": "Bash", "language": "bash"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


def graded_twice(room: Any, extra: str) -> Any:
    """Grade a class with hubgrade, and its copy with nbgrader; return the copy."""
    room.configure(COURSE + extra)
    write_source(room)
    nbgrader(room.root, "generate_assignment", "ps1")
    for student, variants in VARIANTS.items():
        hand_in(room, student, variants)
    room.query("UPDATE assignment SET duedate = '2026-02-01 00:00:00.000000'")
    twin = room.root.parent / "twin" / "course101"
    shutil.copytree(room.root, twin)
    theirs = type(room)(twin)
    results = room.results("autograde")
    excluded = f"--CourseDirectory.student_id_exclude={','.join(ENDING)}"
    nbgrader(theirs.root, "autograde", "ps1", excluded, check=False)
    for student in ENDING:
        nbgrader(theirs.root, "autograde", "ps1", "--student", student, check=False)
    done = {name for name, one in results.items() if one.state == "done"}
    graded = {path.parent.name for path in (theirs.root / "autograded").glob("*/ps1")}
    assert done == graded, results
    assert {"unchanged", "changed", "grade", "locked", "cheat", "extra"} <= done
    return theirs


def hooks(room: Any) -> list[list[str]]:
    return [sorted((room.root / f"{name}.log").read_text().splitlines()) for name in ("before", "after")]


PENALTIES = """
SELECT student_id, late_submission_penalty FROM submitted_notebook
JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
WHERE late_submission_penalty > 0
"""


def check_outputs(room: Any, timed_out: bytes) -> None:
    """See that settings made a difference: two courses without it are equal, too."""
    outputs = room.tree("autograded")["autograded/unchanged/ps1/outputs.ipynb"]
    for effect in (b"'of unchanged' 'the master'", b"... Output truncated ...", timed_out):
        assert effect in outputs


@pytest.mark.timeout(900)
def test_nbgraders_own_notebooks(source_only: Any, bash: None) -> None:
    theirs = graded_twice(source_only, "")
    check_same(source_only, theirs)
    assert hooks(source_only) == hooks(theirs)
    check_outputs(source_only, b'"CellTimeoutError"')
    # three days, but no more than the score of the notebook
    assert sorted(source_only.query(PENALTIES)) == [("changed", 1.0), ("changed", 1.5), ("locked", 1.0)]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_custom_preprocessors_and_a_shared_group(source_only: Any, bash: None) -> None:
    theirs = graded_twice(source_only, CUSTOM)
    ours = source_only
    check_outputs(ours, b'"TooSlow"')
    assert tables(ours.root / "gradebook.db") == tables(theirs.root / "gradebook.db")
    assert without_times(ours.tree("autograded")) == without_times(theirs.tree("autograded"))
    # nbgrader leaves the students' own folders closed to the group
    below = [
        {name: mode for name, mode in modes(room.root).items() if "/ps1" in name} for room in (ours, theirs)
    ]
    assert below[0] == below[1]
