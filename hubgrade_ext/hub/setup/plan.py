"""What would be done: every artifact compared with the disk. Looks, and writes nothing."""

from __future__ import annotations

import difflib
import os
import pwd
import stat
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hubgrade_ext.core.errors import Forbidden
from hubgrade_ext.core.secrets_masked import mask_lines
from hubgrade_ext.hub.setup.artifacts import MARK, Artifact, FileArtifact, FolderArtifact

Action = Literal["none", "create", "change", "adjust", "wait", "refuse"]
MAX_BYTES = 4 << 20


class PlannedItem(Struct, frozen=True):
    """One file or folder.

    `action` is `none` (as it should be), `create`, `change` (its text; `diff` says what), `adjust` (owner or
    mode; `was` says from what), `wait` (its owner's account is missing) or `refuse` (`reason` says why).
    """

    path: str
    kind: Literal["file", "folder"]
    action: Action
    mode: str
    owner: str
    was: str = ""
    diff: str = ""
    reason: str = ""


class Plan(Struct, frozen=True):
    """All items, the commands that remain for the administrator, and what to mind."""

    items: list[PlannedItem]
    commands: list[str]
    notes: list[str]

    @property
    def changes(self) -> list[PlannedItem]:
        """What is not yet as it should be."""
        return [item for item in self.items if item.action != "none"]

    @property
    def refused(self) -> list[PlannedItem]:
        """What stands in the way."""
        return [item for item in self.items if item.action == "refuse"]


def on_disk(path: str, prefix: Path) -> Path:
    """Return where an artifact's path lies below the prefix."""
    return prefix / path.lstrip("/")


def plan_items(artifacts: list[Artifact], prefix: Path = Path("/")) -> list[PlannedItem]:
    """Compare every artifact with the disk.

    Raises: Forbidden when something cannot be looked at.
    """
    try:
        return [_planned(a, on_disk(a.path, prefix), sets_owners(prefix)) for a in artifacts]
    except PermissionError as fault:
        raise Forbidden(
            f"{fault.filename} can be looked at by root only.", "Run the command with sudo."
        ) from fault


def sets_owners(prefix: Path) -> bool:
    """Say whether owners are looked at and set: by root, and not below a prefix, which may be for a machine
    that has other accounts."""
    return os.geteuid() == 0 and prefix == Path("/")


def account_exists(name: str) -> bool:
    """Say whether the machine knows an account of this name."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _planned(artifact: Artifact, path: Path, owners: bool) -> PlannedItem:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _missing(artifact, owners)
    if isinstance(artifact, FileArtifact):
        return _file(artifact, path, found, owners)
    return _folder(artifact, found, owners)


def _missing(artifact: Artifact, owners: bool) -> PlannedItem:
    waits = owners and not account_exists(artifact.owner)
    reason = f"the account {artifact.owner} does not exist yet" if waits else ""
    diff = ""
    if isinstance(artifact, FileArtifact):
        diff = "(a new random token, never shown)" if artifact.policy == "secret" else _diff(artifact, "")
    return _item(artifact, "wait" if waits else "create", diff=diff, reason=reason)


def _file(artifact: FileArtifact, path: Path, found: os.stat_result, owners: bool) -> PlannedItem:
    if artifact.policy == "once":
        return _item(artifact, "none")
    if not stat.S_ISREG(found.st_mode):
        return _item(artifact, "refuse", reason="it is not a plain file (a link?): move it away")
    if artifact.policy == "own":
        if found.st_size > MAX_BYTES:
            return _item(artifact, "refuse", reason="it is too large to be a file of ours: move it away")
        text = path.read_bytes().decode(errors="backslashreplace")
        if not text.startswith(MARK):
            return _item(artifact, "refuse", reason=_not_ours(artifact.path))
        if text != artifact.text:
            was = "" if _is_right(artifact, found, owners) else _state(found)
            return _item(artifact, "change", was=was, diff=_diff(artifact, text))
    return _adjusted(artifact, found, owners)


def _folder(artifact: FolderArtifact, found: os.stat_result, owners: bool) -> PlannedItem:
    if not stat.S_ISDIR(found.st_mode):
        reason = "it is not a folder (a link?): name the real folder in the settings, or move it away"
        return _item(artifact, "refuse", reason=reason)
    if artifact.policy == "once":
        return _item(artifact, "none")
    if owners and not account_exists(artifact.owner):
        return _item(artifact, "wait", reason=f"the account {artifact.owner} does not exist yet")
    return _adjusted(artifact, found, owners)


def _adjusted(artifact: Artifact, found: os.stat_result, owners: bool) -> PlannedItem:
    if _is_right(artifact, found, owners):
        return _item(artifact, "none")
    return _item(artifact, "adjust", was=_state(found))


def _is_right(artifact: Artifact, found: os.stat_result, owners: bool) -> bool:
    right_owner = not owners or found.st_uid == pwd.getpwnam(artifact.owner).pw_uid
    return right_owner and stat.S_IMODE(found.st_mode) == artifact.mode


def _not_ours(path: str) -> str:
    remedy = "move it away, then run this again"
    if path.endswith("nbgrader_config.py"):
        remedy = f"see `hubgrade admin migrate-config {path}`, move it away, then run this again"
    return f"hubgrade did not write it and leaves it alone: {remedy}"


def _state(found: os.stat_result) -> str:
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = str(found.st_uid)
    return f"{stat.S_IMODE(found.st_mode):04o} {owner}"


def _diff(artifact: FileArtifact, old: str) -> str:
    lines = difflib.unified_diff(
        mask_lines(old).splitlines(),
        mask_lines(artifact.text).splitlines(),
        f"{artifact.path} (now)" if old else "/dev/null",
        artifact.path,
        lineterm="",
    )
    return "\n".join(lines)


def _item(artifact: Artifact, action: Action, was: str = "", diff: str = "", reason: str = "") -> PlannedItem:
    kind: Literal["file", "folder"] = "file" if isinstance(artifact, FileArtifact) else "folder"
    return PlannedItem(artifact.path, kind, action, f"{artifact.mode:04o}", artifact.owner, was, diff, reason)
