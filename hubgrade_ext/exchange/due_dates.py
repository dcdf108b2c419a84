"""What students may know of the released assignments: `<exchange>/<course_id>/outbound/.hubgrade.json`.

nbgrader keeps due dates in the gradebook, which students cannot read. The file is
`{assignment_id: {"due_date": ISO time or null, "released_at": ISO time}}`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.disk import plain_errors, write_file
from hubgrade_ext.core.due_dates import set_due_date
from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.settings import CourseSettings

FILE_NAME = ".hubgrade.json"
_LARGEST_BYTES = 1_000_000


class Published(msgspec.Struct, frozen=True):
    """One released assignment; times are aware UTC."""

    due_date: datetime | None = None
    released_at: datetime | None = None


def released_assignments(settings: CourseSettings) -> dict[str, datetime]:
    """Return the released assignments with when each was released, by name; empty when there are none.

    Only for nbgrader's own exchange. Raises: ExchangeBroken (the folder cannot be read).
    """
    found = {}
    try:
        with os.scandir(outbound_dir(settings)) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir():
                    found[entry.name] = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as fault:
        raise ExchangeBroken(
            f"The exchange's folder {outbound_dir(settings)} cannot be read: {fault.strerror}.",
            "Ask whoever runs the exchange to give you read access to it.",
        ) from fault
    return dict(sorted(found.items()))


def publish_due_dates(settings: CourseSettings, due_dates: Mapping[str, datetime | None]) -> None:
    """Write the released assignments' due dates for students; assignments not in `due_dates` keep theirs.

    Does nothing when a plug-in replaces the exchange, or nothing was ever released.
    Raises: ExchangeBroken.
    """
    folder = outbound_dir(settings)
    if not settings.default_exchange or not folder.is_dir():
        return
    before = read_due_dates(settings)
    published = {}
    for assignment_id, released_at in released_assignments(settings).items():
        due = due_dates.get(assignment_id, before.get(assignment_id, Published()).due_date)
        published[assignment_id] = Published(_as_utc(due), released_at)
    if published == before:
        return
    with plain_errors("publish the due dates", folder, ExchangeBroken):
        write_file(folder / FILE_NAME, msgspec.json.encode(published), 0o644)


def edit_due_date(settings: CourseSettings, assignment_id: str, due_date: datetime | None) -> None:
    """Set an assignment's due date, or remove it, and tell students if it is released.

    Raises: as `set_due_date`; ExchangeBroken (it is set, but students do not see it).
    """
    set_due_date(settings, assignment_id, due_date)
    try:
        publish_due_dates(settings, {assignment_id: due_date})
    except ExchangeBroken as error:
        raise ExchangeBroken(
            "The due date is set, but students do not see it yet: the exchange could not be written.",
            f"{error.remedy} Releasing the assignment again shows it too.",
        ) from error


def read_due_dates(settings: CourseSettings) -> dict[str, Published]:
    """Return what the instructor published; empty when there is nothing, or nothing that makes sense."""
    if not settings.default_exchange:
        return {}
    path = outbound_dir(settings) / FILE_NAME
    try:
        # in a badly protected exchange this may be anybody's file: no link, no pipe, nothing huge
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > _LARGEST_BYTES:
            return {}
        content = msgspec.json.decode(os.read(descriptor, _LARGEST_BYTES))
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    finally:
        os.close(descriptor)
    found = {}
    for assignment_id, value in content.items() if isinstance(content, dict) else ():
        with suppress(msgspec.MsgspecError):
            entry = msgspec.convert(value, Published)
            found[assignment_id] = Published(_as_utc(entry.due_date), _as_utc(entry.released_at))
    return found


def _as_utc(when: datetime | None) -> datetime | None:
    if when is None or when.tzinfo is not None:
        return when.astimezone(UTC) if when else None
    return when.replace(tzinfo=UTC)
