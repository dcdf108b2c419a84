"""The folder that all notebooks of one bundle share, seen from the worker: files in, files out.

Reached through a directory descriptor, because it is mounted only where the zygote lives. Student code can
put anything there, so nothing is followed and only regular files come back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from hubgrade_ext.grading.execution.bundle import BundleFile, checked_path

_MOST_ENTRIES = 10_000
_DEEPEST = 32
_LOG_TAIL_BYTES = 4000
_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ScratchFolder:
    """Hold a scratch open; `path` is how the zygote names it."""

    def __init__(self, path: str, handle: int) -> None:
        self.path = path
        self.handle = handle
        self.kernels = 0

    def close(self) -> None:
        """Let go of it."""
        os.close(self.handle)

    def socket_path(self, name: str) -> str:
        """Return a short path by which this process can reach a socket in `run`."""
        return f"/proc/self/fd/{self.handle}/run/{name}"

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        """Make a file that is not there yet, and its folders."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            with suppress(FileExistsError):
                os.mkdir("/".join(parts[:depth]), 0o700, dir_fd=self.handle)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, mode, dir_fd=self.handle), "wb") as stream:
            stream.write(content)

    def write_files(self, files: tuple[BundleFile, ...]) -> None:
        """Put a bundle's files into `work`, before any student code runs."""
        for file in files:
            self.write(f"work/{checked_path(file.path)}", file.content, 0o700 if file.executable else 0o600)

    def log_tail(self) -> str:
        """Return the end of what the kernels wrote to their standard error and output."""
        with suppress(OSError), os.fdopen(os.open("log", _READ_ONLY, dir_fd=self.handle), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - _LOG_TAIL_BYTES))
            return stream.read(_LOG_TAIL_BYTES).decode(errors="replace")
        return ""


class Changes(msgspec.Struct, frozen=True):
    """Hold what student code did to its files; see BundleResult."""

    files: tuple[BundleFile, ...]
    deleted: tuple[str, ...]
    left_out: tuple[str, ...]


class _Entry(msgspec.Struct):
    path: str
    handle: int | None
    size_bytes: int = 0
    executable: bool = False


def changes(
    scratch: ScratchFolder, sent: tuple[BundleFile, ...], skip: tuple[str, ...], most_bytes: int
) -> Changes:
    """Return how `work` differs from the files sent; `skip` are paths that do not count.

    At most `most_bytes` are read, and of very many entries the first; then nothing counts as deleted.
    Call it when no process of the bundle is left.
    """
    before = {file.path: file for file in sent}
    files: list[BundleFile] = []
    left_out: list[str] = []
    seen: set[str] = set()
    whole = True
    for entry in _entries(scratch.handle):
        if not entry.path:
            whole = False
            continue
        seen.add(entry.path)
        if entry.path in skip:
            continue
        old = before.get(entry.path)
        if entry.handle is None:
            left_out.append(entry.path)
        elif old is None or entry.size_bytes != len(old.content) or _content(entry) != old.content:
            if entry.size_bytes > most_bytes:
                left_out.append(entry.path)
                continue
            most_bytes -= entry.size_bytes
            files.append(BundleFile(entry.path, _content(entry), entry.executable))
    deleted = [path for path in before if path not in seen and path not in skip] if whole else []
    return Changes(tuple(files), tuple(deleted), tuple(left_out))


def _content(entry: _Entry) -> bytes:
    assert entry.handle is not None
    return os.pread(entry.handle, entry.size_bytes, 0)


def _entries(root: int) -> Iterator[_Entry]:
    """Yield what lies in `work`, open while the caller looks at it; without a path: there is more."""
    left = _MOST_ENTRIES
    folders = [""]
    while folders and left > 0:
        folder = folders.pop()
        try:
            handle = os.open(f"work/{folder}".rstrip("/"), _READ_ONLY | os.O_DIRECTORY, dir_fd=root)
        except OSError:
            yield _Entry(folder, None)
            continue
        try:
            for name in sorted(os.listdir(handle)):  # noqa: PTH208  a descriptor has no Path
                path = f"{folder}/{name}" if folder else name
                left -= 1
                if left <= 0:
                    yield _Entry("", None)
                    break
                mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) and path.count("/") < _DEEPEST:
                    folders.append(path)
                else:
                    yield from _file(handle, name, path, mode)
        finally:
            os.close(handle)


def _file(folder: int, name: str, path: str, mode: int) -> Iterator[_Entry]:
    """Yield one entry; what has no name in UTF-8, or is no regular file, without its content."""
    clean = path.encode(errors="replace").decode()
    if clean != path or not stat.S_ISREG(mode):
        yield _Entry(clean, None)
        return
    try:
        handle = os.open(name, _READ_ONLY, dir_fd=folder)
    except OSError:
        yield _Entry(path, None)
        return
    try:
        yield _Entry(path, handle, os.fstat(handle).st_size, bool(mode & stat.S_IXUSR))
    finally:
        os.close(handle)
