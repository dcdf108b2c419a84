"""Proof for a student of what arrived: one JSON file a submission, in the student's own data folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.models import Receipt
from hubgrade_ext.core.names import check_assignment_id, check_course_id
from hubgrade_ext.core.settings import CourseSettings

_LARGEST_BYTES = 10_000_000


def receipts_dir(settings: CourseSettings, assignment_id: str) -> Path:
    """Return the folder of one assignment's receipts.

    Raises: InvalidName (the names would lead elsewhere).
    """
    course_id = check_course_id(settings.course_id)
    return Path(settings.data_dir, "hubgrade", "receipts", course_id, check_assignment_id(assignment_id))


def make_receipt(
    settings: CourseSettings,
    assignment_id: str,
    student_id: str,
    submitted_at: datetime,
    files: Mapping[str, str],
) -> Receipt:
    """Return the receipt for a submission with these files (path → SHA-256).

    The code is short enough to be read out, and follows from all the rest, so
    that whoever has the files can tell whether it is theirs.
    """
    parts = [settings.course_id, assignment_id, student_id, submitted_at.astimezone(UTC).isoformat()]
    parts += [f"{name}\0{value}" for name, value in sorted(files.items())]
    letters = base64.b32encode(hashlib.sha256("\n".join(parts).encode()).digest()).decode()[:12]
    code = "-".join(letters[i : i + 4] for i in range(0, 12, 4))
    return Receipt(code, submitted_at.astimezone(UTC), dict(sorted(files.items())))


def write_receipt(settings: CourseSettings, assignment_id: str, receipt: Receipt) -> Path:
    """Keep a receipt, and return its file. Raises: OSError."""
    name = receipt.submitted_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = receipts_dir(settings, assignment_id) / f"{name}-{receipt.code}.json"
    write_file(path, msgspec.json.encode(receipt), 0o600)
    return path


def read_receipts(settings: CourseSettings, assignment_id: str) -> list[Receipt]:
    """Return the receipts of one assignment, oldest first; damaged ones are passed over."""
    found = []
    for path in sorted(receipts_dir(settings, assignment_id).glob("*.json")):
        try:
            if path.stat().st_size <= _LARGEST_BYTES:
                found.append(msgspec.json.decode(path.read_bytes(), type=Receipt))
        except (OSError, ValueError, RecursionError):  # also bytes that are no text
            continue
    return sorted(found, key=lambda receipt: receipt.submitted_at)
