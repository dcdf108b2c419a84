"""The hub's word on who somebody is: the groups of this server's user, by the hub's REST API."""

from __future__ import annotations

import http.client
import json
import logging
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

CACHE_S = 60.0
TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 1 << 20
INSTRUCTOR_GROUP = "formgrade-"
log = logging.getLogger("hubgrade.hub")


class HubGroups:
    """The groups of the user whose server this is; asked at most once a minute, also after a failure."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._url = environ.get("JUPYTERHUB_API_URL", "")
        self._token = environ.get("JUPYTERHUB_API_TOKEN", "")
        self.username = environ.get("JUPYTERHUB_USER", "")
        self._tls = {
            name: environ.get(f"JUPYTERHUB_SSL_{name.upper()}", "")
            for name in ("keyfile", "certfile", "client_ca")
        }
        self._known: frozenset[str] = frozenset()
        self._asked_at: float | None = None
        self._asking = threading.Lock()

    @property
    def present(self) -> bool:
        """Say whether this server was started by a hub."""
        return bool(self._url and self._token)

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
        request = urllib.request.Request(
            f"{self._url.rstrip('/')}/user", headers={"Authorization": f"token {self._token}"}
        )
        try:
            with self._opener().open(request, timeout=TIMEOUT_S) as answer:
                user = json.loads(answer.read(MAX_ANSWER_BYTES))
        except (OSError, http.client.HTTPException, ValueError) as error:
            # only the kind of fault: neither the token nor what the hub said belongs into a log
            log.warning("The hub did not say which groups %s is in (%s).", self.username, _kind(error))
            return frozenset()
        groups = user.get("groups") if isinstance(user, dict) else None
        return frozenset(g for g in groups if isinstance(g, str)) if isinstance(groups, list) else frozenset()

    def _opener(self) -> urllib.request.OpenerDirector:
        # as jupyterhub's own client: no proxy of the environment gets to see the token
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self._url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=self._context()))
        return urllib.request.build_opener(*handlers)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._tls["client_ca"] or None)
        if self._tls["certfile"]:
            context.load_cert_chain(self._tls["certfile"], self._tls["keyfile"] or None)
        return context


def _kind(error: Exception) -> str:
    return f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
