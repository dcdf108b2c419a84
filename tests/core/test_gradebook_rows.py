"""A gradebook's rows brought into a course's empty SQLite database; all of them, or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from hubgrade_ext.core.errors import Conflict, GradebookBroken
from hubgrade_ext.core.gradebook_rows import import_gradebook


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    with Gradebook(f"sqlite:///{file}") as gradebook:
        gradebook.add_assignment("ps1")
        for number in range(300):
            gradebook.update_or_create_student(f"student-{number}", first_name="x" * 200)
    return file


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "gradebook.db"


def _tables(file: Path) -> list[str]:
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]


def test_rows_come_with_their_version_and_only_once(source: Path, target: Path) -> None:
    assert import_gradebook(source, f"sqlite:///{target}") > 300
    assert "alembic_version" in _tables(target)
    with pytest.raises(Conflict, match="nothing was changed"):
        import_gradebook(source, f"sqlite:///{target}")


def test_what_is_no_gradebook_or_damaged_is_named_and_leaves_no_table(source: Path, target: Path) -> None:
    whole = source.read_bytes()
    for damaged in (b"garbage", whole[: len(whole) // 2], whole[:4096] + b"\xff" * 4096 + whole[8192:]):
        source.write_bytes(damaged)
        with pytest.raises(GradebookBroken, match=str(source)):
            import_gradebook(source, f"sqlite:///{target}")
        assert not _tables(target)


def test_a_source_that_fails_midway_leaves_no_table(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("ALTER TABLE comment RENAME COLUMN manual_comment TO other")
        connection.commit()
    with pytest.raises(GradebookBroken, match=str(source)):
        import_gradebook(source, f"sqlite:///{target}")
    assert not _tables(target)
