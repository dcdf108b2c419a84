"""What this server knows of itself, for preflight."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hubgrade_ext.preflight.server_facts import ServerFacts


def server_facts(web_settings: Mapping[str, Any], started_in: str) -> ServerFacts:
    """Return the server's facts out of its settings."""
    formgrader = web_settings.get("nbgrader_formgrader")
    policy = str(web_settings.get("headers", {}).get("Content-Security-Policy", ""))
    return ServerFacts(
        formgrader=formgrader is not None,
        formgrader_root=str(formgrader.coursedir.root) if formgrader is not None else None,
        formgrader_broken=bool(web_settings.get("nbgrader_bad_setup")),
        frame_ancestors=policy.partition("frame-ancestors")[2].partition(";")[0],
        folder=os.getcwd(),  # noqa: PTH109  as it is, links and all
        started_in=started_in,
    )
