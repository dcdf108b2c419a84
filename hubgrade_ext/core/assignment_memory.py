"""The submissions of one assignment, with what was read of them remembered: for pages, not for verbs.

Each piece goes with the key of what it was read from (the gradebook's files, the
exchange's folders inbound and feedback, the submission's own in each step) and is
read again when that has another one. Kept for a few assignments, and for large ones
in the state folder too, for the next server.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, field

from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.folder_tree import Key, Read, is_settled, key_of
from hubgrade_ext.core.gradebook import Records, read_gradebook
from hubgrade_ext.core.gradebook_reader import gradebook_files, sqlite_path
from hubgrade_ext.core.inbound import Attempt, UnreadAttempts, inbound_dir
from hubgrade_ext.core.inbound_listing import listed_attempts
from hubgrade_ext.core.kept_files import KeptFile
from hubgrade_ext.core.last_used import LastUsed, alone
from hubgrade_ext.core.released_feedback import ReleasedAt, released_feedback_dir, released_one_by_one
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import file_name_of
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

# what an instructor goes back and forth between; some 4 MB for 1,000 submissions
REMEMBERED_ASSIGNMENTS = 12
REMEMBERED_SUBMISSIONS = 20_000
# with fewer, reading costs less than a file
WORTH_SAVING = 200

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
    released_at: dict[str, int] = field(default_factory=dict)


_decoder = msgspec.msgpack.Decoder(Memory)


def submissions_of(settings: CourseSettings, assignment_id: str) -> Submissions:
    """Return the submissions of an assignment as they are now, reading only what has changed.

    Raises: GradebookBroken, Busy.
    """
    key = settings.course_key, assignment_id
    return _readers.get(key, settings, lambda: _Reader(settings, assignment_id)).read()


def forget_submissions(settings: CourseSettings, assignment_id: str) -> None:
    """Remove what is kept of an assignment that is no more."""
    with suppress(OSError):
        assignment_file(settings, assignment_id).unlink(missing_ok=True)


def assignment_file(settings: CourseSettings, assignment_id: str) -> Path:
    """Return where the memory of a large assignment is kept."""
    return settings.state_dir / f"submissions-{file_name_of(assignment_id)}.msgpack"


class _Reader:
    """Reads one assignment, and remembers what it read."""

    def __init__(self, settings: CourseSettings, assignment_id: str) -> None:
        self.settings = settings
        self._assignment_id = assignment_id
        self._file = KeptFile(settings, assignment_file(settings, assignment_id), _decoder)
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self.size = 0

    def read(self) -> Submissions:
        with alone(self._lock):
            old = self._memory or self._file.load() or Memory()
            new = Memory()
            records = self._records(old, new)
            problem: ExchangeBroken | None = None
            attempts: Mapping[str, Collection[Attempt]] = {}
            try:
                attempts = self._attempts(old, new)
            except ExchangeBroken as error:
                problem = error
            readers = Readers(
                _KnownReader(read_collected, old.collected, new.collected, "/timestamp.txt"),
                _KnownReader(read_autograded, old.autograded, new.autograded),
                _KnownReader(read_feedback, old.feedback, new.feedback),
                self._released_at(old, new),
            )
            states = states_from(self.settings, self._assignment_id, records, attempts, readers)
            self._memory = new
            self.size = len(states)
            if self.size >= WORTH_SAVING:
                self._file.save(lambda: new, is_new=new != old)
            return Submissions(records, states, problem)

    def _records(self, old: Memory, new: Memory) -> Records:
        path = sqlite_path(self.settings)
        if path is None:
            return read_gradebook(self.settings, self._assignment_id)
        # the keys first, then the content: what changes in between is seen next time
        keys = [key_of(each) for each in gradebook_files(path)]
        are_settled = all(is_settled(key) for key in keys)
        records = old.records if old.gradebook == keys else None
        if records is None:
            records = read_gradebook(self.settings, self._assignment_id)
        if are_settled:
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
            time_ns = known.get(name) or look(name)
            if time_ns is not None:  # what is not there may be there unreadable
                new.released_at[name] = time_ns
            return time_ns

        return at


class _KnownReader(Generic[Facts]):
    """Reads folders, and of those that are known only the key; what it knows afterwards goes into `now`.

    The key is that of `file` in the folder, or of the folder itself.
    """

    def __init__(
        self,
        read: Read[Facts],
        known: Mapping[str, Known[Facts]],
        now: dict[str, Known[Facts]],
        file: str = "",
    ) -> None:
        self._read, self._known, self._now, self._file = read, known, now, file

    def __call__(self, path: str, dir_fd: int | None = None) -> Facts | None:
        key = key_of(path + self._file, dir_fd)
        known = self._known.get(path)
        if known is None or known.key != key:
            settled = key if is_settled(key) else None
            facts = self._read(path, dir_fd)
            # what is incomplete may be completed, or may have been unreadable, without a change of the folder
            if settled is None or facts is None or None in msgspec.structs.astuple(facts):
                return facts
            known = Known(settled, facts)
        self._now[path] = known
        return known.facts


_readers: LastUsed[_Reader] = LastUsed(REMEMBERED_ASSIGNMENTS, REMEMBERED_SUBMISSIONS)
