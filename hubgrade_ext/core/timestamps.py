"""The times that nbgrader writes into names and into timestamp.txt, as aware UTC."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

_LONGEST = 64
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


def is_default_format(text: str) -> bool:
    """Say whether `text` has the shape of nbgrader's default `2015-02-02 15:58:23.948203 UTC`."""
    return len(text) == 30 and text.endswith(" UTC")


def parse_timestamp(text: str) -> datetime | None:
    """Return the time that `text` means, as nbgrader reads it; None when it means none.

    nbgrader's default format is read by hand, any other as nbgrader does, its
    reading of a numeric zone as seconds included: a time must compare equal to
    what nbgrader stored for the same text.

    Source: nbgrader 0.9.6 `utils.parse_utc`.
    """
    if len(text) == 30 and text.endswith(" UTC"):  # written out: a page asks this of thousands
        try:
            return datetime.fromisoformat(text[:26] + "+00:00")
        except ValueError:
            return None
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    return _parse_other(text)


def _parse_other(text: str) -> datetime | None:
    from dateutil import parser, tz

    parts = text.split(" ")
    try:
        if len(parts) == 3:
            zone = parts[2]
            # the text is a student's word: gettz would open a file of that name
            known: object = int(zone) if zone.lstrip("+-").isdigit() else _zone(tz.gettz, zone)
            when: datetime = parser.parse(" ".join([*parts[:2], "TZ"]), tzinfos={"TZ": known})
        else:
            when = parser.parse(text)
        # in UTC it may be before the year 1 or after 9999
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None


def _zone(gettz: object, name: str) -> object:
    return gettz(name) if _ZONE.fullmatch(name) and callable(gettz) else None


def read_timestamp_text(folder: str, dir_fd: int | None = None) -> str | None:
    """Return what timestamp.txt in `folder` says; None when there is no such file, or it is empty.

    With `dir_fd` (an open folder) `folder` is relative to it.
    """
    content = read_small_file(f"{folder}/timestamp.txt", dir_fd)
    return content.decode("utf-8", "replace").strip() or None if content else None


def read_small_file(path: str, dir_fd: int | None = None) -> bytes | None:
    """Return the beginning of a file (4 kB), or None when there is none that can be read.

    Links are not followed and a pipe is not waited for: the file may be a student's.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd)
    except OSError:
        return None
    try:
        return os.read(fd, 4096)
    except OSError:
        return None
    finally:
        os.close(fd)
