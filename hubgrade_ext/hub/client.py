"""JupyterHub's REST API as a notebook server may use it: its own token, its own certificates, no proxy.

    HubEnvironment  what the hub told this process in JUPYTERHUB_* variables
    Answer          what came back, whatever it was: a fault is data here, never an exception

Nothing here prints or logs: neither the token nor what the hub said belongs there.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import IO
from urllib.parse import quote, urlsplit

from msgspec import Struct

# a hub whose database is locked answers when SQLite's five seconds are over: wait for what it says
TIMEOUT_S = 8.0
MAX_ANSWER_BYTES = 1 << 20


class HubEnvironment(Struct, frozen=True):
    """What the hub told this process; empty strings for what it did not.

    `service_name` is set only in a service that the hub runs, not in a user's
    server. The names are JupyterHub's without `JUPYTERHUB_`.
    """

    api_url: str = ""
    api_token: str = ""
    user: str = ""
    service_name: str = ""
    public_hub_url: str = ""
    base_url: str = ""
    ssl_keyfile: str = ""
    ssl_certfile: str = ""
    ssl_client_ca: str = ""

    @property
    def present(self) -> bool:
        """Say whether this process was started by a hub."""
        return bool(self.api_url and self.api_token)

    def __repr__(self) -> str:
        return f"HubEnvironment(api_url={self.api_url!r}, user={self.user!r})"


class Answer(Struct, frozen=True):
    """One answer of the hub.

    `status` is 0 when there was none; `problem` then says why in a few words.
    `body` is the decoded JSON, None when it is not JSON. `ahead` says
    by how many seconds the other clock is at least ahead of ours (negative:
    behind), by the `Date` header; it may have been written at any time from
    question to answer.
    """

    status: int = 0
    body: object = None
    problem: str = ""
    seconds: float = 0.0
    ahead: float | None = None

    @property
    def ok(self) -> bool:
        """Say whether the hub did what was asked."""
        return self.status == 200

    def field(self, name: str) -> object:
        """Return one field of a JSON object, None when there is none."""
        return self.body.get(name) if isinstance(self.body, dict) else None

    def words(self, name: str) -> list[str]:
        """Return a field that is a list of strings; what is no string is left out."""
        found = self.field(name)
        return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []


def hub_environment(environ: Mapping[str, str] | None = None) -> HubEnvironment:
    """Return what JUPYTERHUB_* variables say."""
    environ = os.environ if environ is None else environ
    names = HubEnvironment.__struct_fields__
    return HubEnvironment(**{name: environ.get(f"JUPYTERHUB_{name.upper()}", "") for name in names})


class HubClient:
    """Ask the hub in the name of this server (`environment`)."""

    def __init__(self, environment: HubEnvironment, timeout_s: float = TIMEOUT_S) -> None:
        self._environment = environment
        self._timeout_s = timeout_s

    def get(self, path: str, *, anonymous: bool = False) -> Answer:
        """GET a path of the hub's API, `/user` for one."""
        token = "" if anonymous else self._environment.api_token
        return self.fetch(f"{self._environment.api_url.rstrip('/')}{quote(path)}", token)

    def fetch(self, url: str, token: str = "") -> Answer:
        """GET any address; `token` goes along only when it is given."""
        if urlsplit(url).scheme not in ("http", "https"):
            return Answer(problem="it is no http address")
        request = urllib.request.Request(url, headers={"Authorization": f"token {token}"} if token else {})
        began = time.monotonic()
        try:
            with self._opener(url).open(request, timeout=self._timeout_s) as reply:
                return _answer(reply.status, reply, reply.headers.get("Date"), began)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error, error.headers.get("Date"), began)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(problem=_explain(error), seconds=time.monotonic() - began)

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        # as jupyterhub's own client: no proxy of the environment gets to see the token
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _NoRedirect()]
        if url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=self._context()))
        return urllib.request.build_opener(*handlers)

    def _context(self) -> ssl.SSLContext:
        own = self._environment
        context = ssl.create_default_context(cafile=own.ssl_client_ca or None)
        if own.ssl_certfile:
            context.load_cert_chain(own.ssl_certfile, own.ssl_keyfile or None)
        return context


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow nothing: urllib would take the token along, to wherever it is sent."""

    def redirect_request(self, *_: object) -> None:
        return None


def _answer(status: int, reply: IO[bytes], date: str | None, began: float) -> Answer:
    try:
        body = json.loads(reply.read(MAX_ANSWER_BYTES))
    except (ValueError, OSError, http.client.HTTPException):
        body = None
    seconds = time.monotonic() - began
    return Answer(status, body, "", seconds, _ahead(date, seconds))


def _ahead(date: str | None, seconds: float) -> float | None:
    try:
        told = parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
    now = time.time()
    # whole seconds, cut off
    return None if told is None else max(told - now, 0.0) + min(told + 1 - (now - seconds), 0.0)


def _explain(error: Exception) -> str:
    """Say in a few words why no answer came; never with what was sent or received."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({reason.verify_message})"
        case ssl.SSLError():
            return "no TLS connection could be made"
        case TimeoutError():
            return "it did not answer in time"
        case ConnectionRefusedError():
            return "nothing listens there"
        case OSError() if reason.errno is not None and reason.strerror:
            return reason.strerror[:1].lower() + reason.strerror[1:]
        case _:
            return f"it gave no answer that can be read ({type(reason).__name__})"
