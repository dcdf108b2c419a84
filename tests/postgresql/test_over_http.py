"""The server's own process, and a job that it starts, with a gradebook on a PostgreSQL server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from tests.postgresql.server import PASSWORD, Cluster


@pytest.fixture
def jp_root_dir(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"hubgrade_ext": True}}}


async def test_a_course_is_opened_generated_and_shown(
    cluster: Cluster,
    make_course: Callable[..., Path],
    jp_fetch: Callable[..., Awaitable[HTTPResponse]],
) -> None:
    url = cluster.create_database(f"served_{time.monotonic_ns()}")
    root = make_course(config=f"c.CourseDirectory.db_url = {url!r}\n")
    said: list[str] = []

    async def ask(method: str, *path: str, **body: object) -> Any:
        data = json.dumps(body) if method == "POST" else None
        reply = await jp_fetch("hubgrade", "api", *path, method=method, body=data, request_timeout=60)
        said.append(reply.body.decode())
        return json.loads(reply.body)

    course = await ask("POST", "courses", root=str(root))
    assert "instructor" in course["roles"]
    at = ("courses", course["course_key"])
    assert (await ask("GET", *at, "assignments"))["assignments"][0].get("max_score") is None
    job = await ask("POST", *at, "jobs", verb="generate_assignment", assignment_id="ps1")
    deadline = time.monotonic() + 120
    while not (detail := await ask("GET", *at, "jobs", job["job_id"]))["job"].get("ended_at"):
        assert time.monotonic() < deadline, detail
        await asyncio.sleep(0.1)
    assert detail["job"]["state"] == "done", detail
    assert (await ask("GET", *at, "assignments"))["assignments"][0]["max_score"] == 13
    assert "teacher" in json.dumps(await ask("GET", *at, "config"))
    await ask("GET", *at, "preflight")
    assert PASSWORD not in "".join(said)
