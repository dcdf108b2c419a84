"""What the release gate found, remembered until something of it changes; without nbgrader, for plans too.

One file an assignment in the state folder: the verdict (or why there is none),
and a digest of all that went into it (source and release with their data files,
the configuration files, the versions). Another digest, and it means nothing any more.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from jupyter_core.paths import jupyter_config_path
from msgspec import Struct

from hubgrade_ext.core.disk import make_folders, write_file
from hubgrade_ext.core.folders import FileFacts, files_below
from hubgrade_ext.core.models import ErrorBody, Gate, GateVerdict
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import file_name_of

# larger files are data: size and time tell them apart well enough
_READ_BYTES = 16 * 1024**2
_PACKAGES = ("hubgrade-ext", "nbgrader")
_MOST_DIGESTS = 1024

Digest = Callable[[Path, FileFacts], bytes]


class _Kept(Struct, frozen=True):
    digest: str
    verdict: GateVerdict | None
    unfinished: ErrorBody | None = None


def _digest(path: Path, facts: FileFacts) -> bytes:
    small = facts.size_bytes <= _READ_BYTES
    return hashlib.sha256(path.read_bytes() if small else repr(facts).encode()).digest()


# for a page, which asks again and again: a file is read anew when its size or time changes
_digest_once = lru_cache(_MOST_DIGESTS)(_digest)


def gate_digest(settings: CourseSettings, assignment_id: str, digest_of: Digest = _digest) -> str:
    """Return a digest of all that the verdict on an assignment follows from."""
    digest = hashlib.sha256()
    for step in (settings.source_directory, settings.release_directory):
        folder = settings.path(step, ".", assignment_id)
        for name, facts in sorted(files_below(str(folder), settings.ignore).items()):
            digest.update(f"{step}\0{name}\0".encode(errors="surrogateescape"))
            with suppress(OSError):  # what cannot be read counts as empty
                digest.update(digest_of(folder / name, facts))
    for path in sorted(_configuration(settings)):
        content = _content(path)
        if content:
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
    digest.update(repr([sys.prefix, settings.root, *map(_version, _PACKAGES)]).encode())
    return digest.hexdigest()


def known_verdict(settings: CourseSettings, assignment_id: str) -> GateVerdict | None:
    """Return the verdict on an assignment as it is now, or None when it is not known."""
    gate = known_gate(settings, assignment_id)
    return gate.verdict if gate else None


def known_gate(settings: CourseSettings, assignment_id: str) -> Gate | None:
    """Return how the gate stands for an assignment as it is now; None when the gate is off."""
    if settings.release_gate == "off":
        return None
    kept = _kept(settings, assignment_id)
    if kept is None or kept.digest != gate_digest(settings, assignment_id):
        return Gate(settings.release_gate)
    return Gate(settings.release_gate, kept.verdict, kept.unfinished)


def gate_remark(settings: CourseSettings, assignment_id: str) -> Gate | None:
    """Return how the gate stands when there is something to say about it, else None; for pages."""
    kept = None if settings.release_gate == "off" else _kept(settings, assignment_id)
    if kept is None or (kept.verdict is not None and kept.verdict.state == "passed"):
        return None
    if kept.digest != gate_digest(settings, assignment_id, _digest_once):
        return None
    return Gate(settings.release_gate, kept.verdict, kept.unfinished)


def remember_verdict(settings: CourseSettings, assignment_id: str, digest: str, verdict: GateVerdict) -> None:
    """Keep a verdict; `digest` is that of before the run. A disk that refuses costs another run, no more."""
    _keep(settings, assignment_id, _Kept(digest, verdict))


def remember_unfinished(settings: CourseSettings, assignment_id: str, digest: str, why: ErrorBody) -> None:
    """Keep why there is no verdict, for whoever looks at the assignment next."""
    _keep(settings, assignment_id, _Kept(digest, None, why))


def _kept(settings: CourseSettings, assignment_id: str) -> _Kept | None:
    try:
        return msgspec.json.decode(_file(settings, assignment_id).read_bytes(), type=_Kept)
    except (OSError, ValueError, RecursionError):  # also bytes that are no text
        return None


def _keep(settings: CourseSettings, assignment_id: str, kept: _Kept) -> None:
    path = _file(settings, assignment_id)
    with suppress(OSError):
        make_folders(path.parent)
        mode = 0o660 if settings.groupshared else 0o600
        write_file(path, msgspec.json.encode(kept), mode)


def _file(settings: CourseSettings, assignment_id: str) -> Path:
    return settings.state_dir / "gate" / f"{file_name_of(assignment_id)}.json"


def _configuration(settings: CourseSettings) -> set[Path]:
    """Return the files that nbgrader may read its configuration from, there or not."""
    places = [(Path(place), stem) for place in jupyter_config_path() for stem in ("jupyter", "nbgrader")]
    places.append((Path(settings.root or ""), "nbgrader"))
    return {place / f"{stem}_config{suffix}" for place, stem in places for suffix in (".py", ".json")}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
