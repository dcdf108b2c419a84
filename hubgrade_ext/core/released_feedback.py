"""Feedback in the exchange: under which names a student finds it, and whether it is the newest.

The name is a hash of the submission's secret and the notebook's name, so only
who has the secret finds it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from hubgrade_ext.core.models import StepState
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.timestamps import read_small_file

# the time (ns) of the file that is released under a hash, or None
ReleasedAt = Callable[[str], int | None]


def feedback_hash(secret: bytes, notebook_id: str) -> str:
    """Return the name, without `.html`, under which the exchange has a notebook's feedback.

    Source: nbgrader 0.9.6 `utils.notebook_hash` with secret and notebook_id.
    """
    return hashlib.md5(secret + notebook_id.encode(), usedforsecurity=False).hexdigest()


def legacy_hashes(notebook: Path, unique_key: str) -> list[str]:
    """Return the names to look for when a submission has no secret, newer way first.

    `unique_key` is course, assignment, notebook, student and timestamp joined by `+`.
    Raises: OSError.
    Source: nbgrader 0.9.6 `utils.notebook_hash`, `utils.make_unique_key`.
    """
    content = notebook.read_bytes()
    return [
        hashlib.md5(content + unique_key.encode(), usedforsecurity=False).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    ]


def released_feedback_dir(settings: CourseSettings) -> Path:
    """Return the folder of the exchange that the course's feedback is released to."""
    return Path(settings.exchange_root, settings.course_id, "feedback")


def released_one_by_one(settings: CourseSettings) -> ReleasedAt:
    """Return a look-up that asks the exchange for each file: best for one assignment."""
    folder = str(released_feedback_dir(settings)) if settings.default_exchange else None

    def at(name: str) -> int | None:
        try:
            # text, not a Path object: a page asks this of thousands
            return os.stat(f"{folder}/{name}.html").st_mtime_ns if folder else None  # noqa: PTH116
        except OSError:
            return None

    return at


def released_all_at_once(settings: CourseSettings) -> ReleasedAt:
    """Return a look-up in a listing taken now: best for all assignments of a course."""
    if not settings.default_exchange:
        return released_one_by_one(settings)
    try:
        fd = os.open(released_feedback_dir(settings), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return released_one_by_one(settings)  # it may be entered without being listed
    except OSError:
        return _nothing
    try:
        with os.scandir(fd) as entries:
            listed = {entry.name[:-5]: _mtime_ns(entry) for entry in entries if _is_feedback(entry)}
    except OSError:
        return released_one_by_one(settings)
    finally:
        os.close(fd)
    return listed.get


def _nothing(_name: str) -> None:
    return None


def _mtime_ns(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return None


def _is_feedback(entry: os.DirEntry[str]) -> bool:
    return len(entry.name) == 37 and entry.name.endswith(".html") and entry.is_file(follow_symlinks=False)


def read_secret(folder: str, dir_fd: int | None = None) -> bytes | None:
    """Return the submission's secret that was carried into a folder, or None when there is none."""
    return read_small_file(f"{folder}/submission_secret.txt", dir_fd) or None


def released_state(
    folder: Callable[[], Path],
    mtime_ns: int,
    secret: bytes | None,
    notebook_ids: Sequence[str],
    released_at: ReleasedAt,
) -> StepState:
    """Say how the released feedback of one submission stands to the generated one.

    `mtime_ns` is the time of the folder with the generated one, `notebook_ids` are
    the assignment's. Outdated when a file is missing in the exchange or is older
    than the one generated; only where times leave that open, `folder` is read.
    """
    if secret is None:
        return "none"
    times = [released_at(feedback_hash(secret, notebook_id)) for notebook_id in notebook_ids]
    present = [time for time in times if time is not None]
    if times and not present:
        return "none"
    if times and len(present) == len(times) and min(present) >= mtime_ns:
        return "current"
    return _by_file(folder(), secret, released_at)


def _by_file(folder: Path, secret: bytes, released_at: ReleasedAt) -> StepState:
    """Compare file by file: a student may have handed in fewer notebooks, or times may be kept in copying."""
    found = missing = older = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(".html") or entry.name[0] == ".":
                    continue
                time = released_at(feedback_hash(secret, entry.name.removesuffix(".html")))
                found += time is not None
                missing += time is None
                older += time is not None and time < entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return "none"
    if not found:
        return "none"
    return "outdated" if missing or older else "current"
