"""Every endpoint × {no token, bad body, fine}, and that the table and the routes agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tornado.web import RequestHandler

from hubgrade_ext.core.models import ErrorBody
from hubgrade_ext.handlers.endpoints import API, ENDPOINTS, Endpoint
from hubgrade_ext.handlers.openapi import describe
from hubgrade_ext.handlers.routes import ROUTES

Ask = Callable[..., Awaitable[Any]]


def path_of(endpoint: Endpoint, course_key: str, job_id: str = "none") -> str:
    return endpoint.path.format(
        course_key=course_key, assignment_id="ps1", job_id=job_id, fix_id="coursedir.leak"
    )


def test_endpoints_and_routes_agree() -> None:
    routes = dict(ROUTES)
    assert len(routes) == len(ROUTES)
    assert {e.path for e in ENDPOINTS} == set(routes)
    for path, handler in ROUTES:
        methods = {e.method for e in ENDPOINTS if e.path == path}
        for method in ("GET", "POST", "PATCH", "DELETE", "PUT"):
            verb = getattr(handler, method.lower())
            bound = verb is not getattr(RequestHandler, method.lower())
            assert bound == (method in methods), (path, method)


def test_description_covers_every_endpoint() -> None:
    paths = describe("1.0")["paths"]
    assert {(m.upper(), p.removeprefix(API)) for p, ms in paths.items() for m in ms} == {
        (e.method, e.path) for e in ENDPOINTS
    }


async def test_nobody_without_a_token(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    for endpoint in ENDPOINTS:
        reply = await api(endpoint.method, path_of(endpoint, key), headers={"Authorization": "token wrong"})
        assert reply.status == 403, endpoint.operation
        assert msgspec.convert(reply.body, ErrorBody).message


async def test_a_page_of_another_site_changes_nothing(
    jp_serverapp: Any, http_server_client: Any, jp_base_url: str, course_dir: Path
) -> None:
    """A browser sends its cookies for any site; hubgrade's own pages send a header as well."""
    token = jp_serverapp.identity_provider.token

    async def ask(path: str, **options: Any) -> Any:
        return await http_server_client.fetch(
            jp_base_url + path, raise_error=False, follow_redirects=False, **options
        )

    cookies = SimpleCookie()
    for page in ("login", f"login?token={token}"):
        for line in (await ask(page)).headers.get_list("Set-Cookie"):
            cookies.load(line)
    browser = {"Cookie": "; ".join(f"{name}={one.value}" for name, one in cookies.items())}
    post = {"method": "POST", "body": json.dumps({"root": str(course_dir)})}
    refused = await ask("hubgrade/api/courses", headers=browser, **post)
    assert refused.code == 403
    assert msgspec.json.decode(refused.body, type=ErrorBody).code == "forbidden"
    accepted = await ask(
        "hubgrade/api/courses", headers={**browser, "X-XSRFToken": cookies["_xsrf"].value}, **post
    )
    assert accepted.code == 201
    for answer in (refused, accepted, await ask("hubgrade/api/session", headers=browser)):
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'none'" in policy


async def test_bad_body(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    bodies = [b"{", b"\xff\xfe", b"[]", b'{"unknown": 1}', b'{"verb": "rm"}', b"null"]
    for endpoint, body in product([e for e in ENDPOINTS if e.body], bodies):
        reply = await api(endpoint.method, path_of(endpoint, key), body)
        error = msgspec.convert(reply.body, ErrorBody)
        assert (reply.status, error.code) == (400, "invalid_request"), endpoint.operation
        assert error.message
        assert error.remedy


async def test_what_destroys_wants_the_name(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    for confirm in ("", "ps2"):
        request = {"verb": "unrelease", "assignment_id": "ps1", "confirm": confirm}
        reply = await api("POST", f"/courses/{key}/jobs", request)
        assert (reply.status, reply.body["code"]) == (409, "confirmation_required")


async def test_unknown_course_and_job(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    for endpoint in [e for e in ENDPOINTS if "{course_key}" in e.path and not e.body]:
        reply = await api(endpoint.method, path_of(endpoint, "0123456789abcdef"))
        assert (reply.status, reply.body["code"]) == (404, "course_not_found"), endpoint.operation
    for endpoint in [e for e in ENDPOINTS if "{job_id}" in e.path]:
        reply = await api(endpoint.method, path_of(endpoint, key))
        assert (reply.status, reply.body["code"]) == (404, "job_not_found"), endpoint.operation
    refused = await api("DELETE", "/session")
    assert (refused.status, refused.body["code"]) == (405, "invalid_request")


async def test_hostile_names(api: Ask, course_dir: Path, open_course_key: Ask) -> None:
    key = await open_course_key(course_dir)
    for name in ("../../etc", "..", "a/b", ".hidden", "ps1*", "x" * 300, "", "a\x00b"):
        job = await api("POST", f"/courses/{key}/jobs", {"verb": "collect", "assignment_id": name})
        assert (job.status, job.body["code"]) == (400, "invalid_name"), name
        student = {"verb": "collect", "assignment_id": "ps1", "students": [name]}
        assert (await api("POST", f"/courses/{key}/jobs", student)).status == 400, name
        created = await api("POST", f"/courses/{key}/assignments", {"assignment_id": name})
        assert (created.status, created.body["code"]) == (400, "invalid_name"), name
    assert not (course_dir / ".hubgrade" / "journal.db").exists()


async def test_folders_that_cannot_be(api: Ask) -> None:
    for root, status in (("~nobody_at_all/x", 404), ("x" * 300, 404), ("x" * 5000, 400), ("a\x00b", 400)):
        opened = await api("POST", "/courses", {"root": root})
        assert (opened.status, bool(opened.body["remedy"])) == (status, True), root


@pytest.mark.parametrize("with_formgrader", [True])
async def test_all_is_fine(
    api: Ask, course_dir: Path, jp_base_url: str, ended: Ask, make_course: Callable[..., Path]
) -> None:
    """Call every operation once with success; the last lines see that none was left out."""
    called: set[str] = set()

    async def call(operation: str, body: object = None, query: Any = None, **parts: str) -> Any:
        endpoint = next(e for e in ENDPOINTS if e.operation == operation)
        called.add(operation)
        options = {"params": query} if query else {}
        reply = await api(endpoint.method, endpoint.path.format(**parts), body, **options)
        assert reply.status == endpoint.status, (operation, reply.body)
        if endpoint.answer:
            msgspec.convert(reply.body, endpoint.answer)
        if endpoint.status in (201, 202):
            assert re.match(re.escape(jp_base_url) + "hubgrade/api/courses/", reply.headers["Location"])
        return reply.body

    made = await call("create_course", {"root": "New one", "course_id": "new-one"})
    assert (made["server_path"], made["roles"]) == ("New one", ["instructor", "student"])
    await call("forget_course", course_key=made["course_key"])
    key = {"course_key": (await call("open_course", {"root": "course101"}))["course_key"]}
    session = await call("get_session")
    assert [c["course_id"] for c in session["courses"]] == ["course101"]
    assert session["username"]
    await call("get_config", **key)
    quick = await call("get_preflight", query={"slow": "0"}, **key)
    whole = await call("get_preflight", **key)
    status = [{f["check_id"]: f["status"] for f in report["findings"]} for report in (quick, whole)]
    assert [s["kernel.missing"] for s in status] == ["running", "ok"]
    assert "running" not in status[1].values()
    # what only this server knows
    assert [status[1][i] for i in ("serverext.enabled", "formgrader.serves", "server.cwd")] == ["ok"] * 3
    course_dir.chmod(0o755)
    leak = {**key, "fix_id": "coursedir.leak"}
    shown = await call("plan_fix", **leak)
    fixed = await call("apply_fix", {"digest": shown["digest"]}, **leak)
    assert course_dir.stat().st_mode & 0o777 == 0o750
    await call("undo_fix", {"record_id": fixed["record_id"]}, **key)
    assert course_dir.stat().st_mode & 0o777 == 0o755
    assert [f["fix_id"] for f in (await call("list_fixes", **key))["fixes"]] == ["coursedir.leak"]
    assert (await call("create_assignment", {"assignment_id": "Übung 3"}, **key))[
        "assignment_id"
    ] == "Übung 3"
    ps1 = {**key, "assignment_id": "ps1"}
    generate = {"verb": "generate_assignment", "assignment_id": "ps1"}
    assert (await call("plan_job", generate, **key))["total"] == 1
    job = await call("create_job", generate, **key)
    detail = await ended(key["course_key"], job["job_id"])
    assert detail["job"]["state"] == "done"
    assert [(r["item"], r["state"]) for r in detail["results"]] == [("ps1", "done")]
    row = await call("edit_assignment", {"due_date": "2030-01-02T03:04:00+01:00"}, **ps1)
    assert row["due_date"] == "2030-01-02T02:04:00Z"
    rows = (await call("list_assignments", **key))["assignments"]
    assert {r["assignment_id"]: r["generated"]["state"] for r in rows} == {
        "ps1": "current",
        "Übung 3": "none",
    }
    preview = await call("preview_assignment", **ps1)
    assert [n["server_path"] for n in preview["notebooks"]] == [
        "course101/release/ps1/problem1.ipynb",
        "course101/release/ps1/problem2.ipynb",
    ]
    assert (await call("list_submissions", **ps1))["submissions"] == []
    assert (await call("list_students", **key))["students"] == []
    assert (await call("get_student_page", **key))["assignments"] == []
    link = await call("get_formgrader", query={"assignment_id": "ps1", "notebook_id": "problem1"}, **key)
    assert link["problem"] is None
    assert [j["job_id"] for j in (await call("list_jobs", **key))["jobs"]] == [job["job_id"]]
    one = {**key, "job_id": job["job_id"]}
    await call("get_job", **one)
    assert "generate_assignment ps1" in (await call("get_job_log", query={"offset": "0"}, **one))["text"]
    running = await call("create_job", generate, **key)
    await call("cancel_job", course_key=key["course_key"], job_id=running["job_id"])
    assert (await ended(key["course_key"], running["job_id"]))["job"]["state"] == "cancelled"
    again = await call("retry_job", course_key=key["course_key"], job_id=running["job_id"])
    assert (await ended(key["course_key"], again["job_id"]))["job"]["state"] == "done"
    assert called == {e.operation for e in ENDPOINTS}


def test_server_never_imports_nbgrader_for_a_page() -> None:
    code = (
        "import sys, hubgrade_ext.app, hubgrade_ext.handlers.routes\n"
        "from hubgrade_ext.jobs.call_table import resolve\n"
        "pages = 'assignments_page submissions_page students_page one_assignment plan student_assignments'\n"
        "[resolve(name) for name in pages.split()]\n"
        "sys.exit('nbgrader' in sys.modules or 'nbconvert' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
