"""Which item a job works on, for its log: each line says whose it is, and one item's can be picked out.

```
2026-11-26 10:00:00,000 WARNING traitlets: [ada] Attribute 'checksum' for cell squares has changed!
[ada] and what a message has on further lines
```
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_item: ContextVar[str] = ContextVar("item", default="")


@contextmanager
def working_on(item: str) -> Iterator[None]:
    """Say that what is logged meanwhile is about this item."""
    token = _item.set(item)
    try:
        yield
    finally:
        _item.reset(token)


class ItemFormatter(logging.Formatter):
    """Write a record with the item that is being worked on, in front of each line of its message."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Put the item in front of the message."""
        mark = _mark(_item.get())
        if mark:
            record.message = mark + record.message
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Mark the further lines too: of a message, and of a traceback."""
        text = super().format(record)
        mark = _mark(_item.get())
        return text.replace("\n", f"\n{mark}") if mark else text


def _mark(item: str) -> str:
    """Return what stands in front of an item's lines; a name on two lines must not look like another's."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in item)
    return f"[{shown}] " if item else ""


def lines_of(text: str, item: str) -> str:
    """Return the lines of a log that are about one item."""
    mark = re.escape(_mark(item))
    ours = re.compile(rf"(?:\S+ \S+ [A-Z]+ \S+: )?{mark}")
    # no other character ends a line here: file names are a student's, and may hold any
    return "".join(f"{line}\n" for line in text.removesuffix("\n").split("\n") if ours.match(line))
