"""Copies that are known to be whole, and copies of what a stranger may still be changing."""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import stat
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.errors import Conflict, ExchangeBroken

_CHUNK_BYTES = 1 << 20
_NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below `folder`: relative path with `/` → hex digest, sorted."""
    found = {}
    for dirname, _, filenames in os.walk(folder):
        for filename in filenames:
            path = Path(dirname, filename)
            found[path.relative_to(folder).as_posix()] = digest(path)
    return dict(sorted(found.items()))


def verify_copy(source: Path, copy: Path) -> dict[str, str]:
    """Check each file of `copy` that `source` has too, byte for byte; return the digests of the copy.

    Raises: Conflict when they differ (the source was changed meanwhile, or the
    disk does not give back what it was given).
    """
    found = digests(copy)
    for name, value in found.items():
        original = source / name
        if original.is_file() and digest(original) != value:
            raise Conflict(f"{name} was changed while it was being copied.", "Save it, then try again.")
    return found


class CopyLimits(Struct, frozen=True):
    """What nbgrader leaves out of a copy, and how much it takes; sizes in kB of 1,000 bytes."""

    exclude: list[str]
    include: list[str]
    max_file_size: int
    max_dir_size: int
    groupshared: bool


class SubmissionCopy:
    """Copy a folder that a student owns, without ever leaving it.

    No link is followed out of it, no pipe or device is opened, and no more bytes
    are taken than allowed, whatever the student changes in the meantime. A link
    to a file inside is copied as that file. `left_out` are the files too large.

    Raises (from `run`): ExchangeBroken with the reason; the caller removes what was copied.
    Source: nbgrader 0.9.6 `Exchange.do_copy`.
    """

    def __init__(self, source: Path, copy: Path, limits: CopyLimits) -> None:
        self.source = source
        self.copy = copy
        self.limits = limits
        self.left_out: list[str] = []
        self._read: dict[str, str] = {}
        self._room_bytes = limits.max_dir_size * 1000

    def run(self) -> None:
        """Copy it all, and check each copy against what was read."""
        top = self._open(os.fspath(self.source), None, self.source.name, folder=True)
        try:
            self._folder(top, "", top)
        finally:
            os.close(top)
        for name, value in self._read.items():
            if digest(self.copy / name) != value:
                raise ExchangeBroken(
                    f"The copy of {name} differs from what was read.", "Have the disk checked."
                )

    def _folder(self, folder: int, below: str, top: int) -> None:
        target = self.copy / below
        target.mkdir(parents=not below)
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if _matches(entry.name, self.limits.exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                inner = self._open(entry.name, folder, name, folder=True)
                try:
                    self._folder(inner, name, top)
                finally:
                    os.close(inner)
            elif _matches(entry.name, self.limits.include):
                self._entry(entry, folder, name, top)
        mode = stat.S_IMODE(os.fstat(folder).st_mode) | stat.S_IRWXU
        target.chmod((mode | 0o2770) & 0o2777 if self.limits.groupshared else mode & 0o777)

    def _entry(self, entry: os.DirEntry[str], folder: int, name: str, top: int) -> None:
        if entry.is_symlink():
            source = self._open_linked(name, top)
        else:
            source = self._open(entry.name, folder, name, folder=False)
        try:
            info = os.fstat(source)
            if info.st_size > self.limits.max_file_size * 1000:
                self.left_out.append(name)
            else:
                self._file(source, info, name)
        finally:
            os.close(source)

    def _file(self, source: int, info: os.stat_result, name: str) -> None:
        target = self.copy / name
        seen = hashlib.sha256()
        with target.open("xb") as file:
            while chunk := os.read(source, _CHUNK_BYTES):
                self._room_bytes -= len(chunk)
                if self._room_bytes < 0:
                    raise ExchangeBroken(
                        f"The submission is larger than the {self.limits.max_dir_size / 1000:g} MB allowed.",
                        "Ask the student to leave large files out, or raise CourseDirectory.max_dir_size.",
                    )
                seen.update(chunk)
                file.write(chunk)
            mode = stat.S_IMODE(info.st_mode) | stat.S_IRUSR | stat.S_IWUSR
            os.fchmod(file.fileno(), (mode | 0o660) & 0o777 if self.limits.groupshared else mode & 0o777)
        self._read[name] = seen.hexdigest()
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))

    def _open_linked(self, name: str, top: int) -> int:
        """Open the file inside the submission that a link means, one folder at a time."""
        root = os.path.realpath(self.source)
        meant = os.path.relpath(os.path.realpath(self.source / name), root)
        if meant.startswith(os.pardir):
            raise _refused(name, "is a link that leads out of the submission")
        if meant == os.curdir:
            raise _refused(name, "is a link to the submission itself")
        *folders, last = Path(meant).parts
        at = os.dup(top)
        try:
            for folder in folders:
                inner = self._open(folder, at, name, folder=True)
                os.close(at)
                at = inner
            return self._open(last, at, name, folder=False)
        finally:
            os.close(at)

    def _open(self, path: str, at: int | None, name: str, *, folder: bool) -> int:
        try:
            opened = os.open(path, _NO_FOLLOW | (os.O_DIRECTORY if folder else 0), dir_fd=at)
        except OSError as fault:
            if fault.errno in (errno.ELOOP, errno.ENOTDIR):
                raise _refused(name, "is a link that leads elsewhere") from fault
            if fault.errno in (errno.EACCES, errno.EPERM):
                raise _refused(name, "cannot be read: its owner does not allow it") from fault
            if fault.errno in (errno.ENXIO, errno.ENOENT):
                raise _refused(name, "is not a file that can be read") from fault
            raise
        if not folder and not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise _refused(name, "is neither a file nor a folder")
        return opened


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _refused(name: str, why: str) -> ExchangeBroken:
    return ExchangeBroken(
        f"The submission was not collected: {name!r} in it {why}.",
        "Ask the student to submit again without it.",
    )
