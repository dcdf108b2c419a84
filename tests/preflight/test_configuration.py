"""Configuration: real files, read as nbgrader reads them; among them one as the guide of 2015 has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.core.config_page import config_page
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.models import ConfigPage, CourseRef, Finding
from hubgrade_ext.preflight.facts import Given
from hubgrade_ext.preflight.runner import run, run_configuration

OF_2015 = """\
c = get_config()
c.NbGrader.course_id = "2015-fall-big_data"
c.TransferApp.exchange_directory = {exchange!r}
c.FormgradeApp.ip = "127.0.0.1"
c.FormgradeApp.port = 9000
c.FormgradeApp.authenticator_class = "nbgrader.auth.hubauth.HubAuth"
c.HubAuth.hub_address = 'hub.example.org'
c.HubAuth.graders = [ "instructor" ]
c.HubAuth.generate_hubapi_token = True
c.HubAuth.hub_db = "/srv/jupyterhub/jupyterhub.sqlite"
c.NbGrader.db_students = [{{"id": "ada"}}]
"""
Findings = Callable[..., dict[str, Finding]]
IDS = [
    "unreadable",
    "syntax",
    "unknown",
    "source",
    "conflict",
    "prefer_env",
    "relative",
    "untrusted",
    "outdated",
    "removed",
]


@pytest.fixture
def findings(course_dir: Path, isolated_env: Path) -> Findings:
    """Return a function that writes the course's and the user's configuration and checks them."""

    def check(course: str | None = None, user: str | None = None) -> dict[str, Finding]:
        if course is not None:
            (course_dir / "nbgrader_config.py").write_text(course)
        if user is not None:
            own = isolated_env / "jupyter_config"
            own.mkdir(exist_ok=True)
            (own / "nbgrader_config.py").write_text(user)
        report = config_page(str(course_dir), str(course_dir))
        ref = CourseRef("0" * 16, "course101", ["instructor"], str(course_dir))
        page = ConfigPage(ref, report.files, report.settings, report.unknown)
        only = [f"config.{name}" for name in IDS] + ["time.zone"]
        try:
            settings = open_course(course_dir).settings
        except ConfigBroken:
            found = run_configuration(ref, page, only=only)
        else:
            found = run(settings, ref, Given(page), only=only)
        return {finding.check_id: finding for finding in found.findings}

    return check


def test_all_is_well(findings: Findings) -> None:
    found = findings()
    assert {f.status for f in found.values()} == {"ok"}
    assert "CourseDirectory.course_id is set in" in found["config.source"].message


def test_the_guides_configuration(findings: Findings, exchange_dir: Path) -> None:
    found = findings(OF_2015.format(exchange=str(exchange_dir)))
    outdated, removed = found["config.outdated"], found["config.removed"]
    assert (outdated.status, removed.status) == ("warning", "warning")
    assert "NbGrader.course_id" in outdated.message
    assert "CourseDirectory.course_id today" in outdated.message
    assert "Exchange.root today" in outdated.message
    for word in (
        *("NbGrader.db_students", "migrate-config", "HubAuth.graders", "formgrade-COURSE"),
        *("FormgradeApp.ip", "part of the Jupyter server"),
    ):
        assert word in removed.message, removed.message
    assert found["config.unknown"].status == "ok", "they are told once"
    assert found["config.source"].status == "ok", "the old names still name course and exchange"


def test_the_hubs_database_is_the_hubs(findings: Findings) -> None:
    found = findings("c = get_config()\nc.HubAuth.hub_db = '/srv/jupyterhub.sqlite'\n")
    assert "nothing but the hub itself writes the hub's database" in found["config.removed"].message


def test_two_files_on_one_level_contradict_each_other(findings: Findings, course_dir: Path) -> None:
    (course_dir / "nbgrader_config.json").write_text('{"CourseDirectory": {"course_id": "other"}}')
    found = findings()["config.conflict"]
    assert found.status == "warning"
    assert "'course101' in" in found.message
    assert "'other' in" in found.message


def test_a_nearer_file_may_decide_otherwise(findings: Findings) -> None:
    found = findings(user="c = get_config()\nc.CourseDirectory.course_id = 'usual'\n")["config.conflict"]
    assert found.status == "info"
    assert "The nearer one counts" in found.message


def test_a_file_of_the_machine_that_comes_after_ones_own(
    findings: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange_dir: Path
) -> None:
    (tmp_path / "site").mkdir()
    site = tmp_path / "site" / "nbgrader_config.py"
    site.write_text(f"c = get_config()\nc.Exchange.root = {str(exchange_dir)!r}\n")
    course = "c = get_config()\nc.CourseDirectory.course_id = 'course101'\n"
    mine = "c = get_config()\nc.Exchange.root = '/srv/mine'\n"
    assert findings(course, mine)["config.prefer_env"].status == "ok"
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(site.parent))
    found = findings(course, mine)
    assert found["config.prefer_env"].status == "info"
    for word in ("/srv/mine", str(site), "The machine's counts"):
        assert word in found["config.prefer_env"].message
    assert found["config.conflict"].status == "ok", "it is told once"


def test_relative_paths(findings: Findings) -> None:
    found = findings("c = get_config()\nc.Exchange.root = 'exchange'\n")["config.relative"]
    assert (found.status, "'exchange'" in found.message) == ("warning", True)
    found = findings("c = get_config()\nc.CourseDirectory.db_url = 'sqlite:///gradebook.db'\n")[
        "config.relative"
    ]
    assert (found.status, "sqlite:///gradebook.db" in found.message) == ("warning", True)


def test_nobody_names_the_exchange(findings: Findings) -> None:
    found = findings("c = get_config()\nc.CourseDirectory.course_id = 'course101'\n")["config.source"]
    assert (found.status, "default" in found.message) == ("info", True)


def test_no_such_time_zone(findings: Findings, exchange_dir: Path) -> None:
    root = f"c = get_config()\nc.Exchange.root = {str(exchange_dir)!r}\n"
    assert findings(root + "c.Exchange.timezone = 'Middle-earth/Shire'\n")["time.zone"].status == "error"
    assert findings(root + "c.Exchange.timezone = 'Europe/Berlin'\n")["time.zone"].status == "ok"


def test_a_file_that_does_not_load(findings: Findings) -> None:
    found = findings("c = get_config(\n")
    assert found["config.syntax"].status == "error"
    assert "line 1" in found["config.syntax"].message
    assert found["config.conflict"].status == "skipped"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else(findings: Findings, course_dir: Path) -> None:
    os.chown(course_dir / "nbgrader_config.py", 65534, 65534)
    assert findings()["config.untrusted"].status == "info"


def test_a_file_that_everybody_may_change(findings: Findings, course_dir: Path) -> None:
    (course_dir / "nbgrader_config.py").chmod(0o666)
    found = findings()["config.untrusted"]
    assert (found.status, "chmod o-w" in found.remedy) == ("warning", True)


def test_a_file_that_may_not_be_read(
    findings: Findings, course_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without root's powers (see the command line's tests for a user of no powers) access says no."""
    real = os.access
    closed = str(course_dir / "nbgrader_config.py")
    monkeypatch.setattr(
        os, "access", lambda path, mode, **more: str(path) != closed and real(path, mode, **more)
    )
    found = findings()
    assert (found["config.unreadable"].status, found["config.syntax"].status) == ("error", "skipped")
