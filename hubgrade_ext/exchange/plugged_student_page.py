"""What a student has to do, as an exchange that a plug-in provides tells it; needs nbgrader."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import OwnSubmission, StudentAssignment
from hubgrade_ext.core.timestamps import parse_timestamp
from hubgrade_ext.exchange.classes import build, exchange_errors
from hubgrade_ext.exchange.student_page import Feedback, describe, own_receipts, student_assignments


def listed_assignments(course: Course, server_root: str | None = None) -> list[StudentAssignment]:
    """Return the student's assignments by way of the configured list class, whatever the exchange is.

    Raises: HubgradeError.
    Source: nbgrader 0.9.6 `server_extensions.assignment_list.handlers.AssignmentList`.
    """
    settings = course.settings
    if settings.default_exchange:
        return student_assignments(settings, server_root)
    released = {str(entry.get("assignment_id") or ""): entry for entry in _listed(course)}
    cached: dict[str, list[dict[str, Any]]] = {}
    for entry in _listed(course, cached=True):
        for info in entry.get("submissions") or [entry]:
            cached.setdefault(str(entry.get("assignment_id") or ""), []).append(info)
    root = server_root or settings.work_dir
    found = []
    for assignment_id in sorted({*released, *cached} - {""}):
        receipts = own_receipts(settings, assignment_id)
        own = []
        for info in cached.get(assignment_id, []):
            when = parse_timestamp(str(info.get("timestamp", "")))
            if when:
                receipt = next((r for r in receipts if r.submitted_at == when), None)
                own.append(OwnSubmission(when, _feedback(info), receipt=receipt))
        path = Path(str(released.get(assignment_id, {}).get("path") or "/nowhere"))
        found.append(describe(settings, root, assignment_id, own, notebooks_in=path))
    return found


def _listed(course: Course, *, cached: bool = False) -> Iterable[dict[str, Any]]:
    coursedir = course.coursedir(course_id=course.settings.course_id, assignment_id="")
    cls = course.exchange_class("list")
    with exchange_errors(course, "list the assignments", Path(course.settings.exchange_root)):
        exchange = build(course, cls, coursedir, assignment_dir=course.settings.work_dir, cached=cached)
        return exchange.start() or []


def _feedback(info: dict[str, Any]) -> Feedback:
    if info.get("has_local_feedback"):
        return "updated" if info.get("feedback_updated") else "fetched"
    return "available" if info.get("has_exchange_feedback") else "none"
