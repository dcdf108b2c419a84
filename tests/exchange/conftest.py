"""A course with ps1 generated, as its instructor and as a student sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.programs import programs_on_path
from tests.exchange.acting import DUE, generate, mounted


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook that nbgrader made; making one runs alembic, which takes seconds."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    programs_on_path()
    with Gradebook(f"sqlite:///{path}", "course101"):
        pass
    return path


@pytest.fixture
def course(course_dir: Path, empty_gradebook: Path) -> Course:
    """The course, with ps1 generated and due on 2030-01-15 12:00 UTC."""
    course = open_course(course_dir)
    generate(course, empty_gradebook, "ps1", duedate=DUE)
    return course


@pytest.fixture
def student(course: Course, isolated_env: Path) -> Course:
    """The same course as a student sees it, who works in the home folder."""
    (isolated_env / "nbgrader_config.py").write_text(
        (Path(course.settings.root or "") / "nbgrader_config.py").read_text()
    )
    return open_course(None, work_dir=isolated_env, course_id="course101")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of its own, when we may mount one."""
    yield from mounted(tmp_path / "small_disk", "size=2m,mode=1777")
