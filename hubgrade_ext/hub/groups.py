"""The hub's word on who somebody is: the groups of this server's user, by the hub's REST API."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping

from hubgrade_ext.hub.client import HubClient, hub_environment

CACHE_S = 60.0
TIMEOUT_S = 3.0
INSTRUCTOR_GROUP = "formgrade-"
STUDENT_GROUP = "nbgrader-"
log = logging.getLogger("hubgrade.hub")


class HubGroups:
    """The groups of the user whose server this is; asked at most once a minute, also after a failure."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environment = hub_environment(environ)
        self.username = self._environment.user
        self._known: frozenset[str] | None = None
        self._asked_at: float | None = None
        self._asking = threading.Lock()

    @property
    def present(self) -> bool:
        """Say whether this server was started by a hub."""
        return self._environment.present

    @property
    def shared(self) -> str:
        """The hub's service that this server is, which several people use; empty for a user's own server."""
        return self._environment.service_name

    def teaches(self, course_id: str) -> bool:
        """Say whether the user is in the course's group of instructors; False without a hub.

        May wait for the hub (at most 3 s): call it in a thread.
        """
        return self.present and teaches(self._groups() or (), course_id)

    def courses(self) -> list[str] | None:
        """Return the courses that the user's groups name, sorted; None when no hub says.

        May wait for the hub (at most 3 s): call it in a thread.
        Source: nbgrader 0.9.6 `JupyterHubAuthPlugin.get_student_courses`.
        """
        groups = self._groups() if self.present and not self.shared else None
        if groups is None:
            return None
        prefixes = (INSTRUCTOR_GROUP, STUDENT_GROUP)
        named = {group.partition("-")[2] for group in groups if group.startswith(prefixes)}
        return sorted(named - {""})

    def _groups(self) -> frozenset[str] | None:
        # whoever asks meanwhile waits: no instructor may be taken for a student before the hub answers
        with self._asking:
            now = time.monotonic()
            if self._asked_at is None or now - self._asked_at > CACHE_S:
                self._asked_at = now
                self._known = self._ask()
            return self._known

    def _ask(self) -> frozenset[str] | None:
        """Ask the hub; None when it does not say: rights are never guessed.

        Source: JupyterHub 6.1 `GET /hub/api/user`, allowed with a server's default scopes.
        """
        answer = HubClient(self._environment, TIMEOUT_S).get("/user")
        if not answer.ok or answer.body is None:
            # only the kind of fault: neither the token nor what the hub said belongs into a log
            why = answer.problem or f"status {answer.status}"
            log.warning("The hub did not say which groups %s is in (%s).", self.username, why)
            return None
        return frozenset(answer.words("groups"))


def teaches(groups: Iterable[str], course_id: str) -> bool:
    """Say whether somebody in these groups is an instructor of the course."""
    return f"{INSTRUCTOR_GROUP}{course_id}" in groups
