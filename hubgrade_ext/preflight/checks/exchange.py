"""Checks of the exchange: the folder through which assignments and submissions travel."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.facts import FolderFacts, InboundFacts, SpaceFacts

MIB = 1 << 20
PLUG_IN = NotApplicable("A plug-in replaces nbgrader's exchange, so its folders say nothing.")
SHOWN = 3


def find_relative(settings: CourseSettings) -> Verdict:
    """Tell whether the exchange's path depends on the current folder."""
    if not settings.default_exchange:
        return PLUG_IN
    if Path(settings.exchange_root).is_absolute():
        return None
    return Fault(f"The exchange is set to {settings.exchange_root!r}, which is a relative path.")


def find_blocked(exchange: FolderFacts) -> Verdict:
    """Tell which parent folder cannot be passed."""
    if exchange.blocked_at is None:
        return None
    return Fault(
        f"You cannot pass the folder {exchange.blocked_at}, and the exchange {exchange.path} is below it.",
        f"Ask the owner to run: chmod o+x {exchange.blocked_at}",
    )


def find_missing(exchange: FolderFacts) -> Verdict:
    """Tell why the exchange is not a folder."""
    create = f"Ask an administrator to run: install -d -m 1777 {exchange.path}"
    match exchange.kind:
        case "folder":
            return None
        case "missing":
            return Fault(f"The exchange {exchange.path} does not exist.", create)
        case "dangling link":
            return Fault(f"The exchange {exchange.path} is a link to a folder that does not exist.", create)
        case "file":
            return Fault(f"The exchange {exchange.path} is a file, not a folder.")
        case _:
            return Fault(f"The exchange {exchange.path} cannot be read.")


def find_unwritable(exchange: FolderFacts, exchange_space: SpaceFacts, settings: CourseSettings) -> Verdict:
    """Tell whether the user may not write."""
    if settings.groupshared:
        return NotApplicable("With groupshared, nbgrader does not ask this of the exchange's root.")
    if exchange_space.refused == errno.EROFS:
        return Fault(f"The exchange {exchange.path} is mounted read-only.", "Ask an administrator about it.")
    if exchange.writable:
        return None
    return Fault(
        f"You may not write to the exchange {exchange.path}.",
        f"Ask the owner to run: chmod 1777 {exchange.path}",
    )


def find_narrow_mode(exchange: FolderFacts, settings: CourseSettings) -> Verdict:
    """Tell whether nbgrader will refuse the mode; its owner's next release mends it, nobody else's can."""
    if settings.groupshared or exchange.mode is None or exchange.mode & 0o777 == 0o777:
        return None
    mine = exchange.uid == os.getuid()
    return Fault(
        f"The exchange {exchange.path} has mode {exchange.mode:o}, too narrow for nbgrader.",
        f"{'Run' if mine else 'Ask the owner to run'}: chmod 1777 {exchange.path}",
        "warning" if mine else "error",
        fixable=mine,
    )


def find_not_sticky(exchange: FolderFacts) -> Verdict:
    """Tell whether a student could rename a course away."""
    if exchange.mode is None or exchange.mode & 0o1000 or not exchange.mode & 0o002:
        return None
    return Fault(
        f"The exchange {exchange.path} has mode {exchange.mode:o} without the sticky bit.",
        f"{'Run' if exchange.uid == os.getuid() else 'Ask the owner to run'}: chmod 1777 {exchange.path}",
    )


def find_full(exchange: FolderFacts, exchange_space: SpaceFacts) -> Verdict:
    """Tell whether the file system, or the user's quota, is nearly used up."""
    if exchange_space.refused in (errno.ENOSPC, errno.EDQUOT):
        message = f"Not even 1 MiB can be written to the exchange {exchange.path}"
        return Fault(f"{message}: {os.strerror(exchange_space.refused)}.", severity="error")
    if exchange_space.free_bytes < 100 * MIB:
        left = exchange_space.free_bytes // MIB
        return Fault(f"Only {left} MiB are left on the file system of the exchange {exchange.path}.")
    if exchange_space.free_files is not None and exchange_space.free_files < 1000:
        left = exchange_space.free_files
        return Fault(f"The file system of the exchange {exchange.path} can hold only {left} more files.")
    return None


def find_inbound_closed(inbound: InboundFacts, settings: CourseSettings) -> Verdict:
    """Tell whether students cannot put submissions into inbound, or can list it."""
    folder = inbound.folder
    if folder.kind == "missing":
        return NotApplicable("Nothing of this course has been released yet.")
    if folder.mode is None:
        return Fault(f"The folder {folder.path} is not one that submissions can be put into.")
    command = f"{'Run' if folder.uid == os.getuid() else 'Ask the owner to run'}: chmod 2733 {folder.path}"
    if not settings.groupshared and folder.mode & 0o003 != 0o003:
        return Fault(f"Students cannot submit: {folder.path} has mode {folder.mode:o}.", command)
    if folder.mode & 0o004:
        message = f"Everybody can list the submissions: {folder.path} has mode {folder.mode:o}."
        return Fault(message, command, "warning")
    return None


def find_cut_short(inbound: InboundFacts) -> Verdict:
    """Name submissions without timestamp.txt."""
    if inbound.folder.kind == "missing":
        return NotApplicable("Nothing of this course has been released yet.")
    if inbound.folder.kind == "folder" and not inbound.folder.readable:
        return NotApplicable(f"You may not list {inbound.folder.path}.")
    if not inbound.cut_short:
        return None
    count = len(inbound.cut_short)
    names = ", ".join(repr(name) for name in inbound.cut_short[:SHOWN])
    more = f" and {count - SHOWN} more" if count > SHOWN else ""
    scanned = "" if inbound.whole_scan else f" among the first {inbound.seen}"
    return Fault(f"{count} in {inbound.folder.path}{scanned} have no timestamp.txt: {names}{more}.")


ABSOLUTE = Check(
    "exchange.absolute",
    "The exchange is given as an absolute path",
    "exchange",
    "error",
    "A relative path means another folder for each program, so students and instructor do not meet.",
    "Set c.Exchange.root to an absolute path in nbgrader_config.py.",
    find_relative,
    EVERYONE,
)
REACHABLE = Check(
    "exchange.reachable",
    "Every folder on the way to the exchange lets you pass",
    "exchange",
    "error",
    "nbgrader only says “Unwritable directory” when a folder above the exchange is closed.",
    "Ask the owner of that folder to give others the right to pass it (chmod o+x).",
    find_blocked,
    EVERYONE,
    needs=("exchange.absolute",),
)
EXISTS = Check(
    "exchange.exists",
    "The exchange is a folder",
    "exchange",
    "error",
    "Without the exchange nothing can be released, fetched, submitted or collected.",
    "Ask an administrator to create it with mode 1777, or set c.Exchange.root to the right folder.",
    find_missing,
    EVERYONE,
    needs=("exchange.reachable",),
)
WRITABLE = Check(
    "exchange.writable",
    "You may write to the exchange",
    "exchange",
    "error",
    "nbgrader refuses every release, fetch and submit for a user who may not write there.",
    "Ask the owner to give it mode 1777.",
    find_unwritable,
    EVERYONE,
    needs=("exchange.exists",),
)
MODE = Check(
    "exchange.mode",
    "Everybody may read, write and pass the exchange",
    "exchange",
    "error",
    "Unless c.CourseDirectory.groupshared is set, nbgrader refuses an exchange with a narrower mode, "
    "even for those who could write by their group.",
    "Give it mode 1777.",
    find_narrow_mode,
    EVERYONE,
    needs=("exchange.exists",),
)
STICKY = Check(
    "exchange.sticky",
    "Only its owner can rename or remove a course in the exchange",
    "exchange",
    "warning",
    "Without the sticky bit any student can move the course's folder away and put another in its place.",
    "Give it mode 1777; nbgrader works with it.",
    find_not_sticky,
    needs=("exchange.exists",),
)
SPACE = Check(
    "exchange.space",
    "The exchange has room",
    "exchange",
    "warning",
    "On a full file system a submission is cut short and a release cannot be replaced.",
    "Make room on that file system, or ask an administrator for more.",
    find_full,
    EVERYONE,
    needs=("exchange.exists",),
)
INBOUND_MODE = Check(
    "course.inbound_mode",
    "Students can submit, and cannot see who else did",
    "exchange",
    "error",
    "Submissions are folders that students put into inbound; its mode 2733 lets them add but not list.",
    "Give the inbound folder mode 2733.",
    find_inbound_closed,
    EVERYONE,
    needs=("exchange.exists", "course_id.unset", "course_id.illegal"),
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
    needs=("exchange.exists", "course_id.unset", "course_id.illegal"),
)
