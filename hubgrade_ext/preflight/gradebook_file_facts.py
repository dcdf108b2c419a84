"""The gradebook as a file among others; it is never opened here (see `gradebook_facts`)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.folder_facts import Mount, SpaceFacts, measure_space, mount_of, passable_by_others
from hubgrade_ext.preflight.gradebook_facts import sqlite_path


class GradebookFile(Struct, frozen=True):
    """The file, if the gradebook is one; None for a database server.

    `exposed`: every user of the machine can read it. `elsewhere` are other
    gradebooks nearby. `copied_at` is when the newest copy was made (seconds
    since 1970), None when there is none.
    """

    path: str
    exists: bool
    mode: int | None
    mine: bool
    exposed: bool
    changed_at: float | None
    copied_at: float | None
    elsewhere: list[str]
    mount: Mount | None
    space: SpaceFacts | None


def look_at_gradebook_file(settings: CourseSettings) -> GradebookFile | None:
    """Return what can be told of the gradebook without opening it."""
    path = sqlite_path(settings.db_url)
    if path is None:
        return None
    try:
        info: os.stat_result | None = Path(path).stat()
    except OSError:
        info = None
    folder = Path(path).parent
    return GradebookFile(
        path=path,
        exists=info is not None,
        mode=stat.S_IMODE(info.st_mode) if info else None,
        mine=info is not None and info.st_uid == os.geteuid(),
        exposed=bool(info and info.st_mode & stat.S_IROTH and passable_by_others(Path(path))),
        changed_at=info.st_mtime if info else None,
        copied_at=_newest_copy(settings, Path(path)),
        elsewhere=_elsewhere(settings, path),
        mount=mount_of(path),
        space=measure_space(str(folder)) if folder.is_dir() else None,
    )


def _newest_copy(settings: CourseSettings, path: Path) -> float | None:
    """Return the time of the newest copy: nbgrader's beside the gradebook, or one of hubgrade's."""
    places = [
        *path.parent.glob(f"{path.name}.*"),
        *settings.state_dir.glob(f"backups/*/{path.name}"),
        *settings.state_dir.glob(f"fixes/*/kept/*-{path.name}"),
    ]
    copies = [p for p in places if not p.name.endswith(("-journal", "-wal", "-shm"))]
    return max((p.stat().st_mtime for p in copies if p.is_file()), default=None)


def _elsewhere(settings: CourseSettings, path: str) -> list[str]:
    """Return gradebooks where one is dropped when a command is run in the wrong folder."""
    root = Path(settings.root or ".")
    places = [Path.home(), Path.home() / ".jupyter", root, root.parent, root / settings.source_directory]
    found = {str(place / "gradebook.db") for place in places if (place / "gradebook.db").is_file()}
    return sorted(found - {path, os.path.realpath(path)})
