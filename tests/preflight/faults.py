"""Faults made real, one row a check: how each is made, and what is then said of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hubgrade_ext.core.models import PreflightReport
from hubgrade_ext.core.settings import CourseSettings

Look = Callable[..., PreflightReport]
Break = Callable[["Course"], None]
OTHER_UID = 65534


@dataclass(frozen=True)
class Course:
    """The sound course, to be broken."""

    settings: CourseSettings
    monkeypatch: pytest.MonkeyPatch

    @property
    def root(self) -> Path:
        return Path(self.settings.root or "")

    @property
    def exchange(self) -> Path:
        return Path(self.settings.exchange_root)

    @property
    def inbound(self) -> Path:
        return self.exchange / "course101" / "inbound"

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    def released(self, mode: int) -> None:
        folder = self.exchange / "course101" / "outbound" / "ps1"
        folder.mkdir(parents=True)
        folder.chmod(mode)

    def submitted(self, when: datetime | None = None, student: str = "root", without: str = "") -> None:
        stamp = (when or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        folder = self.inbound / f"{student}+ps1+{stamp}+x"
        folder.mkdir()
        for name in {"timestamp.txt", "submission_secret.txt"} - {without}:
            (folder / name).write_text(stamp)
        # what is fresh may still be being copied
        old = time.time() - 600
        os.utime(folder, (old, old))


@dataclass(frozen=True)
class Case:
    """`brk` makes the fault; `changes` are settings that make it; `words` are in what is said."""

    check_id: str
    status: str
    words: tuple[str, ...]
    brk: Break | None = None
    changes: dict[str, object] = field(default_factory=dict)
    as_nobody: bool = False
    as_root: bool = False
    fixable: bool | None = None


def chown(path: Path) -> None:
    os.chown(path, OTHER_UID, OTHER_UID)


def course_of_another(c: Course) -> None:
    chown(c.exchange / "course101")


def exchange_of_another(c: Course) -> None:
    chown(c.exchange)


def linked_exchange(c: Course) -> None:
    open_folder = c.exchange.parent / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    (open_folder / "exchange").symlink_to(c.exchange)


def lost_gradebook(c: Course) -> None:
    c.gradebook.rename(c.root / "source" / "gradebook.db")
    (c.root / "release" / "ps1").mkdir(parents=True)


def exposed_gradebook(c: Course) -> None:
    c.gradebook.chmod(0o644)
    c.root.chmod(0o755)


def hot_journal(c: Course) -> None:
    """A writer that died: the file half changed, and a whole journal beside it."""
    script = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('pragma cache_size = 1'); db.execute('begin immediate')\n"
        "db.execute('create table filler (t text)')\n"
        "db.executemany('insert into filler values (?)', [('x' * 900,)] * 500)\n"
        "os._exit(0)"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", script, str(c.gradebook)], check=True)
    assert (c.root / "gradebook.db-journal").stat().st_size > 0


def wal_on_a_network(c: Course) -> None:
    with closing(sqlite3.connect(c.gradebook)) as gradebook:
        gradebook.execute("pragma journal_mode = wal")
    mounted("nfs4")(c)


def no_copy(c: Course) -> None:
    (c.root / "autograded" / "ada").mkdir(parents=True)


def old_copy(c: Course) -> None:
    copy = c.root / "gradebook.db.2020-01-01-000000.000000"
    shutil.copy(c.gradebook, copy)
    os.utime(copy, (1_577_836_800, 1_577_836_800))


def old_schema(c: Course) -> None:
    with closing(sqlite3.connect(c.gradebook)) as db:
        db.execute("drop table alembic_version")
        db.execute("create table course (id text)")
        db.execute("create table student (id text, lms_user_id text)")
        db.commit()


def unreadable_home(c: Course) -> None:
    home = c.root.parent / "home"
    home.mkdir()
    home.chmod(0o755)
    c.monkeypatch.setenv("HOME", str(home))


def foreign_jupyter(c: Course) -> None:
    folder = c.root.parent / "jupyter"
    folder.mkdir()
    folder.chmod(0o755)
    for name in ("CONFIG", "DATA", "RUNTIME"):
        c.monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(folder))


def foreign_jupyter_of_another(c: Course) -> None:
    foreign_jupyter(c)
    chown(c.root.parent / "jupyter")


def tmp_closed(c: Course) -> None:
    import tempfile

    folder = c.root.parent / "tmp"
    folder.mkdir()
    folder.chmod(0o555)
    c.monkeypatch.setattr(tempfile, "tempdir", str(folder))


def proxy_token(c: Course) -> None:
    c.monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "the-secret-itself")


def front_end(name: str, version: str) -> Break:
    def write(c: Course) -> None:
        folder = c.root.parent / "data" / "labextensions" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(f'{{"version": "{version}"}}')
        c.monkeypatch.setenv("JUPYTER_PATH", str(c.root.parent / "data"))

    return write


def no_front_end(c: Course) -> None:
    from hubgrade_ext.preflight import session_facts

    c.monkeypatch.setattr(session_facts, "jupyter_path", lambda: [str(c.root.parent / "nothing")])


def switched_off(c: Course) -> None:
    folder = c.root.parent / "config" / "labconfig"
    folder.mkdir(parents=True)
    page = '{"disabledExtensions": {"@jupyter/nbgrader:create-assignment": true, "@jupyter/other": true}}'
    (folder / "page_config.json").write_text(page)
    c.monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder.parent))


def file_server_of(**facts: object) -> Break:
    """What a file server does that no test can mount: the trial file is another's, or of another time."""

    def change(c: Course) -> None:
        import msgspec

        from hubgrade_ext.preflight import facts as gathered

        real = gathered.measure_space
        c.monkeypatch.setattr(
            gathered, "measure_space", lambda path: msgspec.structs.replace(real(path), **facts)
        )

    return change


def mounted(fstype: str, options: str = "rw") -> Break:
    """A line of mountinfo as the kernel writes it; no test may mount a network file system."""

    def change(c: Course) -> None:
        from hubgrade_ext.preflight import facts, gradebook_file_facts
        from hubgrade_ext.preflight.folder_facts import mount_of

        here = c.root.parent
        table = (
            "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
            f"22 21 0:44 / {here} {options},relatime shared:1 - {fstype} server:/x {options}\n"
        )
        for module in (facts, gradebook_file_facts):
            c.monkeypatch.setattr(module, "mount_of", lambda path: mount_of(path, table))

    return change


CASES = [
    # the course
    Case("course_id.hub_name", "info", ("'Bio 101'",), changes={"course_id": "Bio 101"}),
    Case(
        "coursedir.source_empty",
        "info",
        ("no assignment",),
        lambda c: shutil.rmtree(c.root / "source" / "ps1"),
    ),
    Case("assignment.name", "error", ("'ps+1'",), lambda c: (c.root / "source" / "ps+1").mkdir()),
    Case("assignment.name", "error", ("'ps[1]'",), lambda c: (c.root / "source" / "ps[1]").mkdir()),
    Case("coursedir.leak", "warning", ("solutions",), lambda c: c.root.chmod(0o755), fixable=True),
    Case("coursedir.space", "error", ("1 MiB", "No space"), file_server_of(refused=28)),
    Case("coursedir.space", "error", ("1 MiB", "quota"), file_server_of(refused=122)),
    Case("coursedir.space", "warning", ("5 MiB are left",), file_server_of(free_bytes=5 << 20)),
    # the exchange
    Case("exchange.owner", "info", ("belongs to",), exchange_of_another, as_root=True),
    Case(
        "exchange.sticky",
        "warning",
        ("Ask the owner",),
        lambda c: (c.exchange.chmod(0o777), exchange_of_another(c))[1],
        as_root=True,
        fixable=False,
    ),
    Case("exchange.listable", "warning", ("list",), lambda c: c.exchange.chmod(0o1733), as_nobody=True),
    Case("exchange.inodes", "warning", ("12 more files",), file_server_of(free_files=12)),
    Case("exchange.inodes", "error", ("3 more files",), file_server_of(free_files=3)),
    Case("exchange.squash", "error", ("belongs to",), file_server_of(made_by=OTHER_UID)),
    Case("exchange.clock", "warning", ("90 s ahead of",), file_server_of(clock_ahead_s=90.0)),
    Case("exchange.clock", "warning", ("8 s behind",), file_server_of(clock_ahead_s=-8.0)),
    Case("exchange.ro_mount", "error", ("read-only",), mounted("ext4", "ro")),
    Case("exchange.fs_perms", "error", ("vfat",), mounted("vfat")),
    Case("exchange.network_fs", "info", ("nfs4",), mounted("nfs4")),
    # the course in the exchange
    Case(
        "course.in_exchange", "warning", ("Did you mean 'course101'?",), changes={"course_id": "course-101"}
    ),
    Case("course.in_exchange", "warning", ("Did you mean 'course101'?",), changes={"course_id": "Course101"}),
    Case("course.in_exchange", "info", ("no course 'chemistry'",), changes={"course_id": "chemistry"}),
    Case(
        "course.tree",
        "warning",
        ("outbound", "missing"),
        lambda c: (c.exchange / "course101" / "outbound").rmdir(),
    ),
    Case("course.owner", "error", ("not to you",), course_of_another, as_root=True),
    Case("course.inbound_mode", "error", ("mode 755",), lambda c: c.inbound.chmod(0o755)),
    Case("course.inbound_leak", "warning", ("list the submissions",), lambda c: c.inbound.chmod(0o2737)),
    Case("course.outbound_mode", "error", ("cannot be fetched",), lambda c: c.released(0o700)),
    Case("course.writable_by_others", "warning", ("outbound/ps1", "777"), lambda c: c.released(0o777)),
    Case(
        "course.feedback_mode",
        "warning",
        ("feedback",),
        lambda c: (c.exchange / "course101" / "feedback").chmod(0o755),
    ),
    Case(
        "course.submission_secret",
        "warning",
        ("1 in", "submission_secret"),
        lambda c: c.submitted(without="submission_secret.txt"),
    ),
    Case(
        "course.submitter_owner",
        "warning",
        ("eve+ps1",),
        lambda c: (c.submitted(student="eve"), [chown(p) for p in c.inbound.iterdir()])[0],
        as_root=True,
    ),
    Case(
        "course.timestamp_forged",
        "warning",
        ("root+ps1",),
        lambda c: c.submitted(datetime.now(UTC) - timedelta(days=2)),
    ),
    Case(
        "release.space",
        "error",
        ("MiB",),
        lambda c: (
            (c.root / "release" / "ps1").mkdir(parents=True),
            (c.root / "release" / "ps1" / "data.bin").write_bytes(b"x" * (1 << 20)),
            file_server_of(free_bytes=1 << 20)(c),
        )[2],
    ),
    # the gradebook
    Case("gradebook.exists", "error", ("release", "source/gradebook.db", "move it"), lost_gradebook),
    Case("gradebook.empty", "warning", ("empty file",), lambda c: os.truncate(c.gradebook, 0)),
    Case("gradebook.corrupt", "error", ("cannot be read",), lambda c: os.truncate(c.gradebook, 5000)),
    Case("gradebook.ro_mount", "error", ("read-only",), mounted("ext4", "ro")),
    Case("gradebook.network_fs", "warning", ("nfs",), mounted("nfs")),
    Case("gradebook.wal_network", "error", ("nfs4", "journal_mode = DELETE"), wal_on_a_network),
    Case("gradebook.world_readable", "warning", ("chmod o-rwx",), exposed_gradebook),
    Case("gradebook.hot_journal", "info", ("ended while",), hot_journal),
    Case("gradebook.backup_age", "info", ("no copy",), no_copy),
    Case("gradebook.backup_age", "info", ("2020-01-01",), old_copy),
    Case("gradebook.revision", "warning", ("no schema version",), old_schema),
    # the session
    Case("session.home_open", "warning", ("mode 755",), unreadable_home, as_nobody=True),
    Case("session.home_writable", "error", ("may not write",), unreadable_home, as_nobody=True),
    Case("session.jupyter_dirs_owner", "error", ("not to you",), foreign_jupyter, as_nobody=True),
    Case("session.jupyter_dirs_owner", "error", ("chown",), foreign_jupyter_of_another, as_root=True),
    Case("session.tmp", "error", ("temporary files",), tmp_closed, as_nobody=True),
    Case("session.secret_env", "error", ("CONFIGPROXY_AUTH_TOKEN",), proxy_token, as_nobody=True),
    Case("labextension.version", "warning", ("0.0.1",), front_end("hubgrade-ext", "0.0.1")),
    Case("labextension.version", "error", ("not installed",), no_front_end),
    Case("labextension.installed", "warning", ("0.5.0",), front_end("@jupyter/nbgrader", "0.5.0")),
    Case("labextension.installed", "warning", ("not installed",), no_front_end),
    Case("labextension.disabled", "info", ("create-assignment",), switched_off),
]
