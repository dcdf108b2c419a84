"""Fixes under the course's lock: never beside a job, of whichever process."""

from __future__ import annotations

from typing import NoReturn

from hubgrade_ext.actions.fixes import applying
from hubgrade_ext.core.errors import Busy
from hubgrade_ext.core.models import FixRecord
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.course_lock import course_lock


def apply_fix(settings: CourseSettings, fix_id: str, digest: str, by: str = "") -> FixRecord:
    """Carry out a fix as `applying.apply_fix`. Raises: Busy while a job runs on the course; as that."""
    with course_lock(settings, _refuse):
        return applying.apply_fix(settings, fix_id, digest, by)


def undo_fix(settings: CourseSettings, record_id: str) -> FixRecord:
    """Take a fix back as `applying.undo_fix`. Raises: Busy while a job runs on the course; as that."""
    with course_lock(settings, _refuse):
        return applying.undo_fix(settings, record_id)


def _refuse(waiting: str) -> NoReturn:
    raise Busy("A job is running on this course.", "Wait until it has ended, then try again.")
