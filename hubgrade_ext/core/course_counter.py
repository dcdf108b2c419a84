"""How many submissions of each assignment have come how far, for a whole course at once.

Three things can change although no holder of `folder_tree` does. Looked at each
time: a collected folder that has no timestamp yet, and whether an attempt that
was cut short has become whole. Looked at for a twentieth of the time: the time of
each feedback folder (`nbgrader generate_feedback --notebook` writes into it).
That of an autograded folder is looked at again whenever the gradebook has changed.

What was read of a large course is kept in the state folder too, for the next
server: there only what has changed since is read.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.counts import Counts
from hubgrade_ext.core.course_memory import CourseMemory, decoder, memory_file
from hubgrade_ext.core.errors import ExchangeBroken
from hubgrade_ext.core.feedback_marks import FeedbackMark, marks_file, read_feedback_marks
from hubgrade_ext.core.folder_tree import FolderTree, Key, is_settled, key_of
from hubgrade_ext.core.gradebook import Records, read_gradebook
from hubgrade_ext.core.gradebook_reader import gradebook_files, sqlite_path
from hubgrade_ext.core.inbound import Attempt, group_unread, inbound_dir, is_whole
from hubgrade_ext.core.inbound_listing import listed_names
from hubgrade_ext.core.kept_files import KeptFile
from hubgrade_ext.core.last_used import LastUsed, alone
from hubgrade_ext.core.released_feedback import ReleasedAt, released_all_at_once, released_feedback_dir
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.steps import (
    AssignmentContext,
    Autograded,
    Collected,
    Feedback,
    generated_ns,
    read_autograded,
    read_collected,
    read_feedback,
    state_of,
    step_directory,
)

REMEMBERED_COURSES = 8
# some 25 MB for 20,000
REMEMBERED_SUBMISSIONS = 200_000
WORTH_SAVING = 2000
# how many times as long as a closer look at all feedback took there is none
LOOK_CLOSER_RARELY = 19


class CourseCounts(Struct, frozen=True):
    """A course's gradebook and, for each assignment with any submission, the counts.

    `problem` says why the exchange could not be read, if it could not.
    """

    records: Records
    assignments: Mapping[str, Counts]
    problem: ExchangeBroken | None = None


def course_counts(settings: CourseSettings) -> CourseCounts:
    """Return the counts of all assignments; remembers what it read, for a few courses.

    Raises: GradebookBroken, Busy.
    """
    return _counters.get(settings.course_key, settings, lambda: CourseCounter(settings)).count()


class CourseCounter:
    """Counts one course, and remembers what it read."""

    def __init__(self, settings: CourseSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._collected = FolderTree(settings, settings.submitted_directory, read_collected, _unstamped)
        self._autograded = FolderTree(
            settings, settings.autograded_directory, read_autograded, _with_new_time
        )
        self._feedback = FolderTree(settings, settings.feedback_directory, read_feedback, _with_new_time)
        self._keys: dict[str, Key | None] = {}
        self._records = Records()
        self._attempts: Mapping[str, Mapping[str, Collection[Attempt]]] = {}
        self._problem: ExchangeBroken | None = None
        self._released_at: ReleasedAt = _never
        self._marks: dict[str, Mapping[str, FeedbackMark]] = {}
        self._cut_short: list[Attempt] = []
        self._counts: dict[str, Counts] | None = None
        self._look_closer_at = -math.inf
        self._file = KeptFile(settings, memory_file(settings), decoder)
        # after `_restore` the counts are there, but not everything they were made from
        self._has_all = True
        self._restore()

    @property
    def size(self) -> int:
        """Return the number of submissions."""
        return sum(each.submitted for each in (self._counts or {}).values())

    def count(self) -> CourseCounts:
        """Return the counts as they are now. Raises: GradebookBroken, Busy."""
        with alone(self._lock):
            try:
                changed = self._refresh()
                if not self._has_all and changed:
                    self._keys.clear()
                    self._has_all = True
                    self._refresh()
            except BaseException:
                self._keys.clear()  # half of it was read: all of it next time
                self._has_all = True
                raise
            if changed or self._counts is None:
                self._cut_short = []
                self._counts = {name: self._count(name) for name in self._assignment_ids()}
            trees = (self._collected, self._autograded, self._feedback)
            if self.size >= WORTH_SAVING and self._problem is None:
                self._file.save(self._to_remember, is_new=changed or any(tree.was_read for tree in trees))
            return CourseCounts(self._records, self._counts, self._problem)

    def _restore(self) -> None:
        memory = self._file.load()
        if memory is not None:
            self._collected.remembered = memory.collected
            self._autograded.remembered = memory.autograded
            self._feedback.remembered = memory.feedback
            self._keys = memory.keys
            self._records = memory.records
            self._cut_short = memory.cut_short
            self._counts = memory.counts
            self._has_all = False

    def _to_remember(self) -> CourseMemory:
        return CourseMemory(
            collected=self._collected.remembered,
            autograded=self._autograded.remembered,
            feedback=self._feedback.remembered,
            keys=self._keys,
            records=Records(self._records.assignments, self._records.students),
            cut_short=self._cut_short,
            counts=self._counts or {},
        )

    def _refresh(self) -> bool:
        """Look at everything again; say whether anything changed."""
        path = sqlite_path(self.settings)
        gradebook_changed = path is None or self._is_new("gradebook", *gradebook_files(path))
        with ThreadPoolExecutor(1) as pool:
            # the database adds up in its own thread while this one reads folders
            reading = pool.submit(read_gradebook, self.settings) if gradebook_changed else None
            changed = [
                self._collected.refresh(look_closer=True),
                self._autograded.refresh(look_closer=gradebook_changed),
                self._refresh_feedback(gradebook_changed),
                self._refresh_exchange(),
            ]
            if reading is not None:
                self._records = reading.result()
        changed.append(self._refresh_marks())
        became_whole = any(is_whole(self.settings, attempt) for attempt in self._cut_short)
        return gradebook_changed or any(changed) or became_whole

    def _refresh_feedback(self, gradebook_changed: bool) -> bool:
        """Look into each feedback folder too, for no more than a twentieth of the time.

        That is at each page of a course with hundreds of students, and every other second of one with
        thousands.
        """
        begun = time.monotonic()
        if not gradebook_changed and begun < self._look_closer_at:
            return self._feedback.refresh(look_closer=False)
        changed = self._feedback.refresh(look_closer=True)
        ended = time.monotonic()
        self._look_closer_at = ended + LOOK_CLOSER_RARELY * (ended - begun)
        return changed

    def _is_new(self, name: str, *paths: Path) -> bool:
        """Say whether one of the paths has another key than last time, or one too young to be trusted."""
        new = False
        for path in paths:
            key = key_of(path)
            entry = f"{name} {path}"
            new = new or entry not in self._keys or self._keys[entry] != key
            if is_settled(key):
                self._keys[entry] = key
            else:
                self._keys.pop(entry, None)
        return new

    def _refresh_exchange(self) -> bool:
        changed = False
        if self._is_new("inbound", inbound_dir(self.settings)):
            changed = True
            try:
                self._attempts = group_unread(listed_names(self.settings))
                self._problem = None
            except ExchangeBroken as error:
                self._attempts = {}
                self._problem = error
        if self._is_new("released", released_feedback_dir(self.settings)):
            changed = True
            self._released_at = released_all_at_once(self.settings)
        return changed

    def _refresh_marks(self) -> bool:
        changed = False
        for name in self._feedback.facts:
            if self._is_new("marks", marks_file(self.settings, name)):
                changed = True
                self._marks[name] = read_feedback_marks(self.settings, name)
        return changed

    def _assignment_ids(self) -> set[str]:
        trees = (self._collected.facts, self._autograded.facts, self._feedback.facts)
        return {*self._attempts, *(name for tree in trees for name in tree)}

    def _count(self, assignment_id: str) -> Counts:
        record = self._records.assignments.get(assignment_id)
        notebook_ids = [notebook.notebook_id for notebook in record.notebooks] if record else []
        context = AssignmentContext(
            due_date=record.due_date if record else None,
            notebook_ids=notebook_ids,
            generated_ns=generated_ns(self.settings, assignment_id, notebook_ids),
            marks=self._marks.get(assignment_id, {}),
            released_at=self._released_at,
            is_whole=self._is_whole,
            folder=partial(_folder, self.settings, assignment_id),
        )
        attempts = self._attempts.get(assignment_id, {})
        collected = self._collected.facts.get(assignment_id, {})
        autograded = self._autograded.facts.get(assignment_id, {})
        feedback = self._feedback.facts.get(assignment_id, {})
        graded = self._records.submissions.get(assignment_id, {})
        counts = Counts()
        for student in {*attempts, *collected, *autograded, *feedback}:
            state = state_of(
                student,
                attempts.get(student, ()),
                collected.get(student),
                autograded.get(student),
                feedback.get(student),
                graded.get(student),
                context,
            )
            if state is not None:
                counts.add(state)
        return counts

    def _is_whole(self, attempt: Attempt) -> bool:
        whole = is_whole(self.settings, attempt)
        if not whole:
            self._cut_short.append(attempt)
        return whole


_counters: LastUsed[CourseCounter] = LastUsed(REMEMBERED_COURSES, REMEMBERED_SUBMISSIONS)


def _never(_name: str) -> None:
    return None


def _folder(settings: CourseSettings, assignment_id: str, step: str, student_id: str) -> Path:
    return settings.path(step_directory(settings, step), student_id, assignment_id)


def _unstamped(_path: str, remembered: Mapping[str, Collected]) -> list[str]:
    return [name for name, facts in remembered.items() if facts.stamp is None]


def _with_new_time(path: str, remembered: Mapping[str, Autograded | Feedback]) -> list[str]:
    changed: list[str] = []
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return changed
    try:
        for name, facts in remembered.items():
            try:
                if os.stat(name, dir_fd=fd).st_mtime_ns != facts.mtime_ns:
                    changed.append(name)
            except OSError:
                continue
    finally:
        os.close(fd)
    return changed
