"""Open, in this process, a course whose settings came from another one."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.settings import CourseSettings


def reopen(settings: CourseSettings, hub_courses: list[str] | None = None) -> Course:
    """Open the course and be in its folder, as nbgrader's classes expect; the settings stay as given.

    `hub_courses` are those that the hub's groups name for this user, None when it was not asked.
    For processes of hubgrade's own only: it changes the current folder.
    Raises: as `open_course`.
    """
    root = Path(settings.root) if settings.root else None
    work_dir = Path(settings.work_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    course = open_course(root, work_dir=work_dir, course_id=settings.course_id or None)
    os.chdir(root or work_dir)
    told = None if hub_courses is None else tuple(hub_courses)
    return dataclasses.replace(course, settings=settings, hub_courses=told)
