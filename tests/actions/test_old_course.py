"""A course as the guide of 2015 has it: recognised, explained, brought up to date, taken through the cycle.

Tables and notebooks are those of nbgrader 0.2.2; the configuration is the guide's.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.actions.fixes.applying import apply_fix, plan_fix, undo_fix
from hubgrade_ext.actions.verbs import VERBS
from hubgrade_ext.core.config_page import config_page
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import ConfigPage, CourseRef, Finding, FixRecord, JobRequest
from hubgrade_ext.preflight.facts import Given
from hubgrade_ext.preflight.runner import run
from hubgrade_ext.preflight.sources import gather_sources

BASICS = "02. Database Basics"
CONFIG = """\
c = get_config()
# nbgrader configuration
c.NbGrader.course_id = "2015-fall-big_data"  # März 2015
c.TransferApp.exchange_directory = {exchange!r}

c.FormgradeApp.port = 9000
c.FormgradeApp.authenticator_class = "nbgrader.auth.hubauth.HubAuth"
c.HubAuth.graders = [
    'jonathanmorgan',
    'instructor',
]
c.HubAuth.proxy_token = "not-to-be-shown"
c.HubAuth.hub_db = "/srv/jupyterhub/jupyterhub.sqlite"
"""
# Source: nbgrader 0.2.2 `api.py`, as its SQLAlchemy wrote it
TABLES = """
CREATE TABLE assignment (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE, duedate DATETIME);
CREATE TABLE student (id VARCHAR(128) PRIMARY KEY, first_name VARCHAR(128), last_name VARCHAR(128),
    email VARCHAR(128));
CREATE TABLE notebook (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL,
    assignment_id VARCHAR(32) REFERENCES assignment (id), UNIQUE (name, assignment_id));
CREATE TABLE submitted_assignment (id VARCHAR(32) PRIMARY KEY,
    assignment_id VARCHAR(32) REFERENCES assignment (id), student_id VARCHAR(128) REFERENCES student (id),
    timestamp DATETIME, extension DATETIME, UNIQUE (assignment_id, student_id));
CREATE TABLE grade_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL, max_score FLOAT NOT NULL,
    cell_type VARCHAR(8) NOT NULL, notebook_id VARCHAR(32) REFERENCES notebook (id),
    UNIQUE (name, notebook_id));
CREATE TABLE solution_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL,
    notebook_id VARCHAR(32) REFERENCES notebook (id), UNIQUE (name, notebook_id));
CREATE TABLE source_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL,
    cell_type VARCHAR(8) NOT NULL, locked BOOLEAN NOT NULL, source TEXT, checksum VARCHAR(128),
    notebook_id VARCHAR(32) REFERENCES notebook (id), UNIQUE (name, notebook_id));
CREATE TABLE submitted_notebook (id VARCHAR(32) PRIMARY KEY,
    assignment_id VARCHAR(32) REFERENCES submitted_assignment (id),
    notebook_id VARCHAR(32) REFERENCES notebook (id), flagged BOOLEAN, UNIQUE (notebook_id, assignment_id));
CREATE TABLE grade (id VARCHAR(32) PRIMARY KEY, notebook_id VARCHAR(32) REFERENCES submitted_notebook (id),
    cell_id VARCHAR(32) REFERENCES grade_cell (id), auto_score FLOAT, manual_score FLOAT,
    needs_manual_grade BOOLEAN NOT NULL, UNIQUE (cell_id, notebook_id));
CREATE TABLE comment (id VARCHAR(32) PRIMARY KEY, notebook_id VARCHAR(32) REFERENCES submitted_notebook (id),
    cell_id VARCHAR(32) REFERENCES solution_cell (id), auto_comment TEXT, manual_comment TEXT,
    UNIQUE (cell_id, notebook_id));
INSERT INTO student VALUES ('ada', 'Ada', 'Lovelace', 'ada@example.org'), ('bob', NULL, NULL, NULL);
INSERT INTO assignment VALUES ('a1', '01. Introduction', '2015-10-01 12:00:00');
INSERT INTO notebook VALUES ('n1', 'intro', 'a1');
INSERT INTO grade_cell VALUES ('g1', 'test', 3.0, 'code', 'n1');
INSERT INTO solution_cell VALUES ('s1', 'answer', 'n1');
INSERT INTO submitted_assignment VALUES ('u1', 'a1', 'ada', '2015-09-30 12:00:00', NULL);
INSERT INTO submitted_notebook VALUES ('v1', 'u1', 'n1', 0);
INSERT INTO grade VALUES ('r1', 'v1', 'g1', 3.0, 2.5, 0);
INSERT INTO comment VALUES ('c1', 'v1', 's1', NULL, 'Well done');
"""
PYTHON2 = {
    "kernelspec": {"display_name": "Python 2", "language": "python", "name": "python2"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 2},
        "name": "python",
        "version": "2.7.9",
    },
}
OLD = ("config.outdated", "config.removed", "notebook.schema_old", "kernel.python2", "gradebook.revision")


def code(source: str, **meta: Any) -> dict[str, Any]:
    metadata = {"collapsed": False} | ({"nbgrader": meta} if meta else {})
    lines = source.splitlines(keepends=True)
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": lines,
    }


def notebook(*cells: dict[str, Any]) -> str:
    content = {"cells": cells, "metadata": PYTHON2, "nbformat": 4, "nbformat_minor": 0}
    return json.dumps(content, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


@pytest.fixture
def old_course(tmp_path: Path, exchange_dir: Path) -> Path:
    root = tmp_path / "2015-fall-big_data"
    basics = root / "source" / BASICS
    basics.mkdir(parents=True)
    root.chmod(0o700)
    (root / "nbgrader_config.py").write_text(CONFIG.format(exchange=str(exchange_dir)))
    (root / "source/README.md").write_text("# Big Data Workbooks\n")
    (root / "source/manage_assignments.ipynb").write_text(notebook(code("print 'run this by hand'")))
    solution = "def rows(table):\n    ### BEGIN SOLUTION\n    return len(table)\n    ### END SOLUTION"
    (basics / "basics.ipynb").write_text(
        notebook(
            code("total = 2\nprint 'rows:', total", grade=False, solution=False),
            code(solution, grade_id="rows", solution=True),
            code(
                "assert rows([1, 2]) == 2",
                grade_id="test",
                grade=True,
                points=2,
                schema_version=1,
                solution=False,
                locked=True,
            ),
            code("assert rows([]) == 0", grade_id="empty", grade=True, points="1"),
        )
    )
    subprocess.run(["git", "init", "-q", "."], cwd=root / "source", check=True)
    with closing(sqlite3.connect(root / "gradebook.db")) as db:
        db.executescript(TABLES)
    return root


def findings(root: Path) -> dict[str, Finding]:
    course = open_course(root)
    ref = CourseRef("key", course.settings.course_id, ["instructor"], str(root))
    report = config_page(str(root), str(root))
    config = ConfigPage(ref, report.files, report.settings, report.unknown)
    found = run(course.settings, ref, Given(config, str(root.parent), gather_sources(course)), fixable=OLD)
    return {finding.check_id: finding for finding in found.findings}


def fix(root: Path, fix_id: str) -> FixRecord:
    settings = open_course(root).settings
    return apply_fix(settings, fix_id, plan_fix(settings, fix_id).digest)


def test_a_course_of_2015_is_recognised_and_explained(old_course: Path) -> None:
    found = findings(old_course)
    assert {found[name].status for name in OLD} <= {"error", "warning"}
    assert all(found[name].fixable for name in OLD)
    assert "NbGrader.course_id" in found["config.outdated"].message
    assert "CourseDirectory.course_id today" in found["config.outdated"].message
    assert "FormgradeApp.port" in found["config.removed"].message
    assert "(formgrader is a part of the Jupyter server" in found["config.removed"].message
    assert f"{BASICS}/basics.ipynb, cell 2 (rows)" in found["notebook.schema_old"].message
    assert f"{BASICS}/basics.ipynb: it asks for Python 2 ('python2')" in found["kernel.python2"].message
    assert "cell 1: it is Python 2: Missing parentheses" in found["notebook.python2_code"].message
    assert "before 0.5" in found["gradebook.revision"].message
    # the clone's own folder and the files beside the assignments are none
    assert found["assignment.notebooks"].status == "ok"
    assert found["assignment.name"].status == "ok"
    assert found["kernel.missing"].status == "ok"
    assert ".git" not in str(list(found.values()))
    assert "not-to-be-shown" not in str(list(found.values()))


def test_its_configuration_gets_todays_names_and_keeps_what_its_author_wrote(old_course: Path) -> None:
    path = old_course / "nbgrader_config.py"
    before = path.read_text()
    settings = open_course(old_course).settings
    shown = plan_fix(settings, "config.outdated").changes
    assert '+c.CourseDirectory.course_id = "2015-fall-big_data"  # März 2015' in shown[0].detail
    named = fix(old_course, "config.outdated")
    removal = plan_fix(settings, "config.removed")
    assert "not-to-be-shown" not in str(removal)
    removed = fix(old_course, "config.removed")
    text = path.read_text()
    assert 'c.CourseDirectory.course_id = "2015-fall-big_data"  # März 2015\n' in text
    assert f"c.Exchange.root = {settings.exchange_root!r}\n" in text
    assert "nothing heeds it: c.HubAuth.graders = [\n#       'jonathanmorgan',\n" in text
    assert open_course(old_course).settings == settings
    assert findings(old_course)["config.outdated"].status == "ok"
    assert findings(old_course)["config.removed"].status == "ok"
    for record in (removed, named):
        undo_fix(settings, record.record_id)
    assert path.read_text() == before


def test_lines_end_as_they_did_and_what_does_more_is_left_alone(old_course: Path) -> None:
    path = old_course / "nbgrader_config.py"
    rest = (
        "\x0c# a page of its own\n"
        "port = 1; c.FormgradeApp.port = port\n"
        "def more():\n    global ready\n    ready = c.HubAuth.hub_db = 'x'\n"
        "more()\n"
        "if ready:\n    c.FormgradeApp.ip = ready\n"
    )
    path.write_bytes((path.read_text() + rest).replace("\n", "\r\n").encode())
    before = path.read_bytes()
    records = [fix(old_course, "config.outdated"), fix(old_course, "config.removed")]
    text = path.read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")
    assert "\x0c# a page of its own\r\nport = 1; c.FormgradeApp.port = port\r\ndef more():\r\n" in text
    assert "\r\nmore()\r\n# nbgrader has dropped this, nothing heeds it: if ready:\r\n#       c.Form" in text
    for record in reversed(records):
        undo_fix(open_course(old_course).settings, record.record_id)
    assert path.read_bytes() == before


def test_a_secret_on_a_line_of_its_own_is_not_shown(old_course: Path) -> None:
    path = old_course / "nbgrader_config.py"
    with path.open("a") as file:
        file.write("c.HubAuth.tokens = {\n    'not-to-be-shown': 'a[',\n}\nc.HubAuth.port = 'shown'\n")
    removal = str(plan_fix(open_course(old_course).settings, "config.removed"))
    assert "not-to-be-shown" not in removal
    assert "'shown'" in removal.replace("\\", "")


def test_a_notebook_of_format_3_with_the_line_ends_of_windows(old_course: Path) -> None:
    path = old_course / "source" / BASICS / "basics.ipynb"
    cell = {
        "cell_type": "code",
        "language": "python",
        "collapsed": False,
        "input": ["1"],
        "metadata": {},
        "outputs": [],
    }
    sheet = {"cells": [cell, cell], "metadata": {}}
    old = {"metadata": PYTHON2, "nbformat": 3, "nbformat_minor": 0, "worksheets": [sheet]}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(old, indent=1).replace("\n", "\r\n").encode())
    fix(old_course, "kernel.python2")
    text = path.read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")
    cells = json.loads(text)["cells"]
    assert len({cell["id"] for cell in cells}) == 2


def test_a_json_configuration_gets_todays_names_too(old_course: Path) -> None:
    (old_course / "nbgrader_config.py").unlink()
    path = old_course / "nbgrader_config.json"
    old = {"NbGrader": {"course_id": "old", "db_url": "sqlite:///a.db"}, "HubAuth": {"hub_db": "x"}}
    path.write_text(json.dumps(old | {"CourseDirectory": {"db_url": "sqlite:///b.db"}}))
    fix(old_course, "config.removed")
    fix(old_course, "config.outdated")
    new = json.loads(path.read_text())
    assert new == {"CourseDirectory": {"course_id": "old", "db_url": "sqlite:///a.db"}}


def test_old_configuration_of_somebody_else_is_left_to_them(
    old_course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old_course / "nbgrader_config.py").chmod(0o444)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(Conflict, match="belongs to somebody else"):
        plan_fix(open_course(old_course).settings, "config.outdated")


def test_it_is_brought_up_to_date_and_through_the_cycle(
    old_course: Path, submit_as: Callable[..., Path]
) -> None:
    path = old_course / "source" / BASICS / "basics.ipynb"
    before = path.read_text()
    settings = open_course(old_course).settings
    update = plan_fix(settings, "notebook.schema_old").changes[0]
    assert "from format 0 to 3: 4 cells" in update.what
    assert "git clone: commit this" in update.what
    assert '+     "schema_version": 3,' in update.detail
    assert "python2" not in update.detail, "nothing but the metadata changes"
    updated = fix(old_course, "notebook.schema_old")
    kernel = plan_fix(settings, "kernel.python2").changes[0]
    assert "from python2 to python3. Python 3 cannot read these cells, correct them: 1." in kernel.what
    for fix_id in ("kernel.python2", "gradebook.revision", "config.outdated", "config.removed"):
        fix(old_course, fix_id)
    found = findings(old_course)
    assert {found[name].status for name in OLD} == {"ok"}
    # what only a person can mend
    assert found["notebook.python2_code"].status == "warning"
    path.write_text(path.read_text().replace("print 'rows:', total", "print('rows:', total)"))

    def do(verb: Any, item: str = BASICS) -> Any:
        steps = list(VERBS[verb](open_course(old_course), JobRequest(verb, BASICS), frozenset()))
        result = next(step.result for step in steps if step.result)
        assert (result.item, result.state) == (item, "done"), result
        return result

    do("generate_assignment")
    do("release_assignment")
    released = Path(settings.exchange_root, settings.course_id, "outbound", BASICS)
    assert sorted(entry.name for entry in released.iterdir()) == ["basics.ipynb"]
    work = old_course.parent / "work"
    shutil.copytree(released, work)
    solved = (work / "basics.ipynb").read_text()
    assert "raise NotImplementedError()" in solved
    (work / "basics.ipynb").write_text(solved.replace("raise NotImplementedError()", "return len(table)"))
    submit_as("ada", work, course_id=settings.course_id, assignment_id=BASICS)
    do("collect", "ada")
    do("autograde", "ada")
    with closing(sqlite3.connect(old_course / "gradebook.db")) as db:
        scores = db.execute(
            "SELECT assignment.name, total(ifnull(grade.manual_score, grade.auto_score)) FROM grade"
            " JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id"
            " JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"
            " JOIN assignment ON assignment.id = submitted_assignment.assignment_id"
            " WHERE student_id = 'ada' GROUP BY assignment.name ORDER BY assignment.name"
        ).fetchall()
        kept = db.execute("SELECT email FROM student WHERE id = 'ada'").fetchone()
    assert scores == [("01. Introduction", 2.5), (BASICS, 3.0)]
    assert kept == ("ada@example.org",)
    with pytest.raises(Conflict, match="changed since"):
        undo_fix(settings, updated.record_id)
    assert before != path.read_text()
