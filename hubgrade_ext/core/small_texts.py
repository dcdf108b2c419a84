"""Text files that a person names: read as a whole, none that is too large, and nothing that is no file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hubgrade_ext.core.errors import Forbidden, InvalidRequest, NotFound


def read_text(path: Path, most_bytes: int) -> str:
    """Return the text of a file in UTF-8, without the mark that Windows' editors put in front.

    Raises: NotFound; Forbidden; InvalidRequest (no file, too large, not UTF-8).
    """
    try:
        mode, data = _content(path, most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as fault:
        raise NotFound(f"There is no file {path}.", "Give the name of one that is there.") from fault
    except PermissionError as fault:
        raise Forbidden(f"You may not read {path}.", "Run the command with sudo.") from fault
    except OSError as fault:
        raise InvalidRequest(f"{path} cannot be read: {fault.strerror}.", "Is it the right file?") from fault
    if stat.S_ISDIR(mode):
        raise InvalidRequest(f"{path} is a folder.", "Give the file.")
    if not stat.S_ISREG(mode):
        raise InvalidRequest(f"{path} is no plain file.", "Save it as one first.")
    if len(data) > most_bytes:
        raise InvalidRequest(f"{path} is larger than {most_bytes >> 20} MiB.", "Is it the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InvalidRequest(f"{path} is not text in UTF-8.", "Save it as UTF-8.") from fault


def _content(path: Path, size_bytes: int) -> tuple[int, bytes]:
    """Return the mode and the first bytes; a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return mode, b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return mode, file.read(size_bytes)
    finally:
        os.close(descriptor)
