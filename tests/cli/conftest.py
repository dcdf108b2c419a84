"""`hubgrade` as a program: a real process for each command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ran:
    """What one command left: exit status and both streams."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output; nothing may stand before or after it."""
        value, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n"
        assert isinstance(value, dict)
        return value


Hubgrade = Callable[..., Ran]


@pytest.fixture
def hubgrade(tmp_path: Path) -> Hubgrade:
    """Return a function that runs one command in a folder; no traceback may ever leave it."""

    def run(*arguments: str | Path, cwd: Path | None = None, powerless: bool = False) -> Ran:
        command = [sys.executable, "-m", "hubgrade_ext.cli", *map(str, arguments)]
        if powerless and os.getuid() == 0:
            # root passes every permission; without its capabilities it is a user like any other
            command = ["setpriv", "--bounding-set=-all", *command]
        done = subprocess.run(
            command,
            cwd=cwd or tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
