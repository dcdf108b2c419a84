"""The listing of the inbound folder, remembered while nothing comes in: for pages, not for verbs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

from hubgrade_ext.core.folder_tree import Key, is_settled, key_of
from hubgrade_ext.core.inbound import Attempt, group_unread, inbound_dir, inbound_names
from hubgrade_ext.core.settings import CourseSettings

REMEMBERED_FOLDERS = 4

_lock = threading.Lock()
_listings: OrderedDict[str, tuple[Key, list[str]]] = OrderedDict()


def listed_names(settings: CourseSettings) -> list[str]:
    """Return what is in the inbound folder, in no order; not to be changed.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    folder = str(inbound_dir(settings))
    key = key_of(folder)
    with _lock:
        known = _listings.get(folder)
    if known is not None and known[0] == key and settings.default_exchange:
        return known[1]
    names = inbound_names(settings)
    if key is not None and is_settled(key):
        with _lock:
            _listings[folder] = key, names
            _listings.move_to_end(folder)
            while len(_listings) > REMEMBERED_FOLDERS:
                _listings.popitem(last=False)
    return names


def listed_attempts(settings: CourseSettings, assignment_id: str) -> dict[str, Collection[Attempt]]:
    """Return student → attempts of one assignment, newest first.

    Raises: ExchangeBroken when the folder is there but cannot be read.
    """
    part = f"+{assignment_id}+"
    return group_unread(name for name in listed_names(settings) if part in name).get(assignment_id, {})
