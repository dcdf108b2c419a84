"""The changes that a fix is made of, and what takes each of them back.

    Change   planned: says what it will do, exactly; `do` does it and returns its
    Undo     recorded: `undo` puts back what was there, unless that has changed since

What is as it was before already, because an undo was cut short, is passed over.

Every change looks again before it acts: what is no longer as it was when the
plan was shown is left alone. A path is never followed through a link.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import FixChange

AGAIN = "Look at it again: the fix is shown as it would be now."
DIFF_LINES = 400
# gives a free path for the copy of what is about to be replaced
Keep = Callable[[str], Path]


@runtime_checkable
class Undo(Protocol):
    """What takes a change back; every kind is one of `records.UNDO`."""

    def undo(self) -> None:
        """Put back what was there. Raises: Conflict (it has changed since), OSError."""


@runtime_checkable
class Change(Protocol):
    """One planned change; a Struct, so that equal plans have equal digests."""

    @property
    def shown(self) -> FixChange:
        """Say what it will do."""

    @property
    def reversible(self) -> bool:
        """Say whether it can be taken back."""

    def do(self, keep: Keep) -> Undo | None:
        """Do it. Raises: Conflict (it is no longer as it was), OSError."""


class ModeBefore(Struct, frozen=True, tag="mode"):
    """A file or folder had another mode."""

    path: str
    was: int
    now: int

    def undo(self) -> None:
        """Give it that mode again."""
        with suppress(FileNotFoundError):
            if stat.S_IMODE(os.lstat(self.path).st_mode) == self.was:
                return
        _set_mode(self.path, self.now, self.was)


class SetMode(Struct, frozen=True, tag="set_mode"):
    """Change the mode of a file or folder that this user owns."""

    path: str
    old: int
    new: int
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Say it as chmod would have it."""
        return FixChange(
            f"Change the mode of {self.path} from {self.old:o} to {self.new:o}.",
            f"chmod {self.new:o} {self.path}",
        )

    def do(self, keep: Keep) -> ModeBefore:
        """Change it."""
        _set_mode(self.path, self.old, self.new)
        return ModeBefore(self.path, self.old, self.new)


class FolderMade(Struct, frozen=True, tag="folder"):
    """There was no such folder."""

    path: str

    def undo(self) -> None:
        """Remove it, if it is still empty."""
        try:
            Path(self.path).rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise Conflict(f"The folder {self.path} is in use now.", "It stays.") from error


class MakeFolder(Struct, frozen=True, tag="make_folder"):
    """Make a folder with exactly this mode."""

    path: str
    mode: int
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Say it as install would have it."""
        return FixChange(
            f"Make the folder {self.path} with mode {self.mode:o}.",
            f"install -d -m {self.mode:o} {self.path}",
        )

    def do(self, keep: Keep) -> FolderMade:
        """Make it."""
        try:
            Path(self.path).mkdir()
        except FileExistsError:
            raise Conflict(f"{self.path} is there now.", AGAIN) from None
        Path(self.path).chmod(self.mode)
        return FolderMade(self.path)


class FileBefore(Struct, frozen=True, tag="file"):
    """A file had other content, kept in `kept`; None when there was no such file."""

    path: str
    kept: str | None
    mode: int
    digest_now: str

    def undo(self) -> None:
        """Put the old content back."""
        old, now = _content(self.kept) if self.kept else None, _content(self.path)
        if self.kept and old is None:
            raise Conflict(f"What {self.path} was is gone: {self.kept}.", "The file stays as it is.")
        if now == old:
            return
        if _digest(now) != self.digest_now:
            raise Conflict(
                f"{self.path} has been changed since.",
                f"What it was before is in {self.kept}." if self.kept else "It stays.",
            )
        if old is None:
            Path(self.path).unlink()
        else:
            group = None if now is None else Path(self.path).stat().st_gid
            write_file(Path(self.path), old, self.mode, group)


class WriteFile(Struct, frozen=True, tag="write_file"):
    """Replace a text file as a whole; `old` None: there is no such file yet. What it was is kept."""

    path: str
    old: str | None
    new: str
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Show the lines that change."""
        lines = list(
            difflib.unified_diff(
                (self.old or "").splitlines(), self.new.splitlines(), "before", "after", lineterm="", n=1
            )
        )
        del lines[:2]  # the names of the two: the sentence has the file's
        more = [f"… and {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else []
        verb = "Write the new file" if self.old is None else "Change lines of"
        return FixChange(f"{verb} {self.path}.", "\n".join([*lines[:DIFF_LINES], *more]))

    def do(self, keep: Keep) -> FileBefore:
        """Keep the old content, and write the new."""
        old = None if self.old is None else self.old.encode()
        if _content(self.path) != old:
            raise Conflict(f"{self.path} has been changed in the meantime.", AGAIN)
        mode, group, kept = 0o644, None, None
        if old is not None:
            found = Path(self.path).stat()
            mode, group = stat.S_IMODE(found.st_mode), found.st_gid
            kept = keep(Path(self.path).name)
            # whoever may read the file may undo this; others do not come into the folder
            write_file(kept, old, mode & ~0o007, group)
        new = self.new.encode()
        write_file(Path(self.path), new, mode, group)
        return FileBefore(self.path, str(kept) if kept else None, mode, _digest(new))


def _set_mode(path: str, expected: int, mode: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle)
        if stat.S_ISLNK(found.st_mode) or stat.S_IMODE(found.st_mode) != expected:
            raise Conflict(f"{path} has been changed in the meantime.", AGAIN)
        if found.st_uid != os.geteuid():
            raise Conflict(f"{path} is not yours.", "Ask its owner.")
        Path(f"/proc/self/fd/{handle}").chmod(mode)
    finally:
        os.close(handle)


def _content(path: str) -> bytes | None:
    with suppress(FileNotFoundError):
        return Path(path).read_bytes()
    return None


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content or b"").hexdigest()
