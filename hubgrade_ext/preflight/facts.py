"""What is the case, gathered without side effects and only when a check asks.

Nothing is opened for writing, nothing is created: a file of the exchange is
made with O_TMPFILE, which never gets a name; a database is looked at in a
short-lived child, because one plain `open` in this process would drop SQLite's
locks on it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.gradebook_facts import GradebookFacts, gather_gradebook
from hubgrade_ext.preflight.hub_facts import HubFacts, gather_hub

PROBE_BYTES = 1 << 20
SCAN_S = 0.8
FRESH_S = 120.0


class FolderFacts(Struct, frozen=True):
    """One folder as this user meets it.

    `blocked_at` is the first parent that the user cannot pass; `kind` is then
    unknown. `mode` and `uid` are None unless it is a folder.
    """

    path: str
    blocked_at: str | None
    kind: str
    mode: int | None
    uid: int | None
    readable: bool
    writable: bool


class SpaceFacts(Struct, frozen=True):
    """Room on a file system; `refused` is an errno of a trial reservation of 1 MiB, 0 when it was granted.

    `free_files` is None when the file system does not count them.
    """

    free_bytes: int
    free_files: int | None
    refused: int


class InboundFacts(Struct, frozen=True):
    """The exchange's inbound folder: names of submissions without timestamp.txt, older than two minutes.

    `whole_scan` is False when there were too many folders for the time allowed.
    """

    folder: FolderFacts
    cut_short: list[str]
    seen: int
    whole_scan: bool


class Given(Struct, frozen=True):
    """Facts that only the caller has; a check that needs one which is None is skipped.

    `config` is what the configuration files say, `server_root` the folder of the
    Jupyter server that asks.
    """

    config: ConfigPage | None = None
    server_root: str | None = None


NOTHING_GIVEN = Given()


class Facts:
    """Facts about one course; each is worked out once, when first asked for."""

    def __init__(self, settings: CourseSettings, given: Given = NOTHING_GIVEN) -> None:
        self.settings = settings
        self.config = given.config
        self.server_root = given.server_root

    @cached_property
    def exchange(self) -> FolderFacts:
        """Return the exchange's root folder."""
        return look_at(self.settings.exchange_root)

    @cached_property
    def exchange_space(self) -> SpaceFacts:
        """Return the room on the exchange's file system."""
        return measure_space(self.settings.exchange_root)

    @cached_property
    def inbound(self) -> InboundFacts:
        """Return the folder that students submit to."""
        return scan_inbound(Path(self.settings.exchange_root) / self.settings.course_id / "inbound")

    @cached_property
    def released_courses(self) -> list[str]:
        """Return the names of the courses in the exchange, sorted; empty when it cannot be listed."""
        try:
            with os.scandir(self.settings.exchange_root) as entries:
                return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        except OSError:
            return []

    @cached_property
    def course(self) -> FolderFacts:
        """Return the course folder."""
        return look_at(self.settings.root or "")

    @cached_property
    def source(self) -> FolderFacts:
        """Return the folder of the assignments' sources."""
        return look_at(os.path.join(self.settings.root or "", self.settings.source_directory))

    @cached_property
    def courses_below(self) -> list[str]:
        """Return the names of folders one level down that have a source folder themselves."""
        try:
            with os.scandir(self.settings.root or ".") as entries:
                below = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
        except OSError:
            return []
        root, source = Path(self.settings.root or "."), self.settings.source_directory
        return sorted(name for name in below if (root / name / source).is_dir())

    @cached_property
    def source_open_to_others(self) -> bool:
        """Tell whether any user of the machine may list the sources: by the modes of the whole path."""
        return open_to_others(self.source.path)

    @cached_property
    def gradebook(self) -> GradebookFacts:
        """Return what the gradebook's file and a child process say."""
        return gather_gradebook(self.settings.db_url)

    @cached_property
    def hub(self) -> HubFacts:
        """Return what the hub says to this session."""
        return gather_hub(self.settings.course_id)

    @cached_property
    def alembic(self) -> str | None:
        """Return the path of `alembic` as a worker finds it: beside the interpreter, then on PATH."""
        places = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
        return shutil.which("alembic", path=places)


def look_at(path: str) -> FolderFacts:
    """Return a folder's facts; follow the path from the top to name the first folder that blocks it."""
    for parent in reversed(Path(os.path.abspath(path)).parents):
        if not os.access(parent, os.X_OK) and os.path.lexists(parent):
            return FolderFacts(path, str(parent), "unknown", None, None, False, False)
    try:
        found = Path(path).stat()
    except OSError as error:
        kind = "unreadable"
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            kind = "dangling link" if Path(path).is_symlink() else "missing"
        return FolderFacts(path, None, kind, None, None, False, False)
    if not stat.S_ISDIR(found.st_mode):
        return FolderFacts(path, None, "file", None, None, False, False)
    return FolderFacts(
        path,
        None,
        "folder",
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        os.access(path, os.R_OK | os.X_OK),
        os.access(path, os.W_OK | os.X_OK),
    )


def measure_space(path: str) -> SpaceFacts:
    """Return the room on the file system of `path`; a quota shows only in the trial reservation."""
    room = os.statvfs(path)
    return SpaceFacts(
        free_bytes=room.f_bavail * room.f_frsize,
        free_files=room.f_favail if room.f_files else None,
        refused=_reserve(path),
    )


def _reserve(path: str) -> int:
    """Return the errno of reserving 1 MiB in a file without a name, 0 when granted or not to be tried."""
    try:
        handle = os.open(path, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        # NFS and old overlays have no O_TMPFILE, and a folder closed to us is another check's matter
        return error.errno or 0 if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else 0
    try:
        os.posix_fallocate(handle, 0, PROBE_BYTES)
    except OSError as error:
        return error.errno or 0 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 0
    finally:
        os.close(handle)
    return 0


def scan_inbound(path: Path) -> InboundFacts:
    """Return inbound's facts; what was touched in the last two minutes may still be being copied."""
    folder = look_at(str(path))
    cut_short: list[str] = []
    seen = 0
    if folder.kind != "folder" or not folder.readable:
        return InboundFacts(folder, cut_short, seen, True)
    stop, now = time.monotonic() + SCAN_S, time.time()
    with os.scandir(path) as entries:
        for entry in entries:
            if time.monotonic() > stop:
                return InboundFacts(folder, sorted(cut_short), seen, False)
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            seen += 1
            if os.path.lexists(os.path.join(entry.path, "timestamp.txt")):
                continue
            if now - entry.stat(follow_symlinks=False).st_mtime > FRESH_S:
                cut_short.append(entry.name)
    return InboundFacts(folder, sorted(cut_short), seen, True)


def open_to_others(path: str) -> bool:
    """Tell whether the mode bits of a folder and all its parents let every user list it."""
    try:
        real = Path(path).resolve(strict=True)
        if real.stat().st_mode & 0o005 != 0o005:
            return False
        return all(parent.stat().st_mode & stat.S_IXOTH for parent in real.parents)
    except OSError:
        return False
