"""A job's log: opened for the worker to append to, read piece by piece."""

from __future__ import annotations

import codecs
import io
import os
from datetime import UTC, datetime
from typing import BinaryIO

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.item_log import lines_of
from hubgrade_ext.core.models import Job, JobLog
from hubgrade_ext.core.state_dir import make_log_dir, open_private
from hubgrade_ext.jobs.journal import ACTIVE, Journal

PIECE_BYTES = 1 << 16


def open_log(journal: Journal, job: Job) -> int:
    """Open the log for appending, with a line that says which attempt begins; return the descriptor.

    Raises: CourseBroken.
    """
    make_log_dir(journal.settings)
    with plain_errors("open the job's log", journal.settings.state_dir):
        return _begin(journal, job)


def _begin(journal: Journal, job: Job) -> int:
    fd = open_private(journal.settings, journal.log_path(job.job_id), os.O_RDWR | os.O_APPEND)
    request = job.request
    line = f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {request.verb} {request.assignment_id}"
    os.write(fd, f"{line}, attempt {job.attempt}\n".encode())
    return fd


def read_log(journal: Journal, job: Job, offset: int, item: str = "") -> JobLog:
    """Return at most 64 kB of the log from byte `offset`, ending between two characters.

    With `item`, the log is that of one item: what was logged while it was worked on.

    Raises: InvalidRequest (a negative offset).
    """
    if offset < 0:
        raise InvalidRequest("A log has no negative offset.", "Ask from offset 0.")
    try:
        with journal.log_path(job.job_id).open("rb") as whole_log:
            file: BinaryIO = _lines_of(whole_log, item) if item else whole_log
            size = file.seek(0, os.SEEK_END)
            # a log that was cut since is shorter than what the reader has seen
            start = min(offset, size)
            file.seek(start)
            piece = file.read(PIECE_BYTES)
    except FileNotFoundError:
        # it has not begun, or was forgotten meanwhile
        return JobLog(job.job_id, "", 0, 0, 0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    whole = start + len(piece) >= size and job.state not in ACTIVE
    text = decoder.decode(piece, final=whole)
    held_back = len(decoder.getstate()[0])
    return JobLog(job.job_id, text, start, start + len(piece) - held_back, size)


def _lines_of(file: BinaryIO, item: str) -> BinaryIO:
    # a log is bounded, and so is what is read of it
    return io.BytesIO(lines_of(file.read().decode("utf-8", "replace"), item).encode())
