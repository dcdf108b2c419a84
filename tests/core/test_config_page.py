"""What the settings page says: files, values with their origin, misspelt keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_config_path

from hubgrade_ext.core.config_page import ConfigReport, config_page
from hubgrade_ext.core.models import ConfigValue, Setting
from hubgrade_ext.core.secrets_masked import show


@pytest.fixture
def report(make_course: Callable[..., Path], isolated_env: Path) -> Callable[..., ConfigReport]:
    def make(course: str = "", user: str = "", jupyter: str = "") -> ConfigReport:
        folder = isolated_env / "jupyter_config"
        folder.mkdir()
        if user:
            (folder / "nbgrader_config.py").write_text(user)
        if jupyter:
            (folder / "jupyter_config.py").write_text(jupyter)
        return config_page(str(make_course(config=course)), str(isolated_env))

    return make


def _setting(report: ConfigReport, name: str) -> Setting:
    return next(s for s in report.settings if s.name == name)


def test_every_file_is_listed_in_rising_precedence(
    report: Callable[..., ConfigReport], tmp_path: Path
) -> None:
    files = report(user="c.CourseDirectory.groupshared = True\n").files
    assert [f.level for f in files[-2:]] == ["course", "course"]
    assert [Path(f.path).name for f in files if f.exists] == ["nbgrader_config.py", "nbgrader_config.py"]
    assert files[-2].path == str(tmp_path / "course101" / "nbgrader_config.py")
    user = [f for f in files if f.level == "user" and f.exists]
    assert [f.path for f in user] == [str(tmp_path / "home" / "jupyter_config" / "nbgrader_config.py")]
    jupyters = [str(Path(f.path).parent) for f in files if Path(f.path).name == "jupyter_config.py"]
    assert jupyters == list(reversed(jupyter_config_path()))
    assert len({f.path for f in files}) == len(files)


def test_a_value_says_who_set_it_and_whom_it_overrode(
    report: Callable[..., ConfigReport], tmp_path: Path
) -> None:
    page = report(
        course="c.CourseDirectory.max_file_size = 2\n", user="c.CourseDirectory.max_file_size = 1\n"
    )
    setting = _setting(page, "CourseDirectory.max_file_size")
    user = str(tmp_path / "home" / "jupyter_config" / "nbgrader_config.py")
    assert (setting.value, setting.source) == ("2", str(tmp_path / "course101" / "nbgrader_config.py"))
    assert setting.overrides == [ConfigValue(user, "1")]
    assert "kilobytes" in setting.help


def test_defaults_are_shown_without_a_source(report: Callable[..., ConfigReport], tmp_path: Path) -> None:
    page = report()
    assert _setting(page, "CourseDirectory.release_directory").source is None
    assert _setting(page, "CourseDirectory.db_url").value == f"'sqlite:///{tmp_path}/course101/gradebook.db'"
    assert _setting(page, "Exchange.timezone").value == "'UTC'"
    assert _setting(page, "Execute.timeout").value == "30"
    assert (
        "nbgrader.preprocessors.clearsolutions.ClearSolutions"
        in _setting(page, "GenerateAssignment.preprocessors").value
    )
    assert page.unknown == []


def test_where_cells_run_is_shown_without_secrets(report: Callable[..., ConfigReport]) -> None:
    page = report(
        course="c.HubgradeGrading.executor = 'dask'\n"
        "c.HubgradeDask.cluster_class = 'dask_gateway.GatewayCluster'\n"
        "c.HubgradeDask.cluster_options = {'address': 'https://gate', 'api_token': 'hush'}\n"
        "c.CourseDirectory.db_url = 'postgresql+psycopg://teacher:hush@db/course101'\n"
    )
    assert page.unknown == []
    assert _setting(page, "HubgradeGrading.engine").value == "'sandboxed'"
    assert _setting(page, "HubgradeGrading.executor").value == "'dask'"
    assert "on this machine" in _setting(page, "HubgradeGrading.executor").help
    assert "https://gate" in _setting(page, "HubgradeDask.cluster_options").value
    assert "teacher" in _setting(page, "CourseDirectory.db_url").value
    assert "hush" not in str(page)


def test_a_value_set_on_a_parent_class_is_in_effect(report: Callable[..., ConfigReport]) -> None:
    page = report(course="c.ExecutePreprocessor.timeout = 99\n")
    setting = _setting(page, "Execute.timeout")
    assert setting.value == "99"
    assert setting.source is not None
    assert page.unknown == []


@pytest.mark.parametrize(
    ("line", "name", "suggestion"),
    [
        ("c.CourseDirectory.couse_id = 'x'", "CourseDirectory.couse_id", "CourseDirectory.course_id"),
        ("c.CourseDirectry.course_id = 'x'", "CourseDirectry.course_id", "CourseDirectory.course_id"),
        ("c.Exchange.groupshared = True", "Exchange.groupshared", "CourseDirectory.groupshared"),
        ("c.course_id = 'x'", "course_id", "CourseDirectory.course_id"),
        ("c.Zzyzx.qqq = 'x'", "Zzyzx.qqq", ""),
        ("c.ClearSolution.code_stub = {}", "ClearSolution.code_stub", "ClearSolutions.code_stub"),
        ("c.CourseDirectory.ignores.append('x')", "CourseDirectory.ignores", "CourseDirectory.ignore"),
    ],
)
def test_misspelt_keys(report: Callable[..., ConfigReport], line: str, name: str, suggestion: str) -> None:
    unknown = report(course=line + "\n").unknown
    assert [(u.name, u.suggestion) for u in unknown] == [(name, suggestion)]
    assert unknown[0].source.endswith("nbgrader_config.py")


def test_other_programs_settings_in_jupyter_config_are_not_ours(report: Callable[..., ConfigReport]) -> None:
    page = report(jupyter="c.ServerApp.port = 1\nc.CourseDirectory.couse_id = 'x'\n")
    assert [u.name for u in page.unknown] == ["CourseDirectory.couse_id"]


@pytest.mark.parametrize(
    ("line", "old", "new", "value"),
    [
        ("c.NbGrader.course_id = 'x'", "NbGrader.course_id", "CourseDirectory.course_id", "'x'"),
        (
            "c.BasicConfig.course_directory = '.'",
            "BasicConfig.course_directory",
            "CourseDirectory.root",
            None,
        ),
        (
            "c.TransferApp.exchange_directory = '/e'",
            "TransferApp.exchange_directory",
            "Exchange.root",
            "'/e'",
        ),
        ("c.AssignApp.force = True", "AssignApp.force", "GenerateAssignment.force", "True"),
        ("c.Feedback.force = True", "Feedback.force", "GenerateFeedback.force", "True"),
    ],
)
def test_old_names_are_listed_with_their_successor(
    report: Callable[..., ConfigReport], line: str, old: str, new: str, value: str | None
) -> None:
    page = report(course=line + "\n")
    assert new in _setting(page, old).help
    assert value is None or _setting(page, new).value == value
    assert _setting(page, new).source is not None
    assert page.unknown == []


def test_a_plug_ins_own_settings_are_known(report: Callable[..., ConfigReport], tmp_path: Path) -> None:
    plugin = tmp_path / "course101" / "hubgrade_test_pre.py"
    plugin.parent.mkdir()
    plugin.write_text(
        "from nbgrader.preprocessors import NbGraderPreprocessor\nfrom traitlets import Int\n"
        "class MyPre(NbGraderPreprocessor):\n    depth = Int(1).tag(config=True)\n"
    )
    # the fixture copies the example below the folder that is there already
    page = report(
        course="c.Autograde.autograde_preprocessors.append('hubgrade_test_pre.MyPre')\n"
        "c.MyPre.depth = 2\nc.MyPre.dept = 2\n"
    )
    assert [(u.name, u.suggestion) for u in page.unknown] == [("MyPre.dept", "MyPre.depth")]
    assert "MyPre" in _setting(page, "Autograde.autograde_preprocessors").value
    assert "SaveAutoGrades" in _setting(page, "Autograde.autograde_preprocessors").value


def test_a_broken_file_is_reported_not_raised(report: Callable[..., ConfigReport]) -> None:
    page = report(course="1/0\n", user="c.CourseDirectory.groupshared = True\n")
    assert ["division by zero" in f.error for f in page.files if f.error] == [True]
    assert _setting(page, "CourseDirectory.groupshared").value == "True"


def test_a_students_settings(isolated_env: Path) -> None:
    page = config_page(None, str(isolated_env))
    assert _setting(page, "Exchange.root").value == "'/usr/local/share/nbgrader/exchange'"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("X.api_token", "abc", "'********'"),
        ("X.password", "abc", "'********'"),
        ("X.password", "", "''"),
        ("X.secret_key", b"abc", "'********'"),
        ("X.require_token", True, "True"),
        ("X.monkey", "abc", "'abc'"),
        ("CourseDirectory.db_url", "postgresql://me:pw@host/db", "'postgresql://me:********@host/db'"),
        ("CourseDirectory.db_url", "postgresql://me:p@ss/w@host/db", "'postgresql://me:********@host/db'"),
        ("X.url", "https://h/?user=a&access_token=b&c=d", "'https://h/?user=a&access_token=********&c=d'"),
        ("X.options", {"password": "p", "n": 1}, "{'password': '********', 'n': 1}"),
        ("X.urls", ["http://a:b@c"], "['http://a:********@c']"),
        ("X.cls", Path, "'pathlib.Path'"),
        ("X.big", "x" * 3000, "'" + "x" * 1998 + "…"),
        ("X.t", (1,), "(1,)"),
        ("X.s", set(), "set()"),
    ],
)
def test_values_are_shown_without_secrets(name: str, value: object, shown: str) -> None:
    assert show(name, value) == shown


def test_a_refused_value_does_not_hide_the_page(report: Callable[..., ConfigReport]) -> None:
    page = report(course="c.CourseDirectory.course_id = 5\n")
    assert _setting(page, "CourseDirectory.course_id").value == "5"
    assert _setting(page, "Execute.timeout").value == "30"
