"""A course of plain values, and a way to look at it with another user's eyes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec
import pytest

from hubgrade_ext.core.models import ConfigPage, CourseRef, PreflightReport, Role, Setting
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.facts import Given
from hubgrade_ext.preflight.gradebook_facts import schema_versions
from hubgrade_ext.preflight.notebook_facts import SourceFacts
from hubgrade_ext.preflight.runner import run
from hubgrade_ext.preflight.server_facts import ServerFacts
from tests.preflight.hub_databases import make_certificate, make_databases
from tests.preflight.hub_machine import Machine, free_ports

NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A temporary folder that every user may pass (pytest's own is closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="hubgrade-preflight-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def settings(place: Path) -> CourseSettings:
    """A sound course: exchange 1777, released once, closed course folder, whole gradebook."""
    root, exchange = place / "course101", place / "exchange"
    (root / "source" / "ps1").mkdir(parents=True)
    root.chmod(0o700)
    exchange.mkdir()
    exchange.chmod(0o1777)
    inbound = exchange / "course101" / "inbound"
    inbound.mkdir(parents=True)
    inbound.chmod(0o2733)
    (exchange / "course101" / "outbound").mkdir()
    (exchange / "course101" / "feedback").mkdir(mode=0o711)
    make_gradebook(root / "gradebook.db")
    return CourseSettings(
        course_id="course101",
        root=str(root),
        db_url=f"sqlite:///{root / 'gradebook.db'}",
        source_directory="source",
        release_directory="release",
        submitted_directory="submitted",
        autograded_directory="autograded",
        feedback_directory="feedback",
        directory_structure="{nbgrader_step}/{student_id}/{assignment_id}",
        exchange_root=str(exchange),
        exchange_cache=str(place / "cache"),
        work_dir=str(place),
        path_includes_course=False,
        default_exchange=True,
        groupshared=False,
        username="instructor",
        ignore=[],
        max_file_size=100000,
        max_dir_size=100000,
        data_dir=str(place / "data"),
    )


def make_gradebook(path: Path, version: str | None = None) -> None:
    """Write the tables that the checks look at; what nbgrader itself makes is tested in tests/cli."""
    with sqlite3.connect(path) as db:
        db.execute("create table submitted_assignment (id text)")
        db.execute("create table alembic_version (version_num text)")
        db.execute("insert into alembic_version values (?)", (version or schema_versions()[0],))
    db.close()


def ref_of(settings: CourseSettings, role: Role = "instructor") -> CourseRef:
    return CourseRef(settings.course_key, settings.course_id, [role], settings.root)


def sound_config(settings: CourseSettings) -> ConfigPage:
    named = [
        Setting("Exchange.root", repr(settings.exchange_root), "/etc/jupyter/nbgrader_config.py"),
        Setting("Exchange.timezone", "'UTC'"),
    ]
    return ConfigPage(ref_of(settings), [], named, [])


def sound_server(settings: CourseSettings) -> ServerFacts:
    return ServerFacts(True, settings.root, False, "", "/", "/")


Look = Callable[..., PreflightReport]
# what grading's isolation can do is tried out, which takes a second: it has tests of its own
ALL_BUT_SLOWEST = [check.check_id for check in CATALOGUE if check.subject != "grading"]


@pytest.fixture
def look(settings: CourseSettings) -> Look:
    """Return a function that runs the catalogue with every fact given; arguments replace settings."""

    def look_again(
        role: Role = "instructor",
        config: ConfigPage | None = None,
        server_root: str | None = None,
        sources: SourceFacts | None = None,
        server: ServerFacts | None = None,
        only: Collection[str] = ALL_BUT_SLOWEST,
        **changes: object,
    ) -> PreflightReport:
        now = msgspec.structs.replace(settings, **changes)
        return run(
            now,
            ref_of(now, role),
            Given(
                config or sound_config(now),
                server_root or str(Path(settings.root or "").parent),
                sources or SourceFacts([], {}),
                server or sound_server(now),
            ),
            only=only,
            fixable=["coursedir.leak", "exchange.sticky", "exchange.mode"],
        )

    return look_again


@pytest.fixture
def look_as_nobody(look: Look) -> Look:
    """Return `look` as an ordinary user who owns nothing; root would pass every permission."""

    def look_again(**arguments: object) -> PreflightReport:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            try:
                with os.fdopen(write_end, "wb") as pipe:
                    pipe.write(msgspec.json.encode(look(**arguments)))
            finally:
                os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return msgspec.json.decode(answer, type=PreflightReport)

    return look_again


@pytest.fixture(scope="session")
def hub_databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A database of the installed jupyterhub, and one of an older schema."""
    return make_databases(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def machine(place: Path, hub_databases: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A hub's machine on which everything is as it should be; the hub does not run."""
    for name in [n for n in os.environ if n.startswith(("JUPYTERHUB_", "CONFIGPROXY_"))]:
        monkeypatch.delenv(name)
    made = Machine(place, free_ports())
    shutil.copy(hub_databases[0], made.database)
    made.give(made.database, 0o600)
    make_certificate(place / "tls")
    made.give(place / "tls" / "key.pem", 0o600)
    return made
