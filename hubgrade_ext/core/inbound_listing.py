"""The listing of the inbound folder, remembered while nothing comes in: for pages, not for verbs.

Listing 60,000 names takes longer than all else on a page, so that of a large
course is kept in the state folder too, for the next server. Both hold it as one
text, the names with a `/` in between, which no name can hold; both go with the
key of the folder.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path

from hubgrade_ext.core.disk import write_cache
from hubgrade_ext.core.folder_tree import Key, is_settled, key_of
from hubgrade_ext.core.inbound import Attempt, group_unread, inbound_dir, inbound_names
from hubgrade_ext.core.settings import CourseSettings

REMEMBERED_FOLDERS = 4
WORTH_KEEPING = 5000
KEEP_INTERVAL_S = 60.0
# changes with the shape of the file
_FORMAT = b"1"

_lock = threading.Lock()
_listings: OrderedDict[str, tuple[Key, str]] = OrderedDict()
_kept_at: dict[Path, float] = {}


def listed_names(settings: CourseSettings) -> list[str]:
    """Return what is in the inbound folder, in no order.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    names = _listing(settings)
    return names.split("/") if names else []


def listed_attempts(settings: CourseSettings, assignment_id: str) -> dict[str, Collection[Attempt]]:
    """Return student → attempts of one assignment, newest first.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    names = _names_with(f"+{assignment_id}+", _listing(settings))
    return group_unread(names).get(assignment_id, {})


def listing_file(settings: CourseSettings) -> Path:
    """Return where the listing of a large course is kept."""
    return settings.state_dir / "inbound-listing"


def _names_with(part: str, names: str) -> Iterator[str]:
    at = names.find(part)
    while at >= 0:
        end = names.find("/", at)
        end = len(names) if end < 0 else end
        yield names[names.rfind("/", 0, at) + 1 : end]
        at = names.find(part, end)


def _listing(settings: CourseSettings) -> str:
    folder = str(inbound_dir(settings))
    key = key_of(folder)
    if key is None or not is_settled(key) or not settings.default_exchange:
        return "/".join(inbound_names(settings))
    with _lock:
        known = _listings.get(folder)
    if known is not None and known[0] == key:
        return known[1]
    header = hashlib.sha256(_FORMAT + repr((folder, key)).encode()).digest()
    names = _kept(settings, header)
    if names is None:
        found = inbound_names(settings)
        names = "/".join(found)
        if len(found) >= WORTH_KEEPING:
            _keep(settings, header, names)
    with _lock:
        _listings[folder] = key, names
        _listings.move_to_end(folder)
        while len(_listings) > REMEMBERED_FOLDERS:
            _listings.popitem(last=False)
    return names


def _kept(settings: CourseSettings, header: bytes) -> str | None:
    try:
        content = listing_file(settings).read_bytes()
    except OSError:
        return None
    start = len(header) + 4
    names = content[start:]
    # what a loss of power left of it may have the right length
    return os.fsdecode(names) if content[:start] == header + _sum(names) else None


def _keep(settings: CourseSettings, header: bytes, names: str) -> None:
    path = listing_file(settings)
    with _lock:
        if time.monotonic() - _kept_at.get(path, -math.inf) < KEEP_INTERVAL_S:
            return
        _kept_at[path] = time.monotonic()
    content = os.fsencode(names)
    write_cache(path, header + _sum(content) + content)


def _sum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "big")
