"""What becomes of jobs when the server stops or is killed, and what hubgrade costs its start."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server_process import Server, gone

ITEMS = 40


def started(server: Server) -> tuple[str, str]:
    """Open the course, start a job, wait until some items are done; return the paths of course and job."""
    status, course = server.ask("POST", "/courses", {"root": "course101"})
    assert status == 201, course
    course_path = f"/courses/{course['course_key']}"
    status, job = server.ask(
        "POST", f"{course_path}/jobs", {"verb": "collect", "assignment_id": f"{ITEMS}x0.1 detached"}
    )
    assert status == 202, job
    job_path = f"{course_path}/jobs/{job['job_id']}"
    until(server, job_path, lambda detail: detail["job"]["done"] >= 3)
    return course_path, job_path


def until(server: Server, path: str, holds: Callable[[Any], bool], timeout_s: float = 60) -> Any:
    deadline = time.monotonic() + timeout_s
    while True:
        detail = server.ask("GET", path)[1]
        if holds(detail):
            return detail
        assert time.monotonic() < deadline, detail
        time.sleep(0.05)


def has_ended(detail: Any) -> bool:
    return bool(detail["job"].get("ended_at"))


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_server_ends_in_the_middle_of_a_job(course_dir: Path, tmp_path: Path, how: str) -> None:
    first = Server(tmp_path)
    try:
        _, job_path = started(first)
        family = first.family()
        # the zygote, the worker and what the worker detached
        assert len(family) >= 3
    finally:
        first.kill() if how == "killed" else first.stop()
    assert gone(family)
    lines = Counter((course_dir / "done.txt").read_text().splitlines())
    assert len(lines) < ITEMS
    second = Server(tmp_path)
    try:
        # the second one found the course in the list and resumed by itself
        detail = until(second, job_path, has_ended)
    finally:
        second.stop()
    assert (detail["job"]["state"], detail["job"]["attempt"], detail["job"]["done"]) == ("done", 2, ITEMS)
    assert len(detail["results"]) == ITEMS
    lines = Counter((course_dir / "done.txt").read_text().splitlines())
    # killed between an item's end and its line in the journal, that one item may be done again
    assert len(lines) == ITEMS
    assert sum(lines.values()) <= ITEMS + (how == "killed")


def test_start_is_not_delayed(tmp_path: Path) -> None:
    """Measure all that the server does for the extension before it listens, with its imports."""
    code = """
import sys, time, json, asyncio
from jupyter_server.serverapp import ServerApp
from jupyter_server.extension.manager import ExtensionManager as Manager
took = {}
def timed(call):
    def wrapper(self, name, *a, **k):
        began = time.perf_counter()
        try:
            return call(self, name, *a, **k)
        finally:
            took[name] = took.get(name, 0) + time.perf_counter() - began
    return wrapper
for step in ("add_extension", "link_extension", "load_extension"):
    setattr(Manager, step, timed(getattr(Manager, step)))
async def main():
    app = ServerApp.instance(root_dir=sys.argv[1], open_browser=False, allow_root=True, port=0)
    app.initialize(argv=["--ServerApp.jpserver_extensions={'hubgrade_ext': True}"], new_httpserver=False)
    print(json.dumps(took["hubgrade_ext"]))
asyncio.run(main())
"""
    results = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
    # the best of three: the machine may be busy with something else
    sys.stdout.write(f"hubgrade_ext adds {min(results):.3f} s to the server's start\n")
    assert min(results) < 0.15, results
