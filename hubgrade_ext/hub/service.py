"""The hub's service `hubgrade`: `python -m hubgrade_ext.hub.service`, started by the hub.

It tells each instructor what the hub knows about his own courses, with a token
of narrow scopes: no database, no power over anybody. The configuration is in
docs/admins.md; who asks is the hub's word (`HubOAuthenticated`).

    GET PREFIX            a page for people
    GET PREFIX/api/facts  a `HubWord` as JSON, for hubgrade in an instructor's session
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

import msgspec
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import httpserver, web

from hubgrade_ext.hub.client import HubClient, hub_environment
from hubgrade_ext.hub.service_facts import CourseOnHub, HubWord, courses_taught, gather_word

log = logging.getLogger("hubgrade.hub.service")
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>hubgrade: your courses on this hub</title></head>
<body><h1>Your courses on this hub</h1>{body}</body></html>
"""


class FactsHandler(HubOAuthenticated, web.RequestHandler):  # type: ignore[misc]  # jupyterhub has no types
    """GET …/api/facts."""

    def set_default_headers(self) -> None:
        """Let nobody keep or frame an answer."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def word(self) -> HubWord:
        """Ask the hub about the courses of whoever asks; 403 for who teaches none."""
        user = self.get_current_user()
        groups = user.get("groups") if isinstance(user, dict) else None
        courses = courses_taught(g for g in groups or () if isinstance(g, str))
        if not courses:
            raise web.HTTPError(403)
        return await asyncio.to_thread(gather_word, self.settings["hub_client"], courses)

    @web.authenticated
    async def get(self) -> None:
        """Answer with the facts."""
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(await self.word()))


class PageHandler(FactsHandler):
    """GET …/, for people: the service is on the hub's menu."""

    @web.authenticated
    async def get(self) -> None:
        """Answer with a page."""
        self.finish(PAGE.format(body=render(await self.word())))


def render(word: HubWord) -> str:
    """Return the facts as HTML."""
    running = {True: "runs", False: "does not run", None: "is not started by the hub"}
    lines = [f"<p>JupyterHub {escape(word.version or '(version not told)')}</p>"]
    for course in word.courses:
        lines.append(f"<h2>{escape(course.course_id)}</h2><ul>{_members(course)}")
        states = [s for s in word.services or () if s.name == course.course_id]
        lines += [f"<li>The service {escape(s.name)} {running[s.running]}.</li>" for s in states]
        lines.append("</ul>")
    return "".join(lines)


def _members(course: CourseOnHub) -> str:
    known = [("Instructors", course.instructors), ("Students", course.students)]
    return "".join(
        f"<li>{what}: {escape(', '.join(names)) if names else 'nobody, or not told'}</li>"
        for what, names in known
    )


def make_application(environ: Mapping[str, str]) -> web.Application:
    """Return the service as the hub's environment describes it."""
    prefix = environ["JUPYTERHUB_SERVICE_PREFIX"]
    return web.Application(
        [
            (prefix + "?", PageHandler),
            (prefix + "api/facts", FactsHandler),
            (prefix + "oauth_callback", HubOAuthCallbackHandler),
        ],
        # signs nothing but the state of a login in progress
        cookie_secret=os.urandom(32),
        hub_client=HubClient(hub_environment(environ)),
    )


async def serve() -> None:
    """Listen where the hub said, until the hub ends this process."""
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    server = httpserver.HTTPServer(make_application(os.environ))
    server.listen(address.port or 0, address.hostname or "127.0.0.1")
    log.info("hubgrade answers instructors at %s", os.environ["JUPYTERHUB_SERVICE_PREFIX"])
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(serve())
