"""One file or folder, as whoever runs this process meets it."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from hubgrade_ext.preflight.hub_side.facts import FileLook


def look_at_file(path: str) -> FileLook:
    """Return what `stat` and `access` say, and the first folder on the way that blocks."""
    path = os.path.abspath(path)
    blocked = first_blocked(path)
    if blocked:
        return FileLook(path, "unreadable", blocked)
    try:
        found = Path(path).stat()
    except OSError as error:
        return FileLook(path, "missing" if isinstance(error, FileNotFoundError) else "unreadable")
    return FileLook(
        path,
        "folder" if stat.S_ISDIR(found.st_mode) else "file",
        "",
        stat.S_IMODE(found.st_mode),
        owner_name(found.st_uid),
        os.access(path, os.R_OK),
        os.access(path, os.W_OK),
    )


def first_blocked(path: str) -> str:
    """Return the first parent that this process may not pass, empty when it may pass all that exist."""
    for parent in reversed(Path(os.path.abspath(path)).parents):
        if os.path.lexists(parent) and not os.access(parent, os.X_OK):
            return str(parent)
    return ""


def closed_to_others(path: str) -> str:
    """Return the first parent that an ordinary user cannot pass, by its mode; empty when there is none."""
    for parent in reversed(Path(os.path.realpath(path)).parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            return str(parent)
    return ""


def may_replace(path: str) -> bool:
    """Tell whether this process may write a file, or put another in its place."""
    if os.access(path, os.W_OK):
        return True
    folder = Path(os.path.abspath(path)).parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    try:
        sticky = folder.stat().st_mode & stat.S_ISVTX
        return not sticky or Path(path).stat().st_uid == os.getuid() or folder.stat().st_uid == os.getuid()
    except OSError:
        return not sticky


def owner_name(uid: int) -> str:
    """Return a user's name, or the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
