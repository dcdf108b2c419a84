"""Find the hub's configuration, start the child, and take what it says."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hubgrade_ext.core.errors import InvalidRequest, NotFound
from hubgrade_ext.preflight.hub_side.child import Request
from hubgrade_ext.preflight.hub_side.facts import HubSide
from hubgrade_ext.preflight.hub_side.unit import UNIT_FOLDERS, USUAL_CONFIGS, Unit, read_unit

PATIENCE_S = 30.0
CONFIG_NAME = "jupyterhub_config.py"


def ask_hub_side(
    config: Path | None = None, user: str = "", unit_folders: Sequence[str] = UNIT_FOLDERS
) -> HubSide:
    """Return the facts of the hub that this configuration (default: the unit's, or a usual place's) makes.

    `user` is the account that the hub runs as (default: the unit's, else who asks).
    Only root can look with another user's eyes.

    Raises: NotFound without a configuration; InvalidRequest for a user that is none or cannot be taken.
    """
    unit = read_unit(unit_folders)
    path = _find_config(config, unit)
    account = user or (unit.facts.user if os.getuid() == 0 else "")
    _check_account(account)
    request = Request(
        str(path), account, unit.facts.working_directory or str(Path.cwd()), unit.environment, unit.facts
    )
    command = [sys.executable, "-P", "-m", "hubgrade_ext.preflight.hub_side.child"]
    try:
        answer = subprocess.run(
            command, input=msgspec.json.encode(request), capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise InvalidRequest(
            f"{path} did not come to an end within {PATIENCE_S:.0f} seconds.",
            "A configuration must not wait for anything: the hub could not start either.",
        ) from None
    if answer.returncode:
        raise InvalidRequest(
            f"{path} ended the process that read it.",
            "Run `jupyterhub --show-config -f` on it as the hub's user.",
        )
    return msgspec.json.decode(answer.stdout, type=HubSide)


def _find_config(config: Path | None, unit: Unit) -> Path:
    if config is not None:
        wanted = config.expanduser().absolute()
        if not wanted.exists():
            raise NotFound(f"There is no file {wanted}.", "Give the hub's configuration with --config.")
        return wanted
    places = [Path(unit.facts.working_directory, unit.config)] if unit.config else []
    here = Path.cwd() / CONFIG_NAME
    for place in [*places, *([here] if _is_ours(here) else []), *map(Path, USUAL_CONFIGS)]:
        if place.exists():
            return place
    raise NotFound(
        f"There is no {CONFIG_NAME} here, nor where the hub's unit or the usual places have it.",
        "Give it with --config FILE.",
    )


def _is_ours(path: Path) -> bool:
    """Tell whether a file that nobody named may be run: not one that somebody else left in this folder."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid in (0, os.getuid()) and not found.st_mode & 0o022


def _check_account(account: str) -> None:
    if not account:
        return
    try:
        wanted = pwd.getpwnam(account).pw_uid
    except KeyError:
        raise InvalidRequest(
            f"There is no user {account!r} on this machine.", "Give the hub's with --user."
        ) from None
    if os.getuid() not in (0, wanted):
        raise InvalidRequest(f"Only root can look with the eyes of {account!r}.", "Run this with sudo.")
