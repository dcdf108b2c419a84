"""How people's servers are started: the program, its interpreter, the accounts and their homes."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterable
from pathlib import Path

from hubgrade_ext.preflight.hub_side.configuration import people, service_accounts, texts
from hubgrade_ext.preflight.hub_side.facts import SpawnerFacts
from hubgrade_ext.preflight.hub_side.files import closed_to_others, owner_name
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig

LOCAL = (
    "",
    "localprocess",
    "jupyterhub.spawner.localprocessspawner",
    "sudospawner.sudospawner",
    "systemd",
    "systemdspawner.systemdspawner",
)
DEFAULT_COMMAND = "jupyterhub-singleuser"


def spawner_facts(config: LoadedConfig) -> SpawnerFacts:
    """Return the facts of a spawner that starts servers as users of this machine."""
    chosen = config.get("JupyterHub", "spawner_class", "")
    name = chosen if isinstance(chosen, str) else getattr(chosen, "__name__", "")
    if name.lower() not in (*LOCAL, "localprocessspawner"):
        return SpawnerFacts()
    command = config.first("Spawner", "cmd", DEFAULT_COMMAND)
    program = command if isinstance(command, str) else (texts(command) or [DEFAULT_COMMAND])[0]
    found_at = shutil.which(program) or ""
    interpreter = _interpreter(found_at) if found_at else ""
    named, services = people(config), service_accounts(config)
    # a service may run as somebody without a home, nobody for one
    homes = _homes(sorted(named))
    return SpawnerFacts(
        local=True,
        command=program,
        found_at=found_at,
        interpreter=interpreter,
        blocked_at=_first_closed([found_at, interpreter]),
        missing_users=sorted({*named, *services} - {*homes, *_homes(services)}),
        missing_homes=[name for name, home in homes.items() if not Path(home).is_dir()],
        foreign_homes=[f"{name} ({home})" for name, home in homes.items() if _is_foreign(name, home)],
        creates_users=any(config.any_of("Authenticator", "create_system_users")),
    )


def _interpreter(script: str) -> str:
    """Return the program that a script names in its first line, the script itself when it is a program."""
    try:
        with open(script, "rb") as file:  # noqa: PTH123  only the beginning
            first = file.readline(512)
    except OSError:
        return script
    if not first.startswith(b"#!"):
        return script
    words = os.fsdecode(first[2:]).split()
    if words and Path(words[0]).name == "env" and len(words) > 1:
        return shutil.which(words[-1]) or words[-1]
    return words[0] if words else script


def _first_closed(paths: Iterable[str]) -> str:
    for path in paths:
        try:
            # as named, and where links lead: both must be passed
            closed = _closed_above(path) or closed_to_others(path) if path else ""
        except OSError:
            continue
        if closed:
            return closed
    return ""


def _closed_above(path: str) -> str:
    for parent in reversed(Path(os.path.abspath(path)).parents):
        if not parent.stat().st_mode & 0o001:
            return str(parent)
    return ""


def _homes(names: Iterable[str]) -> dict[str, str]:
    homes = {}
    for name in names:
        try:
            homes[name] = pwd.getpwnam(name).pw_dir
        except KeyError:
            continue
    return homes


def _is_foreign(name: str, home: str) -> bool:
    try:
        return Path(home).is_dir() and owner_name(Path(home).stat().st_uid) != name
    except OSError:
        return False
