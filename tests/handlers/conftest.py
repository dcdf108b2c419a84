"""A real server with hubgrade in it, and a way to talk to it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
SLOW = "slow_verbs:VERBS"


@dataclass
class Reply:
    status: int
    body: Any
    headers: dict[str, str]


@pytest.fixture
def jp_root_dir(tmp_path: Path) -> Path:
    """The server's root holds the course folders."""
    return tmp_path


@pytest.fixture
def verb_table() -> str:
    return "hubgrade_ext.actions.verbs:VERBS"


@pytest.fixture
def slow_verbs_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest-jupyter makes PYTHONPATH, which the workers inherit, of this
    monkeypatch.syspath_prepend(str(HERE.parent / "jobs"))


@pytest.fixture
def with_formgrader() -> bool:
    """Say whether nbgrader's formgrader is enabled; it has addresses that need no login."""
    return False


@pytest.fixture
def jp_server_config(verb_table: str, with_formgrader: bool, slow_verbs_importable: None) -> dict[str, Any]:
    extensions = {"hubgrade_ext": True, "nbgrader.server_extensions.formgrader": with_formgrader}
    return {
        "ServerApp": {"jpserver_extensions": extensions, "allow_unauthenticated_access": with_formgrader},
        "HubgradeExtension": {"verb_table": verb_table},
    }


@pytest.fixture
def api(jp_fetch: Callable[..., Awaitable[HTTPResponse]]) -> Callable[..., Awaitable[Reply]]:
    """Return a function that asks hubgrade's API; errors are replies too."""

    async def ask(method: str, path: str, body: object = None, **options: Any) -> Reply:
        parts = [p for p in path.split("/") if p]
        if method in ("POST", "PATCH"):
            options["body"] = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        options |= {"request_timeout": 60, "raise_error": False}
        response = await jp_fetch("hubgrade", "api", *parts, method=method, **options)
        content = json.loads(response.body) if response.body else None
        return Reply(response.code, content, dict(response.headers))

    return ask


@pytest.fixture
def open_course_key(api: Callable[..., Awaitable[Reply]]) -> Callable[[Path], Awaitable[str]]:
    """Return a function that adds a course folder and returns its key."""

    async def add(root: Path) -> str:
        reply = await api("POST", "/courses", {"root": str(root)})
        assert reply.status == 201, reply
        return str(reply.body["course_key"])

    return add


@pytest.fixture
def ended(api: Callable[..., Awaitable[Reply]]) -> Callable[..., Awaitable[Any]]:
    """Return a function that waits for a job's end and returns its detail."""

    async def wait(course_key: str, job_id: str, timeout_s: float = 90) -> Any:
        deadline = time.monotonic() + timeout_s
        while True:
            detail = (await api("GET", f"/courses/{course_key}/jobs/{job_id}")).body
            if detail["job"].get("ended_at"):
                return detail
            assert time.monotonic() < deadline, detail
            await asyncio.sleep(0.05)

    return wait
