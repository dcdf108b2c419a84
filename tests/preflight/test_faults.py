"""Each fault is told, with why and what to do. That all is well is tested elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hubgrade_ext.core.models import PreflightReport
from hubgrade_ext.core.settings import CourseSettings
from tests.preflight.faults import CASES, Case, Course, linked_exchange, wal_on_a_network

Look = Callable[..., PreflightReport]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.check_id)
def test_fault(
    case: Case, look: Look, look_as_nobody: Look, settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.as_root and os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    if case.brk is not None:
        case.brk(Course(settings, monkeypatch))
    report = (look_as_nobody if case.as_nobody else look)(only=[case.check_id], **case.changes)
    (found,) = report.findings
    assert found.status == case.status, found
    assert found.why
    assert found.remedy
    assert found.message.endswith((".", "?")), found.message
    for word in case.words:
        assert word in found.message + found.remedy
    assert "the-secret-itself" not in str(report)
    if case.fixable is not None:
        assert found.fixable == case.fixable


def test_a_link_whose_folder_is_open_can_be_replaced(
    look: Look, settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked_exchange(Course(settings, monkeypatch))
    link = Path(settings.exchange_root).parent / "open" / "exchange"
    (found,) = look(only=["exchange.link"], exchange_root=str(link)).findings
    assert (found.status, "another in its place" in found.message) == ("warning", True)
    link.parent.chmod(0o755)
    (found,) = look(only=["exchange.link"], exchange_root=str(link)).findings
    assert (found.status, settings.exchange_root in found.message) == ("ok", True)


def test_submissions_others_could_change(look: Look, settings: CourseSettings) -> None:
    folder = Path(settings.root or "") / "submitted" / "ada" / "ps1"
    folder.mkdir(parents=True)
    (folder / "problem1.ipynb").write_text("{}")
    (folder / "problem1.ipynb").chmod(0o666)
    (found,) = look(only=["coursedir.submitted_writable"]).findings
    assert found.status == "ok", "the course folder is closed, so nobody comes to it"
    Path(settings.root or "").chmod(0o755)
    (found,) = look(only=["coursedir.submitted_writable"]).findings
    assert found.status == "warning"
    assert str(folder / "problem1.ipynb") in found.message


def test_groupshared_wants_an_open_umask(look: Look) -> None:
    before = os.umask(0o022)
    try:
        assert look(only=["session.umask"]).findings[0].status == "ok"
        assert look(only=["session.umask"], groupshared=True).findings[0].status == "error"
        os.umask(0o002)
        assert look(only=["session.umask"], groupshared=True).findings[0].status == "ok"
    finally:
        os.umask(before)


def test_limits_and_memory_are_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    from hubgrade_ext.preflight import session_facts

    monkeypatch.setattr(session_facts, "_memory_of_machine", lambda: 100 << 20)
    assert look(only=["session.memory"]).findings[0].status == "warning"
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        found = look(only=["session.limits"]).findings[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (found.status, "512 open files" in found.message) == ("warning", True)


def test_a_restored_exchange_is_not_called_forged(
    look: Look, settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Course(settings, monkeypatch)
    for day in range(5):
        course.submitted(datetime(2020, 1, 1 + day, tzinfo=UTC))
    assert look(only=["course.timestamp_forged"]).findings[0].status == "skipped"


def test_a_gradebook_in_wal_mode_is_left_as_it_is(
    look: Look, settings: CourseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal_on_a_network(Course(settings, monkeypatch))
    folder = Path(settings.root or "")
    before = sorted(path.name for path in folder.iterdir())
    report = look(only=["gradebook.corrupt", "gradebook.tables", "gradebook.revision"])
    assert [found.status for found in report.findings] == ["ok", "ok", "ok"]
    assert sorted(path.name for path in folder.iterdir()) == before
