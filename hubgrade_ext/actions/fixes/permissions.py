"""Fixes of modes: chmod on what this user owns, and on nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hubgrade_ext.actions.fixes.changes import Change, MakeFolder, SetMode
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.core.errors import Conflict

EXCHANGE_MODE = 0o1777
INBOUND_MODE = 0o2733
FEEDBACK_MODE = 0o711


def set_mode(path: Path, mode: int) -> list[Change]:
    """Return the change that gives `path` this mode, none when it has it.

    Raises: Conflict when it belongs to somebody else.
    """
    real = path.resolve()
    found = real.stat()
    if stat.S_IMODE(found.st_mode) == mode:
        return []
    if found.st_uid != os.geteuid():
        raise Conflict(f"{real} belongs to somebody else.", f"Ask its owner to run: chmod {mode:o} {real}")
    return [SetMode(str(real), stat.S_IMODE(found.st_mode), mode)]


def without(path: Path, bits: int) -> list[Change]:
    """Return the change that takes these bits from the mode of `path`. Raises: as `set_mode`."""
    return set_mode(path, stat.S_IMODE(path.stat().st_mode) & ~bits)


def plan_close_course(situation: Situation) -> list[Change]:
    """Close the course folder to everybody but its owner, and its group where that shares it."""
    return without(situation.root, 0o007)


def plan_make_exchange(situation: Situation) -> list[Change]:
    """Make the exchange where this user may."""
    path = Path(situation.settings.exchange_root)
    if path.is_dir():
        return []
    if os.path.lexists(path):
        raise Conflict(f"{path} is in the way: it is not a folder.", "Move it away, then look again.")
    if not path.is_absolute() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise Conflict(f"You may not make {path}.", f"Ask an administrator to run: install -d -m 1777 {path}")
    return [MakeFolder(str(path), EXCHANGE_MODE)]


def plan_open_exchange(situation: Situation) -> list[Change]:
    """Give the exchange the mode 1777."""
    return set_mode(Path(situation.settings.exchange_root), EXCHANGE_MODE)


def plan_inbound(situation: Situation) -> list[Change]:
    """Let students put submissions into inbound, and not list it."""
    return set_mode(Path(situation.facts.inbound.folder.path), INBOUND_MODE)


def plan_writable_gradebook(situation: Situation) -> list[Change]:
    """Let the owner write the gradebook and its folder."""
    gradebook = situation.facts.gradebook
    if gradebook.path is None or not gradebook.exists:
        return []
    file = Path(gradebook.path)
    changes: list[Change] = []
    for path, bits in ((file.parent, 0o700), (file, 0o600)):
        changes += set_mode(path, stat.S_IMODE(path.stat().st_mode) | bits)
    return changes


def plan_released(situation: Situation) -> list[Change]:
    """Let everybody read what is released, and nobody else change it."""
    course = situation.facts.exchange_course
    changes: list[Change] = []
    for folder in (course.folder, course.outbound, *course.released):
        if folder.mode is not None and folder.mine:
            changes += set_mode(Path(folder.path), (folder.mode | 0o005) & ~0o002)
    return changes


def plan_feedback(situation: Situation) -> list[Change]:
    """Let students come to their feedback, and not list others'."""
    return set_mode(Path(situation.facts.exchange_course.feedback.path), FEEDBACK_MODE)


def plan_submitted(situation: Situation) -> list[Change]:
    """Take from others the right to change what was collected; what others own stays as it is."""
    mine = [Path(p) for p in situation.facts.open_submissions if os.lstat(p).st_uid == os.geteuid()]
    return [change for path in mine for change in without(path, 0o002)]


def plan_close_gradebook(situation: Situation) -> list[Change]:
    """Close the gradebook to everybody but its owner and group."""
    file = situation.facts.gradebook_file
    return without(Path(file.path), 0o007) if file is not None and file.exists else []


def plan_close_home(situation: Situation) -> list[Change]:
    """Close the home folder to everybody but its owner and group."""
    return without(Path.home(), 0o007)


def plan_configuration(situation: Situation) -> list[Change]:
    """Let the owner read the configuration files, and nobody else change them."""
    changes: list[Change] = []
    for source in situation.config_files:
        mode = stat.S_IMODE(source.path.stat().st_mode)
        if source.path.stat().st_uid == os.geteuid():
            changes += set_mode(source.path, (mode | 0o400) & ~0o002)
    return changes


CLOSE_COURSE = Fix(
    "coursedir.leak", "Close the course folder to other users", "Close the folder", plan_close_course
)
MAKE_EXCHANGE = Fix("exchange.exists", "Make the exchange folder", "Make the folder", plan_make_exchange)
OPEN_EXCHANGE = Fix("exchange.mode", "Open the exchange to everybody", "Change the mode", plan_open_exchange)
STICKY = Fix(
    "exchange.sticky", "Keep students from renaming courses away", "Change the mode", plan_open_exchange
)
INBOUND = Fix("course.inbound_mode", "Set the mode of inbound", "Change the mode", plan_inbound)
GRADEBOOK = Fix(
    "gradebook.writable", "Let yourself write the gradebook", "Change the mode", plan_writable_gradebook
)
WRITABLE_EXCHANGE = Fix(
    "exchange.writable", "Open the exchange to everybody", "Change the mode", plan_open_exchange
)
INBOUND_LEAK = Fix(
    "course.inbound_leak", "Keep students from listing submissions", "Change the mode", plan_inbound
)
OUTBOUND = Fix(
    "course.outbound_mode", "Let students fetch what is released", "Change the mode", plan_released
)
RELEASED = Fix(
    "course.writable_by_others",
    "Keep students from changing what is released",
    "Change the mode",
    plan_released,
)
FEEDBACK = Fix(
    "course.feedback_mode", "Keep students from listing feedback", "Change the mode", plan_feedback
)
SUBMITTED = Fix(
    "coursedir.submitted_writable",
    "Keep others from changing submissions",
    "Change the modes",
    plan_submitted,
)
CLOSE_GRADEBOOK = Fix(
    "gradebook.world_readable", "Close the gradebook to other users", "Change the mode", plan_close_gradebook
)
CLOSE_HOME = Fix(
    "session.home_open", "Close your home folder to other users", "Close the folder", plan_close_home
)
READ_CONFIG = Fix(
    "config.unreadable", "Let yourself read your configuration", "Change the mode", plan_configuration
)
CLOSE_CONFIG = Fix(
    "config.untrusted", "Keep others from changing your configuration", "Change the mode", plan_configuration
)
