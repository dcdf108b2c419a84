"""The programs of this interpreter's environment, first on PATH.

nbgrader runs `alembic` from PATH when it fills or upgrades a gradebook; one
that is not this environment's, or missing, leaves a gradebook without a version
that can never be upgraded.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def own_programs_first(path: str) -> str:
    """Return a PATH with the folders of this interpreter's programs before all others."""
    own = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    return os.pathsep.join(folder for folder in dict.fromkeys([*own, *path.split(os.pathsep)]) if folder)


def programs_on_path() -> None:
    """Put the folders of this interpreter's programs first on this process's PATH."""
    os.environ["PATH"] = own_programs_first(os.environ.get("PATH", os.defpath))
