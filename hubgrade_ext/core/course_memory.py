"""What the server read of a large course, kept in the state folder for the next server.

A cache and nothing more: everything in it goes with the key of the folder or
file that it was read from, and a file that cannot be read is as good as none.
It holds the secrets of submissions, and so is for its owner's eyes only.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from hubgrade_ext.core.counts import Counts
from hubgrade_ext.core.folder_tree import Key, Remembered
from hubgrade_ext.core.gradebook import Records
from hubgrade_ext.core.inbound import Attempt
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import write_cache
from hubgrade_ext.core.steps import Autograded, Collected, Feedback


class CourseMemory(Struct):
    """See `course_counter`, whose fields these are; `records` come without the submissions."""

    collected: dict[str, Remembered[Collected]]
    autograded: dict[str, Remembered[Autograded]]
    feedback: dict[str, Remembered[Feedback]]
    keys: dict[str, Key | None]
    records: Records
    cut_short: list[Attempt]
    counts: dict[str, Counts]


_decoder = msgspec.msgpack.Decoder(CourseMemory)
# changes with every shape in the file, and with every release that might read it otherwise
_FORMAT = b"1"


def memory_file(settings: CourseSettings) -> Path:
    """Return where the memory of a course is kept."""
    return settings.state_dir / "course-memory.msgpack"


def load_memory(settings: CourseSettings) -> CourseMemory | None:
    """Return what an earlier server kept, or None when there is nothing of use."""
    try:
        content = memory_file(settings).read_bytes()
    except OSError:
        return None
    header = _header(settings)
    if not content.startswith(header):
        return None
    try:
        return _decoder.decode(content[len(header) :])
    except msgspec.MsgspecError:
        return None


def save_memory(settings: CourseSettings, memory: CourseMemory) -> None:
    """Keep what was read; where nothing can be written, nothing is kept."""
    with suppress(UnicodeEncodeError):
        write_cache(settings, memory_file(settings), _header(settings) + msgspec.msgpack.encode(memory))


def _header(settings: CourseSettings) -> bytes:
    """Bind the file to the settings that it was made with: other folders, another course."""
    return hashlib.sha256(_FORMAT + msgspec.json.encode(settings)).digest()
