"""Checks of the file system that the exchange is on: room, modes, owners, clock."""

from __future__ import annotations

import os

from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.room import find_no_room
from hubgrade_ext.preflight.folder_facts import WITHOUT_MODES, FolderFacts, Mount, SpaceFacts, user_name

FEW_FILES = 1000
VERY_FEW_FILES = 10
CLOCK_S = 5.0


def find_full(exchange: FolderFacts, exchange_space: SpaceFacts) -> Verdict:
    """Tell whether the file system, or the user's quota, is nearly used up."""
    return find_no_room(exchange_space, f"the exchange {exchange.path}")


def find_no_inodes(exchange: FolderFacts, exchange_space: SpaceFacts) -> Verdict:
    """Tell whether the file system can hold hardly any more files."""
    left = exchange_space.free_files
    if left is None:
        return NotApplicable("This file system does not count its files.")
    if left >= FEW_FILES:
        return None
    message = f"The file system of the exchange {exchange.path} can hold only {left} more files."
    return Fault(message, severity="error" if left < VERY_FEW_FILES else None)


def find_read_only(exchange: FolderFacts, exchange_mount: Mount | None) -> Verdict:
    """Tell whether nothing can be written there by anybody."""
    if exchange_mount is None or not exchange_mount.read_only:
        return None
    return Fault(f"The exchange {exchange.path} is on a file system that is mounted read-only.")


def find_no_modes(exchange: FolderFacts, exchange_mount: Mount | None) -> Verdict:
    """Tell whether the file system cannot keep owners and modes."""
    if exchange_mount is None or exchange_mount.fstype not in WITHOUT_MODES:
        return None
    return Fault(
        f"The exchange {exchange.path} is on {exchange_mount.fstype}, which keeps no owners and modes."
    )


def find_network(exchange: FolderFacts, exchange_mount: Mount | None) -> Verdict:
    """Tell whether another machine holds the exchange."""
    if exchange_mount is None or not exchange_mount.is_network:
        return None
    return Fault(f"The exchange {exchange.path} is on a network file system ({exchange_mount.fstype}).")


def find_other_file_system(exchange_mount: Mount | None, course_mount: Mount | None) -> Verdict:
    """Tell whether course and exchange are on different file systems: harmless, and good to know."""
    if exchange_mount is None or course_mount is None or exchange_mount == course_mount:
        return None
    return Holds(
        f"The exchange ({exchange_mount.place}) and the course ({course_mount.place}) are on "
        "different file systems: "
        "that works, and each has its own room."
    )


def find_squash(exchange_space: SpaceFacts) -> Verdict:
    """Tell whether what this user writes there becomes somebody else's."""
    made_by = exchange_space.made_by
    if made_by is None:
        return NotApplicable("No trial file can be made there.")
    if made_by == os.geteuid():
        return None
    return Fault(f"What you write to the exchange belongs to {user_name(made_by)} afterwards, not to you.")


def find_clock(exchange_space: SpaceFacts) -> Verdict:
    """Tell whether the exchange's file server has another time than this machine."""
    ahead_s = exchange_space.clock_ahead_s
    if ahead_s is None:
        return NotApplicable("No trial file can be made there.")
    if abs(ahead_s) <= CLOCK_S:
        return None
    way = "ahead of" if ahead_s > 0 else "behind"
    return Fault(f"The exchange's clock is {abs(ahead_s):.0f} s {way} this machine's.")


RO_MOUNT = Check(
    "exchange.ro_mount",
    "The exchange's file system can be written",
    "exchange",
    "error",
    "On a read-only file system a release dies midway; no mode can change that.",
    "Ask an administrator to mount it writable.",
    find_read_only,
    EVERYONE,
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
INODES = Check(
    "exchange.inodes",
    "The exchange can hold more files",
    "exchange",
    "warning",
    "A file system without free inodes refuses new files although it has room.",
    "Ask an administrator to make room for more files there.",
    find_no_inodes,
    EVERYONE,
    needs=("exchange.exists",),
)
FS_PERMS = Check(
    "exchange.fs_perms",
    "The exchange's file system keeps owners and modes",
    "exchange",
    "error",
    "What students may see and change in the exchange rests on owners and modes alone.",
    "Ask an administrator to put the exchange on ext4, xfs or another Linux file system.",
    find_no_modes,
    EVERYONE,
    needs=("exchange.exists",),
)
NETWORK_FS = Check(
    "exchange.network_fs",
    "The exchange is on this machine",
    "exchange",
    "info",
    "A network file system works; its server's clock decides what is late, and it may change owners.",
    "Nothing, as long as the checks of its clock and of owners are fine.",
    find_network,
    needs=("exchange.exists",),
)
OTHER_FS = Check(
    "exchange.other_fs",
    "Course and exchange may be on different file systems",
    "exchange",
    "info",
    "hubgrade copies between them, and renames only within one.",
    "Nothing.",
    find_other_file_system,
    needs=("exchange.exists",),
)
SQUASH = Check(
    "exchange.squash",
    "What you write to the exchange stays yours",
    "exchange",
    "error",
    "nbgrader asks who owns a folder; where the file server maps users to others, it says “You don't own the "
    "directory”, and all submissions look like one person's.",
    "Ask an administrator to switch off the mapping of users (NFS: no all_squash) for this file system.",
    find_squash,
    EVERYONE,
    needs=("exchange.exists",),
)
CLOCK = Check(
    "exchange.clock",
    "The exchange's clock and this machine's agree",
    "exchange",
    "warning",
    "Whether a submission is late is told by its time; two clocks tell two times.",
    "Ask an administrator to set both clocks by NTP.",
    find_clock,
    EVERYONE,
    needs=("exchange.exists",),
)
