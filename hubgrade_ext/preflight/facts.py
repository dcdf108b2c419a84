"""What is the case, gathered without side effects and only when a check asks.

Nothing is opened for writing, nothing is created: a file of the exchange is
made with O_TMPFILE, which never gets a name; a database is looked at in a
short-lived child, because one plain `open` in this process would drop SQLite's
locks on it.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.course_facts import (
    CourseFolders,
    largest_folder,
    look_at_steps,
    writable_by_others,
)
from hubgrade_ext.preflight.exchange_facts import (
    ExchangeCourseFacts,
    InboundFacts,
    look_at_course,
    scan_inbound,
)
from hubgrade_ext.preflight.folder_facts import (
    FolderFacts,
    Mount,
    SpaceFacts,
    look_at,
    measure_space,
    mount_of,
    open_to_others,
)
from hubgrade_ext.preflight.gradebook_facts import GradebookFacts, gather_gradebook
from hubgrade_ext.preflight.gradebook_file_facts import GradebookFile, look_at_gradebook_file
from hubgrade_ext.preflight.hub_facts import HubFacts, gather_hub
from hubgrade_ext.preflight.isolation_facts import LevelFacts, gather_levels
from hubgrade_ext.preflight.notebook_facts import SourceFacts
from hubgrade_ext.preflight.server_facts import ServerFacts
from hubgrade_ext.preflight.session_facts import (
    InstalledFacts,
    SessionFacts,
    gather_installed,
    gather_session,
)


class Given(Struct, frozen=True):
    """Facts that only the caller has; a check that needs one which is None is skipped.

    `config` is what the configuration files say, `server_root` the folder of the
    Jupyter server that asks, `server` what that server knows of itself, and
    `sources` what is wrong in the notebooks. `levels` are found out here when they are not given.
    """

    config: ConfigPage | None = None
    server_root: str | None = None
    sources: SourceFacts | None = None
    server: ServerFacts | None = None
    levels: list[LevelFacts] | None = None


NOTHING_GIVEN = Given()


class Facts:
    """Facts about one course; each is worked out once, when first asked for."""

    def __init__(self, settings: CourseSettings, given: Given = NOTHING_GIVEN) -> None:
        self.settings = settings
        self.config = given.config
        self.server_root = given.server_root
        self.sources = given.sources
        self.server = given.server
        self._levels = given.levels

    @cached_property
    def exchange(self) -> FolderFacts:
        """Return the exchange's root folder."""
        return look_at(self.settings.exchange_root)

    @cached_property
    def exchange_space(self) -> SpaceFacts:
        """Return the room on the exchange's file system."""
        return measure_space(self.settings.exchange_root)

    @cached_property
    def exchange_mount(self) -> Mount | None:
        """Return the file system of the exchange."""
        return mount_of(self.settings.exchange_root)

    @cached_property
    def exchange_course(self) -> ExchangeCourseFacts:
        """Return the course's own folder in the exchange."""
        return look_at_course(Path(self.settings.exchange_root) / self.settings.course_id)

    @cached_property
    def inbound(self) -> InboundFacts:
        """Return the folder that students submit to."""
        return scan_inbound(Path(self.settings.exchange_root) / self.settings.course_id / "inbound")

    @cached_property
    def released_courses(self) -> list[str]:
        """Return the names of the courses in the exchange, sorted; empty when it cannot be listed."""
        try:
            with os.scandir(self.settings.exchange_root) as entries:
                return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        except OSError:
            return []

    @cached_property
    def course(self) -> FolderFacts:
        """Return the course folder."""
        return look_at(self.settings.root or "")

    @cached_property
    def course_space(self) -> SpaceFacts:
        """Return the room on the course's file system."""
        return measure_space(self.settings.root or "")

    @cached_property
    def course_mount(self) -> Mount | None:
        """Return the file system of the course folder."""
        return mount_of(self.settings.root) if self.settings.root else None

    @cached_property
    def steps(self) -> CourseFolders:
        """Return the assignments' names, and which steps have been begun."""
        return look_at_steps(self.settings)

    @cached_property
    def open_submissions(self) -> list[str]:
        """Return what others could change of the collected submissions."""
        return writable_by_others(Path(self.settings.root or "") / self.settings.submitted_directory)

    @cached_property
    def release_bytes(self) -> int:
        """Return the size of the largest generated assignment."""
        return largest_folder(Path(self.settings.root or "") / self.settings.release_directory)

    @cached_property
    def source(self) -> FolderFacts:
        """Return the folder of the assignments' sources."""
        return look_at(os.path.join(self.settings.root or "", self.settings.source_directory))

    @cached_property
    def courses_below(self) -> list[str]:
        """Return the names of folders one level down that have a source folder themselves."""
        try:
            with os.scandir(self.settings.root or ".") as entries:
                below = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
        except OSError:
            return []
        root, source = Path(self.settings.root or "."), self.settings.source_directory
        return sorted(name for name in below if (root / name / source).is_dir())

    @cached_property
    def source_open_to_others(self) -> bool:
        """Tell whether any user of the machine may list the sources: by the modes of the whole path."""
        return open_to_others(self.source.path)

    @cached_property
    def gradebook(self) -> GradebookFacts:
        """Return what the gradebook's file and a child process say."""
        return gather_gradebook(self.settings.db_url)

    @cached_property
    def gradebook_file(self) -> GradebookFile | None:
        """Return the gradebook as a file; None for a database server."""
        return look_at_gradebook_file(self.settings)

    @cached_property
    def session(self) -> SessionFacts:
        """Return this session's home, limits and environment."""
        return gather_session()

    @cached_property
    def installed(self) -> InstalledFacts:
        """Return the versions of both ends."""
        return gather_installed()

    @cached_property
    def hub(self) -> HubFacts:
        """Return what the hub says to this session."""
        return gather_hub(self.settings.course_id)

    @cached_property
    def isolation_levels(self) -> list[LevelFacts]:
        """Return what walls student code in here, the strongest first."""
        return gather_levels() if self._levels is None else self._levels

    @cached_property
    def alembic(self) -> str | None:
        """Return the path of `alembic` as a worker finds it: beside the interpreter, then on PATH."""
        places = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
        return shutil.which("alembic", path=places)
