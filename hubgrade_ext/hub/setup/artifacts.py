"""Every file and folder of a site, as it should be: pure, nothing is looked up."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

# how a file of ours is known again
MARK = "# Written by `hubgrade admin`"
HEADER = f"{MARK}, which writes it again: changes made here are lost."
START_HEADER = "# Begun by `hubgrade admin`, which never changes it again: this file is yours."

Policy = Literal["own", "once", "secret"]


class FileArtifact(Struct, frozen=True):
    """A file: its path without prefix, its text, who has it and who may read it."""

    path: str
    text: str
    mode: int = 0o644
    owner: str = "root"
    policy: Policy = "own"


class FolderArtifact(Struct, frozen=True):
    """A folder, with the same words."""

    path: str
    mode: int = 0o755
    owner: str = "root"
    policy: Policy = "own"


Artifact = FileArtifact | FolderArtifact


def own(path: str, text: str, mode: int = 0o644) -> FileArtifact:
    """Return a file of ours, with the header that says so."""
    return FileArtifact(path, f"{HEADER}\n{text}", mode)
