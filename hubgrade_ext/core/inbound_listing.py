"""The listing of the inbound folder, remembered while nothing comes in: for pages, not for verbs.

Listing 60,000 names takes longer than all else on a page, so that of a large
course is kept in the state folder too, for the next server. Both hold it as it
is in the file, where nothing is made of it that a page does not ask for:

    name/name/…/name/seal       no name can hold a `/`

The seal is a digest of the folder's path, its key and the length of the names:
with another one it is of another folder, of another time, or cut short.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from hubgrade_ext.core.folder_tree import Key, is_settled, key_of
from hubgrade_ext.core.inbound import Attempt, group_unread, inbound_dir, inbound_names
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import read_cache, write_cache

REMEMBERED_FOLDERS = 4
WORTH_KEEPING = 5000
KEEP_INTERVAL_S = 60.0
# changes with the shape of the file
_FORMAT = 1
_SEAL_BYTES = 65

_lock = threading.Lock()
_listings: OrderedDict[str, tuple[Key, bytes]] = OrderedDict()
_kept_at: dict[Path, float] = {}


def listed_names(settings: CourseSettings) -> list[str]:
    """Return what is in the inbound folder, in no order.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    names = os.fsdecode(_listing(settings)).rpartition("/")[0]
    return names.split("/") if names else []


def listed_attempts(settings: CourseSettings, assignment_id: str) -> dict[str, Collection[Attempt]]:
    """Return student → attempts of one assignment, newest first.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    names = _names_with(f"+{assignment_id}+".encode(), _listing(settings))
    return group_unread(names).get(assignment_id, {})


def listing_file(settings: CourseSettings) -> Path:
    """Return where the listing of a large course is kept."""
    return settings.state_dir / "inbound-listing"


def _names_with(part: bytes, listing: bytes) -> list[str]:
    found = []
    at = listing.find(part)
    while at >= 0:
        end = listing.find(b"/", at)
        found.append(listing[listing.rfind(b"/", 0, at) + 1 : end])
        at = listing.find(part, end)
    # decoded in one go: a page asks this of thousands
    return os.fsdecode(b"/".join(found)).split("/") if found else []


def _listing(settings: CourseSettings) -> bytes:
    folder = str(inbound_dir(settings))
    key = key_of(folder)
    if key is None or not is_settled(key) or not settings.default_exchange:
        return _sealed(inbound_names(settings), folder, key)
    with _lock:
        known = _listings.get(folder)
    if known is not None and known[0] == key:
        return known[1]
    listing = _kept(settings, folder, key)
    if listing is None:
        names = inbound_names(settings)
        listing = _sealed(names, folder, key)
        if len(names) >= WORTH_KEEPING:
            _keep(settings, listing)
    with _lock:
        _listings[folder] = key, listing
        _listings.move_to_end(folder)
        while len(_listings) > REMEMBERED_FOLDERS:
            _listings.popitem(last=False)
    return listing


def _sealed(names: list[str], folder: str, key: Key | None) -> bytes:
    joined = os.fsencode("/".join(names))
    return joined + _seal(folder, key, len(joined))


def _seal(folder: str, key: Key | None, size_bytes: int) -> bytes:
    return b"/" + hashlib.sha256(repr((_FORMAT, folder, key, size_bytes)).encode()).hexdigest().encode()


def _kept(settings: CourseSettings, folder: str, key: Key) -> bytes | None:
    listing = read_cache(listing_file(settings)) or b""
    seal = _seal(folder, key, len(listing) - _SEAL_BYTES)
    # no name has a zero byte, but what a loss of power left of a file may consist of them
    return listing if listing.endswith(seal) and b"\0" not in listing else None


def _keep(settings: CourseSettings, listing: bytes) -> None:
    path = listing_file(settings)
    with _lock:
        if time.monotonic() - _kept_at.get(path, -math.inf) < KEEP_INTERVAL_S:
            return
        _kept_at[path] = time.monotonic()
    write_cache(settings, path, listing)
