"""Submissions that wait in the exchange's inbound folder.

An *attempt* is one folder `student+assignment+timestamp+random` there. It is
*whole* once it has its timestamp.txt, which submit writes last but one; without
it the submission was cut short (or is still being copied) and does not count.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.folders import is_text
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import is_default_format, parse_timestamp

Attempts = dict[str, dict[str, list["Attempt"]]]


class Attempt(Struct, frozen=True, gc=False):
    """One submission in the exchange; `submitted_at` is what its name says, `folder` its name."""

    student_id: str
    assignment_id: str
    submitted_at: datetime
    folder: str


class Inbound(Struct, frozen=True):
    """All attempts, assignment → student → newest first, and how many names made no sense."""

    attempts: Attempts
    ignored: int


def inbound_dir(settings: CourseSettings) -> Path:
    """Return the course's inbound folder in the exchange."""
    return Path(settings.exchange_root, settings.course_id, "inbound")


def scan_inbound(settings: CourseSettings, assignment_id: str | None = None) -> Attempts:
    """Return the attempts in the exchange: assignment → student → attempts, newest first.

    Whole or not is not looked at here; see `newest_whole`.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    return read_inbound(settings, assignment_id).attempts


def read_inbound(settings: CourseSettings, assignment_id: str | None = None) -> Inbound:
    """Return the attempts (of one assignment, or of all) and the count of names that made no sense.

    Empty when there is no inbound folder, or when a plug-in replaces the exchange.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    names = inbound_names(settings)
    if assignment_id is not None:
        part = f"+{assignment_id}+"
        names = [name for name in names if part in name]
    return _group(names, assignment_id)


def inbound_names(settings: CourseSettings) -> list[str]:
    """Return what is in the inbound folder, in no order; empty when it is not there or not ours to read.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    if not settings.default_exchange:
        return []
    folder = inbound_dir(settings)
    try:
        # names only, as text: 60,000 Path objects cost ten times as much
        return os.listdir(folder)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ExchangeBroken(
            f"The exchange's folder for submissions, {folder}, cannot be read: {error.strerror}.",
            "Ask whoever runs the exchange to give you read access to it.",
        ) from error


def _group(names: Iterable[str], assignment_id: str | None) -> Inbound:
    attempts: Attempts = {}
    ignored = 0
    for name in names:
        if name[0] == ".":
            continue
        attempt = parse_attempt(name)
        if attempt is None:
            ignored += 1
        elif assignment_id is None or attempt.assignment_id == assignment_id:
            students = attempts.setdefault(attempt.assignment_id, {})
            students.setdefault(attempt.student_id, []).append(attempt)
    for students in attempts.values():
        for found in students.values():
            if len(found) > 1:
                found.sort(key=_age, reverse=True)
    return Inbound(attempts, ignored)


def _age(attempt: Attempt) -> tuple[datetime, str]:
    return attempt.submitted_at, attempt.folder


class UnreadAttempts(Struct, frozen=True, gc=False, array_like=True):
    """The attempts of one student, newest first; all but the newest as names, read only when come to.

    Stands for `list[Attempt]` where a whole course is counted and hardly any is looked at.
    """

    newest: Attempt
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Attempt]:
        yield self.newest
        for name in sorted(self.names, reverse=True)[1:]:
            attempt = parse_attempt(name)
            if attempt is not None:
                yield attempt

    def __contains__(self, attempt: object) -> bool:
        return any(attempt == own for own in self)


def group_unread(names: Iterable[str]) -> dict[str, dict[str, Collection[Attempt]]]:
    """Return the same as `scan_inbound` from a listing, with the attempts unread where that can be."""
    heads: defaultdict[str, list[str]] = defaultdict(list)
    others: list[str] = []
    for name in names:
        head, _, rest = name.rpartition(" UTC+")
        # the default format and a random part without a plus: then equal heads sort by time as text
        if len(head) > 28 and head[-27] == "+" and name[0] != "." and "+" not in rest and is_text(name):
            heads[head[:-27]].append(name)
        else:
            others.append(name)
    grouped: dict[str, dict[str, Collection[Attempt]]] = {}
    for found in heads.values():
        newest = parse_attempt(max(found))
        if newest is None:
            others.extend(found)
        else:
            grouped.setdefault(newest.assignment_id, {})[newest.student_id] = UnreadAttempts(newest, found)
    for assignment, students in _group(others, None).attempts.items():
        for student, attempts in students.items():
            unread = grouped.setdefault(assignment, {}).get(student, ())
            grouped[assignment][student] = sorted([*unread, *attempts], key=_age, reverse=True)
    return grouped


def parse_attempt(name: str) -> Attempt | None:
    """Return the attempt that a folder in inbound is named for, or None; a name must be text.

    Student names may hold a `+`; the random part is absent when the exchange is
    configured so.

    Source: nbgrader 0.9.6 `ExchangeCollect._path_to_record`.
    """
    if not is_text(name):
        # any student can make one: no message about it could be sent
        return None
    parts = name.rsplit("+", 3)
    if len(parts) == 4 and not (is_default_format(parts[3]) and not is_default_format(parts[2])):
        return _attempt(parts[0], parts[1], parts[2], name)
    parts = name.rsplit("+", 2)
    return _attempt(parts[0], parts[1], parts[2], name) if len(parts) == 3 else None


def _attempt(student_id: str, assignment_id: str, stamp: str, name: str) -> Attempt | None:
    when = parse_timestamp(stamp)
    if when is None or not student_id or not assignment_id:
        return None
    return Attempt(student_id, assignment_id, when, name)


def is_whole(settings: CourseSettings, attempt: Attempt) -> bool:
    """Say whether the attempt is a real folder with a timestamp.txt in it that is not empty."""
    folder = f"{settings.exchange_root}/{settings.course_id}/inbound/{attempt.folder}"
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return False
        info = os.lstat(f"{folder}/timestamp.txt")
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size > 0


def newest_whole(
    settings: CourseSettings, attempts: Iterable[Attempt], not_after: datetime | None = None
) -> Attempt | None:
    """Return the first whole attempt, looking at no more folders than needed.

    `attempts` come newest first, as `scan_inbound` gives them. With `not_after`
    (a due date), the newest whole one up to then, or, when there is none, the
    newest whole one at all.

    Source: nbgrader 0.9.6 `ExchangeCollect.init_src`.
    """
    late: Attempt | None = None
    for attempt in attempts:
        on_time = not_after is None or attempt.submitted_at <= not_after
        if (on_time or late is None) and is_whole(settings, attempt):
            if on_time:
                return attempt
            late = attempt
    return late
