"""A course opened through nbgrader's own configuration; needs nbgrader, so workers and the CLI only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config


@dataclass(frozen=True)
class Course:
    """One opened course: plain settings, and nbgrader's own configuration behind them."""

    settings: CourseSettings
    config: Config

    def coursedir(self, **overrides: object) -> CourseDirectory:
        """Return a new nbgrader CourseDirectory of this course with some traits set otherwise."""
        raise NotImplementedError

    def authenticator(self) -> Authenticator:
        """Return nbgrader's authenticator as configured."""
        raise NotImplementedError

    def exchange_class(self, name: str) -> type:
        """Return the configured exchange class: `collect`, `release_assignment`, `submit`, …"""
        raise NotImplementedError


def open_course(root: Path | None, *, work_dir: Path | None = None, course_id: str | None = None) -> Course:
    """Open the course in folder `root`, or (root None) as somebody who only studies in `course_id`."""
    raise NotImplementedError
