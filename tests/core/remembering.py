"""What tests of remembered pages share: a new server, a settled course, damaged files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hubgrade_ext.core import assignment_memory, course_counter, inbound_listing
from hubgrade_ext.core.settings import CourseSettings

WHO = "student0001"
damaged = pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, None, "middle"], ids=["empty", "zeros", "cut short", "a byte changed"]
)


def settle(settings: CourseSettings) -> None:
    """Make every folder and file of the course old enough to be trusted, without changing their order."""
    for base in (settings.root or "", settings.exchange_root):
        for folder, _, files in os.walk(base):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                then = path.stat().st_mtime_ns - 3600 * 10**9
                os.utime(path, ns=(then, then))


def forget() -> None:
    """Be a new server."""
    course_counter._counters.clear()
    assignment_memory._readers.clear()
    inbound_listing._listings.clear()
    inbound_listing._kept_at.clear()


def damage(kept: Path, content: bytes | str | None) -> None:
    whole = kept.read_bytes()
    middle = len(whole) // 2
    if isinstance(content, str):
        kept.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    else:
        kept.write_bytes(whole[:-50] if content is None else content)
