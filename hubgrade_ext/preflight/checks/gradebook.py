"""Checks of the gradebook: a file or a database server that must open, let you write, and be nbgrader's."""

from __future__ import annotations

import sys

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.gradebook_facts import GradebookFacts

ELSEWHERE = NotApplicable("The gradebook is in a database server, which sees to this itself.")
NOT_YET = NotApplicable("There is no gradebook yet; the first assignment that is generated makes one.")
UNTOLD = NotApplicable("The gradebook could not be read, or did not answer in time: this could not be told.")


def find_unreachable(gradebook: GradebookFacts) -> Verdict:
    """Tell why the database server does not let us in."""
    if gradebook.path is not None or gradebook.probe is None:
        return None
    if gradebook.probe.problem == "unreadable":
        return Fault(gradebook.probe.detail)
    return None


def find_unwritable(gradebook: GradebookFacts) -> Verdict:
    """Tell whether the file, or the folder that SQLite's journal needs, or the server refuses writing."""
    if gradebook.path is None:
        if gradebook.probe is not None and not gradebook.probe.writable:
            return Fault(
                f"You may not write to the gradebook {gradebook.server}.",
                "Ask the database's administrator to make this role the owner of the database.",
            )
        return None
    if gradebook.exists and not gradebook.readable:
        return Fault(f"You may not read the gradebook {gradebook.path}.")
    if gradebook.exists and not gradebook.writable:
        return Fault(f"You may not write to the gradebook {gradebook.path}.")
    if not gradebook.folder_writable:
        return Fault(f"You may not write to the folder of the gradebook {gradebook.path}, and SQLite must.")
    return None


def find_locked(gradebook: GradebookFacts) -> Verdict:
    """Tell who holds the lock."""
    if gradebook.path is None:
        return ELSEWHERE
    if gradebook.locked_by is not None:
        return Fault(f"The gradebook {gradebook.path} is locked by {gradebook.locked_by}.")
    if gradebook.probe is not None and gradebook.probe.problem == "locked":
        return Fault(f"The gradebook {gradebook.path} is locked by a process that cannot be seen from here.")
    return None


def find_corrupt(gradebook: GradebookFacts) -> Verdict:
    """Tell what SQLite finds wrong with the file."""
    if gradebook.path is None:
        return ELSEWHERE
    if gradebook.probe is None:
        return NOT_YET
    match gradebook.probe.problem:
        case "corrupt" | "unreadable":
            return Fault(f"The gradebook {gradebook.path} cannot be read: {gradebook.probe.detail}.")
        case "timeout":
            return UNTOLD
        case "hot_journal":
            return NotApplicable("A writer died; the next one undoes its unfinished change.")
        case _:
            return None


def find_no_tables(gradebook: GradebookFacts) -> Verdict:
    """Tell whether the database is not a gradebook."""
    if gradebook.probe is None or gradebook.empty:
        return NOT_YET
    if gradebook.probe.problem != "ok":
        return UNTOLD
    if gradebook.probe.has_tables:
        return None
    return Fault(f"The database {gradebook.name} is not a gradebook: it has no table of submissions.")


def find_old_revision(gradebook: GradebookFacts) -> Verdict:
    """Compare the database's schema version with nbgrader's."""
    probe = gradebook.probe
    if probe is None or probe.problem != "ok" or gradebook.empty:
        return NOT_YET if probe is None or gradebook.empty else UNTOLD
    if not probe.versions:
        if not probe.complete and gradebook.path is not None:
            old = "has the schema of an nbgrader before 0.5"
            return Fault(f"The gradebook {gradebook.name} {old}.", severity="error")
        return Fault(
            f"The gradebook {gradebook.name} has no schema version.",
            "Before the next upgrade of nbgrader, run `alembic stamp` on it with nbgrader's migrations; "
            "until then it works.",
        )
    if gradebook.head in probe.versions:
        return None
    if not set(probe.versions) & set(gradebook.known):
        return Fault(
            f"The gradebook {gradebook.name} was made by a newer nbgrader (schema {probe.versions[0]}).",
            "Upgrade nbgrader to the version that made it.",
            fixable=False,
        )
    message = f"The gradebook {gradebook.name} has the schema {probe.versions[0]} of an older nbgrader."
    return Fault(message, severity="error")


def find_no_alembic(alembic: str | None) -> Verdict:
    """Tell whether nbgrader could not write a schema version."""
    if alembic is not None:
        return None
    return Fault(f"The program alembic is neither beside {sys.executable} nor on PATH.")


REACHABLE = Check(
    "gradebook.reachable",
    "The gradebook can be reached",
    "gradebook",
    "error",
    "Without it no page has grades, and nothing can be generated or graded.",
    "Check c.CourseDirectory.db_url, and that its database server runs and lets this role in.",
    find_unreachable,
)
WRITABLE = Check(
    "gradebook.writable",
    "You may write to the gradebook and its folder",
    "gradebook",
    "error",
    "Every step from generating on writes it; SQLite needs a journal beside the file.",
    "Run chmod u+w on file and folder when you own them, else ask the owner.",
    find_unwritable,
    needs=("gradebook.reachable",),
)
LOCKED = Check(
    "gradebook.locked",
    "No other process keeps the gradebook locked",
    "gradebook",
    "error",
    "While another process holds the lock nothing can be recorded, and nbgrader's own commands fail.",
    "Wait until that process has finished, or end it.",
    find_locked,
    needs=("gradebook.writable",),
)
CORRUPT = Check(
    "gradebook.corrupt",
    "The gradebook is whole",
    "gradebook",
    "error",
    "It holds every grade; a damaged file can lose more with each write.",
    "Stop working on the course and restore the gradebook from a backup, or try `sqlite3 FILE .recover`.",
    find_corrupt,
    needs=("gradebook.writable", "gradebook.locked"),
)
TABLES = Check(
    "gradebook.tables",
    "The gradebook is a database of nbgrader",
    "gradebook",
    "error",
    "Grades would go to a database that is something else.",
    "Set c.CourseDirectory.db_url to the gradebook.",
    find_no_tables,
    # not of gradebook.corrupt, which cannot be told of a server; of a damaged file this can tell nothing
    needs=("gradebook.writable",),
)
REVISION = Check(
    "gradebook.revision",
    "The gradebook's schema is that of the installed nbgrader",
    "gradebook",
    "warning",
    "With an older schema nbgrader stops at a missing column; without a version it can never be upgraded.",
    "Make a copy of the gradebook, then run `nbgrader db upgrade` in the course folder.",
    find_old_revision,
    needs=("gradebook.tables",),
)
ALEMBIC = Check(
    "gradebook.alembic_path",
    "nbgrader can find alembic",
    "gradebook",
    "error",
    "Without it, nbgrader makes a new gradebook without a schema version, which can never be upgraded.",
    "Install it beside this Python: python -m pip install alembic.",
    find_no_alembic,
)
