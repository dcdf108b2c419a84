"""Who somebody is in a course: decided on the server, for each request.

In a user's own server everybody acts with that user's rights on files, so these decide: an instructor is
who may write the course's folder and its gradebook, or is in the hub's group of its instructors; all others
are students. A server that the hub runs as a service is shared, and its account may write the course for
whoever comes: there the groups of the person who asks decide, and nobody is a student of it.
"""

from __future__ import annotations

import os

from hubgrade_ext.core.gradebook_reader import sqlite_path
from hubgrade_ext.core.models import Role
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.hub.groups import HubGroups, teaches

_BOTH: tuple[Role, ...] = ("instructor", "student")


class Rights:
    """The rights of this server's user or, when `groups` are given, of one of several who share it."""

    def __init__(self, hub: HubGroups, groups: frozenset[str] | None = None) -> None:
        self._hub = hub
        self._groups = groups

    def in_course(self, settings: CourseSettings) -> list[Role]:
        """Return the roles in a course; may wait for the hub, at most 3 s: call it in a thread."""
        if self._groups is not None:
            return list(_BOTH) if teaches(self._groups, settings.course_id) else []
        if settings.root is not None and (_may_grade(settings) or self._hub.teaches(settings.course_id)):
            return list(_BOTH)
        return ["student"]

    def in_broken(self, root: str) -> list[Role]:
        """Return the roles in a course that cannot be opened, so that its id is not known."""
        if self._groups is not None:
            # nbgrader's convention: the service is called as its course
            return list(_BOTH) if teaches(self._groups, self._hub.shared) else []
        return list(_BOTH) if may_write(root) else ["student"]

    def as_student(self) -> list[Role]:
        """Return the roles in a course of which only the exchange is known."""
        return ["student"] if self._groups is None else []

    def may_create(self, course_id: str) -> bool:
        """Say whether a new course of this name may be made; its folder's rights are another matter."""
        return self._groups is None or teaches(self._groups, course_id)


def groups_of(person: object) -> frozenset[str]:
    """Return the hub's groups of who sent a request; none when the hub did not name any.

    Source: JupyterHub 6.1 `singleuser.extension.JupyterHubUser`.
    """
    said = getattr(person, "hub_user", None)
    groups = said.get("groups") if isinstance(said, dict) else None
    return frozenset(g for g in groups if isinstance(g, str)) if isinstance(groups, list) else frozenset()


def may_write(folder: str) -> bool:
    """Say whether this process may make files in a folder."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _may_grade(settings: CourseSettings) -> bool:
    gradebook = sqlite_path(settings)
    if gradebook is not None and gradebook.exists() and not os.access(gradebook, os.W_OK, effective_ids=True):
        return False
    return settings.root is not None and may_write(settings.root)
