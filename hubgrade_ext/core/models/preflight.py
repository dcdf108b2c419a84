"""The report of the checks, and the fixes that it offers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from hubgrade_ext.core.models.courses import CourseRef


class Finding(Struct, frozen=True):
    """The result of one check: the fact, why it matters, what to do.

    `running` is a slow check that has not been looked at yet. `fixable` says
    that hubgrade can do it itself: the fix has the check's id.
    """

    check_id: str
    subject: str
    status: Literal["ok", "info", "warning", "error", "skipped", "running"]
    title: str
    message: str
    why: str = ""
    remedy: str = ""
    fixable: bool = False


class PreflightReport(Struct, frozen=True):
    """Every check of a course, problems first."""

    course: CourseRef
    findings: list[Finding]
    errors: int
    warnings: int


class HubReport(Struct, frozen=True):
    """Every check of the hub's own side, problems first; `user` is the account that it was looked at with."""

    config: str
    user: str
    findings: list[Finding]
    errors: int
    warnings: int


class FixChange(Struct, frozen=True):
    """One change of a fix, in a sentence; `detail` is the command it equals, or the lines that change."""

    what: str
    detail: str = ""


class FixPlan(Struct, frozen=True):
    """Exactly what a fix would change; nothing has been done yet.

    `button` is the verb that does it. `digest` names this plan: it is carried
    out only as long as it is still what would be done.
    """

    fix_id: str
    title: str
    button: str
    changes: list[FixChange]
    reversible: bool
    digest: str


class ApplyFix(Struct, frozen=True, forbid_unknown_fields=True):
    """Carry out a fix as it was shown."""

    digest: str


class UndoFix(Struct, frozen=True, forbid_unknown_fields=True):
    """Put back what a fix changed."""

    record_id: str


class FixRecord(Struct, frozen=True):
    """A fix that was carried out; `record_id` names it for undoing."""

    record_id: str
    fix_id: str
    title: str
    at: datetime
    by: str
    changes: list[FixChange]
    reversible: bool
    undone_at: datetime | None = None


class FixesPage(Struct, frozen=True):
    """The fixes carried out on a course, newest first."""

    course: CourseRef
    fixes: list[FixRecord]
