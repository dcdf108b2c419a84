"""Courses and their configuration."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from hubgrade_ext.core.models.vocabulary import ErrorBody, Role


class CourseRef(Struct, frozen=True):
    """One course as the picker shows it.

    `root` and `server_path` are None for a course that this user only studies
    in; `server_path` is None too when the folder is outside the server's root.
    `problem` says why the course cannot be opened, if it cannot.
    """

    course_key: str
    course_id: str
    roles: list[Role]
    root: str | None = None
    server_path: str | None = None
    problem: ErrorBody | None = None


class Session(Struct, frozen=True):
    """Who asks, what this installation is, and which courses are known.

    `cancel_grace_s`: for how long what is under way goes on when a job is cancelled.
    """

    version: str
    username: str
    hub: bool
    courses: list[CourseRef]
    default_course_key: str | None = None
    cancel_grace_s: float = 0.0


class OpenCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask to add an existing course folder (absolute, or relative to the server's root)."""

    root: str


class NewCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask to create a course folder in nbgrader's quickstart layout, with an empty source/."""

    root: str
    course_id: str


class ConfigFile(Struct, frozen=True):
    """One configuration file that nbgrader would read, in rising precedence."""

    path: str
    level: Literal["system", "user", "course"]
    exists: bool
    error: str = ""


class ConfigValue(Struct, frozen=True):
    """A value that one file gave to one setting; secrets are masked."""

    path: str
    value: str


class Setting(Struct, frozen=True):
    """One setting in effect; `source` is None when it is nbgrader's default.

    `written` is what the file says when it is something else: a relative path.
    `replaced_by` is the new name of an old one.
    """

    name: str
    value: str
    source: str | None = None
    overrides: list[ConfigValue] = field(default_factory=list)
    help: str = ""
    written: str = ""
    replaced_by: str = ""


class UnknownSetting(Struct, frozen=True):
    """A key that no class of nbgrader knows, with the nearest one that exists."""

    name: str
    source: str
    suggestion: str = ""


class ConfigPage(Struct, frozen=True):
    """A course's effective configuration with its provenance."""

    course: CourseRef
    files: list[ConfigFile]
    settings: list[Setting]
    unknown: list[UnknownSetting]
