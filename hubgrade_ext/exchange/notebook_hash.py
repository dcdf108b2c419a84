"""The name under which feedback lies in the exchange; without nbgrader, for the server's process."""

from __future__ import annotations

import hashlib
from pathlib import Path


def notebook_hash(notebook_id: str, *, secret: str) -> str:
    """Return the feedback's name for a submission that has a secret.

    Source: nbgrader 0.9.6 `utils.notebook_hash`.
    """
    return hashlib.md5((secret + notebook_id).encode(), usedforsecurity=False).hexdigest()


def legacy_hashes(notebook: Path, unique_key: str) -> list[str]:
    """Return the names to look for when a submission has no secret, newer way first.

    `unique_key` is course, assignment, notebook, student and timestamp joined by `+`.
    Source: nbgrader 0.9.6 `utils.notebook_hash`, `utils.make_unique_key`.
    """
    content = notebook.read_bytes()
    return [
        hashlib.md5(content + unique_key.encode(), usedforsecurity=False).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    ]
