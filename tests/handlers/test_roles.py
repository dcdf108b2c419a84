"""Every endpoint for a student: a real server that runs as another user of the machine."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from server_process import Server

from hubgrade_ext.core.models import InstructorVerb, StudentVerb
from hubgrade_ext.handlers.endpoints import ENDPOINTS

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a server as another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp(prefix="hubgrade-roles-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def student(place: Path, make_course: Callable[..., Path]) -> Iterator[Server]:
    """A server of user `nobody`, who has an instructor's course in her list and may only read it."""
    root = shutil.copytree(make_course(), place / "course101")
    exchange = place / "exchange"
    exchange.mkdir()
    exchange.chmod(0o1777)
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'course101'\n"
        f"c.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(place / '.home' / 'cache')!r}\n"
    )
    data = place / ".home" / "data" / "hubgrade"
    data.mkdir(parents=True)
    (data / "courses.json").write_text(json.dumps({"courses": [{"root": str(root)}]}))
    for path in (place, place / ".home", place / ".home" / "data", data):
        os.chown(path, NOBODY, NOBODY)
    server = Server(place, user=NOBODY)
    yield server
    server.stop()


def test_every_endpoint_for_a_student(student: Server) -> None:
    session = student.ask("GET", "/session")[1]
    assert [(c["roles"], c["root"]) for c in session["courses"]] == [(["student"], None)]
    key = session["courses"][0]["course_key"]
    parts = {"course_key": key, "assignment_id": "ps1", "job_id": "none", "fix_id": "coursedir.leak"}
    seen = set()
    for endpoint in [e for e in ENDPOINTS if e.role == "instructor"]:
        status, body = student.ask(
            endpoint.method, endpoint.path.format(**parts), {"assignment_id": "x"} if endpoint.body else None
        )
        assert (status, body["code"]) == (403, "forbidden"), endpoint.operation
        assert body["remedy"]
        seen.add(endpoint.operation)
    assert len(seen) >= 8
    for verb in get_args(InstructorVerb):
        request = {"verb": verb, "assignment_id": "ps1"}
        for path in ("jobs", "plan"):
            status, body = student.ask("POST", f"/courses/{key}/{path}", request)
            assert (status, body["code"]) == (403, "forbidden"), (verb, path)
    for verb in get_args(StudentVerb):
        status, body = student.ask("POST", f"/courses/{key}/plan", {"verb": verb, "assignment_id": "ps1"})
        assert status == 200, (verb, body)
    for path in ("student", "jobs", "preflight"):
        status, body = student.ask("GET", f"/courses/{key}/{path}")
        assert status == 200, body


def test_student_can_neither_open_nor_create_in_the_course(student: Server, place: Path) -> None:
    status, body = student.ask("POST", "/courses", {"root": "course101"})
    assert (status, body["code"]) == (403, "forbidden")
    status, body = student.ask("POST", "/courses/new", {"root": "course101/mine", "course_id": "mine"})
    assert status in (403, 409, 422), body
    assert not (place / "course101" / "mine").exists()
    assert not (place / "course101" / ".hubgrade").exists()


def test_students_job_is_kept_in_her_own_folder(student: Server, place: Path) -> None:
    key = student.ask("GET", "/session")[1]["courses"][0]["course_key"]
    status, job = student.ask("POST", f"/courses/{key}/jobs", {"verb": "submit", "assignment_id": "ps1"})
    assert status == 202, job
    assert (place / ".home" / "data" / "hubgrade" / key / "journal.db").exists()
    assert student.ask("GET", f"/courses/{key}/jobs")[1]["jobs"][0]["job_id"] == job["job_id"]
