"""Checks of the configuration files that nbgrader reads."""

from __future__ import annotations

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict

NOT_GIVEN = NotApplicable("The configuration was not read for this report.")
SHOWN = 3


def find_broken_file(config: ConfigPage | None) -> Verdict:
    """Name the first file that cannot be read, with its fault."""
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
    if not config.unknown:
        return None
    named = []
    for key in config.unknown[:SHOWN]:
        meant = f" (did you mean {key.suggestion}?)" if key.suggestion else ""
        named.append(f"{key.name} in {key.source}{meant}")
    more = f"; and {len(config.unknown) - SHOWN} more" if len(config.unknown) > SHOWN else ""
    return Fault(f"nbgrader does not know {'; '.join(named)}{more}.")


SYNTAX = Check(
    "config.syntax",
    "Every configuration file can be read",
    "configuration",
    "error",
    "nbgrader goes on without a file that it cannot read, with the default exchange and no course_id.",
    "Correct that file.",
    find_broken_file,
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
