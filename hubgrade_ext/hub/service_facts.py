"""What the hub's own service `hubgrade` may tell instructors: facts of the hub, of their courses only.

The service asks the hub with its own token and narrow scopes (docs/admins.md);
an instructor's server asks the service. Nobody needs the hub's database.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hubgrade_ext.hub.client import HubClient
from hubgrade_ext.hub.groups import INSTRUCTOR_GROUP, STUDENT_GROUP

SERVICE = "hubgrade"


class ServiceState(Struct, frozen=True):
    """One service of the hub; `running` is None for one that the hub does not start itself."""

    name: str
    running: bool | None


class CourseOnHub(Struct, frozen=True):
    """The two groups of a course; None for a group that the hub does not have, or does not show."""

    course_id: str
    instructors: list[str] | None
    students: list[str] | None


class HubWord(Struct, frozen=True):
    """What the service found; None and empty strings for what its scopes do not allow."""

    version: str = ""
    spawner: str = ""
    authenticator: str = ""
    services: list[ServiceState] | None = None
    groups: list[str] | None = None
    courses: list[CourseOnHub] = []

    def course(self, course_id: str) -> CourseOnHub | None:
        """Return one course, None when it is not among those of whoever asked."""
        return next((course for course in self.courses if course.course_id == course_id), None)


def courses_taught(groups: Iterable[str]) -> list[str]:
    """Return the courses whose group of instructors is among these, sorted."""
    return sorted(g.removeprefix(INSTRUCTOR_GROUP) for g in groups if g.startswith(INSTRUCTOR_GROUP))


def gather_word(client: HubClient, course_ids: list[str]) -> HubWord:
    """Ask the hub what these courses' instructors may know."""
    info = client.get("/info")
    names = group_names(client)
    return HubWord(
        version=_text(info.field("version")),
        spawner=_class_name(info.field("spawner")),
        authenticator=_class_name(info.field("authenticator")),
        services=service_states(client.get("/services").body),
        groups=None if names is None else [n for n in names if _course_of(n) in course_ids],
        courses=[
            CourseOnHub(
                course_id,
                group_members(client, INSTRUCTOR_GROUP + course_id),
                group_members(client, STUDENT_GROUP + course_id),
            )
            for course_id in course_ids
        ],
    )


def group_names(client: HubClient) -> list[str] | None:
    """Return the names of the groups that the token may list; None when it may list none."""
    body = client.get("/groups").body
    if not isinstance(body, list):
        return None
    return [g["name"] for g in body if isinstance(g, dict) and isinstance(g.get("name"), str)]


def group_members(client: HubClient, group: str) -> list[str] | None:
    """Return who is in a group; None when there is none, or the token may not see its members."""
    answer = client.get(f"/groups/{group}")
    return answer.words("users") if answer.ok and isinstance(answer.field("users"), list) else None


def service_states(body: object) -> list[ServiceState] | None:
    """Return the services of the hub's answer to GET /services; None when it is no such answer."""
    if not isinstance(body, dict) or "status" in body:
        return None
    return [
        ServiceState(name, bool(model["pid"]) if model.get("command") and "pid" in model else None)
        for name, model in sorted(body.items())
        if isinstance(model, dict)
    ]


def _course_of(group: str) -> str:
    return group.removeprefix(INSTRUCTOR_GROUP).removeprefix(STUDENT_GROUP)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _class_name(info: object) -> str:
    return _text(info.get("class")) if isinstance(info, dict) else ""
