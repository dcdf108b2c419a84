"""Release feedback, one student at a time; needs nbgrader.

A student finds the feedback by a name that only student and course can compute:
the MD5 of the submission's secret and the notebook's name.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from nbgrader.exchange import default

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import remove_tree, sync
from hubgrade_ext.core.errors import Conflict, ExchangeBroken
from hubgrade_ext.core.gradebook_lock import patiently
from hubgrade_ext.core.inbound import inbound_dir, scan_inbound
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.released_feedback import feedback_hash, read_secret, released_feedback_dir
from hubgrade_ext.core.replace import staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import chosen, submission_states
from hubgrade_ext.core.timestamps import parse_timestamp, read_timestamp_text
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders, staged_coursedir
from hubgrade_ext.exchange.copying import digest


def students_to_release(course: Course, request: JobRequest) -> list[str]:
    """Return whose feedback is to be released, sorted: the named, all, or those whose newest is not out.

    Feedback that is older than the grades is not among the remaining: it has to be generated anew.
    Raises: GradebookBroken, ExchangeBroken, Busy.
    """
    if request.students is not None:
        # who has no feedback is reported, not passed over
        return sorted(set(request.students))
    states = patiently(lambda: submission_states(course.settings, request.assignment_id))
    return [state.student_id for state in chosen("release_feedback", states, request.scope, None)]


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
            name = feedback_hash(secret.encode(), page.stem)
            published[released_feedback_dir(settings) / f"{name}.html"] = staged / page.name
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
        sync(released_feedback_dir(settings))


def _read_secret(folder: Path) -> str:
    """Return a submission's secret, '' when there is none; it may be a student's."""
    return (read_secret(str(folder)) or b"").decode("utf-8", "replace")


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
