"""The report of the checks."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hubgrade_ext.core.models.courses import CourseRef


class Finding(Struct, frozen=True):
    """The result of one check: the fact, why it matters, what to do."""

    check_id: str
    subject: str
    status: Literal["ok", "info", "warning", "error", "skipped"]
    title: str
    message: str
    why: str = ""
    remedy: str = ""


class PreflightReport(Struct, frozen=True):
    """Every check of a course, problems first."""

    course: CourseRef
    findings: list[Finding]
    errors: int
    warnings: int
