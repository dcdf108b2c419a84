"""The hub's systemd unit: which configuration, user, folder and PATH the hub really gets."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.preflight.hub_side.facts import UnitFacts

UNIT = "jupyterhub.service"
# Source: systemd.unit(5), the load path of system units
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
)
INIT_SCRIPT = "/etc/init.d/jupyterhub"
USUAL_CONFIGS = ("/etc/jupyterhub/jupyterhub_config.py", "/srv/jupyterhub/jupyterhub_config.py")


class Unit(Struct, frozen=True):
    """The unit's facts, and what its program is started with; `environment` may hold secrets."""

    facts: UnitFacts
    config: str = ""
    environment: dict[str, str] = {}


def read_unit(folders: Iterable[str] = UNIT_FOLDERS, init_script: str = INIT_SCRIPT) -> Unit:
    """Return the first unit in systemd's order, with its drop-ins."""
    script = init_script if Path(init_script).exists() else ""
    folders = list(folders)
    paths = [path for folder in folders if (path := Path(folder) / UNIT).is_file()]
    if not paths:
        return Unit(UnitFacts(init_script=script))
    dropped = {path.name: path for f in reversed(folders) for path in Path(f).glob(f"{UNIT}.d/*.conf")}
    settings: dict[str, list[str]] = {}
    for path in [paths[0], *(dropped[name] for name in sorted(dropped))]:
        _collect(path, settings)
    environment = _environment(settings)
    user = _last(settings, "User") or "root"
    directory = _last(settings, "WorkingDirectory").removeprefix("-")
    facts = UnitFacts(
        str(paths[0]),
        user,
        "" if directory == "~" else directory,
        _last(settings, "UMask") or "0022",
        _last(settings, "KillMode") or "control-group",
        environment.get("PATH", ""),
        script,
    )
    return Unit(facts, _config_option(_last(settings, "ExecStart")), environment)


def _collect(path: Path, settings: dict[str, list[str]]) -> None:
    """Add a file's settings of [Service]; an empty value forgets what was before."""
    section = ""
    text = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            settings.setdefault(name.strip(), []).append(value.strip())
            if not value.strip():
                settings[name.strip()].clear()


def _last(settings: dict[str, list[str]], name: str) -> str:
    return (settings.get(name) or [""])[-1]


def _environment(settings: dict[str, list[str]]) -> dict[str, str]:
    """Return the variables of Environment= and of the files that this user may read."""
    words: list[str] = []
    for value in settings.get("Environment", []):
        words += _split(value)
    for name in settings.get("EnvironmentFile", []):
        try:
            lines = Path(name.removeprefix("-")).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        words += [word for line in lines if not line.lstrip().startswith(("#", ";")) for word in _split(line)]
    return dict(word.split("=", 1) for word in words if "=" in word)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _config_option(command: str) -> str:
    words = _split(command)
    for word, after in pairwise(words):
        if word in ("-f", "--config"):
            return after
    given = [word.removeprefix("--config=") for word in words if word.startswith("--config=")]
    return given[-1] if given else ""
