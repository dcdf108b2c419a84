"""A build hook that says in plain words when Node is missing, before the labextension's build fails."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MESSAGE = (
    "hubgrade: building the labextension from a checkout needs Node 20 or newer,\n"
    "and no `node` is on the PATH.\n"
    "Install Node and run this again; or install a built wheel, which needs none;\n"
    "or set SKIP_JUPYTER_BUILDER=1 to install the server's half alone."
)


class NodeCheck(BuildHookInterface):  # type: ignore[misc]  # hatchling is there at build time only
    """Look for Node where the labextension is about to be built: in a checkout, not in an unpacked sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stop with one message when it is missing."""
        needed = not os.environ.get("SKIP_JUPYTER_BUILDER") and not Path(self.root, "PKG-INFO").exists()
        if needed and shutil.which("node") is None:
            sys.exit(MESSAGE)
