"""Checks of the exchange: the folder through which assignments and submissions travel."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.exchange_facts import ExchangeCourseFacts
from hubgrade_ext.preflight.folder_facts import FolderFacts, user_name

PLUG_IN = NotApplicable("A plug-in replaces nbgrader's exchange, so its folders say nothing.")


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
            mine = os.access(Path(exchange.path).parent, os.W_OK | os.X_OK)
            return Fault(f"The exchange {exchange.path} does not exist.", create, fixable=mine)
        case "dangling link":
            return Fault(
                f"The exchange {exchange.path} is a link to a folder that does not exist.",
                create,
                fixable=False,
            )
        case "file":
            return Fault(f"The exchange {exchange.path} is a file, not a folder.", fixable=False)
        case _:
            return Fault(f"The exchange {exchange.path} cannot be read.", fixable=False)


def find_unwritable(
    exchange: FolderFacts, exchange_course: ExchangeCourseFacts, settings: CourseSettings
) -> Verdict:
    """Tell whether the user may not write; in a group-shared course, only its first release has to."""
    if settings.groupshared and (settings.root is None or exchange_course.folder.kind == "folder"):
        return NotApplicable("With groupshared, nbgrader does not ask this of the exchange's root.")
    if exchange.writable:
        return None
    if settings.groupshared:
        return Fault(
            f"You may not make the course's folder in the exchange {exchange.path}.",
            "Ask the owner to give the exchange to the group of the course's instructors with mode 2775, "
            "or to give it mode 1777.",
            fixable=False,
        )
    return Fault(
        f"You may not write to the exchange {exchange.path}.",
        f"{'Run' if exchange.mine else 'Ask the owner to run'}: chmod 1777 {exchange.path}",
        fixable=exchange.mine,
    )


def find_narrow_mode(exchange: FolderFacts, settings: CourseSettings) -> Verdict:
    """Tell whether nbgrader will refuse the mode; its owner's next release mends it, nobody else's can."""
    if settings.groupshared or exchange.mode is None or exchange.mode & 0o777 == 0o777:
        return None
    mine = exchange.mine
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
        f"{'Run' if exchange.mine else 'Ask the owner to run'}: chmod 1777 {exchange.path}",
        fixable=exchange.mine,
    )


def find_unlistable(exchange: FolderFacts) -> Verdict:
    """Tell whether this user cannot see which courses there are."""
    if exchange.kind != "folder" or os.access(exchange.path, os.R_OK):
        return None
    return Fault(f"You may not list the exchange {exchange.path}.")


def find_foreign_owner(exchange: FolderFacts) -> Verdict:
    """Tell whether the exchange belongs to some other user, who can do anything to it."""
    if exchange.uid is None or exchange.uid in (0, os.geteuid()):
        return None
    owner = user_name(exchange.uid)
    return Fault(
        f"The exchange {exchange.path} belongs to {owner}, who can rename and remove every course in it."
    )


def find_link(exchange: FolderFacts) -> Verdict:
    """Tell where a link leads, and whether others could make it lead elsewhere."""
    if not exchange.link:
        return None
    folder = Path(exchange.path).parent
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        return Fault(f"{exchange.path} is a link in {folder}, where every user can put another in its place.")
    return Holds(f"{exchange.path} is a link to {os.path.realpath(exchange.path)}.")


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
    needs=("exchange.exists", "exchange.ro_mount"),
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
LISTABLE = Check(
    "exchange.listable",
    "You can see which courses the exchange has",
    "exchange",
    "warning",
    "nbgrader's list of assignments stays empty when the exchange cannot be listed.",
    "Ask the owner to give it mode 1777.",
    find_unlistable,
    EVERYONE,
    needs=("exchange.exists",),
)
OWNER = Check(
    "exchange.owner",
    "The exchange belongs to you or to the administrator",
    "exchange",
    "info",
    "The owner of the exchange can do anything to every course in it, whatever its mode.",
    "Nothing, if you trust that user; else ask an administrator to give the folder to root.",
    find_foreign_owner,
    needs=("exchange.exists",),
)
LINK = Check(
    "exchange.link",
    "Nobody can make the exchange lead elsewhere",
    "exchange",
    "warning",
    "Whoever replaces the link decides what students fetch and where their submissions go.",
    "Set c.Exchange.root to the folder that the link leads to, or move the link where only root can write.",
    find_link,
    needs=("exchange.exists",),
)
