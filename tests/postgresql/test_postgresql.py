"""A course whose gradebook is on a PostgreSQL server: the whole cycle, and what pages and checks say."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import nbgrader
import psycopg
import pytest
from nbgrader.api import Gradebook

from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.actions.generate_feedback import generate_feedback
from hubgrade_ext.cli import main as hubgrade
from hubgrade_ext.core import gradebook_server
from hubgrade_ext.core.assignments_page import assignments_page
from hubgrade_ext.core.config_page import config_page
from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.due_dates import set_due_date
from hubgrade_ext.core.errors import Busy, Conflict, GradebookBroken, InvalidRequest
from hubgrade_ext.core.gradebook import read_gradebook, read_totals
from hubgrade_ext.core.gradebook_rows import export_gradebook, import_gradebook
from hubgrade_ext.core.models import CourseRef, Finding, ItemResult, JobRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.submissions_page import submissions_page
from hubgrade_ext.preflight.runner import run as run_preflight
from tests.grading.same_as import nbgrader as nbgrader_itself
from tests.grading.same_as import tables
from tests.postgresql.server import PASSWORD, Cluster

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
VERBS = {
    "generate_assignment": generate_assignment,
    "collect": collect,
    "autograde": autograde,
    "generate_feedback": generate_feedback,
}


def run(course: Course, verb: str, **request: Any) -> dict[str, ItemResult]:
    asked = JobRequest(verb=verb, assignment_id="ps1", **request)  # type: ignore[arg-type]
    steps = VERBS[verb](course, asked, frozenset())
    return {step.result.item: step.result for step in steps if step.result}


def findings(settings: CourseSettings) -> dict[str, Finding]:
    ref = CourseRef(settings.course_key, settings.course_id, ["instructor"], settings.root)
    report = run_preflight(settings, ref)
    return {f.check_id: f for f in report.findings if f.subject == "gradebook"}


@pytest.fixture(scope="session")
def generated(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with ps1, generated into the database `generated`; both are copied by each test."""
    root = tmp_path_factory.mktemp("generated") / "course101"
    shutil.copytree(EXAMPLE, root / "source" / "ps1", ignore=shutil.ignore_patterns("*.html"))
    url = cluster.create_database("generated")
    (root / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root.parent))
        patch.setenv("JUPYTER_CONFIG_DIR", str(root.parent / "config"))
        patch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
        course = open_course(root)
        found = findings(course.settings)
        assert {found["gradebook.reachable"].status, found["gradebook.writable"].status} == {"ok"}
        assert "There is no gradebook yet" in found["gradebook.tables"].message
        assert run(course, "generate_assignment")["ps1"].code == "generated"
    return root


@pytest.fixture
def course(cluster: Cluster, generated: Path, exchange_dir: Path, tmp_path: Path) -> Course:
    root = tmp_path / "course101"
    shutil.copytree(generated, root, ignore=shutil.ignore_patterns(".hubgrade"))
    url = cluster.create_database(f"course_{time.monotonic_ns()}", "generated")
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'course101'\n"
        f"c.CourseDirectory.db_url = {url!r}\nc.Exchange.root = {str(exchange_dir)!r}\n"
    )
    return open_course(root)


def test_the_whole_cycle(course: Course, submit_as: Callable[..., Path]) -> None:
    settings = course.settings
    root = Path(settings.root or "")
    submit_as("ann", root / "source" / "ps1")
    submit_as("bob", root / "release" / "ps1")
    assert {name: r.state for name, r in run(course, "collect").items()} == {"ann": "done", "bob": "done"}
    assert {name: r.code for name, r in run(course, "autograde").items()} == {
        "ann": "graded",
        "bob": "graded",
    }

    assert read_totals(settings).scores == {"ann": 3.0, "bob": 0.0}

    ref = CourseRef(settings.course_key, settings.course_id, ["instructor"], settings.root)
    row = assignments_page(settings, ref).assignments[0]
    assert (row.assignment_id, row.max_score) == ("ps1", 13.0)
    listed = {s.student_id: s for s in submissions_page(settings, ref, "ps1").submissions}
    assert set(listed) == {"ann", "bob"}
    made = run(course, "generate_feedback", students=["ann", "bob"])
    assert {name: r.state for name, r in made.items()} == {"ann": "done", "bob": "done"}
    assert (root / "feedback" / "ann" / "ps1" / "problem1.html").is_file()

    # again, which replaces: first the rows go to a SQLite file, which reads the same
    before = read_gradebook(settings), read_gradebook(settings, "ps1"), read_totals(settings)
    assert {r.code for r in run(course, "autograde", students=["bob"]).values()} == {"graded"}
    [kept] = root.glob(".hubgrade/backups/*/gradebook.db")
    copy = msgspec.structs.replace(settings, db_url=f"sqlite:///{kept}")
    assert (read_gradebook(copy), read_gradebook(copy, "ps1"), read_totals(copy)) == before

    assert {f.status for f in findings(settings).values()} <= {"ok", "skipped"}
    assert findings(settings)["gradebook.revision"].status == "ok"
    _assert_password_nowhere(root, settings)


def _assert_password_nowhere(root: Path, settings: CourseSettings) -> None:
    page = config_page(str(root), str(root))
    shown = {setting.name: setting.value for setting in page.settings}
    assert "teacher" in shown["CourseDirectory.db_url"]
    assert PASSWORD not in msgspec.json.encode(page).decode()
    for path in root.rglob("*"):
        if path.is_file() and path.name != "nbgrader_config.py":
            assert PASSWORD.encode() not in path.read_bytes(), path
    wrong = msgspec.structs.replace(settings, db_url=settings.db_url.replace("teacher:", "nobody:"))
    with pytest.raises(GradebookBroken, match="cannot be reached") as refused:
        read_gradebook(wrong)
    assert PASSWORD not in f"{refused.value.message} {refused.value.remedy} {refused.value.__cause__}"


def test_the_gradebook_is_what_nbgrader_leaves_in_sqlite(course: Course, tmp_path: Path) -> None:
    twin = tmp_path / "twin" / "course101"
    shutil.copytree(EXAMPLE, twin / "source" / "ps1", ignore=shutil.ignore_patterns("*.html"))
    (twin / "nbgrader_config.py").write_text("c = get_config()\nc.HubgradeRelease.gate = 'off'\n")
    assert run(open_course(twin), "generate_assignment")["ps1"].code == "generated"
    both = (Path(course.settings.root or ""), twin)
    for root in both:
        with (root / "nbgrader_config.py").open("a") as config:
            config.write("c.CourseDirectory.course_id = 'course101'\n")
            config.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
        set_due_date(open_course(root).settings, "ps1", datetime(2026, 3, 1, 12, tzinfo=UTC))
        for student, files, day in (("ann", "source", 1), ("bob", "source", 2), ("cid", "release", 1)):
            folder = root / "submitted" / student / "ps1"
            shutil.copytree(root / files / "ps1", folder)
            (folder / "problem2.ipynb").unlink()
            (folder / "timestamp.txt").write_text(f"2026-03-{day:02} 09:30:00 UTC")
    assert {r.state for r in run(open_course(both[0]), "autograde").values()} == {"done"}
    nbgrader_itself(twin, "autograde", "ps1")
    assert export_gradebook(course.settings.db_url, tmp_path / "ours.db")
    ours = tables(tmp_path / "ours.db")
    # it was generated without a course id, and a server insists that an assignment's course is there
    ours["course"].remove(("",))
    assert ours == tables(twin / "gradebook.db")
    assert {row[-1] for row in ours["submitted_notebook"]} == {None, 3.0}, "late is worth nothing"
    assert read_totals(course.settings).scores == {"ann": 3.0, "bob": 3.0, "cid": 0.0}


def test_generating_is_rehearsed_on_a_copy(course: Course) -> None:
    """nbgrader changes the first notebook's rows before it refuses the second."""
    root = Path(course.settings.root or "")
    with Gradebook(course.settings.db_url) as gradebook:
        gradebook.add_student("ann")
        gradebook.add_submission("ps1", "ann")
    before = read_gradebook(course.settings)
    for name, change in (("problem1", '"points": 1'), ("problem2", '"grade_id": "part-a"')):
        path = root / "source" / "ps1" / f"{name}.ipynb"
        text = path.read_text()
        assert change in text
        path.write_text(text.replace(change, change.replace("1", "5").replace("part-a", "part-z")))
    with pytest.raises(Conflict):
        run(course, "generate_assignment")
    assert read_gradebook(course.settings) == before


def test_pages_and_checks_say_that_the_server_is_away(cluster: Cluster, course: Course) -> None:
    set_due_date(course.settings, "ps1", datetime(2026, 3, 1, 12, tzinfo=UTC))
    before = read_gradebook(course.settings)
    assert before.assignments["ps1"].due_date == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert findings(course.settings)["gradebook.reachable"].status == "ok"
    cluster.stop()
    try:
        with pytest.raises(GradebookBroken, match="cannot be reached"):
            read_gradebook(course.settings)
        found = findings(course.settings)
    finally:
        cluster.start()
    assert found["gradebook.reachable"].status == "error"
    assert PASSWORD not in msgspec.json.encode(found).decode()
    assert {found[name].status for name in ("gradebook.writable", "gradebook.tables")} == {"skipped"}
    assert read_gradebook(course.settings) == before


def test_rights_locks_and_versions(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = course.settings
    reader = msgspec.structs.replace(settings, db_url=settings.db_url.replace("teacher:", "looker:"))
    with psycopg.connect(settings.db_url, autocommit=True) as teacher:
        teacher.execute(f"CREATE ROLE looker LOGIN PASSWORD '{PASSWORD}'")
        with pytest.raises(GradebookBroken, match="does not let you use"):
            read_gradebook(reader)
        teacher.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        assert set(read_gradebook(reader).assignments) == {"ps1"}
        assert findings(reader)["gradebook.writable"].status == "error"

        monkeypatch.setattr(gradebook_server, "LOCK_TIMEOUT_S", 1)
        with teacher.transaction():
            teacher.execute("LOCK TABLE student IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Busy, match="locked by another program"):
                read_gradebook(settings)

        teacher.execute("UPDATE alembic_version SET version_num = '50a4d84c131a'")
        assert "older" in findings(settings)["gradebook.revision"].message
        teacher.execute("ALTER TABLE notebook DROP COLUMN name CASCADE")
        with pytest.raises(GradebookBroken, match="another version"):
            read_gradebook(settings)


def test_a_gradebook_moves_to_another_database(cluster: Cluster, course: Course, tmp_path: Path) -> None:
    with Gradebook(course.settings.db_url) as gradebook:
        gradebook.add_student("ann", first_name="Ann")
        gradebook.add_submission("ps1", "ann").extension = timedelta(hours=26)
        gradebook.db.commit()
    file, other = tmp_path / "copy.db", cluster.create_database("another")
    assert export_gradebook(course.settings.db_url, file)
    moving = tmp_path / "moving"
    moving.mkdir()
    (moving / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.db_url = {other!r}\n")
    command = ["course", "import-gradebook", str(file), "--course", str(moving)]
    assert hubgrade(command) == 0
    assert hubgrade(command) == 2  # there is one already
    moved = msgspec.structs.replace(course.settings, db_url=other)
    assert read_gradebook(moved) == read_gradebook(course.settings)
    assert read_gradebook(moved).submissions["ps1"]["ann"].extension_s == 26 * 3600
    assert findings(moved)["gradebook.revision"].status == "ok"
    with pytest.raises(Conflict, match="already"):
        import_gradebook(file, other)
    with pytest.raises(InvalidRequest, match="no file"):
        import_gradebook(tmp_path / "missing.db", other)
    stranger = tmp_path / "stranger.db"
    sqlite3.connect(stranger).close()
    with pytest.raises(GradebookBroken, match="not a gradebook"):
        import_gradebook(stranger, cluster.create_database("empty_one"))
    assert not export_gradebook(cluster.url("empty_one"), tmp_path / "none.db")
