"""Checks of the gradebook as a file: there, not empty, closed to others, on a file system that fits."""

from __future__ import annotations

from datetime import UTC, datetime

from hubgrade_ext.preflight.check import Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.room import find_no_room
from hubgrade_ext.preflight.course_facts import CourseFolders
from hubgrade_ext.preflight.gradebook_facts import GradebookFacts
from hubgrade_ext.preflight.gradebook_file_facts import GradebookFile

IN_SERVER = NotApplicable("The gradebook is in a database server.")
NOT_YET = NotApplicable("There is no gradebook yet; the first assignment that is generated makes one.")
DAY_S = 86_400.0
OLD_COPY_DAYS = 14


def find_lost(gradebook_file: GradebookFile | None, steps: CourseFolders) -> Verdict:
    """Tell whether the course has been worked on, and its gradebook is not where it should be."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook_file.exists:
        return None
    if not steps.steps_used:
        return NOT_YET
    others = ", ".join(gradebook_file.elsewhere)
    found = f"There is one in {others}." if others else ""
    remedy = f"If {others} is the right one, move it to {gradebook_file.path}." if others else ""
    used = " and ".join(steps.steps_used)
    return Fault(
        f"There is no gradebook {gradebook_file.path}, though {used} is in use. {found}".rstrip(), remedy
    )


def find_empty(gradebook: GradebookFacts) -> Verdict:
    """Tell whether the file has nothing in it."""
    if gradebook.path is None or not gradebook.exists:
        return NOT_YET
    return Fault(f"The gradebook {gradebook.path} is an empty file.") if gradebook.empty else None


def find_read_only(gradebook_file: GradebookFile | None) -> Verdict:
    """Tell whether nobody can write where the gradebook is."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook_file.mount is None or not gradebook_file.mount.read_only:
        return None
    return Fault(f"The gradebook {gradebook_file.path} is on a file system that is mounted read-only.")


def find_network(gradebook_file: GradebookFile | None) -> Verdict:
    """Tell whether SQLite's locks have to cross a network."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook_file.mount is None or not gradebook_file.mount.is_network:
        return None
    kind = gradebook_file.mount.fstype
    return Fault(f"The gradebook {gradebook_file.path} is on a network file system ({kind}).")


def find_shared_memory(gradebook: GradebookFacts, gradebook_file: GradebookFile | None) -> Verdict:
    """Tell whether the gradebook is in a mode that works on one machine only, and is on a network."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook.probe is None:
        return NOT_YET
    mount = gradebook_file.mount
    if not gradebook.probe.wal or mount is None or not mount.is_network:
        return None
    return Fault(
        f"The gradebook {gradebook_file.path} is in SQLite's mode WAL, on a network file system "
        f"({mount.fstype}).",
        f'When nobody works on the course, run: sqlite3 {gradebook_file.path} "PRAGMA journal_mode = DELETE"',
    )


def find_full(gradebook_file: GradebookFile | None) -> Verdict:
    """Tell whether the gradebook has no room to grow."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook_file.space is None:
        return NOT_YET
    return find_no_room(gradebook_file.space, f"the gradebook {gradebook_file.path}")


def find_exposed(gradebook_file: GradebookFile | None) -> Verdict:
    """Tell whether every user of the machine can read the grades."""
    if gradebook_file is None:
        return IN_SERVER
    if not gradebook_file.exposed:
        return None
    return Fault(
        f"Every user of this machine can read the gradebook {gradebook_file.path}.",
        f"{'Run' if gradebook_file.mine else 'Ask its owner to run'}: chmod o-rwx {gradebook_file.path}",
        fixable=gradebook_file.mine,
    )


def find_hot_journal(gradebook: GradebookFacts) -> Verdict:
    """Tell whether somebody died while writing."""
    if gradebook.probe is None:
        return NOT_YET
    if gradebook.probe.problem != "hot_journal":
        return None
    return Fault(f"A program ended while it was writing to the gradebook {gradebook.path}.")


def find_old_copy(gradebook_file: GradebookFile | None, steps: CourseFolders) -> Verdict:
    """Tell whether the gradebook has changed for a long time without a copy being made."""
    if gradebook_file is None:
        return IN_SERVER
    if gradebook_file.changed_at is None:
        return NOT_YET
    copied_at = gradebook_file.copied_at
    if copied_at is None and not steps.steps_used:
        return NotApplicable("Nothing has been graded yet.")
    if copied_at is None:
        return Fault(f"There is no copy of the gradebook {gradebook_file.path}.")
    when = f"{datetime.fromtimestamp(copied_at, UTC):%Y-%m-%d %H:%M} UTC"
    if gradebook_file.changed_at - copied_at > OLD_COPY_DAYS * DAY_S:
        return Fault(f"The newest copy of the gradebook is from {when}, and it has changed since.")
    return Holds(f"The newest copy of the gradebook is from {when}.")


EXISTS = Check(
    "gradebook.exists",
    "The gradebook is where the course expects it",
    "gradebook",
    "error",
    "nbgrader makes a new, empty gradebook without a word when the file is not there: all grades seem lost.",
    "Look for gradebook.db elsewhere and move it here, or restore it from a copy, before "
    "anything else is done.",
    find_lost,
    needs=("coursedir.writable",),
)
EMPTY = Check(
    "gradebook.empty",
    "The gradebook is not an empty file",
    "gradebook",
    "warning",
    "nbgrader fills an empty file with empty tables: if there were grades, they are gone.",
    "Restore the gradebook from a copy; if there never were grades, nothing.",
    find_empty,
)
RO_MOUNT = Check(
    "gradebook.ro_mount",
    "The gradebook's file system can be written",
    "gradebook",
    "error",
    "On a read-only file system no grade can be recorded; no mode can change that.",
    "Ask an administrator to mount it writable, or move the course.",
    find_read_only,
)
NETWORK_FS = Check(
    "gradebook.network_fs",
    "The gradebook is on this machine",
    "gradebook",
    "warning",
    "SQLite's locks do not hold on every network file system: two writers at once can damage the file.",
    "Work on the course from one session at a time, or put the gradebook into a database server "
    "(c.CourseDirectory.db_url).",
    find_network,
)
WAL_NETWORK = Check(
    "gradebook.wal_network",
    "The gradebook's journal fits where it is",
    "gradebook",
    "error",
    "In the mode WAL, SQLite's programs share memory: on two machines each sees grades of its own, and the "
    "file is damaged.",
    "Set its journal_mode to DELETE.",
    find_shared_memory,
    needs=("gradebook.reachable",),
)
SPACE = Check(
    "gradebook.space",
    "The gradebook has room",
    "gradebook",
    "warning",
    "Each grade takes room, and SQLite as much again while it writes.",
    "Make room on that file system.",
    find_full,
)
WORLD_READABLE = Check(
    "gradebook.world_readable",
    "Other users of this machine cannot read the grades",
    "gradebook",
    "warning",
    "The gradebook holds every grade and comment.",
    "Take the right from others: chmod o-rwx.",
    find_exposed,
)
HOT_JOURNAL = Check(
    "gradebook.hot_journal",
    "Nobody ended while writing to the gradebook",
    "gradebook",
    "info",
    "SQLite keeps what it needs to undo the unfinished change, and does so with the next write.",
    "Nothing; do not remove the file that ends in -journal.",
    find_hot_journal,
)
BACKUP = Check(
    "gradebook.backup_age",
    "There is a recent copy of the gradebook",
    "gradebook",
    "info",
    "hubgrade copies the gradebook before it replaces what is in it; grades given by hand since "
    "then are in no copy.",
    "Copy the gradebook.",
    find_old_copy,
)
