"""What this course has in the exchange: its folders, what is released, what has been submitted."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.preflight.folder_facts import FolderFacts, look_at, user_name

SCAN_S = 0.8
FRESH_S = 120.0
# how far a submission's own time may lie from the file system's before it looks invented: copying takes time
FORGED_S = 300.0
NAMES = ("outbound", "inbound", "feedback")


class InboundFacts(Struct, frozen=True):
    """The exchange's inbound folder: names of submissions with something odd, older than two minutes.

    `cut_short`: without timestamp.txt; `no_secret`: whole, but without
    submission_secret.txt; `others_name`: filed under another name than their
    owner's; `odd_time`: their name's time is not when they were made.
    `whole_scan` is False when there were too many folders for the time allowed.
    """

    folder: FolderFacts
    cut_short: list[str] = []
    no_secret: list[str] = []
    others_name: list[str] = []
    odd_time: list[str] = []
    seen: int = 0
    whole_scan: bool = True


class ExchangeCourseFacts(Struct, frozen=True):
    """The course's folder in the exchange, the three in it, and each released assignment's."""

    folder: FolderFacts
    outbound: FolderFacts
    inbound: FolderFacts
    feedback: FolderFacts
    released: list[FolderFacts]


def look_at_course(folder: Path) -> ExchangeCourseFacts:
    """Return the facts of a course's folder in the exchange."""
    outbound, inbound, feedback = (look_at(str(folder / name)) for name in NAMES)
    released: list[FolderFacts] = []
    if outbound.kind == "folder" and outbound.readable:
        with os.scandir(outbound.path) as entries:
            names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
        released = [look_at(os.path.join(outbound.path, name)) for name in names]
    return ExchangeCourseFacts(look_at(str(folder)), outbound, inbound, feedback, released)


def scan_inbound(path: Path) -> InboundFacts:
    """Return inbound's facts; what was touched in the last two minutes may still be being copied."""
    folder = look_at(str(path))
    if folder.kind != "folder" or not folder.readable:
        return InboundFacts(folder)
    found: dict[str, list[str]] = {"cut_short": [], "no_secret": [], "others_name": [], "odd_time": []}
    seen, whole = 0, True
    stop, now = time.monotonic() + SCAN_S, time.time()
    with os.scandir(path) as entries:
        for entry in entries:
            if time.monotonic() > stop:
                whole = False
                break
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            seen += 1
            info = entry.stat(follow_symlinks=False)
            if now - info.st_mtime > FRESH_S:
                for kind in _oddities(entry, info):
                    found[kind].append(entry.name)
    return InboundFacts(folder, **{k: sorted(v) for k, v in found.items()}, seen=seen, whole_scan=whole)


def _oddities(entry: os.DirEntry[str], info: os.stat_result) -> list[str]:
    if not os.path.lexists(os.path.join(entry.path, "timestamp.txt")):
        return ["cut_short"]
    odd = []
    if not os.path.lexists(os.path.join(entry.path, "submission_secret.txt")):
        odd.append("no_secret")
    parts = entry.name.split("+")
    # jovyan stands for everybody in a container: nbgrader then files under the hub's name
    owner = user_name(info.st_uid)
    if len(parts) >= 3 and owner not in (parts[0], "jovyan", "root") and not owner.startswith("user "):
        odd.append("others_name")
    said = _time_in(parts[2]) if len(parts) >= 3 else None
    # the change time is the file system's own: nobody can set it
    if said is not None and abs(said - info.st_ctime) > FORGED_S:
        odd.append("odd_time")
    return odd


def _time_in(text: str) -> float | None:
    for form in ("%Y-%m-%d %H:%M:%S.%f UTC", "%Y-%m-%d %H:%M:%S UTC"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None
