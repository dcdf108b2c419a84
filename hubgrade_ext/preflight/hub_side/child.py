"""Child process: become the hub's user, run its configuration, look, and print a `HubSide` as JSON.

`python -m hubgrade_ext.preflight.hub_side.child` reads a `Request` from standard
input: it may hold secrets, and arguments can be seen by others.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from hubgrade_ext.preflight.hub_side.certificate import certificate_facts
from hubgrade_ext.preflight.hub_side.configuration import config_facts, teachers
from hubgrade_ext.preflight.hub_side.database import database_facts
from hubgrade_ext.preflight.hub_side.facts import HubSide, SecretFacts, UnitFacts
from hubgrade_ext.preflight.hub_side.files import look_at_file, may_replace, owner_name
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig, load
from hubgrade_ext.preflight.hub_side.proxy import proxy_facts
from hubgrade_ext.preflight.hub_side.spawner import spawner_facts

T = TypeVar("T")
COOKIE_FILE = "jupyterhub_cookie_secret"
# Source: systemd.exec(5), $PATH
SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Request(Struct, frozen=True):
    """What to look at, as whom, where, and with what environment. `user` empty: as whoever runs this."""

    config: str
    user: str
    directory: str
    environment: dict[str, str]
    unit: UnitFacts


class _Look(Struct, frozen=True):
    side: HubSide
    teachers: list[str]


def look(request: Request) -> HubSide:
    """Return the hub's side; who may write its database is tried as each of the instructors."""
    found = _as_user(request.user, lambda: _gather(request), _Look)
    path = found.side.hub_database.path
    if not path or os.getuid() != 0:
        return found.side
    writers = [
        name for name in found.teachers if _exists(name) and _as_user(name, lambda: may_replace(path), bool)
    ]
    return structs.replace(
        found.side, hub_database=structs.replace(found.side.hub_database, written_by=writers)
    )


def _gather(request: Request) -> _Look:
    os.environ.update(_environment(request))
    if Path(request.directory).is_dir() and os.access(request.directory, os.X_OK):
        os.chdir(request.directory)
    user = owner_name(os.getuid())
    config, problem = load(request.config)
    said = config_facts(request.config, config, problem)
    if problem:
        return _Look(HubSide(user, request.unit, said), [])
    side = HubSide(
        user,
        request.unit,
        said,
        database_facts(config),
        proxy_facts(config),
        certificate_facts(config),
        spawner_facts(config),
        _cookie_secret(config),
    )
    return _Look(side, sorted(teachers(config)))


def _environment(request: Request) -> dict[str, str]:
    """Return the unit's variables; its PATH is systemd's own when it names none.

    Without a unit the hub is taken to be started from the environment that hubgrade is in.
    """
    if "PATH" in request.environment:
        return request.environment
    if request.unit.path:
        return {"PATH": SYSTEMD_PATH} | request.environment
    beside = str(Path(sys.executable).parent)
    return {"PATH": beside + os.pathsep + os.environ.get("PATH", os.defpath)}


def _cookie_secret(config: LoadedConfig) -> SecretFacts:
    if config.get("JupyterHub", "cookie_secret") or os.environ.get("JPY_COOKIE_SECRET"):
        return SecretFacts(elsewhere=True)
    return SecretFacts(look_at_file(config.text("JupyterHub", "cookie_secret_file", COOKIE_FILE)))


def _exists(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False


def _as_user(name: str, act: Callable[[], T], kind: type[T]) -> T:
    """Return what a function returns when another user runs it, in a process of his: root may do all."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read_end)
            _become(name)
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(msgspec.json.encode(act()))
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return msgspec.json.decode(answer, type=kind)


def _become(name: str) -> None:
    if not name or os.getuid() != 0:
        return
    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ.update(HOME=account.pw_dir, USER=name, LOGNAME=name)


def main() -> None:
    """Answer one request; the configuration's own output goes nowhere, it may hold anything."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    answer = os.dup(1)
    with Path(os.devnull).open("rb+") as nowhere:
        for stream in (0, 1, 2):
            os.dup2(nowhere.fileno(), stream)
    with os.fdopen(answer, "wb") as pipe:
        pipe.write(msgspec.json.encode(look(request)))


if __name__ == "__main__":
    main()
