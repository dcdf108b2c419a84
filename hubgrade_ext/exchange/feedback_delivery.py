"""Release feedback, one student at a time; needs nbgrader.

A student finds the feedback by a name that only student and course can compute:
the MD5 of the submission's secret and the notebook's name.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from nbgrader.exchange import default

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import remove_tree, sync
from hubgrade_ext.core.errors import Conflict, ExchangeBroken
from hubgrade_ext.core.inbound import inbound_dir, scan_inbound
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.replace import staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders, staged_coursedir
from hubgrade_ext.exchange.copying import digest
from hubgrade_ext.exchange.notebook_hash import notebook_hash
from hubgrade_ext.exchange.step_folders import submission_folders

_LONGEST_SECRET = 1024


def published_feedback_dir(settings: CourseSettings) -> Path:
    """Return the exchange's folder of released feedback."""
    return Path(settings.exchange_root, settings.course_id, "feedback")


def students_to_release(course: Course, request: JobRequest) -> list[str]:
    """Return whose feedback is to be released, sorted: the named, all, or those whose newest is not out."""
    settings = course.settings
    if request.students is not None:
        return sorted(set(request.students))
    folders = submission_folders(settings, settings.feedback_directory, request.assignment_id)
    if request.scope == "all" or not settings.default_exchange:
        return sorted(folders)
    return sorted(student for student, folder in folders.items() if not _is_released(settings, folder))


def _is_released(settings: CourseSettings, folder: Path) -> bool:
    secret = _read_secret(folder)
    pages = sorted(folder.glob("*.html"))
    if not secret or not pages:
        return False
    for page in pages:
        published = published_feedback_dir(settings) / f"{notebook_hash(page.stem, secret=secret)}.html"
        if not published.is_file() or published.stat().st_mtime < page.stat().st_mtime:
            return False
    return True


def release_feedback(course: Course, assignment_id: str, student_id: str) -> int:
    """Release one student's feedback; return the number of pages. Nothing is ever deleted.

    Raises: Conflict (no feedback, or no secret to name it by), ExchangeBroken.
    Source: nbgrader 0.9.6 `ExchangeReleaseFeedback`.
    """
    settings = course.settings
    folder = settings.path(settings.feedback_directory, student_id, assignment_id)
    pages = sorted(folder.glob("*.html"))
    if not pages:
        raise Conflict(f"There is no feedback for {student_id} yet.", "Generate the feedback first.")
    cls = course.exchange_class("release_feedback")
    with exchange_errors(course, f"release the feedback for {student_id}", Path(settings.exchange_root)):
        if not is_nbgraders(cls, default.ExchangeReleaseFeedback, "init_src", "init_dest", "copy_files"):
            build(course, cls, course.coursedir(assignment_id=assignment_id, student_id=student_id)).start()
            return len(pages)
        secret = _read_secret(folder) or _secret_elsewhere(settings, assignment_id, student_id)
        if not secret:
            raise Conflict(
                f"The submission of {student_id} has no submission_secret.txt to address feedback by.",
                "Give this student the feedback file yourself, or collect a submission made with nbgrader.",
            )
        _release(course, assignment_id, student_id, folder, secret)
    return len(pages)


def _release(course: Course, assignment_id: str, student_id: str, folder: Path, secret: str) -> None:
    """Run nbgrader's class on a staged course with this one student, and check what it published."""
    settings = course.settings
    with staging(settings.state_dir / "staging") as stage:
        coursedir = staged_coursedir(course, stage, assignment_id=assignment_id, student_id=student_id)
        staged = Path(coursedir.format_path(settings.feedback_directory, student_id, assignment_id))
        staged.mkdir(parents=True)
        published = {}
        for page in sorted(folder.glob("*.html")):
            shutil.copy(page, staged / page.name)
            # students read it as others, whatever the umask of the course is
            (staged / page.name).chmod(0o644)
            name = notebook_hash(page.stem, secret=secret)
            published[published_feedback_dir(settings) / f"{name}.html"] = staged / page.name
        (staged / "submission_secret.txt").write_text(secret)
        (staged / "timestamp.txt").write_text(read_timestamp_text(str(folder)) or "")
        try:
            build(course, course.exchange_class("release_feedback"), coursedir).start()
        except OSError:
            for path in published:
                with suppress(OSError):
                    remove_tree(path.with_name(f"{path.stem}-tmp.html"))
            raise
        for path, page in published.items():
            if not path.is_file() or digest(path) != digest(page):
                raise ExchangeBroken(
                    f"{page.name} of {student_id} did not arrive in the exchange.",
                    "Release the feedback again.",
                )
            sync(path)
        sync(published_feedback_dir(settings))


def _read_secret(folder: Path) -> str:
    """Return a submission's secret, '' when there is none; it may be a student's: no link is followed."""
    try:
        descriptor = os.open(folder / "submission_secret.txt", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(_LONGEST_SECRET).decode("utf-8", "replace")
        except OSError:
            return ""


def _secret_elsewhere(settings: CourseSettings, assignment_id: str, student_id: str) -> str:
    """Look for the secret where the feedback came from: the graded, the collected, the submitted folder."""
    collected = settings.path(settings.submitted_directory, student_id, assignment_id)
    for folder in (settings.path(settings.autograded_directory, student_id, assignment_id), collected):
        if secret := _read_secret(folder):
            return secret
    text = read_timestamp_text(str(collected))
    when = parse_timestamp(text) if text else None
    for attempt in scan_inbound(settings, assignment_id).get(assignment_id, {}).get(student_id, []):
        if attempt.submitted_at == when and (secret := _read_secret(inbound_dir(settings) / attempt.folder)):
            return secret
    return ""
