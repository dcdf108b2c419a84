from __future__ import annotations

import os
import shutil
import sqlite3
import sysconfig
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Busy, GradebookBroken
from hubgrade_ext.core.gradebook_lock import (
    backup_gradebook,
    ensure_gradebook,
    patient_sqlite,
    patiently,
)
from hubgrade_ext.core.programs import programs_on_path
from hubgrade_ext.core.replace import Backups


def test_every_engine_becomes_patient(tmp_path: Path) -> None:
    for seconds in (60, 7):
        patient_sqlite(seconds)
        engine = create_engine(f"sqlite:///{tmp_path}/any.db")
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == seconds * 1000
        engine.dispose()
    patient_sqlite()


def test_patiently_asks_until_it_gets_an_answer() -> None:
    asked = []

    def read() -> str:
        asked.append(1)
        if len(asked) < 3:
            raise Busy("locked")
        return "answer"

    assert patiently(read) == "answer"
    patient_sqlite(0)
    try:
        asked.clear()
        with pytest.raises(Busy):
            patiently(read)
    finally:
        patient_sqlite()


def test_backup_is_one_consistent_state(classroom: Any) -> None:
    settings = open_course(classroom.root).settings
    copy = backup_gradebook(settings, Backups(settings))
    assert copy is not None
    assert copy.is_relative_to(settings.state_dir / "backups")
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT name FROM assignment").fetchall() == [("ps1",)]
    connection.close()
    assert [path.name for path in copy.parent.iterdir()] == ["gradebook.db"]


def test_backup_waits_for_a_writer(classroom: Any) -> None:
    settings = open_course(classroom.root).settings
    writer = sqlite3.connect(classroom.root / "gradebook.db", isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("INSERT INTO student (id) VALUES ('late')")
    release = threading.Timer(1.0, writer.execute, ["COMMIT"])
    release.start()
    started = time.monotonic()
    copy = backup_gradebook(settings, Backups(settings))
    release.join()
    writer.close()
    assert time.monotonic() - started > 0.9
    connection = sqlite3.connect(str(copy))
    assert connection.execute("SELECT id FROM student").fetchall() == [("late",)]
    connection.close()


def test_backup_refuses_what_is_no_database(classroom: Any) -> None:
    settings = open_course(classroom.root).settings
    (classroom.root / "gradebook.db").write_bytes(b"not a database" * 100)
    with pytest.raises(GradebookBroken):
        backup_gradebook(settings, Backups(settings))
    assert not list(classroom.root.rglob(".gradebook.db-*"))


def test_no_gradebook_no_backup(source_only: Any) -> None:
    settings = open_course(source_only.root).settings
    assert backup_gradebook(settings, Backups(settings)) is None
    assert not (source_only.root / "gradebook.db").exists()


def test_a_server_that_is_away_is_said_before_anything_is_replaced(source_only: Any) -> None:
    source_only.configure("c.CourseDirectory.db_url = 'postgresql://127.0.0.1:1/db'")
    settings = open_course(source_only.root).settings
    with pytest.raises(GradebookBroken, match="cannot be reached"):
        backup_gradebook(settings, Backups(settings))
    assert not (source_only.root / "gradebook.db").exists()


def test_an_empty_file_is_no_gradebook_yet(source_only: Any, generated: Path) -> None:
    target = source_only.root / "gradebook.db"
    target.touch()
    settings = open_course(source_only.root).settings
    ensure_gradebook(settings)
    assert source_only.query("SELECT count(*) FROM alembic_version") == [(1,)]
    assert source_only.query("SELECT id FROM course") == [("course101",)]
    shutil.copy(generated / "gradebook.db", target)
    ensure_gradebook(settings)
    assert source_only.query("SELECT name FROM assignment") == [("ps1",)]
    assert [path.name for path in source_only.root.glob("*gradebook*")] == ["gradebook.db"]


def test_without_alembic_there_is_no_half_gradebook(
    source_only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = open_course(source_only.root).settings
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GradebookBroken) as caught:
        ensure_gradebook(settings)
    assert "alembic" in caught.value.message
    assert list(source_only.root.glob("*gradebook*")) == []
    programs_on_path()
    assert os.environ["PATH"].split(os.pathsep) == [sysconfig.get_path("scripts"), "/nonexistent"]
    ensure_gradebook(settings)
    assert source_only.query("SELECT count(*) FROM alembic_version") == [(1,)]
