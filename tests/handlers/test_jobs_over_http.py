"""Jobs through the user's door: events, other requests meanwhile, errors, the cycle of a course."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.app import ACTIVITY, JOB_SCHEMA_ID

Ask = Callable[..., Awaitable[Any]]
SLOW = "slow_verbs:VERBS"


def slowly(shape: str) -> dict[str, str]:
    return {"verb": "collect", "assignment_id": shape}


@pytest.fixture
def verb_table(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", SLOW))


async def test_events_are_counts_only(
    api: Ask, jp_ws_fetch: Ask, course_dir: Path, open_course_key: Ask
) -> None:
    key = await open_course_key(course_dir)
    socket = await jp_ws_fetch("api", "events", "subscribe")
    job = (await api("POST", f"/courses/{key}/jobs", slowly("10x0.1 failing"))).body
    events = []
    while not events or events[-1]["state"] != "done":
        event = json.loads(await asyncio.wait_for(socket.read_message(), 20))
        if event["schema_id"] == JOB_SCHEMA_ID:
            events.append(event)
    socket.close()
    allowed = {"course_key", "job_id", "seq", "state", "done", "total", "failed"}
    assert {name for e in events for name in e if not name.startswith("__")} == allowed | {"schema_id"}
    assert {(e["course_key"], e["job_id"]) for e in events} == {(key, job["job_id"])}
    assert [e["seq"] for e in events] == sorted({e["seq"] for e in events})
    assert (events[-1]["done"], events[-1]["failed"]) == (10, 1)
    assert 3 < len(events) < 15


async def test_server_answers_quickly_and_looks_busy_meanwhile(
    api: Ask, jp_fetch: Ask, jp_serverapp: Any, course_dir: Path, open_course_key: Ask, ended: Ask
) -> None:
    key = await open_course_key(course_dir)
    job = (await api("POST", f"/courses/{key}/jobs", slowly("300x0.01"))).body
    waits, seen = [], set()
    for _ in range(60):
        began = time.monotonic()
        await jp_fetch("api", "status")
        waits.append(time.monotonic() - began)
        seen.add(jp_serverapp.web_app.settings.get(ACTIVITY))
        await asyncio.sleep(0.05)
    assert max(waits) < 0.5
    assert sorted(waits)[-3] < 0.25
    assert len(seen - {None}) >= 2
    assert jp_serverapp.web_app.last_activity() >= max(seen - {None})
    assert (await ended(key, job["job_id"]))["job"]["done"] == 300


async def test_submitting_is_quick_and_bounded(
    api: Ask, course_dir: Path, open_course_key: Ask, jp_serverapp: Any
) -> None:
    key = await open_course_key(course_dir)
    first = (await api("POST", f"/courses/{key}/jobs", slowly("500x0.1"))).body
    for _ in range(50):
        began = time.monotonic()
        assert (await api("POST", f"/courses/{key}/jobs", slowly("1x0"))).status == 202
        assert time.monotonic() - began < 1
    await asyncio.sleep(0.1)
    one_too_many = await api("POST", f"/courses/{key}/jobs", slowly("1x0"))
    if one_too_many.status == 202:  # the first had not begun when the others came
        one_too_many = await api("POST", f"/courses/{key}/jobs", slowly("1x0"))
    assert (one_too_many.status, one_too_many.body["code"]) == (503, "busy")
    assert (await api("POST", f"/courses/{key}/jobs/{first['job_id']}/cancel")).status == 200


async def test_two_courses_never_mix(
    api: Ask, make_course: Callable[..., Path], open_course_key: Ask, ended: Ask
) -> None:
    roots = [make_course("course101"), make_course("course102")]
    keys = [await open_course_key(root) for root in roots]
    jobs = []
    for turn in range(3):
        for key in keys:
            jobs.append((key, (await api("POST", f"/courses/{key}/jobs", slowly(f"{turn + 1}x0.05"))).body))
    for key, job in jobs:
        assert (await ended(key, job["job_id"]))["job"]["course_key"] == key
    for root, key in zip(roots, keys, strict=True):
        assert len((root / "done.txt").read_text().splitlines()) == 6
        listed = (await api("GET", f"/courses/{key}/jobs")).body["jobs"]
        assert {j["job_id"] for j in listed} == {j["job_id"] for k, j in jobs if k == key}
    stranger = await api("GET", f"/courses/{keys[0]}/jobs/{jobs[1][1]['job_id']}")
    assert (stranger.status, stranger.body["code"]) == (404, "job_not_found")


async def test_broken_configuration_is_said_and_mended(
    api: Ask, course_dir: Path, open_course_key: Ask
) -> None:
    key = await open_course_key(course_dir)
    config = course_dir / "nbgrader_config.py"
    good = config.read_text()
    config.write_text(good + "\nc.CourseDirectory.course_id = (\n")
    course = next(c for c in (await api("GET", "/session")).body["courses"] if c["course_key"] == key)
    assert course["problem"]["code"] == "config_broken"
    refused = await api("GET", f"/courses/{key}/assignments")
    assert (refused.status, refused.body["code"]) == (422, "config_broken")
    assert "nbgrader_config.py" in refused.body["message"]
    page = await api("GET", f"/courses/{key}/config")
    assert page.status == 200
    assert any(f["error"] for f in page.body["files"])
    report = await api("GET", f"/courses/{key}/preflight")
    assert report.status == 200
    assert report.body["errors"] >= 1
    config.write_text(good.replace("course101", "renamed"))
    assert (await api("GET", f"/courses/{key}/config")).body["course"]["course_id"] == "renamed"


async def test_unexpected_error_has_a_report_and_no_traceback(
    api: Ask, course_dir: Path, open_course_key: Ask, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    from hubgrade_ext.jobs.journal import Journal

    key = await open_course_key(course_dir)

    def fail(journal: Journal) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(Journal, "list", fail)
    reply = await api("GET", f"/courses/{key}/jobs")
    assert (reply.status, reply.body["code"]) == (500, "internal_error")
    assert "secret detail" not in json.dumps(reply.body)
    assert reply.body["report"] in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("verb_table", ["hubgrade_ext.actions.verbs:VERBS"], indirect=True)
async def test_cycle_of_a_course(
    api: Ask,
    course_dir: Path,
    open_course_key: Ask,
    ended: Ask,
    submit_as: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Generate, release, collect, autograde, feedback: with a whole, a damaged and a missing notebook."""
    key = await open_course_key(course_dir)

    async def do(verb: str, **fields: object) -> Any:
        reply = await api("POST", f"/courses/{key}/jobs", {"verb": verb, "assignment_id": "ps1", **fields})
        assert reply.status == 202, reply
        return await ended(key, reply.body["job_id"], 120)

    async def row() -> Any:
        page = (await api("GET", f"/courses/{key}/assignments")).body
        return next(r for r in page["assignments"] if r["assignment_id"] == "ps1")

    assert (await row())["next_step"]["step"] == "generate_assignment"
    assert (await do("generate_assignment"))["job"]["failed"] == 0
    assert (await row())["next_step"]["step"] == "release_assignment"
    assert (await do("release_assignment"))["job"]["failed"] == 0
    submit_as("anna", course_dir / "release" / "ps1")
    damaged = tmp_path / "damaged"
    shutil.copytree(course_dir / "release" / "ps1", damaged)
    (damaged / "problem1.ipynb").write_text("{")
    submit_as("bo", damaged)
    collected = await do("collect")
    assert (collected["job"]["done"], collected["job"]["failed"]) == (2, 0)
    assert (await row())["next_step"] == {"step": "autograde", "count": 2}
    graded = await do("autograde")
    assert (graded["job"]["state"], graded["job"]["done"], graded["job"]["failed"]) == ("done", 2, 1)
    page = (await api("GET", f"/courses/{key}/assignments/ps1/submissions")).body
    by_student = {s["student_id"]: s for s in page["submissions"]}
    assert by_student["bo"]["outcome"]["state"] == "failed"
    assert by_student["bo"]["outcome"]["message"]
    assert by_student["bo"]["outcome"]["remedy"]
    assert by_student["anna"]["autograded"] == "current"
    assert (await row())["autograded"]["failed"] == 1
    # a cell of hers waits for a person: chosen by name she gets her feedback all the same
    for verb in ("generate_feedback", "release_feedback"):
        detail = await do(verb, students=["anna"])
        assert [(r["item"], r["state"]) for r in detail["results"]] == [("anna", "done")], detail
    assert (await row())["feedback_released"]["done"] == 1
