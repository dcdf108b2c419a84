"""Each check passes once on a sound course, and fails once with the fault made real."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.core.models import (
    ConfigFile,
    ConfigPage,
    CourseRef,
    Finding,
    PreflightReport,
    UnknownSetting,
)
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.check import Fault

Look = Callable[..., PreflightReport]
MACHINE = {"session.memory", "session.limits"}
REF = CourseRef("0" * 16, "course101", ["instructor"])


def finding(report: PreflightReport, check_id: str) -> Finding:
    return next(f for f in report.findings if f.check_id == check_id)


def assert_fault(report: PreflightReport, check_id: str, status: str, *words: str) -> None:
    found = finding(report, check_id)
    assert found.status == status, found
    assert found.remedy
    assert found.why
    for word in words:
        assert word in found.message + found.remedy


def test_a_sound_course_passes_every_check(look: Look) -> None:
    # what this machine has left is not the course's doing
    ids = {c.check_id for c in CATALOGUE if c.subject != "grading" and "instructor" in c.roles} - MACHINE
    report = look(only=ids)
    # without a hub its checks are skipped: tests of their own have one
    expected = {c.check_id: "skipped" if c.subject == "hub" else "ok" for c in CATALOGUE if c.check_id in ids}
    # nothing has been graded yet, so there need not be a copy
    expected["gradebook.backup_age"] = "skipped"
    assert {f.check_id: f.status for f in report.findings} == expected
    assert (report.errors, report.warnings) == (0, 0)


# --- configuration ---


def test_config_syntax(look: Look, place: Path) -> None:
    path = place / "nbgrader_config.py"
    path.write_text("c = (")
    page = ConfigPage(REF, [ConfigFile(str(path), "course", True, "line 3: not Python")], [], [])
    assert_fault(look(config=page), "config.syntax", "error", str(path), "line 3")


def test_config_unknown(look: Look) -> None:
    keys = [UnknownSetting(f"Exchange.roto{n}", "nbgrader_config.py", "Exchange.root") for n in range(5)]
    assert_fault(
        look(config=ConfigPage(REF, [], [], keys)), "config.unknown", "warning", "Exchange.root?", "2 more"
    )


# --- course ---


def test_course_id_unset_offers_those_in_the_exchange(look: Look) -> None:
    report = look(course_id="")
    assert_fault(report, "course_id.unset", "error", "'course101'")
    assert finding(report, "course.inbound_mode").status == "skipped"


def test_course_id_unset_only_warns_a_student(look: Look) -> None:
    assert finding(look(role="student", root=None, course_id=""), "course_id.unset").status == "warning"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "*", "a[1]", ".hidden", " edge "])
def test_course_id_illegal(look: Look, name: str) -> None:
    report = look(course_id=name)
    assert_fault(report, "course_id.illegal", "error", repr(name))
    assert finding(report, "course.inbound_partial").status == "skipped"


def test_coursedir_writable(look_as_nobody: Look, settings: CourseSettings) -> None:
    Path(settings.root or "").chmod(0o555)
    assert_fault(look_as_nobody(), "coursedir.writable", "error", "write to", str(settings.root))


def test_coursedir_missing(look: Look, place: Path) -> None:
    report = look(root=str(place / "gone"))
    assert_fault(report, "coursedir.exists", "error", "missing")
    assert finding(report, "coursedir.source").status == "skipped"


def test_coursedir_source(look: Look, place: Path, settings: CourseSettings) -> None:
    (place / "course101" / "source" / "ps1").rmdir()
    (place / "course101" / "source").rmdir()
    assert_fault(look(), "coursedir.source", "warning")
    # one folder too high: its course is named
    assert_fault(look(root=str(place)), "coursedir.source", "warning")
    (place / "course101" / "source").mkdir()
    assert_fault(look(root=str(place)), "coursedir.source", "error", "'course101'")


def test_coursedir_leak(look: Look, settings: CourseSettings) -> None:
    Path(settings.root or "").chmod(0o755)
    assert_fault(look(), "coursedir.leak", "warning", "source")


def test_coursedir_under_root(look: Look, place: Path) -> None:
    (place / "course").mkdir()
    assert_fault(look(server_root=str(place / "course")), "coursedir.under_root", "error", "outside")


# --- exchange ---


def test_exchange_absolute(look: Look) -> None:
    report = look(exchange_root="exchange")
    assert_fault(report, "exchange.absolute", "error", "'exchange'")
    assert finding(report, "exchange.exists").status == "skipped"


def test_a_plugged_in_exchange_is_not_looked_at(look: Look) -> None:
    report = look(default_exchange=False, exchange_root="/nowhere")
    assert {f.status for f in report.findings if f.subject == "exchange"} == {"skipped"}
    assert report.errors == 0


def test_exchange_reachable_names_the_first_closed_folder(
    look_as_nobody: Look, place: Path, settings: CourseSettings
) -> None:
    closed = place / "closed"
    (closed / "a" / "exchange").mkdir(parents=True)
    closed.chmod(0o600)
    report = look_as_nobody(exchange_root=str(closed / "a" / "exchange"))
    assert_fault(report, "exchange.reachable", "error", f"chmod o+x {closed}")
    assert finding(report, "exchange.exists").status == "skipped"
    closed.chmod(0o755)


def test_exchange_exists(look: Look, place: Path) -> None:
    assert_fault(
        look(exchange_root=str(place / "none")),
        "exchange.exists",
        "error",
        f"install -d -m 1777 {place / 'none'}",
    )
    (place / "file").write_text("")
    assert_fault(look(exchange_root=str(place / "file")), "exchange.exists", "error", "is a file")
    (place / "link").symlink_to(place / "none")
    assert_fault(look(exchange_root=str(place / "link")), "exchange.exists", "error", "is a link")


def test_exchange_writable_and_mode(look_as_nobody: Look, settings: CourseSettings) -> None:
    Path(settings.exchange_root).chmod(0o755)
    report = look_as_nobody()
    if os.getuid() == 0:
        assert_fault(report, "exchange.writable", "error", "chmod 1777")
        assert_fault(report, "exchange.mode", "error", "755", "Ask the owner")
    else:
        assert_fault(report, "exchange.mode", "warning", "755", "Run: chmod 1777")


def test_group_shared_exchange(look_as_nobody: Look, settings: CourseSettings) -> None:
    exchange = Path(settings.exchange_root)
    exchange.chmod(0o2555)
    assert finding(look_as_nobody(groupshared=True), "exchange.writable").status == "skipped"
    shutil.rmtree(exchange / "course101")
    assert_fault(
        look_as_nobody(groupshared=True), "exchange.writable", "error", "course's folder", "mode 2775"
    )


def test_exchange_mode_is_a_warning_for_its_owner(look: Look, settings: CourseSettings) -> None:
    Path(settings.exchange_root).chmod(0o1775)
    assert_fault(look(), "exchange.mode", "warning", "1775", "Run: chmod 1777")
    assert finding(look(groupshared=True), "exchange.mode").status == "ok"


def test_exchange_sticky(look: Look, settings: CourseSettings) -> None:
    Path(settings.exchange_root).chmod(0o777)
    assert_fault(look(), "exchange.sticky", "warning", "777", "chmod 1777")


def test_exchange_space(look: Look, place: Path) -> None:
    """A file system of 64 KiB: needs the right to mount, so a user namespace (or root) does it."""
    script = (
        f"mount -t tmpfs -o size=65536,mode=1777 tmpfs {place / 'small'} && "
        f"exec {sys.executable} -c 'from hubgrade_ext.preflight.folder_facts import measure_space;"
        f'print(measure_space("{place / "small"}").refused)\''
    )
    (place / "small").mkdir()
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip("this machine lets nobody mount a small file system")
    import errno

    from hubgrade_ext.preflight.checks.exchange_disk import find_full, find_no_inodes
    from hubgrade_ext.preflight.checks.room import find_no_room
    from hubgrade_ext.preflight.folder_facts import SpaceFacts, look_at

    assert int(tried.stdout) == errno.ENOSPC
    fault = find_full(look_at(str(place)), SpaceFacts(65536, 5000, int(tried.stdout)))
    assert fault is not None
    assert "1 MiB" in fault.message
    little = find_no_room(SpaceFacts(3 << 20, 5000, 0), "the course folder")
    assert little is not None
    assert "3 MiB" in little.message
    few = find_no_inodes(look_at(str(place)), SpaceFacts(1 << 30, 12, 0))
    assert isinstance(few, Fault)
    assert "12 more files" in few.message


def test_inbound_mode(look: Look, settings: CourseSettings) -> None:
    inbound = Path(settings.exchange_root) / "course101" / "inbound"
    inbound.chmod(0o755)
    assert_fault(look(), "course.inbound_mode", "error", "Students cannot submit", "chmod 2733")
    inbound.chmod(0o2777)
    report = look()
    assert finding(report, "course.inbound_mode").status == "ok"
    assert_fault(report, "course.inbound_leak", "warning", "Everybody can list", "chmod 2733")


def test_inbound_partial(look: Look, settings: CourseSettings) -> None:
    inbound = Path(settings.exchange_root) / "course101" / "inbound"
    whole = inbound / "ada+ps1+2026-01-01 10:00:00 UTC+x"
    cut = inbound / "bob+ps1+2026-01-01 10:00:00 UTC+y"
    fresh = inbound / "eve+ps1+2026-01-01 10:00:00 UTC+z"
    for folder in (whole, cut, fresh):
        folder.mkdir()
    (whole / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    for folder in (whole, cut):
        os.utime(folder, (0, 0))
    report = look()
    assert_fault(report, "course.inbound_partial", "warning", "1 in", "bob+ps1")
    assert "eve" not in finding(report, "course.inbound_partial").message


# --- gradebook ---


def test_alembic(look: Look, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    report = look()
    assert_fault(report, "gradebook.alembic_path", "error", "alembic")


def test_gradebook_writable(look_as_nobody: Look, settings: CourseSettings) -> None:
    root = Path(settings.root or "")
    (root / "gradebook.db").chmod(0o444)
    root.chmod(0o777)
    assert_fault(look_as_nobody(), "gradebook.writable", "error", "write to the gradebook")
    (root / "gradebook.db").chmod(0o666)
    root.chmod(0o555)
    assert_fault(look_as_nobody(), "gradebook.writable", "error", "folder of the gradebook")
    root.chmod(0o700)


def test_gradebook_locked_names_the_process(look: Look, settings: CourseSettings) -> None:
    script = (
        "import sqlite3, sys, time\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('begin exclusive'); print('held', flush=True); time.sleep(60)"
    )
    path = str(Path(settings.root or "") / "gradebook.db")
    holder = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        report = look()
    finally:
        holder.kill()
        holder.communicate()
    found = finding(report, "gradebook.locked")
    assert found.status == "error"
    assert f"process {holder.pid}" in found.message
    assert finding(report, "gradebook.corrupt").status == "skipped"
    assert finding(look(), "gradebook.locked").status == "ok"


def test_looking_keeps_a_lock_that_this_process_holds(look: Look, settings: CourseSettings) -> None:
    """POSIX locks fall when the process closes any handle on the file: no check may open it."""
    path = Path(settings.root or "") / "gradebook.db"
    with path.open("rb+") as handle:
        fcntl.lockf(handle, fcntl.LOCK_EX, 1, 0x40000001)
        assert finding(look(), "gradebook.locked").status == "error"
        script = (
            "import fcntl, sys\n"
            "with open(sys.argv[1], 'rb+') as handle:\n"
            "    fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0x40000001)"
        )
        other = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=False)
    assert b"BlockingIOError" in other.stderr


def test_gradebook_corrupt(look: Look, settings: CourseSettings) -> None:
    path = Path(settings.root or "") / "gradebook.db"
    path.write_bytes(b"this is no database at all, " * 100)
    report = look()
    assert_fault(report, "gradebook.corrupt", "error", "not a database")
    assert finding(report, "gradebook.tables").status == "skipped"


def test_gradebook_tables(look: Look, settings: CourseSettings) -> None:
    path = Path(settings.root or "") / "gradebook.db"
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("create table recipes (name text)")
    db.close()
    assert_fault(look(), "gradebook.tables", "error", "not a gradebook")


@pytest.mark.parametrize(
    ("version", "status", "word"),
    [
        ("50a4d84c131a", "error", "older"),
        ("ffffffffffff", "warning", "newer"),
        (None, "error", "before 0.5"),
    ],
)
def test_gradebook_revision(
    look: Look, settings: CourseSettings, version: str | None, status: str, word: str
) -> None:
    with sqlite3.connect(Path(settings.root or "") / "gradebook.db") as db:
        db.execute("delete from alembic_version")
        if version:
            db.execute("insert into alembic_version values (?)", (version,))
    db.close()
    assert_fault(look(), "gradebook.revision", status, word)


def test_no_gradebook_yet_is_fine_and_none_is_made(look: Look, settings: CourseSettings) -> None:
    path = Path(settings.root or "") / "gradebook.db"
    path.unlink()
    report = look()
    assert (report.errors, report.warnings) == (0, 0)
    assert not path.exists()
