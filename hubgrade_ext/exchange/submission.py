"""Hand in a student's work, whole in the exchange and in the student's cache, with a receipt; needs nbgrader.

A submission that was interrupted is finished or tidied away by the next one:
`pending.json` beside the receipts says how far it had come.

```
note staging folders → copy both → note targets and receipt   (interrupted so far: removed)
→ rename into inbound → rename into cache → receipt           (interrupted: finished)
```
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
from nbgrader.exchange import default
from nbgrader.utils import find_all_notebooks

from hubgrade_ext.core.assignment_files import outbound_dir
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import remove_tree, write_file
from hubgrade_ext.core.errors import ExchangeBroken, HubgradeError
from hubgrade_ext.core.models import Receipt
from hubgrade_ext.core.replace import is_left_over, put_in_place, staging
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import parse_timestamp
from hubgrade_ext.exchange.classes import build, exchange_errors, is_nbgraders, warnings_of_exchange
from hubgrade_ext.exchange.copying import digests, verify_copy
from hubgrade_ext.exchange.receipts import make_receipt, receipts_dir, write_receipt
from hubgrade_ext.exchange.student_page import work_folder

# What nbgrader adds to a submission is not the student's work.
_ADDED = ("timestamp.txt", "submission_secret.txt")


class Pending(msgspec.Struct, frozen=True):
    """How far a submission has come: its staging folders, then also what is renamed to what."""

    stages: list[str]
    inbound: str = ""
    cached: str = ""
    cache: str = ""
    receipt: Receipt | None = None


def submit(course: Course, assignment_id: str) -> tuple[Receipt, list[str]]:
    """Submit the student's folder of an assignment; return the receipt and sentences to tell.

    Raises: HubgradeError; then nothing was submitted.
    Source: nbgrader 0.9.6 `ExchangeSubmit`.
    """
    settings = course.settings
    finish_interrupted(settings, assignment_id)
    cls = course.exchange_class("submit")
    coursedir = course.coursedir(assignment_id=assignment_id)
    with exchange_errors(course, f"submit {assignment_id}", Path(settings.exchange_root)):
        if is_nbgraders(cls, default.ExchangeSubmit, "copy_files"):
            submitting = _Submitting(course, assignment_id)
            build(
                course,
                cls,
                coursedir,
                {"copy_files": submitting.copy_files},
                assignment_dir=settings.work_dir,
            ).start()
            return submitting.receipt(), submitting.told + _compare_notebooks(settings, assignment_id)
        return _submit_plugged(course, assignment_id, cls)


def _submit_plugged(course: Course, assignment_id: str, cls: type) -> tuple[Receipt, list[str]]:
    settings = course.settings
    folder = work_folder(settings, assignment_id)
    before = digests(folder)
    submitter = build(
        course, cls, course.coursedir(assignment_id=assignment_id), assignment_dir=settings.work_dir
    )
    with warnings_of_exchange() as warnings:
        submitter.start()
    receipt = _receipt(settings, assignment_id, settings.username, submitter.timestamp, before)
    write_receipt(settings, assignment_id, receipt)
    return receipt, list(warnings)


class _Submitting:
    """nbgrader's copying, led into staging folders beside its targets."""

    def __init__(self, course: Course, assignment_id: str) -> None:
        self.settings = course.settings
        self.assignment_id = assignment_id
        self.original: Any = course.exchange_class("submit")
        self.note = receipts_dir(course.settings, assignment_id) / f"{os.urandom(6).hex()}.pending"
        self.result: Receipt | None = None
        self.told: list[str] = []

    @property
    def copy_files(self) -> Any:
        """Return a function to serve as the exchange class's method."""

        def copy_files(exchange: Any) -> None:
            self._copy(exchange)

        return copy_files

    def receipt(self) -> Receipt:
        """Return the receipt, once it has been submitted."""
        if self.result is None:
            raise ExchangeBroken("The exchange did not submit anything.", "Ask whoever runs the exchange.")
        return self.result

    def _copy(self, exchange: Any) -> None:
        inbound, cache = Path(exchange.inbound_path), Path(exchange.cache_path)
        name = exchange.assignment_filename
        cached_name = name.rsplit("+", 1)[0] if exchange.add_random_string else name
        with ExitStack() as stack:
            stages = [stack.enter_context(staging(folder)) for folder in (cache, inbound)]
            stack.callback(self.note.unlink, missing_ok=True)
            write_file(self.note, msgspec.json.encode(Pending([str(stage) for stage in stages])), 0o600)
            exchange.cache_path, exchange.inbound_path = map(str, stages)
            self.original.copy_files(exchange)
            pending = Pending(
                [str(stage) for stage in stages],
                str(inbound / name),
                str(stages[0] / cached_name),
                str(cache / cached_name),
                self._receipt(exchange, stages[1] / name),
            )
            write_file(self.note, msgspec.json.encode(pending), 0o600)
            put_in_place(stages[1] / name, inbound / name, None)
            # from here on it counts as submitted, whatever happens to the student's own copy
            self.result = pending.receipt
            try:
                _finish(self.settings, self.assignment_id, pending)
            except (OSError, HubgradeError):
                self.told.append(
                    "It was submitted, but your own copy or receipt could not be kept (disk full?)."
                )

    def _receipt(self, exchange: Any, submitted: Path) -> Receipt:
        found = verify_copy(Path(exchange.src_path), submitted)
        files = {path: value for path, value in found.items() if path not in _ADDED}
        student_id = submitted.name.rsplit(f"+{self.assignment_id}+", 1)[0]
        return _receipt(self.settings, self.assignment_id, student_id, exchange.timestamp, files)


def _receipt(
    settings: CourseSettings, assignment_id: str, student_id: str, timestamp: str, files: dict[str, str]
) -> Receipt:
    when = parse_timestamp(timestamp)
    if when is None:
        raise ExchangeBroken(
            f"The exchange's time {timestamp!r} cannot be read back.",
            "Ask your instructor to correct Exchange.timestamp_format.",
        )
    return make_receipt(settings, assignment_id, student_id, when, files)


def _finish(settings: CourseSettings, assignment_id: str, pending: Pending) -> None:
    """Do what comes after the rename into inbound; it may be done twice."""
    if os.path.lexists(pending.cached) and not os.path.lexists(pending.cache):
        put_in_place(Path(pending.cached), Path(pending.cache), None)
    if pending.receipt:
        write_receipt(settings, assignment_id, pending.receipt)


def finish_interrupted(settings: CourseSettings, assignment_id: str) -> None:
    """Finish or tidy away this student's submissions of an assignment that a dead process began."""
    for note in receipts_dir(settings, assignment_id).glob("*.pending"):
        try:
            pending = msgspec.json.decode(note.read_bytes(), type=Pending)
        except (OSError, ValueError, RecursionError):  # also bytes that are no text
            continue
        if not all(is_left_over(Path(stage)) or not os.path.lexists(stage) for stage in pending.stages):
            continue
        with suppress(OSError):
            if pending.inbound and os.path.lexists(pending.inbound):
                _finish(settings, assignment_id, pending)
            for stage in pending.stages:
                remove_tree(Path(stage))
            note.unlink(missing_ok=True)


def _compare_notebooks(settings: CourseSettings, assignment_id: str) -> list[str]:
    """Say which released notebooks are missing from the student's folder, and which are more.

    Source: nbgrader 0.9.6 `ExchangeSubmit.check_filename_diff`.
    """
    released = set(find_all_notebooks(str(outbound_dir(settings) / assignment_id)))
    own = set(find_all_notebooks(str(work_folder(settings, assignment_id))))
    told = []
    if released - own:
        told.append(f"Missing notebooks: {', '.join(sorted(released - own))}.")
    if own - released:
        told.append(f"Notebooks that are not part of the assignment: {', '.join(sorted(own - released))}.")
    return told
