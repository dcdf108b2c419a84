"""One step's folders, remembered, so that an unchanged course costs next to nothing.

A *holder* is a folder whose entries are submissions' folders (`submitted/bob`).
Whatever is put into it, taken away or swapped changes its time, and then all of
it is read anew. A holder whose time is younger than `SETTLE_NS` is never trusted:
the next change could fall into the same tick of the file system's clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from hubgrade_ext.core.folders import Holder, holders, list_folders, open_root
from hubgrade_ext.core.settings import CourseSettings

SETTLE_NS = 2_000_000_000
Facts = TypeVar("Facts")
FactsRead = TypeVar("FactsRead", covariant=True)
Key = tuple[int, int, int, int]


class Read(Protocol[FactsRead]):
    """Reads the facts of one submission's folder, by a path relative to an open folder."""

    def __call__(self, path: str, dir_fd: int | None = None) -> FactsRead | None:
        """Return the facts, or None when it is no folder."""


def key_of(path: str | os.PathLike[str], dir_fd: int | None = None) -> Key | None:
    """Return what changes whenever an entry of a folder does, or a file is replaced; None: not there.

    With `dir_fd` (an open folder) the path is relative to it. The last part, the change time, nobody can set:
    students give their files any other, and a copy keeps that.
    """
    try:
        found = os.stat(path, dir_fd=dir_fd)  # a page asks this of thousands
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size, found.st_ctime_ns


def is_settled(key: Key | None) -> bool:
    """Say whether a later change is certain to give another key."""
    return key is None or time.time_ns() - key[0] > SETTLE_NS


class Remembered(Struct, Generic[Facts], array_like=True):
    """One holder's submissions as last read."""

    key: Key | None
    settled: bool
    facts: dict[str, Facts]


class FolderTree(Generic[Facts]):
    """The folders of one step with their facts.

    `stale` names those of a holder's folders (by its path, and what is remembered
    of them) that must be read anew although the holder has not changed.
    `remembered` is holder's path → what was read of it, and may be given back later.
    """

    def __init__(
        self,
        settings: CourseSettings,
        step: str,
        read: Read[Facts],
        stale: Callable[[str, Mapping[str, Facts]], list[str]],
    ) -> None:
        self._settings = settings
        self._step = step
        self._read = read
        self._stale = stale
        self._holders: list[Holder] = []
        # the folders that the holders were found in
        self._above: dict[str, Key | None] = {}
        self._arranged: dict[str, dict[str, Facts]] | None = None
        self.remembered: dict[str, Remembered[Facts]] = {}
        # whether the last refresh read a holder anew
        self.was_read = False

    @property
    def facts(self) -> Mapping[str, Mapping[str, Facts]]:
        """Return assignment → student → facts, as of the last refresh."""
        if self._arranged is None:
            self._arranged = self._arrange()
        return self._arranged

    def refresh(self, look_closer: bool) -> bool:
        """Look at the disk again and say whether anything changed; `look_closer` applies `stale`."""
        remembered: dict[str, Remembered[Facts]] = {}
        changed = self.was_read = False
        self._find_holders()
        for holder, key in zip(self._holders, self._keys(), strict=True):
            old = self.remembered.get(holder.path)
            if old is None or old.key != key or not old.settled:
                # the key first, then the content: what changes in between is seen next time
                self.was_read = True
                new = Remembered(key, is_settled(key), self._read_all(holder.path))
                changed = changed or old is None or old.facts != new.facts
                remembered[holder.path] = new
                continue
            if look_closer:
                changed = self._read_stale(holder.path, old.facts) or changed
            remembered[holder.path] = old
        changed = changed or remembered.keys() != self.remembered.keys()
        self.remembered = remembered
        if changed:
            self._arranged = None
        return changed

    def _find_holders(self) -> None:
        if self._above and all(key_of(path) == key for path, key in self._above.items()):
            return
        above: dict[str, Key | None] = {}

        def look(path: str) -> list[str]:
            above[path] = key_of(path)
            return list_folders(path)

        self._holders = list(holders(self._settings, self._step, look))
        self._above = above if all(is_settled(key) for key in above.values()) else {}

    def _keys(self) -> Iterator[Key | None]:
        with open_root(self._settings) as (root, prefix):
            for holder in self._holders:
                yield key_of(holder.path.removeprefix(prefix), root)

    def _read_all(self, path: str) -> dict[str, Facts]:
        facts: dict[str, Facts] = {}
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return facts
        try:
            for name in list_folders(fd):
                found = self._read(name, fd)
                if found is not None:
                    facts[name] = found
        finally:
            os.close(fd)
        return facts

    def _read_stale(self, path: str, remembered: dict[str, Facts]) -> bool:
        """Read anew what `stale` names, and say whether it changed."""
        names = self._stale(path, remembered)
        changed = False
        if not names:
            return False
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            for name in names:
                found = self._read(name, fd)
                if found is not None and found != remembered[name]:
                    remembered[name] = found
                    changed = True
        finally:
            os.close(fd)
        return changed

    def _arrange(self) -> dict[str, dict[str, Facts]]:
        arranged: dict[str, dict[str, Facts]] = {}
        for holder in self._holders:
            for name, facts in self.remembered[holder.path].facts.items():
                ids = holder.ids_of(name)
                if ids is not None:
                    arranged.setdefault(ids[1], {})[ids[0]] = facts
        return arranged
