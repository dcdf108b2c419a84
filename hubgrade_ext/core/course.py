"""A course opened through nbgrader's own configuration; needs nbgrader, so workers and the CLI only."""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from msgspec import structs
from nbgrader.apps.baseapp import NbGrader
from nbgrader.auth import Authenticator, JupyterHubAuthPlugin
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.utils import get_username
from traitlets import TraitError
from traitlets.config import Config

from hubgrade_ext.core.config_files import (
    ConfigSource,
    line_of,
    merge_stage,
    read_course_sources,
    read_sources,
    working_folder,
)
from hubgrade_ext.core.errors import Busy, ConfigBroken, CourseNotFound, Forbidden, InvalidRequest
from hubgrade_ext.core.names import check_course_id
from hubgrade_ext.core.release_options import HubgradeRelease
from hubgrade_ext.core.secrets_masked import mask_urls
from hubgrade_ext.core.settings import CourseSettings

# What single commands of nbgrader rename in their own `_load_config`; here it holds for every verb.
COMMAND_SECTIONS = {
    "AutogradeApp": "Autograde",
    "AssignApp": "GenerateAssignment",
    "FeedbackApp": "GenerateFeedback",
    "CollectApp": "ExchangeCollect",
    "SubmitApp": "ExchangeSubmit",
    "ListApp": "ExchangeList",
    "FetchApp": "ExchangeFetchAssignment",
    "ReleaseApp": "ExchangeReleaseAssignment",
    "DisplayAutoGrades": "Validator",
}
# what nbgrader's classes raise for a value they refuse, or a plug-in they cannot import
BAD_VALUES = (TraitError, ImportError, AttributeError, TypeError, ValueError)
_SILENT = logging.getLogger("hubgrade.configuration")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True)
class Course:
    """One opened course: plain settings, and nbgrader's own configuration behind them.

    `hub_courses` are those that the hub's groups name for this user, as the server was told; None: not asked.
    """

    settings: CourseSettings
    config: Config
    hub_courses: tuple[str, ...] | None = None

    def coursedir(self, **overrides: object) -> CourseDirectory:
        """Return a new nbgrader CourseDirectory of this course with some traits set otherwise."""
        return CourseDirectory(config=self.config, **overrides)

    def authenticator(self) -> Authenticator:
        """Return nbgrader's authenticator as configured; it gets by without the hub's token."""
        authenticator = Authenticator(config=self.config)
        if type(authenticator.plugin) is JupyterHubAuthPlugin and "JUPYTERHUB_API_TOKEN" not in os.environ:
            authenticator.plugin = _Told(self.hub_courses)
        return authenticator

    def exchange_class(self, name: str) -> type:
        """Return the configured exchange class: `collect`, `release_assignment`, `submit`, …"""
        chosen: type = getattr(ExchangeFactory(config=self.config), name)
        return chosen


class _Told(JupyterHubAuthPlugin):  # type: ignore[misc]
    """The plug-in's answer, got by the server: a job has neither the hub's token nor its certificates."""

    def __init__(self, courses: tuple[str, ...] | None) -> None:
        super().__init__()
        self._courses = courses

    def get_student_courses(self, student_id: str) -> list[str]:
        """Return the courses of this server's user. Raises: Busy (the hub did not say)."""
        if self._courses is None:
            raise Busy(
                "The hub did not say which courses you are in.",
                "Try again in a minute. Outside the hub, nothing can be fetched or submitted.",
            )
        return list(self._courses)


@dataclass(frozen=True)
class LoadedConfig:
    """What nbgrader would be told in `folder`; `sources` are the files in rising precedence.

    `named_root` is the course folder that any of them names, empty when none does.
    """

    folder: Path
    sources: list[ConfigSource]
    config: Config
    named_root: str


class _ConfigReader(NbGrader):  # type: ignore[misc]
    """An nbgrader application that only merges configuration: no logging set up, no command line read."""

    name = "nbgrader"

    def _log_default(self) -> logging.Logger:
        return _SILENT

    def _configure_logging(self) -> None:
        """Leave the process's logging alone, whatever log_level the files ask for."""


def open_course(root: Path | None, *, work_dir: Path | None = None, course_id: str | None = None) -> Course:
    """Open the course in folder `root`, or (root None) as somebody who only studies in `course_id`.

    Everything is read as nbgrader reads it for a command run in `root` (a
    student's: in `work_dir`). A `CourseDirectory.root` in the folder's own
    configuration is followed; one in the user's or the system's is not, else two
    courses could not be open side by side. Relative paths become absolute.

    Raises: CourseNotFound, Forbidden, ConfigBroken, InvalidName, InvalidRequest.
    Source: nbgrader 0.9.6 `NbGrader.initialize`.
    """
    work = Path(os.path.abspath(work_dir or "."))
    folder = work if root is None else Path(os.path.abspath(root))
    if not os.path.isdir(folder):  # noqa: PTH112 (never raises, whatever the name)
        raise CourseNotFound(f"There is no folder {folder}.", "Choose a folder that exists.")
    if not os.access(folder, os.X_OK):
        raise Forbidden(f"The folder {folder} may not be entered.", "Ask its owner for the permission.")
    # checked before anything is read; a configured one is, after it
    chosen_id = check_course_id(course_id) if course_id else None
    with working_folder(folder):
        loaded = load_config(folder, follow_root=root is not None)
        broken = [s.error for s in loaded.sources if s.error]
        if broken:
            raise broken[-1]
        if chosen_id:
            loaded.config.CourseDirectory.course_id = chosen_id
        return _build(loaded, work, student=root is None)


def describe_course(root: str | None, work_dir: str, course_id: str | None) -> CourseSettings:
    """Open a course and return its plain settings; arguments as for `open_course`."""
    return open_course(Path(root) if root else None, work_dir=Path(work_dir), course_id=course_id).settings


def named_root(work_dir: str) -> str:
    """Return the course folder that nbgrader's configuration names for a command run in `work_dir`, or ""."""
    with working_folder(Path(work_dir)):
        return load_config(Path(work_dir), follow_root=False).named_root


def load_config(folder: Path, *, follow_root: bool) -> LoadedConfig:
    """Read and merge all configuration for a command run in `folder`; call it inside `working_folder`.

    Broken files do not stop it: each carries its error in `sources`.
    """
    if str(folder) not in sys.path:
        # plug-ins may lie beside the course; at the end, so that a stray file there shadows nothing
        sys.path.append(str(folder))
    sources = read_sources(folder)
    reader = _ConfigReader()
    try:
        reader.update_config(merge_stage(sources, "jupyter"))
        reader.update_config(merge_stage(sources, "nbgrader"))
        own = merge_stage(sources, "course")
        reader.update_config(own)
        if follow_root:
            # nbgrader has renamed old options in `own` by now
            root = Path(os.path.abspath(own.CourseDirectory.get("root") or folder))
            if root != folder:
                sources += read_course_sources(root)
            # nbgrader reads the course's files once as those of the current folder and once as those of
            # the course; what they append is there twice then, and so it is here
            reader.update_config(merge_stage([s for s in sources if s.path.parent == root], "course"))
        else:
            root = folder
    except BAD_VALUES as error:
        raise _bad_value(sources, error) from error
    config = reader.config
    named = config.CourseDirectory.get("root")
    named_root = os.path.abspath(named) if isinstance(named, str) and named else ""
    config.CourseDirectory.root = str(root)
    for old, new in COMMAND_SECTIONS.items():
        if old in config:
            config[new].merge(config[old])
            del config[old]
    _make_absolute(config, root)
    return LoadedConfig(folder, sources, config, named_root)


def _make_absolute(config: Config, root: Path) -> None:
    """Make paths independent of the current folder; nbgrader's commands run in the course's."""
    for trait in ("root", "cache"):
        value = config.Exchange.get(trait)
        if isinstance(value, str) and value:
            config.Exchange[trait] = os.path.abspath(value)
    url = config.CourseDirectory.get("db_url")
    if isinstance(url, str) and (match := re.fullmatch(r"(sqlite(?:\+\w+)?):///([^/:].*)", url)):
        config.CourseDirectory.db_url = f"{match[1]}:///{os.path.normpath(root / match[2])}"


def _build(loaded: LoadedConfig, work: Path, *, student: bool) -> Course:
    try:
        coursedir = CourseDirectory(config=loaded.config)
        factory = ExchangeFactory(config=loaded.config)
        exchange = factory.exchange(coursedir=coursedir, config=loaded.config)
        settings = _settings(coursedir, factory, exchange, work, student=student)
        settings = structs.replace(settings, release_gate=HubgradeRelease(config=loaded.config).gate)
    except BAD_VALUES as error:
        raise _bad_value(loaded.sources, error) from error
    if settings.course_id:
        check_course_id(settings.course_id)  # it is a folder's name in the exchange
    if student and not settings.course_id:
        raise InvalidRequest("No course is named.", "Say which course you study in.")
    return Course(settings, loaded.config)


def _settings(
    coursedir: CourseDirectory, factory: ExchangeFactory, exchange: Any, work: Path, *, student: bool
) -> CourseSettings:
    return CourseSettings(
        course_id=coursedir.course_id,
        root=None if student else coursedir.root,
        db_url="" if student else coursedir.db_url,
        source_directory=coursedir.source_directory,
        release_directory=coursedir.release_directory,
        submitted_directory=coursedir.submitted_directory,
        autograded_directory=coursedir.autograded_directory,
        feedback_directory=coursedir.feedback_directory,
        directory_structure=coursedir.directory_structure,
        exchange_root=getattr(exchange, "root", ""),
        exchange_cache=getattr(exchange, "cache", ""),
        work_dir=os.path.normpath(work / exchange.assignment_dir),
        path_includes_course=getattr(exchange, "path_includes_course", False),
        default_exchange=_is_default(factory),
        groupshared=coursedir.groupshared,
        username=get_username(),
        ignore=list(coursedir.ignore),
        max_file_size=coursedir.max_file_size,
        max_dir_size=coursedir.max_dir_size,
        data_dir=jupyter_data_dir(),
    )


def _is_default(factory: ExchangeFactory) -> bool:
    """Say whether every class of the exchange is nbgrader's own."""
    traits = factory.class_traits(config=True)
    return all(getattr(factory, name) is trait.default_value for name, trait in traits.items())


def _bad_value(sources: list[ConfigSource], error: Exception) -> ConfigBroken:
    """Say which file gave a value that nbgrader refuses."""
    where = ""
    match = re.search(r"The '(\w+)' trait of an? (\w+) instance", str(error))
    if match:
        name = f"{match[2]}.{match[1]}"
        for source in reversed(sources):
            if match[1] in source.config.get(match[2], {}):
                line = line_of(source.path, name)
                where = f" ({source.path}, line {line})" if line else f" ({source.path})"
                break
    return ConfigBroken(
        f"nbgrader refuses a value in the configuration{where}: {mask_urls(str(error)).rstrip('.')}.",
        "Correct the value in that file; the settings page lists every file and value.",
    )
