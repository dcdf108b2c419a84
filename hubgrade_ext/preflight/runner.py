"""Run the catalogue on one course and report, problems first."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Collection
from types import SimpleNamespace

from msgspec import structs

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.models import ConfigPage, CourseRef, Finding, PreflightReport, Role
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.check import Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.facts import NOTHING_GIVEN, Facts, Given

log = logging.getLogger(__name__)
# a hub that is not well takes seconds to answer
SLOW_SUBJECTS = ("hub",)
ORDER = {"error": 0, "warning": 1, "info": 2, "running": 3, "ok": 4, "skipped": 5}


def run(
    settings: CourseSettings,
    course_ref: CourseRef,
    given: Given = NOTHING_GIVEN,
    *,
    only: Collection[str] = (),
    fixable: Collection[str] = (),
    slow: bool = True,
) -> PreflightReport:
    """Answer “will this work?” for one course, in at most two seconds and without side effects.

    Who is no instructor of the course gets the student's checks. `only` limits
    the report to these check ids; `fixable` are the ids for which there is a
    fix. Without `slow`, slow checks are reported as running: ask again for them.

    Raises: InvalidRequest for an id that is not in the catalogue.
    """
    check_ids(only, CATALOGUE)
    role: Role = "instructor" if "instructor" in course_ref.roles else "student"
    facts = Facts(settings, given)
    findings: dict[str, Finding] = {}
    for check in _needed(only):
        if role not in check.roles:
            continue
        if (check.slow or check.subject in SLOW_SUBJECTS) and not slow:
            findings[check.check_id] = Finding(
                check.check_id, check.subject, "running", check.title, check.title + "?"
            )
        else:
            findings[check.check_id] = run_check(check, facts, findings)
    offered = frozenset(fixable) if role == "instructor" else frozenset()
    return _report(course_ref, {key: _offer(found, offered) for key, found in findings.items()}, only)


def run_configuration(
    course_ref: CourseRef, config: ConfigPage, *, only: Collection[str] = ()
) -> PreflightReport:
    """Report on a course whose configuration does not load: only that can be looked at.

    Raises: InvalidRequest for an id that is not in the catalogue.
    """
    check_ids(only, CATALOGUE)
    findings: dict[str, Finding] = {}
    facts = SimpleNamespace(config=config)
    for check in CATALOGUE:
        if set(inspect.signature(check.find).parameters) <= {"config"}:
            findings[check.check_id] = run_check(check, facts, findings)
        else:
            findings[check.check_id] = _skipped(check, "First the configuration must load.")
    return _report(course_ref, findings, only)


def _needed(only: Collection[str]) -> list[Check]:
    """Return the checks that these ask for: with their causes, in the catalogue's order; all for none."""
    if not only:
        return CATALOGUE
    wanted = set(only)
    for check in reversed(CATALOGUE):
        if check.check_id in wanted:
            wanted.update(check.needs)
    return [check for check in CATALOGUE if check.check_id in wanted]


def _offer(finding: Finding, offered: Collection[str]) -> Finding:
    """Say of a problem whether there is a fix for it."""
    if not finding.fixable or finding.check_id in offered:
        return finding
    return structs.replace(finding, fixable=False)


def check_ids(only: Collection[str], catalogue: Collection[Check]) -> None:
    """Raise InvalidRequest for an id that is not in the catalogue."""
    unknown = sorted(set(only) - {check.check_id for check in catalogue})
    if unknown:
        raise InvalidRequest(
            f"There is no check {unknown[0]!r}.",
            "`hubgrade preflight` without --only shows the id of every check.",
        )


def _report(course_ref: CourseRef, findings: dict[str, Finding], only: Collection[str]) -> PreflightReport:
    wanted = [finding for check_id, finding in findings.items() if not only or check_id in only]
    return PreflightReport(
        course_ref,
        sorted(wanted, key=lambda finding: ORDER[finding.status]),
        errors=sum(finding.status == "error" for finding in wanted),
        warnings=sum(finding.status == "warning" for finding in wanted),
    )


def run_check(check: Check, facts: object, earlier: dict[str, Finding]) -> Finding:
    """Run one check; its facts are attributes of `facts`, and `earlier` are the findings before it."""
    for needed in check.needs:
        cause = earlier.get(needed)
        if cause is not None and cause.status == "skipped":
            return _skipped(check, cause.message)
        if cause is not None and cause.status != "ok":
            return _skipped(check, f"Not looked at, because this does not hold: {cause.title}.")
    try:
        wanted = inspect.signature(check.find).parameters
        verdict = check.find(**{name: getattr(facts, name) for name in wanted})
    except Exception:
        # an edge of rule 13: a check that breaks must not hide the others
        log.exception("preflight check %s could not be run", check.check_id)
        return _skipped(check, "This could not be looked at; the server's log says why.")
    return _finding(check, verdict)


def _finding(check: Check, verdict: Verdict) -> Finding:
    match verdict:
        case None:
            return Finding(check.check_id, check.subject, "ok", check.title, check.title + ".")
        case Holds(message):
            return Finding(check.check_id, check.subject, "ok", check.title, message)
        case NotApplicable(message):
            return _skipped(check, message)
        case Fault(message, remedy, severity, fixable):
            return Finding(
                check.check_id,
                check.subject,
                severity or check.severity,
                check.title,
                message,
                check.why,
                remedy or check.remedy,
                fixable,
            )


def _skipped(check: Check, message: str) -> Finding:
    return Finding(check.check_id, check.subject, "skipped", check.title, message)
