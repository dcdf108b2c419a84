"""A few readers that remember what they read: those used last, each used by one request at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from hubgrade_ext.core.errors import Busy
from hubgrade_ext.core.gradebook_reader import LOCK_TIMEOUT_S
from hubgrade_ext.core.settings import CourseSettings


class Reader(Protocol):
    """Reads a course, or part of it; `size` says how much it remembers, in submissions."""

    settings: CourseSettings

    @property
    def size(self) -> int:
        """Return the number of submissions that it remembers."""


AnyReader = TypeVar("AnyReader", bound=Reader)


class LastUsed(Generic[AnyReader]):
    """Readers by key: no more than `most`, and no more than one whose sizes come to `most_size` together."""

    def __init__(self, most: int, most_size: int) -> None:
        self._most = most
        self._most_size = most_size
        self._lock = threading.Lock()
        self._readers: OrderedDict[Hashable, AnyReader] = OrderedDict()

    def __len__(self) -> int:
        return len(self._readers)

    def get(self, key: Hashable, settings: CourseSettings, make: Callable[[], AnyReader]) -> AnyReader:
        """Return the reader of these settings, a new one when there is none."""
        with self._lock:
            reader = self._readers.pop(key, None)
            if reader is None or reader.settings != settings:
                reader = make()
            self._readers[key] = reader
            while len(self._readers) > 1 and self._is_too_much():
                self._readers.popitem(last=False)
        return reader

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._readers.clear()

    def _is_too_much(self) -> bool:
        size = sum(reader.size for reader in self._readers.values())
        return len(self._readers) > self._most or size > self._most_size


@contextmanager
def alone(lock: threading.Lock) -> Iterator[None]:
    """Hold a reader's lock; who waits for long is sent away, lest a locked gradebook keep every thread busy.

    Raises: Busy.
    """
    if not lock.acquire(timeout=LOCK_TIMEOUT_S):
        raise Busy(
            "The course is still being read for an earlier request.",
            "Try again in a moment; if it stays so, another program may hold the gradebook locked.",
        )
    try:
        yield
    finally:
        lock.release()
