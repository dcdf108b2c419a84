"""Fixes of the gradebook: bring its schema up to date."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.actions.fixes.changes import AGAIN, Change, Keep
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.core.errors import Busy, Conflict, GradebookBroken, HubgradeError
from hubgrade_ext.core.models import FixChange
from hubgrade_ext.core.programs import programs_on_path

log = logging.getLogger("hubgrade.fixes")
WAIT_S = 5.0
LATE_PENALTY = "late_submission_penalty"
# what no upgrade may change the number of
COUNTED = ("student", "assignment", "submitted_assignment", "grade", "comment")


class GradebookBefore(Struct, frozen=True, tag="gradebook"):
    """The gradebook had another schema; the whole of it is kept in `kept`."""

    path: str
    kept: str
    digest_now: str

    def undo(self) -> None:
        """Put the old gradebook back, if nothing has been recorded since."""
        if _digest(Path(self.path)) != self.digest_now:
            raise Conflict(
                "The gradebook has been written to since; putting the old one back would lose that.",
                f"The old one is {self.kept}.",
            )
        # of an empty file, SQLite would make an empty gradebook
        if not Path(self.kept).is_file() or not _state(Path(self.kept)).counts:
            raise Conflict(f"The gradebook as it was is gone: {self.kept}.", "The one there is stays.")
        _copy(Path(self.kept), Path(self.path))


class UpgradeGradebook(Struct, frozen=True, tag="upgrade_gradebook"):
    """Bring the schema up to the installed nbgrader's; a copy is kept, and put back when it goes wrong.

    Source: nbgrader 0.9.6 `DbUpgradeApp`, which copies and upgrades, but neither verifies nor restores.
    """

    path: str
    old: str
    new: str
    stamp: bool = False
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Say it as nbgrader's command would have it."""
        if self.stamp:
            return FixChange(
                f"Copy the gradebook {self.path}, and write the schema version {self.new} into it: "
                "its tables have that schema already.",
                f"alembic stamp {self.new}",
            )
        old = self.old or "that of an nbgrader before 0.5"
        return FixChange(
            f"Copy the gradebook {self.path}, bring its schema from {old} to {self.new}, and verify it.",
            "nbgrader db upgrade",
        )

    def do(self, keep: Keep) -> GradebookBefore:
        """Copy, upgrade, verify; put the copy back when either of the last two fails."""
        path, kept = Path(self.path), keep(Path(self.path).name)
        before = _state(path)
        if before.version != self.old:
            raise Conflict("The gradebook's schema has changed in the meantime.", AGAIN)
        _copy(path, kept)
        try:
            if self.stamp:
                _stamp(path, self.new)
            else:
                _add_what_came_before_versions(path)
                _upgrade(path)
            after = _state(path)
            if after.version != self.new or after.counts != before.counts:
                raise GradebookBroken("The upgraded gradebook is not what it should be.")
        except BaseException as error:  # whoever ends this process must not leave half an upgrade either
            _put_back(kept, path)
            if not isinstance(error, HubgradeError | OSError):
                raise
            raise GradebookBroken(
                f"The gradebook could not be upgraded ({error}), and is as it was before.",
                f"A copy of it is {kept}. Close what else is using it, and try again.",
            ) from error
        return GradebookBefore(self.path, str(kept), _digest(path))


class CopyMade(Struct, frozen=True, tag="gradebook_copy"):
    """There was no such copy."""

    path: str

    def undo(self) -> None:
        """Remove the copy."""
        Path(self.path).unlink(missing_ok=True)


class CopyGradebook(Struct, frozen=True, tag="copy_gradebook"):
    """Keep a copy of the gradebook as it is now."""

    path: str
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Say what is copied."""
        return FixChange(f"Copy the gradebook {self.path} into the course's folder .hubgrade/fixes.")

    def do(self, keep: Keep) -> CopyMade:
        """Copy it."""
        kept = keep(Path(self.path).name)
        _copy(Path(self.path), kept)
        return CopyMade(str(kept))


class _State(Struct, frozen=True):
    version: str
    counts: list[int]


@contextmanager
def _plain(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise GradebookBroken(
                f"The gradebook {path} cannot be used: {error}.",
                f"See that {path.parent} may be written and that the disk has room.",
            ) from error
        raise Busy("Another program has the gradebook locked.", "Close it, then try again.") from error
    except sqlite3.DatabaseError as error:
        raise GradebookBroken(f"The gradebook {path} cannot be used: {error}.") from error


def _state(path: Path) -> _State:
    """Return schema version and numbers of rows. Raises: GradebookBroken, Busy."""
    with _plain(path), closing(sqlite3.connect(path, timeout=WAIT_S)) as db:
        faults = [row[0] for row in db.execute("pragma quick_check(5)")]
        if faults != ["ok"]:
            raise GradebookBroken(f"The gradebook {path} is damaged: {faults[0]}.")
        tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        has_version = "alembic_version" in tables
        rows = db.execute("select version_num from alembic_version").fetchall() if has_version else []
        counts = [
            db.execute(f'select count(*) from "{table}"').fetchone()[0]
            for table in COUNTED
            if table in tables
        ]
    return _State(str(rows[0][0]) if rows else "", counts)


def _stamp(path: Path, version: str) -> None:
    """Write a schema version, as `alembic stamp` does."""
    with _plain(path), closing(sqlite3.connect(path, timeout=WAIT_S)) as db, db:
        db.execute(
            "create table if not exists alembic_version (version_num varchar(32) not null primary key)"
        )
        db.execute("insert into alembic_version values (?)", (version,))


def _add_what_came_before_versions(path: Path) -> None:
    """Add the one column that nbgrader 0.3 brought; its migrations begin with the schema after that.

    Source: `nbgrader.api` of nbgrader 0.2.2, 0.3.3 and 0.4.0.
    """
    with _plain(path), closing(sqlite3.connect(path, timeout=WAIT_S)) as db, db:
        columns = {row[1] for row in db.execute("pragma table_info(submitted_notebook)")}
        if columns and LATE_PENALTY not in columns:
            db.execute(f"alter table submitted_notebook add column {LATE_PENALTY} float")


def _upgrade(path: Path) -> None:
    # the server lists the fixes, and never imports nbgrader
    from nbgrader import dbutil

    programs_on_path()  # nbgrader runs alembic by its name
    with dbutil._temp_alembic_ini(f"sqlite:///{path}") as ini:
        done = subprocess.run(
            ["alembic", "-c", ini, "upgrade", "head"], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        log.error("alembic upgrade failed on %s:\n%s", path, done.stderr)
        raise GradebookBroken(done.stderr.strip().rpartition("\n")[2] or "alembic failed")


def _copy(source: Path, target: Path) -> None:
    """Make one database the copy of another, under SQLite's locks: whoever has it open sees it whole."""
    with (
        _plain(target),
        # only to be read: else a missing source would be made, and the target emptied
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_S)) as old,
        closing(sqlite3.connect(target, timeout=WAIT_S)) as new,
    ):
        # backup() itself does not wait for a lock: take the read lock first, patiently
        old.execute("select count(*) from sqlite_master").fetchone()
        old.backup(new)


def _put_back(kept: Path, path: Path) -> None:
    try:
        _copy(kept, path)
    except HubgradeError as error:
        raise GradebookBroken(
            f"The upgrade failed, and the gradebook as it was could not be put back: {error.message}",
            f"Close what else uses it, then copy {kept} to {path}.",
        ) from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plan_upgrade(situation: Situation) -> list[Change]:
    """Upgrade a gradebook whose schema is one of an older nbgrader's."""
    gradebook = situation.facts.gradebook
    probe = gradebook.probe
    if gradebook.path is None or probe is None or probe.problem != "ok":
        raise Conflict(
            "The gradebook cannot be looked into now, or is not an SQLite file.",
            "Run `nbgrader db upgrade` in the course folder.",
        )
    old = probe.versions[0] if probe.versions else ""
    if not old:
        return [UpgradeGradebook(gradebook.path, "", gradebook.head, stamp=probe.complete)]
    if old == gradebook.head:
        return []
    if old not in gradebook.known:
        raise Conflict(
            f"The installed nbgrader does not know the schema {old}.",
            "Upgrade nbgrader to the version that made this gradebook.",
        )
    return [UpgradeGradebook(gradebook.path, old, gradebook.head)]


def plan_copy(situation: Situation) -> list[Change]:
    """Copy a gradebook that is a file and can be read."""
    gradebook = situation.facts.gradebook
    if gradebook.path is None or not gradebook.exists or gradebook.empty:
        return []
    if gradebook.probe is None or gradebook.probe.problem != "ok":
        raise Conflict("The gradebook cannot be read now.", "Look at what the other checks say of it first.")
    return [CopyGradebook(gradebook.path)]


UPGRADE = Fix("gradebook.revision", "Upgrade the gradebook's schema", "Upgrade the gradebook", plan_upgrade)
COPY = Fix("gradebook.backup_age", "Copy the gradebook", "Copy the gradebook", plan_copy)
