"""The hub's word on who somebody is: the groups of this server's user, by the hub's REST API."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

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
        self._known: frozenset[str] = frozenset()
        self._asked_at: float | None = None
        self._asking = threading.Lock()

    @property
    def present(self) -> bool:
        """Say whether this server was started by a hub."""
        return self._environment.present

    def teaches(self, course_id: str) -> bool:
        """Say whether the user is in the course's group of instructors; False without a hub.

        May wait for the hub (at most 3 s): call it in a thread.
        """
        return self.present and f"{INSTRUCTOR_GROUP}{course_id}" in self._groups()

    def _groups(self) -> frozenset[str]:
        # whoever asks meanwhile waits: no instructor may be taken for a student before the hub answers
        with self._asking:
            now = time.monotonic()
            if self._asked_at is None or now - self._asked_at > CACHE_S:
                self._asked_at = now
                self._known = self._ask()
            return self._known

    def _ask(self) -> frozenset[str]:
        """Ask the hub; whatever goes wrong means no group: rights are never guessed.

        Source: JupyterHub 6.1 `GET /hub/api/user`, allowed with a server's default scopes.
        """
        answer = HubClient(self._environment, TIMEOUT_S).get("/user")
        if not answer.ok or answer.body is None:
            # only the kind of fault: neither the token nor what the hub said belongs into a log
            why = answer.problem or f"status {answer.status}"
            log.warning("The hub did not say which groups %s is in (%s).", self.username, why)
        return frozenset(answer.words("groups")) if answer.ok else frozenset()
