"""nbgrader's JupyterHubAuthPlugin in a job, which has no token: the server says which courses there are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hubgrade_ext.actions.fetch_assignment import fetch_assignment
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.submit import submit
from hubgrade_ext.core.course import Course, open_course
from tests.exchange.acting import run


@pytest.fixture
def student(course: Course, student: Course, isolated_env: Path) -> Course:
    """A student on a site that leaves it to the hub's groups who is in a course."""
    run(release_assignment, course)
    config = isolated_env / "nbgrader_config.py"
    config.write_text(
        f"from nbgrader.auth import JupyterHubAuthPlugin\n{config.read_text()}"
        "c.Authenticator.plugin_class = JupyterHubAuthPlugin\n"
    )
    return open_course(None, work_dir=isolated_env, course_id="course101")


@pytest.mark.parametrize(
    ("courses", "code", "said"),
    [
        (("course101", "other"), "done", ""),
        (("other",), "forbidden", "You do not have access to this course"),
        (None, "busy", "The hub did not say which courses you are in"),
    ],
)
def test_fetch_and_submit(student: Course, courses: tuple[str, ...] | None, code: str, said: str) -> None:
    there = dataclasses.replace(student, hub_courses=courses)
    for verb in (fetch_assignment, submit):
        if verb is submit and code != "done":
            (Path(student.settings.work_dir) / "ps1").mkdir()
        (result,) = run(verb, there)
        assert result.code == code, result
        assert said in result.message


def test_a_token_in_the_environment_is_nbgraders_to_use(
    student: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "some token")
    assert type(student.authenticator().plugin).__name__ == "JupyterHubAuthPlugin"
