"""Plan a fix, carry it out as it was shown, take it back."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from hubgrade_ext.actions.fixes.catalogue import FIXES
from hubgrade_ext.actions.fixes.changes import Change, Undo
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.actions.fixes.records import UNDO, FixFolder, StoredFix, stored_fixes
from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Conflict, CourseBroken, HubgradeError, NotFound
from hubgrade_ext.core.models import FixPlan, FixRecord
from hubgrade_ext.core.settings import CourseSettings

log = logging.getLogger("hubgrade.fixes")
RECORD_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def plan_fix(settings: CourseSettings, fix_id: str) -> FixPlan:
    """Say exactly what a fix would change now.

    Raises: NotFound (no such fix); Conflict (nothing to change, or this user cannot).
    """
    fix = _fix(fix_id)
    return _shown(fix, _changes(fix, settings))


def apply_fix(settings: CourseSettings, fix_id: str, digest: str, by: str = "") -> FixRecord:
    """Carry out a fix if it is still what was shown (`digest`); all of it or nothing.

    `by` is who asked, when that is not the course's own user.
    Raises: NotFound; Conflict (something has changed since it was shown); CourseBroken.
    """
    fix = _fix(fix_id)
    changes = _changes(fix, settings)
    plan = _shown(fix, changes)
    if plan.digest != digest:
        raise Conflict(
            "What this fix would change is no longer what was shown.", "Look at it again, then decide."
        )
    folder = FixFolder(settings)
    folder.make()
    done = _do_all(changes, folder)
    record = FixRecord(
        folder.record_id,
        fix_id,
        fix.title,
        datetime.now(UTC),
        by or settings.username,
        plan.changes,
        plan.reversible,
    )
    undo = [entry for entry in done if isinstance(entry, UNDO)]
    try:
        folder.write(StoredFix(record, undo))
    except HubgradeError:
        _take_back(done)
        raise
    for change in plan.changes:
        log.info("fix %s (%s): %s", record.record_id, fix_id, change.what)
    return record


def undo_fix(settings: CourseSettings, record_id: str) -> FixRecord:
    """Put back what a fix changed, the last change first.

    Raises: NotFound; Conflict (not reversible, undone already, or changed since);
    CourseBroken (undone, but that could not be noted).
    """
    if not RECORD_ID.fullmatch(record_id):
        raise NotFound(f"There is no record of a fix {record_id!r}.", "`hubgrade fix` lists them.")
    folder = FixFolder(settings, record_id)
    stored = folder.read()
    if stored.record.undone_at is not None:
        raise Conflict(f"The fix {record_id} has been undone already.")
    if not stored.record.reversible:
        raise Conflict(f"The fix {record_id} cannot be undone.")
    for entry in reversed(stored.undo):
        with plain_errors("undo the fix", folder.path, Conflict):
            entry.undo()
    record = msgspec.structs.replace(stored.record, undone_at=datetime.now(UTC))
    try:
        folder.write(StoredFix(record, stored.undo))
    except HubgradeError as error:
        raise CourseBroken(
            f"The fix {record_id} is undone, but that could not be noted in {folder.path}.",
            "Make room there, then undo it again: what is undone already stays as it is.",
        ) from error
    log.info("fix %s (%s) undone", record_id, record.fix_id)
    return record


def list_fixes(settings: CourseSettings) -> list[FixRecord]:
    """Return the fixes carried out on the course, newest first."""
    return [stored.record for stored in stored_fixes(settings)]


def _fix(fix_id: str) -> Fix:
    for fix in FIXES:
        if fix.fix_id == fix_id:
            return fix
    raise NotFound(f"There is no fix for {fix_id!r}.", "`hubgrade preflight` says which findings have one.")


def _changes(fix: Fix, settings: CourseSettings) -> list[Change]:
    if settings.root is None:
        raise Conflict("Only an instructor of the course can do this.")
    with plain_errors("look at what is to be fixed", settings.state_dir, Conflict):
        changes = fix.plan(Situation(settings))
    if not changes:
        raise Conflict("There is nothing to change any more.", "Check again.")
    return changes


def _shown(fix: Fix, changes: Sequence[Change]) -> FixPlan:
    exact = msgspec.json.encode([fix.fix_id, os.geteuid(), changes])
    return FixPlan(
        fix.fix_id,
        fix.title,
        fix.button,
        [change.shown for change in changes],
        all(change.reversible for change in changes),
        hashlib.sha256(exact).hexdigest()[:32],
    )


def _do_all(changes: Sequence[Change], folder: FixFolder) -> list[Undo]:
    done: list[Undo] = []
    try:
        for change in changes:
            with plain_errors("carry out the fix", folder.path):
                undo = change.do(folder.keep)
            if undo is not None:
                done.append(undo)
    except BaseException:  # whoever ends this process, too: all of it or nothing
        _take_back(done)
        raise
    return done


def _take_back(done: Sequence[Undo]) -> None:
    for entry in reversed(done):
        try:
            entry.undo()
        except (HubgradeError, OSError) as error:
            log.error("a change of an unfinished fix could not be taken back: %s", error)
