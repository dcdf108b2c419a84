"""An assignment's own folders: is what was generated, and what was released, still the newest?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.folders import FileFacts, assignment_folders, files_below, list_folders
from hubgrade_ext.core.models import Step
from hubgrade_ext.core.settings import CourseSettings

NOTEBOOK = ".ipynb"
_MOST_DIGESTS = 4096


class AssignmentFiles(Struct, frozen=True):
    """Where the folders of one assignment are (None: not there), and how they stand to each other."""

    source: str | None
    notebook_ids: list[str]
    source_modified: datetime | None
    generated: Step
    released: Step


def all_assignment_files(settings: CourseSettings) -> dict[str, AssignmentFiles]:
    """Return the files of every assignment that has a folder in source/, release/ or the exchange."""
    source = assignment_folders(settings, settings.source_directory)
    release = assignment_folders(settings, settings.release_directory)
    outbound = outbound_folders(settings)
    return {
        name: _assignment_files(settings, source.get(name), release.get(name), outbound.get(name))
        for name in {*source, *release, *outbound}
    }


def assignment_files(settings: CourseSettings, assignment_id: str) -> AssignmentFiles:
    """Return the files of one assignment."""
    outbound = outbound_dir(settings) / assignment_id
    return _assignment_files(
        settings,
        _if_there(settings.path(settings.source_directory, ".", assignment_id)),
        _if_there(settings.path(settings.release_directory, ".", assignment_id)),
        _if_there(outbound) if settings.default_exchange else None,
    )


def outbound_dir(settings: CourseSettings) -> Path:
    """Return the folder of the exchange that assignments are released to."""
    return Path(settings.exchange_root, settings.course_id, "outbound")


def outbound_folders(settings: CourseSettings) -> dict[str, str]:
    """Return assignment → folder in the exchange; empty when a plug-in replaces the exchange."""
    if not settings.default_exchange:
        return {}
    outbound = str(outbound_dir(settings))
    return {name: f"{outbound}/{name}" for name in list_folders(outbound)}


def _if_there(path: Path) -> str | None:
    try:
        return str(path) if path.is_dir() else None
    except (OSError, ValueError):
        return None


def _assignment_files(
    settings: CourseSettings, source: str | None, release: str | None, outbound: str | None
) -> AssignmentFiles:
    sources = files_below(source, settings.ignore) if source else {}
    releases = files_below(release, settings.ignore) if release else {}
    newest = max((facts.mtime_ns for facts in sources.values()), default=None)
    return AssignmentFiles(
        source=source,
        notebook_ids=_notebook_ids(sources or releases),
        source_modified=_time(newest) if newest is not None else None,
        generated=_generated(sources, releases, has_release=release is not None),
        released=_released(settings, release, releases, outbound),
    )


def _notebook_ids(files: Mapping[str, FileFacts]) -> list[str]:
    found = (name.removesuffix(".ipynb") for name in files if name.endswith(".ipynb") and "/" not in name)
    return sorted(found)


def _generated(
    sources: Mapping[str, FileFacts], releases: Mapping[str, FileFacts], *, has_release: bool
) -> Step:
    """Compare the newest times, and the names of the notebooks: a new one may be older than the rest."""
    if not has_release or not releases:
        return Step("none")
    newest = max(facts.mtime_ns for facts in releases.values())
    outdated = any(facts.mtime_ns > newest for facts in sources.values())
    missing = bool(sources) and _notebook_ids(sources) != _notebook_ids(releases)
    return Step("outdated" if outdated or missing else "current", _time(newest))


def _released(
    settings: CourseSettings, release: str | None, releases: Mapping[str, FileFacts], outbound: str | None
) -> Step:
    """Compare the exchange's copy with release/ file by file, as nbgrader would copy it.

    The copy keeps the times of the files, so that they tell; where a file system
    rounded them, the content does.

    Source: nbgrader 0.9.6 `Exchange.do_copy`.
    """
    if outbound is None:
        return Step("none")
    at = _released_at(outbound)
    if release is None or not releases:
        return Step("current", at)
    copies = files_below(outbound, settings.ignore)
    wanted = {
        name: facts for name, facts in releases.items() if facts.size_bytes <= 1000 * settings.max_file_size
    }
    same = wanted.keys() == copies.keys() and all(
        _is_same(facts, copies[name], f"{release}/{name}", f"{outbound}/{name}")
        for name, facts in wanted.items()
    )
    return Step("current" if same else "outdated", at)


def _released_at(outbound: str) -> datetime | None:
    try:
        # the folder's mtime is that of release/: the copy keeps it
        return _time(os.stat(outbound).st_ctime_ns)  # noqa: PTH116
    except OSError:
        return None


def _is_same(one: FileFacts, other: FileFacts, one_path: str, other_path: str) -> bool:
    same_size = one.size_bytes == other.size_bytes
    # a copied time may have lost what is finer than a microsecond
    if same_size and one.mtime_ns // 1000 == other.mtime_ns // 1000:
        return True
    if not same_size and not one_path.endswith(NOTEBOOK):
        return False
    return _digest(one_path, one) == _digest(other_path, other)


_digests: dict[tuple[str, FileFacts], bytes] = {}


def _digest(path: str, facts: FileFacts) -> bytes:
    """Return the content's digest, remembered for as long as size and time stay."""
    digest = _digests.get((path, facts))
    if digest is None:
        try:
            content = Path(path).read_bytes()
            digest = hashlib.sha256(_handed_out(content) if path.endswith(NOTEBOOK) else content).digest()
        except OSError:
            return path.encode()  # unlike any other: a copy that cannot be read is not the same
        if len(_digests) >= _MOST_DIGESTS:
            _digests.clear()
        _digests[path, facts] = digest
    return digest


def _handed_out(content: bytes) -> bytes:
    """Return what of a notebook matters to who gets it: a look at it in the session saves the rest anew."""
    try:
        cells = json.loads(content)["cells"]
        kept = [
            (
                cell["cell_type"],
                "".join(cell["source"]),
                cell["metadata"].get("nbgrader"),
                cell.get("attachments"),
            )
            for cell in cells
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return content
    return json.dumps(kept, sort_keys=True).encode()


def _time(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)
