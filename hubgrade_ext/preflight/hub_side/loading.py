"""Load jupyterhub_config.py as the hub does, and read values out of it whatever way they were set."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue, PyFileConfigLoader


class LoadedConfig:
    """The values of a configuration file; a class's trait may be set on any of its subclasses."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def names(self) -> list[str]:
        """Return every `Class.trait` that is set, sorted."""
        return sorted(f"{section}.{trait}" for section, trait, _ in self._items())

    def get(self, section: str, trait: str, default: object = None) -> object:
        """Return one value; `default` when it is not set. What was only added to starts from `default`."""
        found = self._config[section].get(trait, default) if section in self._config else default
        return _plain(found, default)

    def text(self, section: str, trait: str, default: str = "") -> str:
        """Return a value that is text."""
        found = self.get(section, trait, default)
        return found if isinstance(found, str) else default

    def any_of(self, ending: str, trait: str) -> list[object]:
        """Return a trait's values in all sections whose name ends with `ending` (Spawner, Authenticator)."""
        return [
            _plain(v, None)
            for section, name, v in self._items()
            if section.endswith(ending) and name == trait
        ]

    def first(self, ending: str, trait: str, default: object = None) -> object:
        """Return the most specific of those values: a subclass's before the class's own."""
        found = {s: _plain(v, None) for s, name, v in self._items() if s.endswith(ending) and name == trait}
        special = [value for section, value in found.items() if section != ending]
        return special[0] if special else found.get(ending, default)

    def _items(self) -> Iterator[tuple[str, str, object]]:
        for section, traits in self._config.items():
            if isinstance(traits, Config):
                for trait, value in traits.items():
                    yield section, trait, value


def _plain(value: object, default: object) -> object:
    if not isinstance(value, LazyConfigValue):
        return value
    if isinstance(default, (list, set, dict)):
        return value.get_value(type(default)(default))
    # `c.X.y.add(…)`, `.update(…)`, `.append(…)` where no file gave a value to start from
    said = value.to_dict()
    return said.get("update") or [*said.get("prepend", ()), *said.get("extend", ())]


def load(path: str) -> tuple[LoadedConfig, str]:
    """Return what the file sets, and why it could not be loaded.

    It runs, as it does in the hub. Of a fault only the kind, the line and what
    cannot be a secret is told: a line of the file may hold a token.
    """
    config = Config()
    try:
        config = PyFileConfigLoader(Path(path).name, str(Path(path).parent)).load_config()
    except SyntaxError as error:
        return LoadedConfig(config), f"line {error.lineno} is not Python"
    except (Exception, SystemExit) as error:  # noqa: BLE001  code that is not ours: it may raise anything
        return LoadedConfig(config), _explain(error, path)
    return LoadedConfig(config), ""


def _explain(error: BaseException, path: str) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    where = f"line {lines[-1]}: " if lines else ""
    match error:
        case KeyError() if error.args and re.fullmatch(r"[A-Z][A-Z0-9_]*", str(error.args[0])):
            return f"{where}the environment variable {error.args[0]} is not set"
        case ModuleNotFoundError():
            return f"{where}the module {error.name} is not installed"
        case NameError():
            return f"{where}the name {error.name} does not exist"
        case OSError() if error.strerror:
            named = f" ({error.filename})" if error.filename else ""
            return f"{where}{error.strerror}{named}"
        case _:
            return f"{where}it stops with {type(error).__name__}"
