"""Who somebody is in a course: by files in a server of one's own, by groups in one that several share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.rights import Rights, groups_of
from hubgrade_ext.hub.groups import HubGroups

SERVICE = HubGroups({"JUPYTERHUB_SERVICE_NAME": "course101"})


@dataclass
class Person:
    hub_user: object


@pytest.fixture
def settings(course_dir: Path) -> CourseSettings:
    return open_course(course_dir).settings


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        ({"groups": ["formgrade-course101", "x"]}, {"formgrade-course101", "x"}),
        ({"groups": ["x", 3]}, {"x"}),
        ({"groups": None}, set()),
        ({"name": "service"}, set()),
        ("formgrade-course101", set()),
    ],
)
def test_groups_are_what_the_hub_said(said: object, groups: set[str]) -> None:
    assert groups_of(Person(said)) == groups
    assert groups_of("anybody else") == frozenset()


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ({"formgrade-course101"}, ["instructor", "student"]),
        ({"nbgrader-course101", "formgrade-course102", "formgrade-"}, []),
        (set(), []),
    ],
)
def test_in_a_shared_server_groups_decide(
    settings: CourseSettings, groups: set[str], roles: list[str]
) -> None:
    rights = Rights(SERVICE, frozenset(groups))
    assert rights.in_course(settings) == roles
    assert rights.in_broken(settings.root or "") == roles
    assert rights.may_create("course101") == bool(roles)
    assert rights.as_student() == []


def test_in_ones_own_server_files_decide(settings: CourseSettings) -> None:
    rights = Rights(HubGroups({}))
    assert rights.in_course(settings) == ["instructor", "student"]
    assert rights.as_student() == ["student"]
    assert rights.may_create("anything")
