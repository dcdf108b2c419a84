"""Pages of a course whose exchange is not nbgrader's: computed in a worker, which may import the plug-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any


async def test_pages_come_from_the_plug_in(
    api: Callable[..., Awaitable[Any]],
    open_course_key: Callable[[Path], Awaitable[str]],
    make_course: Callable[..., Path],
    tmp_path: Path,
) -> None:
    drawer = tmp_path / "drawer"
    drawer.mkdir()
    classes = {"exchange": "Drawer", "list": "List", "submit": "Submit", "fetch_assignment": "Fetch"}
    lines = [f"c.ExchangeFactory.{k} = 'tests.exchange.drawer_exchange.{v}'" for k, v in classes.items()]
    root = make_course(config="\n".join([*lines, f"c.Drawer.drawer = {str(drawer)!r}"]))
    key = await open_course_key(root)
    assert (await api("GET", f"/courses/{key}/student")).body["assignments"] == []
    (drawer / "released~course101~ps9").write_bytes(b"")
    reply = await api("GET", f"/courses/{key}/student")
    assert reply.status == 200, reply
    assert [(a["assignment_id"], a["state"]) for a in reply.body["assignments"]] == [("ps9", "released")]
    rows = (await api("GET", f"/courses/{key}/assignments")).body["assignments"]
    assert "ps1" in [row["assignment_id"] for row in rows]
    edited = await api("PATCH", f"/courses/{key}/assignments/ps1", {"due_date": "2030-01-02T03:04:00Z"})
    assert (edited.status, edited.body["due_date"]) == (200, "2030-01-02T03:04:00Z")
