"""What a student has to fetch, in work, submitted and graded; without nbgrader, for the server's process."""

from __future__ import annotations

import filecmp
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.errors import InvalidName
from hubgrade_ext.core.folders import server_path
from hubgrade_ext.core.inbound import Attempt, parse_attempt
from hubgrade_ext.core.models import NotebookRef, OwnSubmission, Receipt, StudentAssignment
from hubgrade_ext.core.released_feedback import feedback_hash, legacy_hashes, released_feedback_dir
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.exchange.due_dates import Published, read_due_dates, released_assignments
from hubgrade_ext.exchange.receipts import read_receipts

Feedback = Literal["none", "available", "fetched", "updated"]
State = Literal["released", "fetched", "submitted", "graded"]


def work_folder(settings: CourseSettings, assignment_id: str) -> Path:
    """Return the student's own folder of an assignment.

    Source: nbgrader 0.9.6 `ExchangeFetchAssignment.init_dest`.
    """
    course = [settings.course_id] if settings.path_includes_course else []
    return Path(settings.work_dir, *course, assignment_id)


def feedback_dir(settings: CourseSettings, assignment_id: str) -> Path:
    """Return the folder that feedback is fetched into: it has a folder for each submission."""
    return work_folder(settings, assignment_id) / "feedback"


def student_assignments(settings: CourseSettings, server_root: str | None = None) -> list[StudentAssignment]:
    """Return the released assignments, and those submitted earlier, as their student sees them, by name.

    Paths are below `server_root` (default: the student's working folder); what
    lies elsewhere has none. Only for nbgrader's own exchange.
    Raises: ExchangeBroken (the exchange cannot be read).
    Source: nbgrader 0.9.6 `ExchangeList.parse_assignments`.
    """
    attempts = cached_attempts(settings)
    due_dates = read_due_dates(settings)
    released = released_assignments(settings)
    root = server_root or settings.work_dir
    found = []
    for assignment_id in sorted(released.keys() | attempts.keys()):
        receipts = own_receipts(settings, assignment_id)
        submissions = [
            _own_submission(settings, attempt, receipts, root) for attempt in attempts.get(assignment_id, [])
        ]
        published = due_dates.get(assignment_id, Published())
        found.append(
            describe(
                settings,
                root,
                assignment_id,
                submissions,
                notebooks_in=outbound_dir(settings) / assignment_id,
                due_date=published.due_date,
            )
        )
    return found


def describe(
    settings: CourseSettings,
    root: str,
    assignment_id: str,
    submissions: list[OwnSubmission],
    *,
    notebooks_in: Path,
    due_date: datetime | None = None,
) -> StudentAssignment:
    """Return one assignment, submissions newest first; its notebooks are in `notebooks_in` until fetched."""
    folder = work_folder(settings, assignment_id)
    fetched = folder.is_dir()
    state: State = "fetched" if fetched else "released"
    if submissions:
        graded = any(submission.feedback != "none" for submission in submissions)
        state = "graded" if graded else "submitted"
    return StudentAssignment(
        assignment_id=assignment_id,
        state=state,
        fetched=fetched,
        submissions=sorted(submissions, key=lambda submission: submission.submitted_at, reverse=True),
        due_date=due_date,
        server_path=server_path(str(folder), root) if fetched else None,
        notebooks=[
            NotebookRef(path.stem, server_path=server_path(str(path), root) if fetched else None)
            for path in _notebooks(folder if fetched else notebooks_in)
        ],
    )


def cached_attempts(settings: CourseSettings) -> dict[str, list[Attempt]]:
    """Return the student's own submissions as the cache has them, by assignment."""
    found: dict[str, list[Attempt]] = {}
    try:
        names = [path.name for path in Path(settings.exchange_cache, settings.course_id).iterdir()]
    except OSError:
        return {}
    for name in sorted(names):
        attempt = None if name.startswith(".") else parse_attempt(name)
        if attempt:
            found.setdefault(attempt.assignment_id, []).append(attempt)
    return found


def own_receipts(settings: CourseSettings, assignment_id: str) -> list[Receipt]:
    """Return an assignment's receipts; none for a name that our rules do not allow."""
    try:
        return read_receipts(settings, assignment_id)
    except InvalidName:
        return []


def _own_submission(
    settings: CourseSettings, attempt: Attempt, receipts: list[Receipt], root: str
) -> OwnSubmission:
    folder = Path(settings.exchange_cache, settings.course_id, attempt.folder)
    stamp = attempt.folder.rsplit("+", 1)[1]
    local = feedback_dir(settings, attempt.assignment_id) / stamp
    pages = [
        (_published_page(settings, attempt, stamp, path), local / f"{path.stem}.html")
        for path in _notebooks(folder)
    ]
    fetched = [page for _, page in pages if page.is_file()]
    return OwnSubmission(
        attempt.submitted_at,
        _feedback_state(pages),
        [path for page in fetched if (path := server_path(str(page), root))],
        next((r for r in receipts if r.submitted_at == attempt.submitted_at), None),
    )


def _feedback_state(pages: list[tuple[Path | None, Path]]) -> Feedback:
    """Sum up the pages of one submission: (in the exchange, in the student's folder).

    A notebook that is no part of the assignment never gets feedback; one page is enough to be told of.
    """
    fetched = any(local.is_file() for _, local in pages)
    waiting = False
    for published, local in pages:
        with suppress(OSError):
            if published and not (local.is_file() and filecmp.cmp(published, local, shallow=False)):
                waiting = True
    if waiting:
        return "updated" if fetched else "available"
    return "fetched" if fetched else "none"


def _published_page(settings: CourseSettings, attempt: Attempt, stamp: str, notebook: Path) -> Path | None:
    """Return the page in the exchange about one submitted notebook, if there is one."""
    published = released_feedback_dir(settings)
    try:
        secret = (notebook.parent / "submission_secret.txt").read_text("utf-8", "replace")
        names = [feedback_hash(secret.encode(), notebook.stem)]
    except OSError:
        parts = (settings.course_id, attempt.assignment_id, notebook.stem, attempt.student_id, stamp)
        try:
            names = legacy_hashes(notebook, "+".join(parts))
        except OSError:
            return None
    # students may not list that folder, only look for names they know
    return next((page for name in names if (page := published / f"{name}.html").is_file()), None)


def _notebooks(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".ipynb" and path.name[0] != ".")
    except OSError:
        return []
