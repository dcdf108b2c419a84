"""Folders and file systems as this user meets them; nothing is written that ever gets a name.

`os.access` asks the kernel, which knows access lists, capabilities and
read-only mounts; mode bits alone tell only what others may do.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
import time
from pathlib import Path

from msgspec import Struct

PROBE_BYTES = 1 << 20
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "gpfs", "afs")
WITHOUT_MODES = ("vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk")


class FolderFacts(Struct, frozen=True):
    """One folder as this user meets it.

    `blocked_at` is the first parent that the user cannot pass; `kind` is then
    unknown. `mode` and `uid` are None unless it is a folder. `link` says that
    the path itself is a link.
    """

    path: str
    blocked_at: str | None
    kind: str
    mode: int | None
    uid: int | None
    readable: bool
    writable: bool
    link: bool = False

    @property
    def mine(self) -> bool:
        """Say whether this user owns it, and so may change its mode."""
        return self.uid == os.geteuid()


class SpaceFacts(Struct, frozen=True):
    """Room on a file system; `refused` is an errno of a trial reservation of 1 MiB, 0 when it was granted.

    `free_files` is None when the file system does not count them. Of the trial
    file: `made_by` is its owner, `clock_ahead_s` how much later than here the
    file system thinks it is; None where no trial file could be made.
    """

    free_bytes: int
    free_files: int | None
    refused: int
    made_by: int | None = None
    clock_ahead_s: float | None = None


class Mount(Struct, frozen=True):
    """The file system that a path is on."""

    place: str
    fstype: str
    read_only: bool

    @property
    def is_network(self) -> bool:
        """Say whether another machine holds the files."""
        return self.fstype in NETWORK or self.fstype.startswith("fuse.")


def look_at(path: str) -> FolderFacts:
    """Return a folder's facts; follow the path from the top to name the first folder that blocks it."""
    for parent in reversed(Path(os.path.abspath(path)).parents):
        if not os.access(parent, os.X_OK) and os.path.lexists(parent):
            return FolderFacts(path, str(parent), "unknown", None, None, False, False)
    link = Path(path).is_symlink()
    try:
        found = Path(path).stat()
    except OSError as error:
        kind = "unreadable"
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            kind = "dangling link" if link else "missing"
        return FolderFacts(path, None, kind, None, None, False, False, link)
    if not stat.S_ISDIR(found.st_mode):
        return FolderFacts(path, None, "file", None, None, False, False, link)
    return FolderFacts(
        path,
        None,
        "folder",
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        os.access(path, os.R_OK | os.X_OK),
        os.access(path, os.W_OK | os.X_OK),
        link,
    )


def user_name(uid: int | None) -> str:
    """Return a user's name, or the number of one without a name."""
    try:
        return pwd.getpwuid(uid if uid is not None else -1).pw_name
    except (KeyError, OverflowError):
        return f"user {uid}"


def measure_space(path: str) -> SpaceFacts:
    """Return the room on the file system of `path`; a quota shows only in the trial reservation."""
    room = os.statvfs(path)
    free_bytes = room.f_bavail * room.f_frsize
    free_files = room.f_favail if room.f_files else None
    try:
        handle = os.open(path, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        # NFS and old overlays have no O_TMPFILE, and a folder closed to us is another check's matter
        known = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
        return SpaceFacts(free_bytes, free_files, (error.errno or 0) if known else 0)
    try:
        found = os.fstat(handle)
        ahead_s = found.st_mtime - time.time()
        return SpaceFacts(free_bytes, free_files, _reserve(handle), found.st_uid, ahead_s)
    finally:
        os.close(handle)


def _reserve(handle: int) -> int:
    try:
        os.posix_fallocate(handle, 0, PROBE_BYTES)
    except OSError as error:
        return (error.errno or 0) if error.errno in (errno.ENOSPC, errno.EDQUOT) else 0
    return 0


def mount_of(path: str, table: str | None = None) -> Mount | None:
    """Return the file system of a path, links resolved; None when it cannot be told.

    Source: Linux proc(5), `/proc/self/mountinfo`.
    """
    if table is None:
        try:
            table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    real = os.path.realpath(path)
    best: Mount | None = None
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        fields, after = left.split(), right.split()
        if len(fields) < 6 or len(after) < 3:
            continue
        place = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields[4])
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        # of equal length the later one lies on top
        if inside and (best is None or len(place) >= len(best.place)):
            read_only = "ro" in fields[5].split(",") or "ro" in after[2].split(",")
            best = Mount(place, after[0], read_only)
    return best


def open_to_others(path: str) -> bool:
    """Tell whether the mode bits of a folder and all its parents let every user list it."""
    try:
        real = Path(path).resolve(strict=True)
        if real.stat().st_mode & 0o005 != 0o005:
            return False
        return passable_by_others(real)
    except OSError:
        return False


def passable_by_others(path: Path) -> bool:
    """Tell whether the modes of all parents of a path let every user come to it."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
