"""Bring a released assignment, or the feedback on it, into the student's own folder; needs nbgrader."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nbgrader.exchange import default

from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import sync_tree
from hubgrade_ext.core.errors import ExchangeBroken, NotFound
from hubgrade_ext.core.replace import Backups, put_in_place, staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders
from hubgrade_ext.exchange.copying import digests, verify_copy
from hubgrade_ext.exchange.student_page import feedback_dir, work_folder


def _staged_folder(settings: CourseSettings, stage: Path, assignment_id: str) -> Path:
    """Return where an exchange class puts an assignment when `stage` is the student's folder."""
    return stage / work_folder(settings, assignment_id).relative_to(settings.work_dir)


def fetch_assignment(course: Course, assignment_id: str) -> tuple[bool, list[str]]:
    """Fetch a released assignment; return whether it is new, and the files that were put there.

    When the student has the folder already only missing files are put back; what
    is there is never overwritten.
    Raises: HubgradeError; the student's folder is then as it was, or has some of its missing files.
    Source: nbgrader 0.9.6 `ExchangeFetchAssignment`.
    """
    settings = course.settings
    cls = course.exchange_class("fetch_assignment")
    target = work_folder(settings, assignment_id)
    work_dir = Path(settings.work_dir)
    with exchange_errors(course, f"fetch {assignment_id}", work_dir), staging(work_dir) as stage:
        coursedir = course.coursedir(assignment_id=assignment_id)
        build(course, cls, coursedir, assignment_dir=str(stage)).start()
        fetched = _staged_folder(settings, stage, assignment_id)
        if not fetched.is_dir():
            raise ExchangeBroken(f"The exchange gave no folder for {assignment_id}.", "Ask your instructor.")
        if is_nbgraders(cls, default.ExchangeFetchAssignment, "init_src", "do_copy", "copy_files"):
            verify_copy(outbound_dir(settings) / assignment_id, fetched)
        if os.path.lexists(target):
            return False, _restore_missing(fetched, target)
        files = [
            path.relative_to(fetched).as_posix() for path in sorted(fetched.rglob("*")) if path.is_file()
        ]
        put_in_place(fetched, target, None)
        return True, files


def _restore_missing(fetched: Path, target: Path) -> list[str]:
    """Move the files that `target` lacks into it, each whole; return their paths."""
    restored = []
    sync_tree(fetched)
    for dirname, _, filenames in os.walk(fetched):
        below = Path(dirname).relative_to(fetched)
        if (target / below).is_file():
            # the student made a file of that name; it is hers
            continue
        (target / below).mkdir(parents=True, exist_ok=True)
        for filename in sorted(filenames):
            if _give(Path(dirname, filename), target / below / filename):
                restored.append((below / filename).as_posix())
    return restored


def _give(source: Path, target: Path) -> bool:
    """Give a file a second name, unless something has that name."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError:
        # no hard links here: a rename would overwrite, so look first
        if os.path.lexists(target):
            return False
        source.rename(target)
    return True


def fetch_feedback(course: Course, assignment_id: str, backups: Backups) -> list[Path]:
    """Fetch the feedback on all of the student's submissions; return the files that are new or changed.

    The folder of one submission's feedback is replaced as a whole, an earlier one kept in the backups.
    Raises: NotFound (there is no feedback), HubgradeError.
    Source: nbgrader 0.9.6 `ExchangeFetchFeedback`.
    """
    settings = course.settings
    work_dir = Path(settings.work_dir)
    with (
        exchange_errors(course, f"fetch the feedback on {assignment_id}", work_dir),
        staging(work_dir) as stage,
    ):
        coursedir = course.coursedir(assignment_id=assignment_id)
        cls = course.exchange_class("fetch_feedback")
        build(course, cls, coursedir, assignment_dir=str(stage)).start()
        folder = _staged_folder(settings, stage, assignment_id) / "feedback"
        attempts = sorted(folder.iterdir()) if folder.is_dir() else []
        if not any(attempt.is_dir() for attempt in attempts):
            raise NotFound(
                f"There is no feedback on {assignment_id} yet.", "Try again when it has been released."
            )
        changed = []
        for attempt in attempts:
            target = feedback_dir(settings, assignment_id) / attempt.name
            if attempt.is_dir():
                changed += _put_feedback(attempt, target, backups)
        return changed


def _put_feedback(fetched: Path, target: Path, backups: Backups) -> list[Path]:
    before = digests(target) if target.is_dir() else {}
    names = [name for name, value in digests(fetched).items() if before.get(name) != value]
    if not names:
        return []
    for name in before:
        # what else lies there (notes of the student, feedback since withdrawn) stays
        if not os.path.lexists(fetched / name):
            (fetched / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target / name, fetched / name)
    put_in_place(fetched, target, backups)
    return [target / name for name in names]
