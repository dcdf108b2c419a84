"""Checks of the configuration files that nbgrader reads: that they load, and who says what."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from hubgrade_ext.core.models import ConfigFile, ConfigPage, ConfigValue, Setting
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.old_configuration import is_removed
from hubgrade_ext.preflight.folder_facts import user_name

NOT_GIVEN = NotApplicable("The configuration was not read for this report.")
SHOWN = 3
# what everybody's configuration has to name; row C5 of the old guide
NAMED = {"CourseDirectory.course_id": "the course", "Exchange.root": "the exchange"}


def find_unreadable_file(config: ConfigPage | None) -> Verdict:
    """Name the first file that is there, and closed to this user."""
    if config is None:
        return NOT_GIVEN
    for file in config.files:
        if file.exists and not os.access(file.path, os.R_OK):
            mine = Path(file.path).stat().st_uid == os.geteuid()
            who = "Run" if mine else "Ask its owner to run"
            return Fault(
                f"You may not read {file.path}.",
                f"{who}: chmod {'u' if mine else 'o'}+r {file.path}",
                fixable=mine,
            )
    return None


def find_broken_file(config: ConfigPage | None) -> Verdict:
    """Name the first file that cannot be loaded, with its fault."""
    if config is None:
        return NOT_GIVEN
    broken = [file for file in config.files if file.error]
    if not broken:
        return None
    file = broken[0]
    return Fault(file.error if file.path in file.error else f"{file.path}: {file.error}")


def find_unknown_keys(config: ConfigPage | None) -> Verdict:
    """Name keys that no class of nbgrader knows, with the nearest that exists."""
    if config is None:
        return NOT_GIVEN
    unknown = [key for key in config.unknown if not is_removed(key.name)]
    if not unknown:
        return None
    named = []
    for key in unknown[:SHOWN]:
        meant = f" (did you mean {key.suggestion}?)" if key.suggestion else ""
        named.append(f"{key.name} in {key.source}{meant}")
    more = f"; and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
    return Fault(f"nbgrader does not know {'; '.join(named)}{more}.")


def find_no_source(config: ConfigPage | None, settings: CourseSettings) -> Verdict:
    """Tell which file names the course and the exchange, or that none does."""
    if config is None:
        return NOT_GIVEN
    if not settings.default_exchange:
        return NotApplicable("A plug-in replaces nbgrader's exchange.")
    by_name = {setting.name: setting for setting in config.settings}
    said = []
    for name, what in NAMED.items():
        source = by_name[name].source if name in by_name else None
        if source is None and name == "Exchange.root":
            return Fault(
                f"No configuration file names {what}: {settings.exchange_root} is nbgrader's default."
            )
        if source is not None:
            said.append(f"{name} is set in {source}")
    return Holds(f"{'; '.join(said)}.")


def find_conflict(config: ConfigPage | None) -> Verdict:
    """Name settings to which two files give different values.

    A nearer file that decides otherwise than a farther one is what nearer
    files are for; of two on the same level one is forgotten.
    """
    if config is None:
        return NOT_GIVEN
    level = {file.path: file.level for file in config.files}
    same_level: list[str] = []
    nearer: list[str] = []
    for setting in config.settings:
        for value in _beaten(setting):
            told = _both(setting, value)
            if level.get(value.path) == level.get(setting.source or ""):
                same_level.append(told)
            elif not _machine_first(level, setting, value):
                nearer.append(told)
    if same_level:
        return Fault(f"{'; '.join(same_level[:SHOWN])}. The last one counts.")
    if nearer:
        return Fault(f"{'; '.join(nearer[:SHOWN])}. The nearer one counts.", severity="info")
    return None


def find_machine_first(config: ConfigPage | None) -> Verdict:
    """Name settings of the user's own files that a file of the machine replaces: elsewhere it is not so."""
    if config is None:
        return NOT_GIVEN
    level = {file.path: file.level for file in config.files}
    told = [
        _both(setting, value)
        for setting in config.settings
        for value in _beaten(setting)
        if _machine_first(level, setting, value)
    ]
    return Fault(f"{'; '.join(told[:SHOWN])}. The machine's counts.") if told else None


def find_untrusted_file(config: ConfigPage | None) -> Verdict:
    """Name a file that somebody else could change: it is a program that runs as this user."""
    if config is None:
        return NOT_GIVEN
    for file in config.files:
        if not file.exists:
            continue
        found = Path(file.path).stat()
        if stat.S_IMODE(found.st_mode) & stat.S_IWOTH:
            mine = found.st_uid == os.geteuid()
            return Fault(
                f"Every user of this machine may change {file.path}.", _close(file, mine), fixable=mine
            )
        if found.st_uid not in (0, os.geteuid()):
            return Fault(
                f"{file.path} belongs to {user_name(found.st_uid)}, who can make it do anything as you.",
                severity="info",
            )
    return None


def find_relative(config: ConfigPage | None) -> Verdict:
    """Tell whether the exchange or the gradebook is given as a relative path."""
    if config is None:
        return NOT_GIVEN
    for setting in config.settings:
        if setting.written and setting.name != "Exchange.cache":
            return Fault(
                f"{setting.name} is {setting.written} in {setting.source}, which depends on the "
                "folder that a "
                "command is run in.",
                f"Write {setting.value} there.",
            )
    return None


def find_bad_zone(config: ConfigPage | None) -> Verdict:
    """Tell whether nbgrader refuses the exchange's time zone."""
    if config is None:
        return NOT_GIVEN
    zone = next((s for s in config.settings if s.name == "Exchange.timezone"), None)
    if zone is None:
        return NotApplicable("A plug-in replaces nbgrader's exchange.")
    from dateutil.tz import gettz

    name = zone.value.strip("'\"")
    return None if gettz(name) is not None else Fault(f"There is no time zone {name!r} ({zone.source}).")


def _beaten(setting: Setting) -> list[ConfigValue]:
    """Return what other files say otherwise, and does not count."""
    if setting.source is None:
        return []
    return [value for value in setting.overrides if value.value not in (setting.value, setting.written)]


def _both(setting: Setting, value: ConfigValue) -> str:
    counts = setting.written or setting.value
    return f"{setting.name} is {value.value} in {value.path}, and {counts} in {setting.source}"


def _machine_first(level: Mapping[str, str], setting: Setting, value: ConfigValue) -> bool:
    """Say whether a file of the machine has replaced what a user's own says; `level` is that of each file."""
    return level.get(value.path) == "user" and level.get(setting.source or "") == "system"


def _close(file: ConfigFile, mine: bool) -> str:
    return f"{'Run' if mine else 'Ask its owner to run'}: chmod o-w {file.path}"


UNREADABLE = Check(
    "config.unreadable",
    "You may read every configuration file",
    "configuration",
    "error",
    "nbgrader goes on without a file that it may not read, with the default exchange and no course_id.",
    "Ask the file's owner for the right to read it.",
    find_unreadable_file,
    EVERYONE,
)
SYNTAX = Check(
    "config.syntax",
    "Every configuration file can be loaded",
    "configuration",
    "error",
    "nbgrader goes on without a file that it cannot load, with the default exchange and no course_id.",
    "Correct that file.",
    find_broken_file,
    EVERYONE,
    needs=("config.unreadable",),
)
UNKNOWN = Check(
    "config.unknown",
    "Every configured key exists",
    "configuration",
    "warning",
    "A misspelt key is ignored without a word, and the default stays in effect.",
    "Correct the key, or remove it.",
    find_unknown_keys,
)
SOURCE = Check(
    "config.source",
    "A configuration file names the exchange",
    "configuration",
    "info",
    "Instructor and students find each other only when all their configurations name the same exchange.",
    "Set c.Exchange.root in the nbgrader_config.py of the whole machine, for everybody.",
    find_no_source,
    EVERYONE,
    needs=("config.syntax",),
)
CONFLICT = Check(
    "config.conflict",
    "No two configuration files contradict each other",
    "configuration",
    "warning",
    "The last file that sets a key decides; the others look as if they did.",
    "Keep the key in one of the files.",
    find_conflict,
    needs=("config.syntax",),
)
PREFER_ENV = Check(
    "config.prefer_env",
    "Your own configuration counts more than the machine's",
    "configuration",
    "info",
    "Jupyter puts an environment's files before those in ~/.jupyter when the environment belongs to you or "
    "JUPYTER_PREFER_ENV_PATH is set, and those of JUPYTER_CONFIG_PATH before both.",
    "What is meant for a course belongs into nbgrader_config.py in the course's folder, which comes last.",
    find_machine_first,
    EVERYONE,
    needs=("config.syntax",),
)
RELATIVE = Check(
    "config.relative",
    "Exchange and gradebook are given as absolute paths",
    "configuration",
    "warning",
    "nbgrader takes a relative path from the folder that a command is run in: run elsewhere, it makes a "
    "second, empty gradebook, or finds no exchange. hubgrade takes it from the course folder.",
    "Write the absolute path.",
    find_relative,
    EVERYONE,
    needs=("config.syntax",),
)
UNTRUSTED = Check(
    "config.untrusted",
    "Only you and the administrator can change your configuration",
    "configuration",
    "warning",
    "A configuration file is a Python program that runs as you whenever nbgrader or hubgrade starts.",
    "Ask its owner whether this is meant.",
    find_untrusted_file,
    EVERYONE,
)
ZONE = Check(
    "time.zone",
    "The exchange's time zone exists",
    "configuration",
    "error",
    "With a time zone that it does not know, nbgrader refuses every release, fetch, submit and collect.",
    "Set c.Exchange.timezone to a name such as 'UTC' or 'Europe/Berlin'.",
    find_bad_zone,
    EVERYONE,
    needs=("config.syntax",),
)
