"""Checks that recognise a configuration of 2015, and say what has taken its place."""

from __future__ import annotations

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict

SHOWN = 4
NOT_GIVEN = NotApplicable("The configuration was not read for this report.")
_STUDENTS = "the gradebook has the students; `hubgrade admin migrate-config` shows the commands that add them"
_DUE_DATES = "the gradebook has the due dates: set them on the course page"
# sections that nbgrader 0.5 dropped, or keys of them where they differ: what does their work today
REMOVED: dict[str, str] = {
    "HubAuth.graders": "graders are those who may write the course folder, or the members of the hub's group "
    "formgrade-COURSE",
    "HubAuth.hub_db": "nothing but the hub itself writes the hub's database today; nobody else "
    "needs the right to",
    "HubAuth.generate_hubapi_token": "the hub gives every session a token of its own",
    "HubAuth.proxy_token": "the proxy's token stays with the hub",
    "HubAuth.hub_address": "the administrator sets c.JupyterHub.public_url",
    "HubAuth": "formgrader runs in the session that the hub has logged in",
    "FormgradeApp": "formgrader is a part of the Jupyter server: open it from the course page",
    "Formgrade": "formgrader is a part of the Jupyter server: open it from the course page",
    "NoAuth": "the Jupyter server's own login counts",
    "NbGrader.db_students": _STUDENTS,
    "CourseDirectory.db_students": _STUDENTS,
    "NbGrader.db_assignments": _DUE_DATES,
    "CourseDirectory.db_assignments": _DUE_DATES,
    "CheckApp": "`nbgrader validate` has taken its place",
}


def removed_by(name: str) -> str:
    """Return what has taken the place of a key that nbgrader dropped; '' for any other key."""
    section = name.partition(".")[0]
    return REMOVED.get(name) or REMOVED.get(section, "")


def is_removed(name: str) -> bool:
    """Say whether nbgrader once knew this key."""
    return bool(removed_by(name))


def find_outdated(config: ConfigPage | None) -> Verdict:
    """Name keys that nbgrader still reads under their new names."""
    if config is None:
        return NOT_GIVEN
    old = [setting for setting in config.settings if setting.replaced_by]
    if not old:
        return None
    named = [f"{s.name} in {s.source} is {s.replaced_by} today" for s in old[:SHOWN]]
    more = f"; and {len(old) - SHOWN} more" if len(old) > SHOWN else ""
    return Fault(f"{'; '.join(named)}{more}.")


def find_removed(config: ConfigPage | None) -> Verdict:
    """Name keys that have no effect any more, with what does their work."""
    if config is None:
        return NOT_GIVEN
    gone = [key for key in config.unknown if is_removed(key.name)]
    if not gone:
        return None
    by_successor: dict[str, list[str]] = {}
    for key in gone:
        by_successor.setdefault(removed_by(key.name), []).append(key.name)
    told = "; ".join(f"{', '.join(names)} ({instead})" for instead, names in by_successor.items())
    return Fault(f"In {gone[0].source} nothing heeds {told}.")


OUTDATED = Check(
    "config.outdated",
    "Every configured key has its present name",
    "configuration",
    "warning",
    "nbgrader still reads the old names, with a warning; a later version will not.",
    "Write the new names.",
    find_outdated,
    needs=("config.syntax",),
)
REMOVED_KEYS = Check(
    "config.removed",
    "No key is configured that nbgrader has dropped",
    "configuration",
    "warning",
    "nbgrader gave up its own formgrader server, its logins, and lists of people and assignments in its "
    "configuration; what is configured for them does nothing, and looks as if it did.",
    "Remove these lines.",
    find_removed,
    needs=("config.syntax",),
)
