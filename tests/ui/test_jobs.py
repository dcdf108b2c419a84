"""Jobs as a person meets them: cancelled, looked at again after a reload, cut short by the server's end."""

from __future__ import annotations

import re
import signal
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.driving import ended, folders, next_step, open_lab, open_panel, row_of, tab
from tests.ui.server import Server
from tests.ui.slow_course import collected, slow_down

GRADED = re.compile(r"^([4-9]|10) of 11$")  # two fail at once, so two or more are graded

TIME_LEFT = re.compile(r"a few seconds left|about \d+ (s|min) left")


@pytest.fixture
def slow_server(server: Server) -> Server:
    """A server whose course has ps1 collected; five submissions take some seconds to grade."""
    slow_down(server, 12)
    collected(server)
    return server


def running(place: Locator) -> Locator:
    return place.get_by_role("region", name="Running")


def newest_job(server: Server) -> dict[str, object]:
    jobs = server.ask(f"hubgrade/api/courses/{server.course_key()}/jobs")["jobs"]
    return dict(jobs[0])


def written(server: Server) -> dict[str, int]:
    """Return when each student's autograded folder was put into place, in ns."""
    return {
        folder.parent.name: folder.stat().st_ctime_ns
        for folder in (server.course / "autograded").glob("[!.]*/ps1")
    }


def test_a_running_autograde_is_cancelled_within_five_seconds(page: Page, slow_server: Server) -> None:
    widget = open_lab(page, slow_server)
    next_step(widget, "Autograde 11", "ps1").click()
    job = running(widget)
    expect(job.get_by_text(GRADED)).to_be_visible(timeout=60_000)
    expect(job).to_contain_text(TIME_LEFT)
    job.get_by_role("button", name="Cancel Autograde ps1").click()
    asked = page.get_by_role("dialog", name="Stop Autograde ps1?")
    expect(asked).to_contain_text("get 2 s to finish, then they are cut")
    expect(asked).to_contain_text("those that wait are skipped")
    begun = time.monotonic()
    asked.get_by_role("button", name="Stop the job").click()
    ended(page, re.compile(r"Autograde ps1: cancelled after \d+ of 11"))
    assert time.monotonic() - begun < 5

    told = newest_job(slow_server)
    assert told["state"] == "cancelled"
    detail = slow_server.job(slow_server.course_key(), str(told["job_id"]))
    results = {result["item"]: result for result in detail["results"]}
    assert set(results) == folders(slow_server.course / "submitted")
    graded = {item for item, result in results.items() if result["state"] == "done"}
    left = {item for item, result in results.items() if result["code"] == "cancelled"}
    assert graded
    assert graded == folders(slow_server.course / "autograded")
    assert left == set(results) - graded - {"fect", "noether"}
    history = tab(widget, "History")
    entry = history.get_by_role("listitem").filter(has_text="Autograde ps1").first
    expect(entry).to_contain_text("Cancelled")
    entry.get_by_role("button", name="Autograde ps1").click()
    expect(entry).to_contain_text(f"{len(left)} were not done any more, and remain")
    submissions = tab(widget, "Submissions").get_by_role("table")
    expect(row_of(submissions, min(left))).to_contain_text("Cancelled")
    # what failed is tried again with them
    expect(next_step(tab(widget, "Assignments"), f"Autograde {len(left) + 2}", "ps1")).to_be_visible()


def test_a_page_reloaded_during_a_job_shows_it_again_and_its_end(page: Page, slow_server: Server) -> None:
    widget = open_lab(page, slow_server)
    next_step(widget, "Autograde 11", "ps1").click()
    expect(running(widget).get_by_text(GRADED)).to_be_visible(timeout=60_000)

    page.goto(slow_server.page_url("lab"))
    widget = page.locator("#hubgrade-course-page")
    expect(running(widget).get_by_text(GRADED)).to_be_visible()
    panel = open_panel(page)
    expect(running(panel).get_by_text(GRADED)).to_be_visible()
    ended(page, "Autograde ps1: 9 done, 2 failed")
    expect(running(widget)).to_be_hidden()

    history = tab(widget, "History")
    entry = history.get_by_role("listitem").filter(has_text="Autograde ps1").first
    expect(entry).to_contain_text("9 done, 2 failed")
    entry.get_by_role("button", name="Autograde ps1").click()
    # one of the nine has a renamed notebook, and so a remark
    expect(entry.get_by_text("8 went well")).to_be_visible()
    expect(entry.get_by_role("listitem").filter(has_text="tweakit")).to_contain_text("was not handed in")
    expect(entry.get_by_label("Log")).to_contain_text("fect")


def test_a_job_goes_on_after_the_server_was_killed(page: Page, slow_server: Server) -> None:
    widget = open_lab(page, slow_server)
    next_step(widget, "Autograde 11", "ps1").click()
    expect(running(widget).get_by_text(GRADED)).to_be_visible(timeout=60_000)
    told = newest_job(slow_server)
    slow_server.stop(signal.SIGKILL)
    before = written(slow_server)
    assert before
    slow_server.start()

    # the page is not touched: it finds the server and the job by itself
    ended(page, "Autograde ps1: 9 done, 2 failed")
    expect(running(widget)).to_be_hidden()
    detail = slow_server.job(slow_server.course_key(), str(told["job_id"]))
    assert detail["job"]["state"] == "done"
    assert detail["job"]["attempt"] == 2
    items = [result["item"] for result in detail["results"]]
    assert len(items) == len(set(items)) == 11
    after = written(slow_server)
    assert len(after) == 9
    # what was graded before was not graded again
    assert before.items() <= after.items()
