"""Files in the state folder with what was read of a course, for the next server.

Caches and nothing more: everything in them goes with the key of the folder or
file that it was read from, and a file that cannot be read is as good as none.
They may hold the secrets of submissions, and so are for their owner's eyes only.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import read_cache, write_cache

SAVE_INTERVAL_S = 60.0
# changes with every shape in the files, and with every release that might read them otherwise
_FORMAT = b"3"
_DIGEST_BYTES = 32

Content = TypeVar("Content")


class KeptFile(Generic[Content]):
    """One such file, written once a minute at most: the newest content when that is over."""

    def __init__(
        self, settings: CourseSettings, path: Path, decoder: msgspec.msgpack.Decoder[Content]
    ) -> None:
        self._settings = settings
        self._path = path
        self._decoder = decoder
        self._unsaved = False
        self._saved_at = -math.inf

    def load(self) -> Content | None:
        """Return what an earlier server kept, or None when there is nothing of use."""
        kept = read_cache(self._path) or b""
        body = kept[_DIGEST_BYTES:]
        if kept[:_DIGEST_BYTES] != self._digest(body):
            return None
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError):
            return None

    def save(self, content: Callable[[], Content], *, is_new: bool) -> None:
        """Keep the content if it `is_new`, now or once a minute has passed.

        Where nothing can be written, nothing is kept; nor is content with names that are no text.
        """
        self._unsaved = self._unsaved or is_new
        if not self._unsaved or time.monotonic() - self._saved_at < SAVE_INTERVAL_S:
            return
        self._unsaved = False
        self._saved_at = time.monotonic()
        # a student's file may have a time of before 1677
        with suppress(UnicodeEncodeError, OverflowError):
            body = msgspec.msgpack.encode(content())
            write_cache(self._settings, self._path, self._digest(body) + body)

    def _digest(self, body: bytes) -> bytes:
        """Bind the file to its name, the course and the settings that it was made with, and tell damage."""
        bound = _FORMAT + msgspec.json.encode([self._path.name, self._settings])
        return hashlib.sha256(bound + body).digest()
