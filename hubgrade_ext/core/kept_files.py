"""A file in the state folder with what was read of a course, for the next server.

A cache and nothing more: everything in it goes with the key of the folder or
file that it was read from, and a file that cannot be read is as good as none.
It may hold the secrets of submissions, and so is for its owner's eyes only.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import write_cache

# changes with every shape in the files, and with every release that might read them otherwise
_FORMAT = b"2"

Content = TypeVar("Content")


class Shape(Generic[Content]):
    """Reads and writes files whose content is of one type."""

    def __init__(self, content: type[Content]) -> None:
        self._decoder = msgspec.msgpack.Decoder(content)

    def load(self, settings: CourseSettings, path: Path) -> Content | None:
        """Return what an earlier server kept, or None when there is nothing of use."""
        try:
            content = path.read_bytes()
        except OSError:
            return None
        header = _header(settings)
        if not content.startswith(header):
            return None
        try:
            return self._decoder.decode(content[len(header) :])
        except msgspec.MsgspecError:
            return None

    def save(self, settings: CourseSettings, path: Path, content: Content) -> None:
        """Keep what was read; where nothing can be written, nothing is kept."""
        with suppress(UnicodeEncodeError):
            write_cache(settings, path, _header(settings) + msgspec.msgpack.encode(content))


def _header(settings: CourseSettings) -> bytes:
    """Bind a file to the settings that it was made with: other folders, another course."""
    return hashlib.sha256(_FORMAT + msgspec.json.encode(settings)).digest()
