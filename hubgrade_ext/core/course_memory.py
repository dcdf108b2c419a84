"""What the server read of a large course, kept in the state folder for the next server."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from hubgrade_ext.core.counts import Counts
from hubgrade_ext.core.folder_tree import Key, Remembered
from hubgrade_ext.core.gradebook import Records
from hubgrade_ext.core.inbound import Attempt
from hubgrade_ext.core.settings import CourseSettings
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


decoder = msgspec.msgpack.Decoder(CourseMemory)


def memory_file(settings: CourseSettings) -> Path:
    """Return where the memory of a course is kept."""
    return settings.state_dir / "course-memory.msgpack"
