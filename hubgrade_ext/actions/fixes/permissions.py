"""Fixes of modes: chmod on what this user owns, and on nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from hubgrade_ext.actions.fixes.changes import Change, MakeFolder, SetMode
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.core.errors import Conflict

EXCHANGE_MODE = 0o1777


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


def plan_submitted(situation: Situation) -> list[Change]:
    """Take from others the right to change what was collected; what others own stays as it is."""
    mine = [Path(p) for p in situation.facts.open_submissions if os.lstat(p).st_uid == os.geteuid()]
    return [change for path in mine for change in without(path, 0o002)]


def plan_close_gradebook(situation: Situation) -> list[Change]:
    """Close the gradebook to everybody but its owner and group."""
    file = situation.facts.gradebook_file
    return without(Path(file.path), 0o007) if file is not None and file.exists else []


def plan_configuration(situation: Situation) -> list[Change]:
    """Let the owner read the configuration files, and nobody else change them."""
    changes: list[Change] = []
    for source in situation.config_files:
        mode = stat.S_IMODE(source.path.stat().st_mode)
        if source.path.stat().st_uid == os.geteuid():
            changes += set_mode(source.path, (mode | 0o400) & ~0o002)
    return changes


def _given(mode: int, where: Callable[[Situation], str]) -> Callable[[Situation], list[Change]]:
    """Return what plans this mode for one path."""
    return lambda situation: set_mode(Path(where(situation)), mode)


def _closed(where: Callable[[Situation], Path]) -> Callable[[Situation], list[Change]]:
    """Return what plans to close one path to everybody but its owner, and its group where that shares it."""
    return lambda situation: without(where(situation), 0o007)


_OPEN_EXCHANGE = _given(EXCHANGE_MODE, lambda situation: situation.settings.exchange_root)
# students put submissions into it, and do not list it
_INBOUND = _given(0o2733, lambda situation: situation.facts.inbound.folder.path)
# students come to their own, and do not list others'
_FEEDBACK = _given(0o711, lambda situation: situation.facts.exchange_course.feedback.path)
_MODE, _CLOSE = "Change the mode", "Close the folder"

# the check, what is done in a few words, the button, what plans it
PERMISSIONS = tuple(
    Fix(*row)
    for row in (
        ("coursedir.leak", "Close the course folder to other users", _CLOSE, _closed(lambda s: s.root)),
        ("exchange.exists", "Make the exchange folder", "Make the folder", plan_make_exchange),
        ("exchange.mode", "Open the exchange to everybody", _MODE, _OPEN_EXCHANGE),
        ("exchange.sticky", "Keep students from renaming courses away", _MODE, _OPEN_EXCHANGE),
        ("exchange.writable", "Open the exchange to everybody", _MODE, _OPEN_EXCHANGE),
        ("course.inbound_mode", "Set the mode of inbound", _MODE, _INBOUND),
        ("course.inbound_leak", "Keep students from listing submissions", _MODE, _INBOUND),
        ("course.outbound_mode", "Let students fetch what is released", _MODE, plan_released),
        ("course.writable_by_others", "Keep students from changing what is released", _MODE, plan_released),
        ("course.feedback_mode", "Keep students from listing feedback", _MODE, _FEEDBACK),
        ("coursedir.submitted_writable", "Keep others from changing submissions", _MODE, plan_submitted),
        ("gradebook.writable", "Let yourself write the gradebook", _MODE, plan_writable_gradebook),
        ("gradebook.world_readable", "Close the gradebook to other users", _MODE, plan_close_gradebook),
        (
            "session.home_open",
            "Close your home folder to other users",
            _CLOSE,
            _closed(lambda _: Path.home()),
        ),
        ("config.unreadable", "Let yourself read your configuration", _MODE, plan_configuration),
        ("config.untrusted", "Keep others from changing your configuration", _MODE, plan_configuration),
    )
)
