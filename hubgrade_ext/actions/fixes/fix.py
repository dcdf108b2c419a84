"""What a fix is: the changes that make one check's fact hold, as far as this user may make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hubgrade_ext.actions.fixes.changes import Change
from hubgrade_ext.core.config_files import ConfigSource, read_sources, working_folder
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.facts import Facts


class Situation:
    """What a fix plans from: the course's settings, preflight's facts, the configuration files."""

    def __init__(self, settings: CourseSettings) -> None:
        self.settings = settings
        self.facts = Facts(settings)

    @property
    def root(self) -> Path:
        """Return the course folder, links resolved; only instructors get this far."""
        return Path(self.settings.root or ".").resolve()

    @cached_property
    def config_files(self) -> list[ConfigSource]:
        """Return every configuration file that counts for the course, in rising precedence."""
        with working_folder(self.root):
            return [source for source in read_sources(self.root) if source.exists]


@dataclass(frozen=True)
class Fix:
    """One fix of the list `FIXES`; `fix_id` is the id of the check that it makes hold.

    `title` says what it does in a few words, `button` is the verb on the button
    that does it. `plan` returns the changes, empty when there is nothing to
    change; it raises Conflict, with who can do it, when this user cannot.
    """

    fix_id: str
    title: str
    button: str
    plan: Callable[[Situation], list[Change]]
