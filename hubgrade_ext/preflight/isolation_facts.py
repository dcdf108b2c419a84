"""What walls student code in on this machine, found out by trying, in a short-lived child."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from hubgrade_ext.core.models import ConfigPage

PATIENCE_S = 90.0
SETTING = "HubgradeGrading.isolation"
EXECUTOR = "HubgradeGrading.executor"


class LevelFacts(msgspec.Struct, frozen=True):
    """Say of one level whether it works here; if not, `why`, and what to do about it."""

    level: str
    works: bool
    why: str = ""
    remedy: str = ""


def gather_levels() -> list[LevelFacts]:
    """Return every level, the strongest first; empty when the child does not answer."""
    command = [sys.executable, "-P", "-m", "hubgrade_ext.grading.execution.isolation"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=True)
        return msgspec.json.decode(done.stdout, type=list[LevelFacts])
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return []


def demanded_level(config: ConfigPage) -> str:
    """Return the level that the course demands; empty when it takes what there is."""
    return _value(config, SETTING)


def demanded_where(config: ConfigPage) -> str:
    """Return the file that demands it."""
    return next((s.source for s in config.settings if s.name == SETTING and s.source), "nbgrader_config.py")


def runs_elsewhere(config: ConfigPage | None) -> bool:
    """Say whether the cells run on other machines than this one."""
    return config is not None and _value(config, EXECUTOR) not in ("", "local")


def _value(config: ConfigPage, name: str) -> str:
    values = [setting.value for setting in config.settings if setting.name == name]
    return values[0].strip("'\"") if values and values[0] != "None" else ""
