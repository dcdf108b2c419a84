"""Fixes: exactly what was shown is done, logged and taken back; nothing is done to what has changed since."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import nbgrader
import pytest

from hubgrade_ext.actions.fixes.applying import apply_fix, list_fixes, plan_fix, undo_fix
from hubgrade_ext.actions.fixes.catalogue import FIXES
from hubgrade_ext.actions.fixes.changes import FileBefore, FolderMade, ModeBefore, Undo, WriteFile
from hubgrade_ext.actions.fixes.records import FixFolder
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Conflict, CourseBroken, NotFound
from hubgrade_ext.core.models import FixRecord
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE

NOBODY = 65534
OLD_GRADEBOOK = Path(nbgrader.__file__).parent / "tests" / "apps" / "files" / "gradebook.db"


@pytest.fixture
def settings(course_dir: Path) -> CourseSettings:
    return open_course(course_dir).settings


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def apply(settings: CourseSettings, fix_id: str) -> FixRecord:
    return apply_fix(settings, fix_id, plan_fix(settings, fix_id).digest)


def test_every_fix_is_for_a_check() -> None:
    ids = [fix.fix_id for fix in FIXES]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {check.check_id for check in CATALOGUE}


def test_the_list_of_fixes_needs_no_nbgrader() -> None:
    code = "import sys, hubgrade_ext.actions.fixes.catalogue; sys.exit('nbgrader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_mode_is_shown_changed_logged_and_put_back(settings: CourseSettings, course_dir: Path) -> None:
    course_dir.chmod(0o755)
    plan = plan_fix(settings, "coursedir.leak")
    assert [c.detail for c in plan.changes] == [f"chmod 750 {course_dir}"]
    assert "from 755 to 750" in plan.changes[0].what
    assert mode(course_dir) == 0o755, "looking changes nothing"
    record = apply_fix(settings, "coursedir.leak", plan.digest)
    assert mode(course_dir) == 0o750
    assert list_fixes(settings) == [record]
    assert record.changes == plan.changes
    # a record that nobody can read hides no other
    damaged = settings.state_dir / "fixes" / "20990101T000000Z-aaaaaa"
    damaged.mkdir()
    for content in (b'{"record": "\xff"}', b"[]", b"["):
        (damaged / "record.json").write_bytes(content)
        assert list_fixes(settings) == [record]
        with pytest.raises(NotFound):
            undo_fix(settings, damaged.name)
    undone = undo_fix(settings, record.record_id)
    assert mode(course_dir) == 0o755
    assert undone.undone_at is not None
    assert list_fixes(settings) == [undone]
    with pytest.raises(Conflict, match="undone already"):
        undo_fix(settings, record.record_id)


def test_only_what_was_shown_is_done(settings: CourseSettings, course_dir: Path) -> None:
    course_dir.chmod(0o755)
    shown = plan_fix(settings, "coursedir.leak").digest
    course_dir.chmod(0o775)
    with pytest.raises(Conflict, match="no longer what was shown"):
        apply_fix(settings, "coursedir.leak", shown)
    assert mode(course_dir) == 0o775
    course_dir.chmod(0o770)
    with pytest.raises(Conflict, match="nothing to change"):
        plan_fix(settings, "coursedir.leak")
    with pytest.raises(NotFound, match="no fix"):
        plan_fix(settings, "exchange.space")


def test_what_has_changed_since_is_not_put_back(settings: CourseSettings, course_dir: Path) -> None:
    course_dir.chmod(0o755)
    record = apply(settings, "coursedir.leak")
    course_dir.chmod(0o700)
    with pytest.raises(Conflict, match="changed"):
        undo_fix(settings, record.record_id)
    assert mode(course_dir) == 0o700


def test_an_undo_that_could_not_be_noted_is_done_again(
    settings: CourseSettings, course_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course_dir.chmod(0o755)
    record = apply(settings, "coursedir.leak")

    def full(*_: object) -> None:
        raise CourseBroken("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(FixFolder, "write", full)
        with pytest.raises(CourseBroken, match="is undone, but"):
            undo_fix(settings, record.record_id)
    assert mode(course_dir) == 0o755
    assert undo_fix(settings, record.record_id).undone_at is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to any group")
def test_a_file_of_the_graders_stays_theirs_and_so_does_its_copy(tmp_path: Path) -> None:
    file, kept = tmp_path / "nbgrader_config.py", tmp_path / "kept.py"
    file.write_text("old")
    os.chown(file, -1, NOBODY)
    file.chmod(0o664)
    undo = WriteFile(str(file), "old", "new").do(lambda name: kept)
    assert (file.read_text(), file.stat().st_gid, mode(file)) == ("new", NOBODY, 0o664)
    assert (kept.read_text(), kept.stat().st_gid, mode(kept)) == ("old", NOBODY, 0o660)
    undo.undo()
    assert (file.read_text(), file.stat().st_gid, mode(file)) == ("old", NOBODY, 0o664)


def test_an_undo_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    """What has been taken back before is passed over; what is neither old nor new is left alone."""
    file, kept = tmp_path / "file", tmp_path / "kept"
    kept.write_text("old")
    file.write_text("new")
    file.chmod(0o640)
    digest = hashlib.sha256(b"new").hexdigest()
    entries: list[Undo] = [
        FileBefore(str(file), str(kept), 0o640, digest),
        ModeBefore(str(file), 0o640, 0o600),
        FolderMade(str(tmp_path / "gone")),
        FileBefore(str(tmp_path / "no such file"), None, 0o644, digest),
    ]
    for _ in range(2):
        for entry in entries:
            entry.undo()
        assert file.read_text() == "old"
    file.write_text("other")
    with pytest.raises(Conflict, match="changed since"):
        entries[0].undo()
    kept.unlink()
    with pytest.raises(Conflict, match="is gone"):
        entries[0].undo()
    assert file.read_text() == "other"


@pytest.mark.parametrize("content", [None, b""])
def test_a_gradebook_whose_copy_is_gone_is_not_emptied(
    settings: CourseSettings, old_gradebook: Path, content: bytes | None
) -> None:
    record = apply(settings, "gradebook.revision")
    (kept,) = settings.state_dir.glob("fixes/*/kept/*.db")
    kept.unlink()
    if content is not None:
        kept.write_bytes(content)
    before = old_gradebook.read_bytes()
    with pytest.raises(Conflict, match="is gone"):
        undo_fix(settings, record.record_id)
    assert old_gradebook.read_bytes() == before


@pytest.mark.parametrize("record_id", ["", "..", "../..", "20260101T000000Z-aaaaaa", "x" * 300])
def test_no_such_record(settings: CourseSettings, record_id: str) -> None:
    with pytest.raises(NotFound):
        undo_fix(settings, record_id)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_what_belongs_to_somebody_else_is_left_alone(settings: CourseSettings) -> None:
    exchange = Path(settings.exchange_root)
    exchange.chmod(0o777)
    os.chown(exchange, NOBODY, NOBODY)
    with pytest.raises(Conflict, match="somebody else") as refused:
        plan_fix(settings, "exchange.sticky")
    assert "chmod 1777" in refused.value.remedy
    assert mode(exchange) == 0o777


def test_a_student_gets_no_fix(settings: CourseSettings) -> None:
    with pytest.raises(Conflict, match="instructor"):
        plan_fix(msgspec.structs.replace(settings, root=None), "coursedir.leak")


def test_the_exchange_is_made(settings: CourseSettings) -> None:
    exchange = Path(settings.exchange_root)
    exchange.rmdir()
    record = apply(settings, "exchange.exists")
    assert mode(exchange) == 0o1777
    (exchange / "course101").mkdir()
    with pytest.raises(Conflict, match="in use"):
        undo_fix(settings, record.record_id)
    (exchange / "course101").rmdir()
    undo_fix(settings, record.record_id)
    assert not exchange.exists()


def test_inbound_and_exchange_get_their_modes(settings: CourseSettings) -> None:
    exchange = Path(settings.exchange_root)
    inbound = exchange / "course101" / "inbound"
    inbound.mkdir(parents=True)
    inbound.chmod(0o755)
    exchange.chmod(0o755)
    apply(settings, "course.inbound_mode")
    apply(settings, "exchange.mode")
    assert (mode(inbound), mode(exchange)) == (0o2733, 0o1777)


def test_a_link_in_the_way_is_not_followed(settings: CourseSettings, tmp_path: Path) -> None:
    """What was a folder when it was shown, and is a link now, keeps its target as it was."""
    from hubgrade_ext.actions.fixes.changes import SetMode

    target = tmp_path / "target"
    target.mkdir(mode=0o755)
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(Conflict):
        SetMode(str(link), 0o755, 0o700).do(lambda name: tmp_path / name)
    assert mode(target) == 0o755


# --- the gradebook -----------------------------------------------------------


@pytest.fixture
def old_gradebook(settings: CourseSettings, course_dir: Path) -> Path:
    """nbgrader's own gradebook of 2016, with a student and a grade in it."""
    path = course_dir / "gradebook.db"
    shutil.copy(OLD_GRADEBOOK, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("insert into student (id, first_name) values ('ada', 'Ada')")
        db.execute("insert into assignment (id, name) values ('a1', 'ps1')")
        db.execute(
            "insert into submitted_assignment (id, assignment_id, student_id) values ('s1', 'a1', 'ada')"
        )
        db.commit()
    return path


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def test_the_gradebook_is_upgraded_and_put_back(settings: CourseSettings, old_gradebook: Path) -> None:
    before = dump(old_gradebook)
    record = apply(settings, "gradebook.revision")
    with closing(sqlite3.connect(old_gradebook)) as db:
        assert db.execute("select id, lms_user_id from student").fetchall() == [("ada", None)]
        assert db.execute("select name from assignment").fetchall() == [("ps1",)]
    undo_fix(settings, record.record_id)
    assert dump(old_gradebook) == before


def test_an_upgrade_that_fails_leaves_the_gradebook_as_it_was(
    settings: CourseSettings, old_gradebook: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from hubgrade_ext.actions.fixes import gradebook

    before = dump(old_gradebook)

    def half(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("delete from student")
            db.commit()

    monkeypatch.setattr(gradebook, "_upgrade", half)
    with pytest.raises(CourseBroken, match="as it was before"):
        apply(settings, "gradebook.revision")
    assert dump(old_gradebook) == before
    assert list_fixes(settings) == []


def test_an_upgrade_that_is_ended_from_outside_leaves_the_gradebook_as_it_was(
    settings: CourseSettings, old_gradebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hubgrade_ext.actions.fixes import gradebook

    before = dump(old_gradebook)

    def cut(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("delete from student")
            db.commit()
        raise KeyboardInterrupt

    monkeypatch.setattr(gradebook, "_upgrade", cut)
    with pytest.raises(KeyboardInterrupt):
        apply(settings, "gradebook.revision")
    assert dump(old_gradebook) == before


def test_a_gradebook_without_a_version_gets_one(settings: CourseSettings, course_dir: Path) -> None:
    from nbgrader.api import Base
    from sqlalchemy import create_engine

    path = course_dir / "gradebook.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    before = dump(path)
    record = apply(settings, "gradebook.revision")
    with closing(sqlite3.connect(path)) as db:
        assert len(db.execute("select version_num from alembic_version").fetchall()) == 1
    undo_fix(settings, record.record_id)
    assert dump(path) == before


def test_a_copy_of_the_gradebook(settings: CourseSettings, course_dir: Path) -> None:
    path = course_dir / "gradebook.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table submitted_assignment (id text)")
        db.commit()
    record = apply(settings, "gradebook.backup_age")
    (copy,) = course_dir.glob(".hubgrade/fixes/*/kept/*-gradebook.db")
    assert dump(copy) == dump(path)
    undo_fix(settings, record.record_id)
    assert not copy.exists()


# --- more modes ----------------------------------------------------------------


def test_modes_in_the_exchange(settings: CourseSettings) -> None:
    course = Path(settings.exchange_root) / "course101"
    for name in ("inbound", "feedback", "outbound/shut", "outbound/open"):
        (course / name).mkdir(parents=True)
    (course / "inbound").chmod(0o2777)
    (course / "feedback").chmod(0o755)
    (course / "outbound" / "shut").chmod(0o700)
    (course / "outbound" / "open").chmod(0o777)
    apply(settings, "course.inbound_leak")
    apply(settings, "course.feedback_mode")
    assert len(plan_fix(settings, "course.outbound_mode").changes) == 2
    apply(settings, "course.writable_by_others")
    modes = [mode(course / n) for n in ("inbound", "feedback", "outbound/shut", "outbound/open")]
    assert modes == [0o2733, 0o711, 0o705, 0o775]
    assert mode(settings.exchange_root) == 0o1777


def test_modes_of_ones_own(
    settings: CourseSettings,
    course_dir: Path,
    tmp_path: Path,
    isolated_env: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (course_dir / "gradebook.db").write_bytes(b"")
    (course_dir / "gradebook.db").chmod(0o644)
    isolated_env.chmod(0o755)
    config = course_dir / "nbgrader_config.py"
    config.chmod(0o666)
    apply(settings, "gradebook.world_readable")
    apply(settings, "session.home_open")
    apply(settings, "config.untrusted")
    assert (mode(course_dir / "gradebook.db"), mode(isolated_env), mode(config)) == (0o640, 0o750, 0o664)


def test_submissions_are_closed_to_others(settings: CourseSettings, course_dir: Path) -> None:
    file = course_dir / "submitted" / "ada" / "ps1" / "problem1.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    file.chmod(0o666)
    file.parent.chmod(0o777)
    # the test's own folders are closed, so nobody else comes here: look as if they did
    from hubgrade_ext.actions.fixes import permissions
    from hubgrade_ext.actions.fixes.fix import Situation

    situation = Situation(settings)
    situation.facts.open_submissions = [str(file.parent), str(file)]
    for change in permissions.plan_submitted(situation):
        change.do(lambda name: course_dir / name)
    assert (mode(file), mode(file.parent)) == (0o664, 0o775)
