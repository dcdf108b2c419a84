"""The environment that hubgrade's own child processes get: no secrets, the interpreter's programs first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_SECRET_PREFIXES = ("JUPYTERHUB_", "JPY_", "CONFIGPROXY_")
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "PRIVATE_KEY")


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `environ` without secrets and with the interpreter's folder first on PATH.

    nbgrader upgrades a gradebook by running `alembic` from PATH; one that is
    not this interpreter's, or missing, leaves a gradebook without a version.
    """
    kept = {name: value for name, value in environ.items() if not _is_secret(name)}
    bin_folder = str(Path(sys.executable).parent)
    kept["PATH"] = os.pathsep.join(p for p in (bin_folder, environ.get("PATH", os.defpath)) if p)
    return kept


def _is_secret(name: str) -> bool:
    upper = name.upper()
    return upper.startswith(_SECRET_PREFIXES) or any(word in upper for word in _SECRET_WORDS)
