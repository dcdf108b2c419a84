"""Put off imports that cost seconds and that hardly anything calls.

Importing nbgrader takes 3.7 CPU-s. 2.1 of them go to `rfc3987_syntax`, which compiles a grammar for
jsonschema's format "iri", 0.7 to setuptools, from which nbgrader takes the unpacking of archives for
`zip_collect`, and 0.2 to `requests` (for a hub's users) and the regular expressions of `rfc3986_validator`.
While nbgrader is imported, stand-ins are in their place, which import the real module when they are used.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

# the functions that are taken from a module; none: it is imported as a whole
# Source: jsonschema 4.26 `_format`, nbgrader 0.9.6 `utils`, `auth.jupyterhub`
LATE: dict[str, tuple[str, ...]] = {
    "requests": (),
    "rfc3986_validator": ("validate_rfc3986",),
    "rfc3987_syntax": ("is_valid_syntax",),
    "setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile"),
}


class _StandIn(ModuleType):
    """A module of which only some functions are wanted, if ever; any other name brings the real one."""

    def __getattr__(self, name: str) -> Any:
        if name in LATE[self.__name__]:
            return _late(self.__name__, name)
        # what the import system asks of every module; the path, before it looks for one inside
        if name.startswith("__") and (name != "__path__" or LATE[self.__name__]):
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def _late(module: str, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(_real(module), name)(*args, **kwargs)

    return call


def _real(module: str) -> ModuleType:
    _remove(module)
    return importlib.import_module(module)


def _remove(module: str) -> None:
    if isinstance(sys.modules.get(module), _StandIn):
        sys.modules.pop(module, None)


@contextlib.contextmanager
def late_imports() -> Iterator[None]:
    """Import inside of this what imports nbgrader; afterwards these modules can be imported as ever."""
    for module in LATE:
        sys.modules.setdefault(module, _StandIn(module))
    try:
        yield
    finally:
        for module in LATE:
            _remove(module)
