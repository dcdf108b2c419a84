"""The way to formgrader: the right page, the right course, or a plain word why not."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def with_formgrader(request: pytest.FixtureRequest) -> bool:
    return bool(getattr(request, "param", True))


@pytest.fixture
def follow(jp_fetch: Ask, jp_base_url: str) -> Ask:
    """Return a function that opens a link; it returns status and Location, or the text of the page."""

    async def open_link(url: str) -> tuple[int, str]:
        assert url.startswith(jp_base_url)
        path, _, query = url.removeprefix(jp_base_url).partition("?")
        params = dict(parse_qsl(query))
        options = {"follow_redirects": False, "raise_error": False}
        reply = await jp_fetch(*path.split("/"), params=params, **options)
        return reply.code, reply.headers.get("Location") or reply.body.decode()

    return open_link


PAGES: list[tuple[dict[str, str], str]] = [
    ({}, "manage_assignments"),
    ({"assignment_id": "ps1"}, "gradebook/ps1"),
    ({"assignment_id": "ps1", "notebook_id": "problem1"}, "gradebook/ps1/problem1"),
    ({"assignment_id": "Übung 3", "notebook_id": "a?b"}, "gradebook/%C3%9Cbung%203/a%3Fb"),
    ({"submission_id": "abc/../d"}, "submissions/abc%2F..%2Fd"),
]


async def test_pages(api: Ask, follow: Ask, course_dir: Path, open_course_key: Ask, jp_base_url: str) -> None:
    key = await open_course_key(course_dir)
    for where, page in PAGES:
        link = (await api("GET", f"/courses/{key}/formgrader", params=where)).body
        assert link["problem"] is None
        assert await follow(link["url"]) == (302, f"{jp_base_url}formgrader/{page}")


async def test_notebook_without_assignment(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    reply = await api("GET", f"/courses/{key}/formgrader", params={"notebook_id": "problem1"})
    assert (reply.status, reply.body["code"]) == (400, "invalid_request")


async def test_each_course_in_its_turn(
    api: Ask, follow: Ask, jp_fetch: Ask, make_course: Callable[..., Path], open_course_key: Ask, ended: Ask
) -> None:
    """Two courses with equal assignment names; formgrader's own API tells which one it shows."""
    keys = {}
    for name, due in (("course101", "2030-01-01T00:00:00Z"), ("course102", "2031-01-01T00:00:00Z")):
        keys[name] = key = await open_course_key(make_course(name))
        job = await api(
            "POST", f"/courses/{key}/jobs", {"verb": "generate_assignment", "assignment_id": "ps1"}
        )
        assert (await ended(key, job.body["job_id"]))["job"]["state"] == "done"
        assert (await api("PATCH", f"/courses/{key}/assignments/ps1", {"due_date": due})).status == 200
    for name in ("course101", "course102", "course101"):
        link = (await api("GET", f"/courses/{keys[name]}/formgrader")).body
        assert (await follow(link["url"]))[0] == 302
        page = (await jp_fetch("formgrader", "manage_assignments")).body.decode()
        assert name in page
        shown = json.loads((await jp_fetch("formgrader", "api", "assignment", "ps1")).body)
        assert shown["duedate"].startswith("2030" if name == "course101" else "2031")


async def test_course_outside_the_servers_root(
    api: Ask, follow: Ask, make_course: Callable[..., Path], open_course_key: Ask, tmp_path_factory: Any
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "course101"
    make_course("course101").rename(outside)
    key = await open_course_key(outside)
    link = (await api("GET", f"/courses/{key}/formgrader")).body
    assert "outside the server's folder" in link["problem"]["message"]
    assert link["problem"]["remedy"]
    status, text = await follow(link["url"])
    assert status == 409
    assert "outside the server's folder" in text


@pytest.mark.parametrize("with_formgrader", [False], indirect=True)
async def test_formgrader_disabled(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    link = (await api("GET", f"/courses/{key}/formgrader")).body
    assert "not enabled" in link["problem"]["message"]
    assert "jupyter server extension enable" in link["problem"]["remedy"]
