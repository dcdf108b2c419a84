"""Make the demo's submissions slow to grade, so that something can happen while they are graded."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ui.server import Server

QUICK = ("ator", "bitdiddle", "hacker", "mueller")
UNREADABLE = "noether"


def slow_down(server: Server, seconds: float) -> None:
    """Let the submissions of most students sleep in their first answer; four are graded quickly."""
    for folder in server.inbound.iterdir():
        path = folder / "problem1.ipynb"
        if path.is_file() and folder.name.split("+")[0] not in (*QUICK, UNREADABLE):
            _sleep_in(path, seconds)


def _sleep_in(path: Path, seconds: float) -> None:
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "squares":
            cell["source"] = f"import time\ntime.sleep({seconds})\n" + "".join(cell["source"])
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    path.chmod(0o444)  # as nbgrader leaves it


def collected(server: Server) -> None:
    """Collect ps1 by the API, and wait until it is done."""
    key = server.course_key()
    job = server.start_job(key, verb="collect", assignment_id="ps1")
    assert server.job_ended(key, job)["job"]["state"] == "done"
