"""The environment that hubgrade's own child processes get: no secrets, the interpreter's programs first."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hubgrade_ext.core.programs import own_programs_first

_SECRET_PREFIXES = ("JUPYTERHUB_", "JPY_", "CONFIGPROXY_")
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "PRIVATE_KEY")


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `environ` without secrets and with this interpreter's programs first on PATH."""
    kept = {name: value for name, value in environ.items() if not _is_secret(name)}
    kept["PATH"] = own_programs_first(environ.get("PATH", os.defpath))
    return kept


def _is_secret(name: str) -> bool:
    upper = name.upper()
    return upper.startswith(_SECRET_PREFIXES) or any(word in upper for word in _SECRET_WORDS)
