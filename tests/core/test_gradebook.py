"""Reading the gradebook: the same numbers as nbgrader, nothing created, faults in plain words."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from hubgrade_ext.core import gradebook_reader
from hubgrade_ext.core.errors import Busy, GradebookBroken
from hubgrade_ext.core.gradebook import Records, read_gradebook, read_totals
from hubgrade_ext.core.gradebook_lock import share_gradebook
from hubgrade_ext.core.settings import CourseSettings
from tests.core.conftest import change_gradebook


def _file(settings: CourseSettings) -> Path:
    return Path(settings.db_url.removeprefix("sqlite:///"))


def test_same_as_nbgrader(settings: CourseSettings) -> None:
    from nbgrader.api import Gradebook

    change_gradebook(settings, "UPDATE grade SET manual_score = 0.5, extra_credit = 1 WHERE rowid % 5 = 0")
    change_gradebook(settings, "UPDATE grade SET needs_manual_grade = 1 WHERE rowid % 11 = 0")
    change_gradebook(settings, "UPDATE grade SET auto_score = NULL WHERE rowid % 7 = 0")
    records = read_gradebook(settings)
    totals = read_totals(settings)
    with Gradebook(settings.db_url, settings.course_id) as gb:
        assert set(records.students) == {student.id for student in gb.students}
        for assignment in gb.assignments:
            mine = records.assignments[assignment.name]
            assert mine.max_score == assignment.max_score
            assert mine.due_date is not None
            assert mine.due_date.replace(tzinfo=None) == assignment.duedate
            one = read_gradebook(settings, assignment.name)
            assert one.submissions[assignment.name] == records.submissions[assignment.name]
            for theirs in assignment.submissions:
                own = records.submissions[assignment.name][theirs.student.id]
                assert own.score == pytest.approx(theirs.score)
                assert (own.manual_cells > 0) == theirs.needs_manual_grade
                assert own.timestamp is not None
                assert own.timestamp.replace(tzinfo=None) == theirs.timestamp
                notebooks = {notebook.notebook_id: notebook for notebook in one.notebooks[theirs.student.id]}
                for notebook in theirs.notebooks:
                    assert notebooks[notebook.name].score == pytest.approx(notebook.score)
                    assert notebooks[notebook.name].row_id == notebook.id
        for student in gb.students:
            assert totals.scores[student.id] == pytest.approx(student.score)
            assert totals.max_score == student.max_score
            assert totals.submissions[student.id] == len(student.submissions)


def test_extension_as_nbgrader_writes_it(settings: CourseSettings) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(settings.db_url, settings.course_id) as gb:
        gb.grant_extension("ps01", "student0001", days=1, minutes=30)
    submissions = read_gradebook(settings, "ps01").submissions["ps01"]
    assert submissions["student0001"].extension_s == 86400 + 1800
    assert submissions["student0000"].extension_s == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE grade SET manual_score = 2",
        "UPDATE grade SET extra_credit = 0.5",
        "UPDATE grade SET needs_manual_grade = 1",
        "UPDATE comment SET manual_comment = 'well done'",
    ],
)
def test_mark_changes_with_what_a_person_does(settings: CourseSettings, sql: str) -> None:
    before = read_gradebook(settings, "ps01").submissions["ps01"]["student0000"].mark
    change_gradebook(settings, sql)
    after = read_gradebook(settings, "ps01").submissions["ps01"]["student0000"].mark
    assert before != after
    assert read_gradebook(settings).submissions["ps01"]["student0000"].mark == after


def test_through_sqlalchemy_the_same(settings: CourseSettings) -> None:
    # what is no plain SQLite file goes through SQLAlchemy, as PostgreSQL does
    other = msgspec.structs.replace(settings, db_url=f"sqlite:///file:{_file(settings)}?mode=ro&uri=true")
    assert gradebook_reader.sqlite_path(other) is None
    assert read_gradebook(other) == read_gradebook(settings)
    assert read_gradebook(other, "ps02") == read_gradebook(settings, "ps02")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "nosuchdb://host/x",
        "postgresql+nosuchdriver://h/x",
        "postgresql://host:port/x",
        "postgresql://host/x?connect_timeout=soon",
    ],
)
def test_an_address_that_is_none(settings: CourseSettings, url: str) -> None:
    with pytest.raises(GradebookBroken, match="db_url"):
        read_gradebook(msgspec.structs.replace(settings, db_url=url))


def test_no_gradebook_yet(settings: CourseSettings) -> None:
    _file(settings).unlink()
    assert read_gradebook(settings) == Records()
    assert not _file(settings).exists()
    _file(settings).touch()
    assert read_gradebook(settings) == Records()
    assert read_totals(settings).students == {}
    assert _file(settings).stat().st_size == 0


def test_a_relative_address_is_relative_to_the_course(settings: CourseSettings) -> None:
    relative = msgspec.structs.replace(settings, db_url="sqlite:///gradebook.db")
    assert read_gradebook(relative) == read_gradebook(settings)


def test_not_a_database(settings: CourseSettings) -> None:
    _file(settings).write_bytes(b"this is no database" * 100)
    with pytest.raises(GradebookBroken, match="damaged") as caught:
        read_gradebook(settings)
    assert "backup" in caught.value.remedy


@pytest.mark.parametrize(
    "sql", ["ALTER TABLE grade DROP COLUMN extra_credit", "DROP TABLE task_cells", "DROP TABLE student"]
)
def test_of_another_version(settings: CourseSettings, sql: str) -> None:
    change_gradebook(settings, sql)
    with pytest.raises(GradebookBroken, match="another version") as caught:
        read_gradebook(settings)
    assert "nbgrader db upgrade" in caught.value.remedy


def test_locked_for_long(settings: CourseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradebook_reader, "LOCK_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(_file(settings), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy, match="locked"):
            read_gradebook(settings)
    assert read_gradebook(settings).students


def test_nothing_is_written_or_held(settings: CourseSettings) -> None:
    before = _file(settings).read_bytes()
    read_gradebook(settings)
    read_totals(settings)
    assert _file(settings).read_bytes() == before
    assert {path.name for path in _file(settings).parent.glob("gradebook*")} == {"gradebook.db"}
    with closing(sqlite3.connect(_file(settings), timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")


KILLED = """
    import os, sqlite3, sys
    database = sqlite3.connect(sys.argv[1], isolation_level=None)
    database.execute("PRAGMA cache_size = 1")
    database.execute("BEGIN")
    database.execute("UPDATE grade SET auto_score = 0")
    database.execute("UPDATE student SET first_name = hex(randomblob(4000))")
    os.kill(os.getpid(), 9)
"""


def test_after_a_writer_was_killed(settings: CourseSettings) -> None:
    expected = read_gradebook(settings)
    subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(_file(settings))], check=False)
    journal = _file(settings).with_name("gradebook.db-journal")
    assert journal.stat().st_size > 0
    assert read_gradebook(settings) == expected
    assert not journal.exists()


def test_a_folder_in_its_place(settings: CourseSettings) -> None:
    _file(settings).unlink()
    _file(settings).mkdir()
    with pytest.raises(GradebookBroken):
        read_gradebook(settings)


def test_reading_imports_neither_nbgrader_nor_sqlalchemy(settings: CourseSettings) -> None:
    code = """
        import sys, msgspec
        from hubgrade_ext.core.settings import CourseSettings
        settings = msgspec.json.decode(sys.argv[1], type=CourseSettings)
        from hubgrade_ext.core.models import CourseRef
        from hubgrade_ext.core.assignments_page import assignments_page
        from hubgrade_ext.core.submissions_page import submissions_page
        from hubgrade_ext.core.students_page import students_page
        from hubgrade_ext.actions.plans import plan
        from hubgrade_ext.core.models import JobRequest
        ref = CourseRef("0", "course101", ["instructor"])
        assert len(assignments_page(settings, ref).assignments) == 3
        assert len(submissions_page(settings, ref, "ps01").submissions) == 4
        assert len(students_page(settings, ref).students) == 4
        assert plan(settings, JobRequest("collect", "ps03")).new == 4
        print(sorted({name.split(".")[0] for name in sys.modules} & {"nbgrader", "sqlalchemy", "nbconvert"}))
    """
    encoded = msgspec.json.encode(settings).decode()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), encoded], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_shared_courses_gradebook_is_its_groups(settings: CourseSettings) -> None:
    file = _file(settings)
    file.chmod(0o644)
    share_gradebook(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    shared = structs.replace(settings, groupshared=True)
    file.parent.chmod(0o755)  # whatever its group is, it is not the course's
    share_gradebook(shared)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    file.parent.chmod(0o2775)
    share_gradebook(shared)
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
