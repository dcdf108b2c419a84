"""What the release gate found, remembered until something of it changes; without nbgrader, for plans too.

One file an assignment in the state folder: the verdict, and a digest of all
that went into it (source and release with their data files, the configuration
files, the versions). Another digest, and the verdict means nothing any more.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

import msgspec
from jupyter_core.paths import jupyter_config_path
from msgspec import Struct

from hubgrade_ext.core.disk import make_folders, write_file
from hubgrade_ext.core.folders import files_below
from hubgrade_ext.core.models import GateVerdict
from hubgrade_ext.core.settings import CourseSettings

# larger files are data: size and time tell them apart well enough
_READ_BYTES = 16 * 1024**2
_PACKAGES = ("hubgrade-ext", "nbgrader")


class _Kept(Struct, frozen=True):
    digest: str
    verdict: GateVerdict


def gate_digest(settings: CourseSettings, assignment_id: str) -> str:
    """Return a digest of all that the verdict on an assignment follows from."""
    digest = hashlib.sha256()
    for step in (settings.source_directory, settings.release_directory):
        folder = settings.path(step, ".", assignment_id)
        for name, facts in sorted(files_below(str(folder), settings.ignore).items()):
            small = facts.size_bytes <= _READ_BYTES
            content = _content(folder / name) if small else repr(facts).encode()
            digest.update(f"{step}\0{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    for path in sorted(_configuration(settings)):
        content = _content(path)
        if content:
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
    digest.update(repr([sys.prefix, settings.root, *map(_version, _PACKAGES)]).encode())
    return digest.hexdigest()


def known_verdict(settings: CourseSettings, assignment_id: str) -> GateVerdict | None:
    """Return the verdict on an assignment as it is now, or None when it is not known."""
    try:
        kept = msgspec.json.decode(_file(settings, assignment_id).read_bytes(), type=_Kept)
    except (OSError, ValueError, RecursionError):  # also bytes that are no text
        return None
    return kept.verdict if kept.digest == gate_digest(settings, assignment_id) else None


def remember_verdict(settings: CourseSettings, assignment_id: str, digest: str, verdict: GateVerdict) -> None:
    """Keep a verdict; `digest` is that of before the run. A disk that refuses costs another run, no more."""
    path = _file(settings, assignment_id)
    with suppress(OSError):
        make_folders(path.parent)
        mode = 0o660 if settings.groupshared else 0o600
        write_file(path, msgspec.json.encode(_Kept(digest, verdict)), mode)


def _file(settings: CourseSettings, assignment_id: str) -> Path:
    return settings.state_dir / "gate" / f"{quote(assignment_id, safe=' ')}.json"


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
