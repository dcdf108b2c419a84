"""Put a finished folder or file into place, so that at every instant the old or the new one is whole.

Words used here:

staging   a dot-named folder in which something is built, `.hubgrade-stage-<machine>-<pid>-<start>-<random>`;
          its name says which process works in it, so that leftovers of dead ones can be told and removed
backup    `<state_dir>/backups/<UTC stamp>-<random>/<path below the course>`: what a run replaced
aside     `.<name>.hubgrade-aside`, beside the target: the old one during a swap on a file system that
          cannot exchange two names in one step

```
exchange in one step:   new → backup path;  backup path ⇄ target              (Linux renameat2)
else:                   target → aside;  new → target;  aside → backup path
```
An interrupted swap leaves a target without aside (nothing to do) or an aside without target; `recover`
puts the latter back.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from hubgrade_ext.core.disk import make_folders, plain_errors, remove_tree, sync, sync_tree
from hubgrade_ext.core.settings import CourseSettings

KEEP_BACKUPS = 20
STAGE_PREFIX = ".hubgrade-stage-"
ASIDE_SUFFIX = ".hubgrade-aside"
# A process of another machine or container cannot be looked up: only what is old is taken for left over.
FOREIGN_STALE_S = 86_400

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


# --- staging -----------------------------------------------------------------


@cache
def _machine() -> str:
    """Name the room in which our process numbers mean something: host, boot and process namespace."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _start_of(pid: int) -> str:
    """Return when a process began, in the system's own unit; empty when there is no such process."""
    try:
        # behind the name in parentheses: the state, and 19 fields on the start, counted from boot,
        # so that setting the clock does not change it
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        pass
    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.Error:
        return ""


def stage_name() -> str:
    """Return a new name for a staging folder of this process."""
    pid = os.getpid()
    return f"{STAGE_PREFIX}{_machine()}-{pid}-{_start_of(pid)}-{os.urandom(6).hex()}"


def is_left_over(path: Path) -> bool:
    """Say whether a staging folder belongs to a process that is no more."""
    parts = path.name.removeprefix(STAGE_PREFIX).split("-")
    if not path.name.startswith(STAGE_PREFIX) or len(parts) != 4 or not parts[1].isdigit():
        return False
    if parts[0] == _machine():
        return _start_of(int(parts[1])) != parts[2]
    try:
        return time.time() - path.lstat().st_mtime > FOREIGN_STALE_S
    except FileNotFoundError:
        return False


def sweep(folder: Path) -> None:
    """Remove the staging folders that dead runs left in `folder`, and mend interrupted swaps there.

    Safe beside a run that is alive. What cannot be listed or removed is passed over.
    """
    try:
        entries = [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return
    for path in entries:
        if path.name.startswith(".") and path.name.endswith(ASIDE_SUFFIX):
            with suppress(OSError):
                recover(path.with_name(path.name[1 : -len(ASIDE_SUFFIX)]))
        elif is_left_over(path):
            with suppress(OSError):
                remove_tree(path)


@contextmanager
def staging(folder: Path, mode: int = 0o700) -> Iterator[Path]:
    """Give an empty staging folder in `folder`, and remove it with what is still in it at the end.

    `folder` is created when missing, and swept of what dead runs left. Any place
    on the target's file system will do; on another one `put_in_place` copies.
    """
    make_folders(folder)
    sweep(folder)
    stage = folder / stage_name()
    # no chmod: it would take away the inherited set-group-ID bit from who is not in that group
    stage.mkdir(mode)
    try:
        yield stage
    finally:
        with suppress(OSError):
            remove_tree(stage)


# --- backups -----------------------------------------------------------------


class Backups:
    """Where one run keeps what it replaces: `folder`, created when first needed.

    Only the newest `keep` of the course stay, this one included.
    """

    def __init__(self, settings: CourseSettings, keep: int = KEEP_BACKUPS) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self.root = Path(settings.root) if settings.root else None
        self.folder = settings.state_dir / "backups" / f"{stamp}-{os.urandom(3).hex()}"
        self.keep = keep
        self._mode = 0o2770 if settings.groupshared else 0o700

    def place(self, target: Path) -> Path:
        """Return a free path for what `target` was, with its parent folder made.

        Paths of the course are kept relative to it, others below `elsewhere/`.
        """
        if not self.folder.is_dir():
            make_folders(self.folder)
            self.folder.chmod(self._mode)
            self.prune()
        absolute = Path(os.path.abspath(target))
        if self.root and absolute.is_relative_to(self.root):
            place = self.folder / absolute.relative_to(self.root)
        else:
            place = self.folder / "elsewhere" / absolute.relative_to(absolute.anchor)
        make_folders(place.parent)
        number = 1
        free = place
        while os.path.lexists(free):
            number += 1
            free = place.with_name(f"{place.name}.{number}")
        return free

    def prune(self) -> None:
        """Remove the oldest runs' backups beyond `keep`; the names sort by age."""
        runs = sorted(p for p in self.folder.parent.iterdir() if p.is_dir() and not p.name.startswith("."))
        for run in runs[: max(0, len(runs) - self.keep)]:
            if run != self.folder:
                with suppress(OSError):
                    remove_tree(run)


# --- into place --------------------------------------------------------------


@cache
def _renameat2() -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system or the file system cannot."""
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV):
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


@contextmanager
def _movable(*paths: Path) -> Iterator[None]:
    """Let read-only folders be moved: a folder that changes its parent must be writable itself."""
    modes: list[tuple[int, int]] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink() and not os.access(path, os.W_OK):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
                modes.append((descriptor, mode))
                os.fchmod(descriptor, mode | stat.S_IRWXU)
    try:
        yield
    finally:
        # by descriptor: the folders have other names by now
        for descriptor, mode in modes:
            with suppress(OSError):
                os.fchmod(descriptor, mode)
            os.close(descriptor)


def recover(target: Path, backups: Backups | None = None) -> None:
    """Mend a swap of `target` that was interrupted: put the old one back when nothing took its place.

    Where the new one did, the old one goes to `backups`, or stays aside when that is None.
    """
    aside = target.with_name(f".{target.name}{ASIDE_SUFFIX}")
    if not os.path.lexists(aside):
        return
    if not os.path.lexists(target):
        aside.rename(target)
    elif backups is not None:
        _keep(aside, backups.place(target))


def put_in_place(new: Path, target: Path, backups: Backups | None) -> Path | None:
    """Put the finished folder or file `new` where `target` is; return where the old one is kept now.

    None is returned when there was no old one, or `backups` is None (then it is
    removed). `new` is gone afterwards. When `new` lies on another file system it
    is copied beside the target first. When the backup does, the old one is copied
    there; if that cannot be done it stays beside the target, dot-named.

    Raises: CourseBroken with the system's refusal in plain words; the old one is then where it was.
    """
    with plain_errors(f"put {target.name} into place", target.parent):
        make_folders(target.parent)
        recover(target, backups)
        sync_tree(new)
        if not os.path.lexists(target):
            with _movable(new):
                _move(new, target)
            sync(target.parent)
            return None
        kept = backups.place(target) if backups is not None else None
        if kept is not None and _swap_into_backup(new, target, kept):
            return kept
        aside = _swap_aside(new, target)
    if kept is None:
        with suppress(OSError):
            remove_tree(aside)
        return None
    return _keep(aside, kept)


def take_away(target: Path, backups: Backups) -> Path:
    """Move the folder or file `target` to the backups in one step, and return where it is now.

    Raises: CourseBroken; the folder is then where it was.
    """
    with plain_errors(f"move {target.name} to the backups", target.parent):
        kept = backups.place(target)
        with _movable(target):
            try:
                target.rename(kept)
            except OSError as fault:
                if fault.errno != errno.EXDEV:
                    raise
                _copy_whole(target, kept)
                # out of sight in one step, then removed at leisure
                gone = target.parent / stage_name()
                target.rename(gone)
                with suppress(OSError):
                    remove_tree(gone)
        sync(target.parent)
    return kept


def _swap_into_backup(new: Path, target: Path, kept: Path) -> bool:
    """Swap by way of the backup's own path: the step that replaces the old one also brings it there."""
    with _movable(new, target):
        try:
            new.rename(kept)
        except OSError as fault:
            if fault.errno == errno.EXDEV:
                return False
            raise
        try:
            swapped = _exchange(kept, target)
        except OSError:
            kept.rename(new)
            raise
        if not swapped:
            kept.rename(new)
            return False
    sync(target.parent)
    sync(kept.parent)
    return True


def _swap_aside(new: Path, target: Path) -> Path:
    """Put `new` in the target's place and the old one aside; return where that is."""
    aside = target.with_name(f".{target.name}{ASIDE_SUFFIX}")
    with _movable(new, target):
        # only without backups is there one left from an interrupted swap, and then it is not wanted
        remove_tree(aside)
        beside = _bring_beside(new, target)
        beside.rename(aside)
        if not _exchange(aside, target):
            aside.rename(beside)
            target.rename(aside)
            beside.rename(target)
    sync(target.parent)
    return aside


def _move(new: Path, target: Path) -> None:
    try:
        new.rename(target)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        _bring_beside(new, target).rename(target)


def _bring_beside(new: Path, target: Path) -> Path:
    """Return `new` under a staging name in the target's folder; copied when a rename cannot carry it."""
    sweep(target.parent)
    beside = target.parent / stage_name()
    try:
        new.rename(beside)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        _copy_whole(new, beside)
        remove_tree(new)
    return beside


def _copy_whole(source: Path, copy: Path) -> None:
    try:
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, copy, symlinks=True)
        else:
            shutil.copy2(source, copy, follow_symlinks=False)
        sync_tree(copy)
    except OSError:
        with suppress(OSError):
            remove_tree(copy)
        raise


def _keep(aside: Path, kept: Path) -> Path:
    try:
        with _movable(aside):
            aside.rename(kept)
    except OSError:
        try:
            _copy_whole(aside, kept)
        except OSError:
            # its place is full or refuses: better beside than lost
            beside = aside.with_name(aside.name.removesuffix(ASIDE_SUFFIX) + ".hubgrade-kept")
            remove_tree(beside)
            aside.rename(beside)
            return beside
        remove_tree(aside)
    return kept
