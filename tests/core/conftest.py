"""A small course with everything that nbgrader leaves behind, copied for each test."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bench.synthetic import Size, build_course, course_settings
from hubgrade_ext.core.models import CourseRef
from hubgrade_ext.core.settings import CourseSettings

SIZE = Size(students=4, assignments=3, attempts=2, graded=2)
REF = CourseRef("0" * 16, "course101", ["instructor"])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    # alembic lies beside the interpreter; the gradebook is made before any test's own environment
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    build_course(folder, SIZE)
    return folder


@pytest.fixture
def settings(built: Path, tmp_path: Path) -> CourseSettings:
    """ps01 and ps02 graded with feedback released, ps03 submitted only; 4 students, 2 attempts each."""
    folder = tmp_path / "built"
    shutil.copytree(built, folder)
    return course_settings(folder)


def change_gradebook(settings: CourseSettings, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(settings.db_url.removeprefix("sqlite:///"))) as database, database:
        database.execute(sql, values)
