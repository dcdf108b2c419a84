"""Why a job failed: the checks that could explain it, asked as things are now."""

from __future__ import annotations

from collections.abc import Iterable

from hubgrade_ext.core.models import CourseRef, Finding, ItemResult, Job, Verb
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.facts import NOTHING_GIVEN, Given
from hubgrade_ext.preflight.runner import run

SHOWN = 3
COURSE = ("coursedir.exists", "coursedir.writable", "coursedir.space", "coursedir.source")
GRADEBOOK = (
    "gradebook.reachable",
    "gradebook.exists",
    "gradebook.ro_mount",
    "gradebook.writable",
    "gradebook.empty",
    "gradebook.locked",
    "gradebook.corrupt",
    "gradebook.tables",
    "gradebook.revision",
    "gradebook.alembic_path",
    "gradebook.space",
)
EXCHANGE = (
    "exchange.absolute",
    "exchange.reachable",
    "exchange.exists",
    "exchange.ro_mount",
    "exchange.writable",
    "exchange.mode",
    "exchange.fs_perms",
    "exchange.squash",
    "exchange.space",
    "exchange.inodes",
    "course_id.illegal",
    "course.in_exchange",
    "course.tree",
    "course.owner",
    "course.inbound_mode",
    "course.outbound_mode",
)
ROOM = ("coursedir.space", "gradebook.space", "exchange.space", "exchange.inodes", "release.space")
SESSION = ("session.tmp", "session.home_writable", "session.home_space", "session.memory", "session.limits")
# the code of an error or of an item's failure → the checks that could explain it
BY_CODE: dict[str, tuple[str, ...]] = {
    "disk_full": (*ROOM, "session.home_space", "session.tmp"),
    "not_writable": (*COURSE, "gradebook.ro_mount", "gradebook.writable", *EXCHANGE),
    "busy": ("gradebook.locked", "gradebook.network_fs"),
    "gradebook_locked": ("gradebook.locked", "gradebook.network_fs"),
    "gradebook_unreachable": GRADEBOOK,
    "gradebook_broken": GRADEBOOK,
    "exchange_broken": EXCHANGE,
    "course_broken": (*COURSE, *EXCHANGE, *GRADEBOOK),
    "kernel_died": SESSION,
    "out_of_memory": SESSION,
    "kernel_missing": ("kernel.missing", "kernel.executable"),
    "notebook_invalid": ("notebook.readable", "notebook.schema_old", "notebook.schema_new"),
    "isolation_unavailable": ("isolation.demanded", "isolation.level"),
}
# what nobody foresaw → what the verb stands on
UNFORESEEN = ("internal_error", "hubgrade_error", "failed", "check_unfinished")
BY_VERB: dict[Verb, tuple[str, ...]] = {
    "generate_assignment": (*COURSE, *GRADEBOOK, *SESSION),
    "release_assignment": (*EXCHANGE, *COURSE),
    "check_assignment": (*COURSE, *SESSION),
    "unrelease": EXCHANGE,
    "collect": (*EXCHANGE, *COURSE),
    "autograde": (*GRADEBOOK, *COURSE, *SESSION),
    "repair": (*COURSE, *GRADEBOOK),
    "undo_repair": (*COURSE, *GRADEBOOK),
    "generate_feedback": (*GRADEBOOK, *COURSE, *SESSION),
    "release_feedback": (*EXCHANGE, *COURSE),
    "fetch_assignment": EXCHANGE,
    "submit": EXCHANGE,
    "fetch_feedback": EXCHANGE,
}


def explain(
    settings: CourseSettings,
    course_ref: CourseRef,
    job: Job,
    results: Iterable[ItemResult],
    *,
    given: Given = NOTHING_GIVEN,
    fixable: Iterable[str] = (),
) -> list[Finding]:
    """Return what is wrong that could have made a job fail, the gravest first; none for one that did not."""
    wanted = causes_of(job, results)
    if not wanted:
        return []
    report = run(settings, course_ref, given, only=wanted, fixable=list(fixable))
    return [finding for finding in report.findings if finding.status in ("error", "warning")][:SHOWN]


def causes_of(job: Job, results: Iterable[ItemResult]) -> list[str]:
    """Return the ids of the checks that could explain an ended job's failures, without repetition."""
    codes = [result.code for result in results if result.state == "failed"]
    if job.error is not None:
        codes.insert(0, job.error.code)
    wanted: list[str] = []
    for code in dict.fromkeys(codes):
        wanted += BY_CODE.get(code, BY_VERB.get(job.request.verb, ()) if code in UNFORESEEN else ())
    return list(dict.fromkeys(wanted))
