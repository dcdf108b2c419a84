"""Files and folders on disk: refusals in plain words, whole writes, trees of any mode removed and synced."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hubgrade_ext.core.errors import CourseBroken, HubgradeError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM)


# --- errors ------------------------------------------------------------------


@contextmanager
def plain_errors(doing: str, folder: Path, error: type[HubgradeError] = CourseBroken) -> Iterator[None]:
    """Turn the operating system's refusals into `error` with a sentence about `folder`.

    `doing` completes "Could not …". Use it around what leaves the earlier state
    untouched when it fails: the sentence says so.
    """
    try:
        yield
    except OSError as fault:
        raise error(*_sentence(doing, folder, fault)) from fault


def _sentence(doing: str, folder: Path, fault: OSError) -> tuple[str, str]:
    text = str(fault)
    # shutil.copytree folds many faults into one without a number: only their words are left
    full = fault.errno in _FULL or any(os.strerror(number) in text for number in _FULL)
    read_only = fault.errno == errno.EROFS or os.strerror(errno.EROFS) in text
    refused = fault.errno in _REFUSED or any(os.strerror(number) in text for number in _REFUSED)
    if full:
        return (
            f"Could not {doing}: the disk (or your quota) for {folder} is full. Nothing was changed.",
            "Free some space there, then try again.",
        )
    if read_only:
        return (
            f"Could not {doing}: {folder} is on a read-only file system. Nothing was changed.",
            "Have it mounted writable, then try again.",
        )
    if refused:
        return (
            f"Could not {doing}: no permission in {fault.filename or folder}. Nothing was changed.",
            "Have its owner give you the permission, then try again.",
        )
    if fault.errno == errno.EXDEV:
        return (
            f"Could not {doing}: {folder} cannot be moved (part of a container image?). Nothing was changed.",
            "Keep the course on a volume, or copy the folder and use the copy.",
        )
    return (
        f"Could not {doing}: {fault.strerror or text} ({fault.filename or folder}). Nothing was changed.",
        "Mend what it says, then try again.",
    )


# --- trees -------------------------------------------------------------------


def make_folders(folder: Path) -> None:
    """Create a folder and what is missing above it; below a folder that its group may write, they may too."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        above = folder.parent.stat().st_mode
        if above & stat.S_IWGRP:
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | (above & 0o2070))


def remove_tree(path: Path) -> None:
    """Remove a file or a whole folder, read-only ones too; absent is fine. Never follows a link."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    for dirname, _, _ in os.walk(path):
        # a folder of mode 0555 would keep its entries; another's folder may still let us in by its group
        with suppress(PermissionError):
            Path(dirname).chmod(Path(dirname).stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(path)


def sync_tree(path: Path) -> None:
    """Write a file, or every file and folder of a tree, through to the disk."""
    if path.is_symlink():
        return
    if not path.is_dir():
        sync(path)
        return
    for dirname, _, filenames in os.walk(path):
        for filename in filenames:
            file = Path(dirname, filename)
            if file.is_file() and not file.is_symlink():
                sync(file)
        sync(Path(dirname))


def sync(path: Path) -> None:
    """Write one file or one folder's entries through to the disk; what we may not read is passed over."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as fault:
        # some network file systems cannot sync a folder; what matters more must not be passed over
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes, mode: int = 0o644, group: int | None = None) -> None:
    """Write a small file as a whole or not at all: beside, through to the disk, renamed over the old one.

    With `group` it gets that group; where this is not allowed, `mode` gives its own group nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        with beside.open("xb") as file:
            os.fchmod(file.fileno(), _with_group(file.fileno(), mode, group))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _with_group(descriptor: int, mode: int, group: int | None) -> int:
    if group is None or os.fstat(descriptor).st_gid == group:
        return mode
    try:
        os.fchown(descriptor, -1, group)
    except PermissionError:
        return mode & ~stat.S_IRWXG
    return mode
