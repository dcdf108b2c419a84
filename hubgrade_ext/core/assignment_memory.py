"""The submissions of one assignment, with what was read of them remembered: for pages, not for verbs.

Each piece goes with the key of what it was read from (the gradebook's files, the
exchange's folders inbound and feedback, the submission's own in each step) and is
read again when that has another one. Kept for a few assignments, and for large ones
in the state folder too, for the next server.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.folder_tree import Key, Read, is_settled, key_of
from hubgrade_ext.core.gradebook import Records, read_gradebook
from hubgrade_ext.core.gradebook_reader import gradebook_files, sqlite_path
from hubgrade_ext.core.inbound import Attempt, UnreadAttempts, inbound_dir
from hubgrade_ext.core.inbound_listing import listed_attempts
from hubgrade_ext.core.kept_files import Shape
from hubgrade_ext.core.released_feedback import ReleasedAt, released_feedback_dir, released_one_by_one
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import (
    Autograded,
    Collected,
    Feedback,
    Readers,
    SubmissionState,
    read_autograded,
    read_collected,
    read_feedback,
    states_from,
)

REMEMBERED_ASSIGNMENTS = 12
WORTH_SAVING = 200
SAVE_INTERVAL_S = 60.0

Facts = TypeVar("Facts", bound=Struct)


class Submissions(Struct, frozen=True):
    """The gradebook's records of an assignment and the states of its submissions, by student.

    `problem` says why the exchange could not be read, if it could not.
    """

    records: Records
    states: list[SubmissionState]
    problem: ExchangeBroken | None = None


class Known(Struct, Generic[Facts], frozen=True, gc=False, array_like=True):
    """What was read of one folder, and the folder's key at that time."""

    key: Key
    facts: Facts


class Memory(Struct):
    """What was read of one assignment; the folders by their paths."""

    gradebook: list[Key | None] = field(default_factory=list)
    records: Records | None = None
    inbound: Key | None = None
    attempts: dict[str, UnreadAttempts] | None = None
    collected: dict[str, Known[Collected]] = field(default_factory=dict)
    autograded: dict[str, Known[Autograded]] = field(default_factory=dict)
    feedback: dict[str, Known[Feedback]] = field(default_factory=dict)
    released: Key | None = None
    released_at: dict[str, int | None] = field(default_factory=dict)


_shape = Shape(Memory)


def submissions_of(settings: CourseSettings, assignment_id: str) -> Submissions:
    """Return the submissions of an assignment as they are now, reading only what has changed.

    Raises: GradebookBroken, Busy.
    """
    key = settings.course_key, assignment_id
    with _lock:
        reader = _readers.pop(key, None)
        if reader is None or reader.settings != settings:
            reader = _Reader(settings, assignment_id)
        _readers[key] = reader
        while len(_readers) > REMEMBERED_ASSIGNMENTS:
            _readers.popitem(last=False)
    return reader.read()


def assignment_file(settings: CourseSettings, assignment_id: str) -> Path:
    """Return where the memory of a large assignment is kept."""
    return settings.state_dir / f"submissions-{quote(assignment_id, safe=' ')}.msgpack"


class _Reader:
    """Reads one assignment, and remembers what it read."""

    def __init__(self, settings: CourseSettings, assignment_id: str) -> None:
        self.settings = settings
        self._assignment_id = assignment_id
        self._file = assignment_file(settings, assignment_id)
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._saved_at = -math.inf

    def read(self) -> Submissions:
        with self._lock:
            old = self._memory or _shape.load(self.settings, self._file) or Memory()
            new = Memory()
            records = self._records(old, new)
            problem: ExchangeBroken | None = None
            attempts: Mapping[str, Collection[Attempt]] = {}
            try:
                attempts = self._attempts(old, new)
            except ExchangeBroken as error:
                problem = error
            readers = Readers(
                _KnownReader(read_collected, old.collected, new.collected),
                _KnownReader(read_autograded, old.autograded, new.autograded),
                _KnownReader(read_feedback, old.feedback, new.feedback),
                self._released_at(old, new),
            )
            states = states_from(self.settings, self._assignment_id, records, attempts, readers)
            self._memory = new
            if len(states) >= WORTH_SAVING and new != old:
                self._save()
            return Submissions(records, states, problem)

    def _records(self, old: Memory, new: Memory) -> Records:
        path = sqlite_path(self.settings)
        if path is None:
            return read_gradebook(self.settings, self._assignment_id)
        # the keys first, then the content: what changes in between is seen next time
        keys = [key_of(each) for each in gradebook_files(path)]
        records = old.records if old.gradebook == keys else None
        if records is None:
            records = read_gradebook(self.settings, self._assignment_id)
        if all(is_settled(key) for key in keys):
            new.gradebook, new.records = keys, records
        return records

    def _attempts(self, old: Memory, new: Memory) -> Mapping[str, Collection[Attempt]]:
        key = key_of(inbound_dir(self.settings)) if self.settings.default_exchange else None
        if key is None or not is_settled(key):
            return listed_attempts(self.settings, self._assignment_id)
        if old.attempts is not None and old.inbound == key:
            new.inbound, new.attempts = key, old.attempts
            return old.attempts
        attempts = listed_attempts(self.settings, self._assignment_id)
        unread = {name: each for name, each in attempts.items() if isinstance(each, UnreadAttempts)}
        if len(unread) == len(attempts):
            new.inbound, new.attempts = key, unread
        return attempts

    def _released_at(self, old: Memory, new: Memory) -> ReleasedAt:
        # whoever releases puts a new file there
        look = released_one_by_one(self.settings)
        key = key_of(released_feedback_dir(self.settings)) if self.settings.default_exchange else None
        if key is None or not is_settled(key):
            return look
        known = old.released_at if old.released == key else {}
        new.released = key

        def at(name: str) -> int | None:
            time_ns = known[name] if name in known else look(name)
            new.released_at[name] = time_ns
            return time_ns

        return at

    def _save(self) -> None:
        if self._memory is not None and time.monotonic() - self._saved_at >= SAVE_INTERVAL_S:
            self._saved_at = time.monotonic()
            _shape.save(self.settings, self._file, self._memory)


class _KnownReader(Generic[Facts]):
    """Reads folders, and of those that are known only the key; what it knows afterwards goes into `now`."""

    def __init__(
        self, read: Read[Facts], known: Mapping[str, Known[Facts]], now: dict[str, Known[Facts]]
    ) -> None:
        self._read, self._known, self._now = read, known, now

    def __call__(self, path: str, dir_fd: int | None = None) -> Facts | None:
        key = key_of(path, dir_fd)
        if key is None:
            return None
        known = self._known.get(path)
        if known is None or known.key != key:
            facts = self._read(path, dir_fd)
            # what is incomplete may be completed, or may have been unreadable, without a change of the folder
            if facts is None or not is_settled(key) or None in msgspec.structs.astuple(facts):
                return facts
            known = Known(key, facts)
        self._now[path] = known
        return known.facts


_lock = threading.Lock()
_readers: OrderedDict[tuple[str, str], _Reader] = OrderedDict()
