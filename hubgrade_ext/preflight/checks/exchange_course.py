"""Checks of this course's own folder in the exchange, and of what students have put there."""

from __future__ import annotations

import difflib
import stat

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.exchange_facts import ExchangeCourseFacts, InboundFacts
from hubgrade_ext.preflight.folder_facts import FolderFacts, SpaceFacts, user_name

NOT_YET = NotApplicable("Nothing of this course has been released yet.")
SHOWN = 3
FEEDBACK_MODE = 0o711
NAMED = ("exchange.exists", "course_id.unset", "course_id.illegal")


def find_not_in_exchange(
    exchange_course: ExchangeCourseFacts, settings: CourseSettings, released_courses: list[str]
) -> Verdict:
    """Tell whether the exchange has no such course; name one that is spelt nearly so."""
    if exchange_course.folder.kind != "missing":
        return None
    spelt = {name.casefold().replace("-", "_"): name for name in released_courses}
    name = settings.course_id.casefold().replace("-", "_")
    near = spelt.get(name) or next(
        iter(difflib.get_close_matches(settings.course_id, released_courses, 1)), None
    )
    if near:
        return Fault(
            f"The exchange has no course {settings.course_id!r}. Did you mean {near!r}?",
            f"Set c.CourseDirectory.course_id to {near!r}, if that is the course.",
            "warning",
        )
    return Fault(
        f"The exchange has no course {settings.course_id!r} yet.",
        severity=None if settings.root else "warning",
    )


def find_no_tree(exchange_course: ExchangeCourseFacts) -> Verdict:
    """Tell which folder of the course is missing."""
    missing = [f.path for f in (exchange_course.outbound, exchange_course.inbound) if f.kind == "missing"]
    return Fault(f"{' and '.join(missing)} is missing.") if missing else None


def find_foreign_course(exchange_course: ExchangeCourseFacts, settings: CourseSettings) -> Verdict:
    """Tell whether somebody else owns the course's folder, as a student does who made one first."""
    if settings.groupshared:
        return NotApplicable("With groupshared, the course's folder may belong to any of its instructors.")
    parts = exchange_course
    for folder in (parts.folder, parts.outbound, parts.inbound, parts.feedback):
        if folder.uid is not None and not folder.mine:
            return Fault(f"{folder.path} belongs to {user_name(folder.uid)}, not to you.")
    return None


def find_inbound_closed(inbound: InboundFacts, settings: CourseSettings) -> Verdict:
    """Tell whether students cannot put submissions into inbound."""
    folder = inbound.folder
    if folder.kind == "missing":
        return NOT_YET
    if folder.mode is None:
        return Fault(f"The folder {folder.path} is not one that submissions can be put into.", fixable=False)
    others_may = settings.groupshared or folder.mode & 0o003 == 0o003
    if others_may or (settings.root is None and folder.writable):
        return None
    message = f"Students cannot submit: {folder.path} has mode {folder.mode:o}."
    return Fault(message, _chmod(folder, 0o2733), fixable=folder.mine)


def find_inbound_leak(inbound: InboundFacts) -> Verdict:
    """Tell whether students can see who else has submitted."""
    folder = inbound.folder
    if folder.mode is None:
        return NOT_YET
    if not folder.mode & stat.S_IROTH:
        return None
    message = f"Everybody can list the submissions: {folder.path} has mode {folder.mode:o}."
    return Fault(message, _chmod(folder, 0o2733), fixable=folder.mine)


def find_outbound_closed(exchange_course: ExchangeCourseFacts) -> Verdict:
    """Tell which released assignment this user cannot fetch, or other users cannot."""
    for folder in exchange_course.released:
        shut = folder.mode is not None and folder.mode & 0o005 != 0o005
        if not folder.readable or (folder.mine and shut):
            message = f"{folder.path} has mode {folder.mode or 0:o}: it is listed, but cannot be fetched."
            return Fault(message, _chmod(folder, 0o755), fixable=folder.mine)
    return None


def find_released_writable(exchange_course: ExchangeCourseFacts) -> Verdict:
    """Tell which of the course's folders others can change."""
    parts = exchange_course
    for folder in (parts.folder, parts.outbound, *parts.released):
        if folder.mode is not None and folder.mode & stat.S_IWOTH:
            message = f"Every user of this machine can change {folder.path} (mode {folder.mode:o})."
            return Fault(message, _chmod(folder, folder.mode & ~0o002), fixable=folder.mine)
    return None


def find_feedback_listed(exchange_course: ExchangeCourseFacts) -> Verdict:
    """Tell whether everybody can list the feedback, whose secret names are what protects it."""
    folder = exchange_course.feedback
    if folder.mode is None or not folder.mode & stat.S_IROTH:
        return None
    message = f"Everybody can list {folder.path} (mode {folder.mode:o})."
    return Fault(message, _chmod(folder, FEEDBACK_MODE), fixable=folder.mine)


def find_cut_short(inbound: InboundFacts) -> Verdict:
    """Name submissions without timestamp.txt."""
    return _unreadable(inbound) or _named(inbound, inbound.cut_short, "have no timestamp.txt")


def find_no_secret(inbound: InboundFacts) -> Verdict:
    """Name submissions without submission_secret.txt."""
    return _unreadable(inbound) or _named(inbound, inbound.no_secret, "have no submission_secret.txt")


def find_others_name(inbound: InboundFacts) -> Verdict:
    """Name submissions that belong to another user than the one they are filed under."""
    return _unreadable(inbound) or _named(
        inbound, inbound.others_name, "belong to somebody else than they say"
    )


def find_odd_time(inbound: InboundFacts) -> Verdict:
    """Name submissions whose own time is not when they were made."""
    odd = len(inbound.odd_time)
    if odd > SHOWN and odd * 2 > inbound.seen:
        return NotApplicable(
            "Most submissions are older than their folders: the exchange was copied or restored."
        )
    return _unreadable(inbound) or _named(
        inbound, inbound.odd_time, "were not made at the time in their names"
    )


def find_no_room_for_release(release_bytes: int, exchange_space: SpaceFacts) -> Verdict:
    """Tell whether the largest generated assignment fits twice: while it is replaced there are two."""
    if exchange_space.free_bytes >= 2 * release_bytes:
        return None
    need, free = 2 * release_bytes >> 20, exchange_space.free_bytes >> 20
    return Fault(f"Releasing takes up to {need} MiB for a moment, and the exchange has {free} MiB.")


def _chmod(folder: FolderFacts, mode: int) -> str:
    return f"{'Run' if folder.mine else 'Ask the owner to run'}: chmod {mode:o} {folder.path}"


def _unreadable(inbound: InboundFacts) -> NotApplicable | None:
    if inbound.folder.kind == "missing":
        return NOT_YET
    if inbound.folder.kind == "folder" and not inbound.folder.readable:
        return NotApplicable(f"You may not list {inbound.folder.path}.")
    return None


def _named(inbound: InboundFacts, names: list[str], what: str) -> Verdict:
    if not names:
        return None
    shown = ", ".join(repr(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    scanned = "" if inbound.whole_scan else f" among the first {inbound.seen}"
    return Fault(f"{len(names)} in {inbound.folder.path}{scanned} {what}: {shown}{more}.")


IN_EXCHANGE = Check(
    "course.in_exchange",
    "The exchange has this course",
    "exchange",
    "info",
    "Students find a course in the exchange by its course_id, letter by letter.",
    "The first release makes it there.",
    find_not_in_exchange,
    EVERYONE,
    needs=NAMED,
)
TREE = Check(
    "course.tree",
    "The course has its folders in the exchange",
    "exchange",
    "warning",
    "outbound holds what is released, inbound what is submitted.",
    "Release an assignment again: that makes the folders anew.",
    find_no_tree,
    needs=("course.in_exchange",),
)
COURSE_OWNER = Check(
    "course.owner",
    "The course's folder in the exchange is yours",
    "exchange",
    "error",
    "nbgrader refuses to release into a folder that somebody else owns; in an exchange without "
    "the sticky bit, a "
    "student can have put one there.",
    "Ask an administrator to give the folder to you, or to move it away.",
    find_foreign_course,
    needs=("course.in_exchange",),
)
INBOUND_MODE = Check(
    "course.inbound_mode",
    "Students can submit",
    "exchange",
    "error",
    "Submissions are folders that students put into inbound; its mode 2733 lets them add but not list.",
    "Give the inbound folder mode 2733.",
    find_inbound_closed,
    EVERYONE,
    needs=NAMED,
)
INBOUND_LEAK = Check(
    "course.inbound_leak",
    "Students cannot see who else has submitted",
    "exchange",
    "warning",
    "The names in inbound say who submitted and when.",
    "Give the inbound folder mode 2733.",
    find_inbound_leak,
    EVERYONE,
    needs=("course.inbound_mode",),
)
OUTBOUND_MODE = Check(
    "course.outbound_mode",
    "Every released assignment can be fetched",
    "exchange",
    "error",
    "nbgrader lists a released assignment also when nobody can read it; fetching then fails.",
    "Give the folder mode 755.",
    find_outbound_closed,
    EVERYONE,
    needs=("course.in_exchange",),
)
WRITABLE_BY_OTHERS = Check(
    "course.writable_by_others",
    "Students cannot change what is released",
    "exchange",
    "warning",
    "Whoever can change a released assignment decides what the others fetch.",
    "Take the right from others: chmod o-w.",
    find_released_writable,
    needs=("course.in_exchange",),
)
FEEDBACK_LISTED = Check(
    "course.feedback_mode",
    "Students cannot list each other's feedback",
    "exchange",
    "warning",
    "Feedback is protected by the secret in its folder's name, as long as the names cannot be listed.",
    "Give the feedback folder mode 711.",
    find_feedback_listed,
    needs=("course.in_exchange",),
)
INBOUND_PARTIAL = Check(
    "course.inbound_partial",
    "Every submission in the exchange is whole",
    "exchange",
    "warning",
    "A folder without timestamp.txt was cut short while it was copied. hubgrade never collects such a one; "
    "nbgrader's own collect would take it over a whole one.",
    "Ask these students to submit again.",
    find_cut_short,
    needs=NAMED,
)
SECRET = Check(
    "course.submission_secret",
    "Feedback can be released to every submission",
    "exchange",
    "warning",
    "Without submission_secret.txt, as an nbgrader before 0.9.2 submits, nbgrader's own release "
    "of feedback stops "
    "for the whole class; hubgrade passes such a submission by.",
    "Ask these students to submit again with the nbgrader that is installed now.",
    find_no_secret,
    needs=NAMED,
)
SUBMITTER = Check(
    "course.submitter_owner",
    "Every submission belongs to the student it is filed under",
    "exchange",
    "warning",
    "A student writes the name of the folder; its owner is what the system knows.",
    "Ask both students; grade it only when you know whose it is.",
    find_others_name,
    needs=NAMED,
)
FORGED = Check(
    "course.timestamp_forged",
    "Every submission was made when it says",
    "exchange",
    "warning",
    "The time in a submission is the student's word; when its folder last changed is not.",
    "Compare with the receipt; the folder's own time (ls -lc) is the one that nobody can set.",
    find_odd_time,
    needs=NAMED,
)
RELEASE_SPACE = Check(
    "release.space",
    "The exchange has room for every release",
    "exchange",
    "error",
    "While an assignment is released again, the old and the new one are both there.",
    "Make room on the exchange's file system, or make the assignment's data smaller.",
    find_no_room_for_release,
    needs=("exchange.exists", "coursedir.writable"),
    slow=True,
)
