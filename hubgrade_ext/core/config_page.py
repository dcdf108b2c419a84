"""A course's effective configuration: which files nbgrader read, what each set, and what it does not know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Config, Configurable
from traitlets.config.loader import LazyConfigValue

from hubgrade_ext.core import config_classes
from hubgrade_ext.core.config_files import ConfigSource, working_folder
from hubgrade_ext.core.course import BAD_VALUES, load_config
from hubgrade_ext.core.grading_options import LIMITS
from hubgrade_ext.core.models import ConfigFile, ConfigValue, Setting, UnknownSetting
from hubgrade_ext.core.renamed_settings import replacement
from hubgrade_ext.core.secrets_masked import show

# shown even when no file sets them
IMPORTANT = {
    "GenerateAssignment": ("preprocessors", "no_database"),
    "Autograde": (
        "create_student",
        "sanitize_preprocessors",
        "autograde_preprocessors",
        "exclude_overwriting",
    ),
    "GenerateFeedback": ("preprocessors",),
    "Execute": ("timeout", "error_on_timeout"),
    "ExchangeFactory": tuple(ExchangeFactory.class_trait_names(config=True)),
    "Authenticator": ("plugin_class",),
    "HubgradeGrading": (
        "engine",
        "executor",
        "isolation",
        "canaries",
        "redact_hidden_tests",
        "forget_deleted_tests",
        "limits",
        *LIMITS,
    ),
}
# made absolute when the course is opened; nbgrader's own commands take them from where they are run
PATHS = ("Exchange.root", "Exchange.cache", "CourseDirectory.db_url")


class ConfigReport(Struct, frozen=True):
    """What `models.ConfigPage` shows, without the course it belongs to; files in rising precedence."""

    files: list[ConfigFile]
    settings: list[Setting]
    unknown: list[UnknownSetting]


@dataclass(frozen=True)
class _Entry:
    """One key that one file sets; `section` is '' for a key outside any class."""

    source: ConfigSource
    section: str
    trait: str
    value: object

    @property
    def name(self) -> str:
        return f"{self.section}.{self.trait}" if self.section else self.trait


def config_page(root: str | None, work_dir: str) -> ConfigReport:
    """Report the configuration of the course in `root` (None: of a student who works in `work_dir`).

    Broken files are reported, not raised; then only what the others say counts.

    Raises: ConfigBroken when nbgrader refuses a value as a whole.
    """
    folder = Path(os.path.abspath(root or work_dir))
    with working_folder(folder):
        loaded = load_config(folder, follow_root=root is not None)
        entries = [entry for source in loaded.sources for entry in _entries(source, source.config)]
        classes = config_classes.nbgrader_classes() | config_classes.plugged_in(_values(entries))
    files = [_file(source) for source in loaded.sources]
    settings = {s.name: s for s in _configured(entries, classes, loaded.config)}
    instances = _instances(loaded.config, student=root is None)
    for setting in _defaults(instances, classes, settings, loaded.config):
        settings.setdefault(setting.name, setting)
    return ConfigReport(files, sorted(settings.values(), key=lambda s: s.name), _unknown(entries, classes))


def _entries(source: ConfigSource, config: Config, section: str = "") -> Iterator[_Entry]:
    for key, value in config.items():
        if isinstance(value, Config):
            yield from _entries(source, value, f"{section}.{key}" if section else key)
        elif not (isinstance(value, LazyConfigValue) and not value.to_dict()):
            # a lazy value without content was only looked at
            yield _Entry(source, section, key, value)


def _values(entries: list[_Entry]) -> Iterator[object]:
    for entry in entries:
        if isinstance(entry.value, LazyConfigValue):
            for change in entry.value.to_dict().values():
                yield list(change)
        else:
            yield entry.value


def _file(source: ConfigSource) -> ConfigFile:
    return ConfigFile(
        str(source.path), source.level, source.exists, source.error.message if source.error else ""
    )


def _configured(
    entries: list[_Entry], classes: dict[str, type[Configurable]], config: Config
) -> Iterator[Setting]:
    """Yield a setting for every known key that a file sets, and one for every old name in use."""
    by_name: dict[str, list[_Entry]] = {}
    for entry in entries:
        new = replacement(entry.section, entry.trait)
        if new:
            text = f"An old name; nbgrader reads it as {new}."
            yield Setting(entry.name, _text(entry), str(entry.source.path), help=text, replaced_by=new)
        if new or not _is_unknown(entry, classes):
            by_name.setdefault(new or entry.name, []).append(entry)
    for name, given in by_name.items():
        section, _, trait_name = name.rpartition(".")
        owner = classes.get(section.rpartition(".")[2])
        trait = config_classes.traits_of(owner).get(trait_name) if owner else None
        value = _effective(config, section, trait_name, trait.default() if trait else None, given[-1].value)
        shown, written = show(name, value), _text(given[-1])
        yield Setting(
            name,
            shown,
            str(given[-1].source.path),
            [ConfigValue(str(e.source.path), _text(e)) for e in given[:-1]],
            " ".join((trait.help or "").split()) if trait else "",
            written if name in PATHS and written != shown else "",
        )


def _effective(config: Config, section: str, trait: str, default: object, given: object) -> object:
    here = config
    for part in section.split("."):
        here = here.get(part, Config())
    value = here.get(trait, given)
    return value.get_value(default) if isinstance(value, LazyConfigValue) else value


def _text(entry: _Entry) -> str:
    value = entry.value.to_dict() if isinstance(entry.value, LazyConfigValue) else entry.value
    return show(entry.name, value)


def _instances(config: Config, *, student: bool) -> dict[str, Configurable]:
    """Return the objects whose defaults depend on the course; none when nbgrader refuses a value."""
    try:
        coursedir = CourseDirectory(config=config)
        exchange = ExchangeFactory(config=config).exchange(coursedir=coursedir, config=config)
    except BAD_VALUES:
        return {}
    return {"Exchange": exchange} if student else {"CourseDirectory": coursedir, "Exchange": exchange}


def _defaults(
    instances: dict[str, Configurable],
    classes: dict[str, type[Configurable]],
    configured: dict[str, Setting],
    config: Config,
) -> Iterator[Setting]:
    """Yield the settings that matter and that no file sets under their own name."""
    for name, instance in instances.items():
        for trait_name, trait in instance.traits(config=True).items():
            yield _default(f"{name}.{trait_name}", getattr(instance, trait_name), trait.help)
    for name, trait_names in IMPORTANT.items():
        owner = classes[name]
        for trait_name in trait_names:
            trait = config_classes.traits_of(owner)[trait_name]
            # set on a class that this one inherits from (ExecutePreprocessor.timeout)?
            parents = [f"{p}.{trait_name}" for p in reversed(owner.section_names()[:-1])]
            inherited = next((configured[p] for p in parents if p in configured), None)
            if inherited:
                text = f"Set through {inherited.name}. {inherited.help}".strip()
                yield Setting(f"{name}.{trait_name}", inherited.value, inherited.source, help=text)
            else:
                yield _default(f"{name}.{trait_name}", trait.default(), trait.help)


def _default(name: str, value: object, text: str | None) -> Setting:
    return Setting(name, show(name, value), help=" ".join((text or "").split()))


def _is_unknown(entry: _Entry, classes: dict[str, type[Configurable]]) -> bool:
    parts = entry.section.split(".")
    owner = classes.get(parts[-1])
    if owner is None:
        return entry.trait not in config_classes.ELSEWHERE.get(parts[-1], ())
    return entry.trait not in config_classes.traits_of(owner)


def _unknown(entries: list[_Entry], classes: dict[str, type[Configurable]]) -> list[UnknownSetting]:
    """List what nbgrader will not heed; jupyter_config is everybody's, so its other classes are not ours."""
    found = []
    for entry in entries:
        if replacement(entry.section, entry.trait) or not _is_unknown(entry, classes):
            continue
        section = entry.section.rpartition(".")[2]
        if entry.source.stage == "jupyter" and not _is_nbgraders(classes.get(section)):
            continue
        suggestion = config_classes.suggest(section, entry.trait, classes)
        found.append(UnknownSetting(entry.name, str(entry.source.path), suggestion))
    return found


def _is_nbgraders(section: type[Configurable] | None) -> bool:
    return section is not None and section.__module__.startswith("nbgrader.")
