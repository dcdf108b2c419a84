"""The whole cycle of course101: instructor and student each in Chromium and in a server of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.realhub.hub import API, RealHub
from tests.realhub.people import Person
from tests.realhub.site import Site
from tests.realhub.visiting import LOAD_MS, Visit
from tests.ui.driving import JOB_MS, choose, confirm, course_page, ended, next_step, open_panel, row_of, tab

SQUARES = """\
def squares(n):
    if n < 1:
        raise ValueError
    return [i * i for i in range(1, n + 1)]
"""
PAGE = "/lab?reset&hubgrade=assignments"


def cycle(hub: RealHub, site: Site, visit: Visit) -> None:
    """Take ps1 of course101 from its source to the feedback in ada's hands; ben only submits."""
    ines = visit.enter(hub, site.ines.name, f"/user/{site.ines.name}{PAGE}")
    widget = course_page(ines)
    table = widget.get_by_role("table", name="Assignments")
    next_step(table, "Generate", "ps1").click()
    expect(next_step(table, "Release", "ps1")).to_be_visible(timeout=JOB_MS)
    next_step(table, "Release", "ps1").click()
    ended(ines, "Release ps1: done")

    panel = submit_in_chromium(hub, site, visit)
    ben = hub.visitor(site.ben.name)
    for verb in ("fetch_assignment", "submit"):
        assert ben.do(ben.course_key("course101"), verb) == {"job": "done", "ps1": "done"}, ben.told

    widget.get_by_role("button", name="Refresh").click()
    next_step(widget, "Collect 2", "ps1").click()
    next_step(widget, "Autograde 2", "ps1").click(timeout=JOB_MS)
    ended(ines, "Autograde ps1: 2 done")
    submissions = tab(widget, "Submissions").get_by_role("table", name="Submissions of ps1")
    expect(row_of(submissions, site.ada.name)).to_contain_text(re.compile(r"[1-9][\d.]* / 13"))
    expect(row_of(submissions, site.ben.name)).to_contain_text("0 / 13")
    assignments = tab(widget, "Assignments")
    look_at_formgrader(hub, ines, assignments, visit)

    more = assignments.get_by_role("button", name="More for ps1")
    choose(ines, more, "Generate feedback for all 2…")
    confirm(ines, "Generate feedback · ps1", "Generate feedback 2")
    ended(ines, "Generate feedback ps1: 2 done")
    choose(ines, more, "Release feedback 2")
    confirm(ines, "Release feedback · ps1", "Release feedback 2")
    ended(ines, "Release feedback ps1: 2 done")

    read_feedback(site, visit, panel)


def submit_in_chromium(hub: RealHub, site: Site, visit: Visit) -> Locator:
    """As ada, whose server the hub starts now: fetch, answer, submit; return her panel."""
    page = visit.enter(hub, site.ada.name, f"/user/{site.ada.name}/lab?reset")
    panel = open_panel(page)
    panel.get_by_role("region", name="To fetch").get_by_role("button", name="Fetch ps1", exact=True).click()
    ended(page, "Fetch ps1: done")
    answer(site.ada.home / "course101" / "ps1" / "problem1.ipynb")
    panel.get_by_role("region", name="In work").get_by_role("button", name="Submit ps1", exact=True).click()
    ended(page, "Submit ps1: done")
    return panel


def answer(notebook: Path) -> None:
    """Write a right `squares` into the notebook, where it stays its owner's file."""
    content = json.loads(notebook.read_text())
    cell = next(cell for cell in content["cells"] if "def squares" in "".join(cell["source"]))
    cell["source"] = SQUARES
    notebook.write_text(json.dumps(content))


def look_at_formgrader(hub: RealHub, page: Page, assignments: Locator, visit: Visit) -> None:
    """formgrader opens as a page of its own; its links lead somewhere and its static files are there."""
    with page.expect_popup() as opened:
        next_step(assignments, "Grade 2 by hand", "ps1").click()
    formgrader = opened.value
    formgrader.wait_for_url("**/formgrader/gradebook/ps1")
    expect(formgrader.get_by_role("link", name="problem1")).to_be_visible()
    links = {link.get_attribute("href") for link in formgrader.get_by_role("link").all()}
    links = {link for link in links if link and link.startswith("/")}
    assert len(links) >= 5
    for link in links:
        assert formgrader.request.get(hub.origin + link).status == 200, link
    formgrader.get_by_role("link", name="problem1").click()
    formgrader.get_by_role("link", name="Submission #1").click()
    formgrader.wait_for_url("**/formgrader/submissions/**")
    expect(formgrader.get_by_text("Submission #1", exact=False).first).to_be_visible()
    expect(formgrader.get_by_role("textbox").first).to_be_visible()  # where a comment is written
    assert not [one for one in visit.missing if "/formgrader" in one or "/static/" in one]
    formgrader.close()


def read_feedback(site: Site, visit: Visit, panel: Locator) -> None:
    page = visit.pages[site.ada.name]
    panel.get_by_role("button", name="Refresh").click()
    panel.get_by_role("button", name="Fetch feedback on ps1").click()
    ended(page, "Fetch feedback ps1: done")
    (fetched,) = (site.ada.home / "course101" / "ps1" / "feedback").glob("*/problem1.html")
    assert fetched.owner() == site.ada.name


def check_borders(hub: RealHub, site: Site) -> None:
    """What ada, a student, must not reach: instructor routes, others' files, the course folder."""
    ada = hub.visitor(site.ada.name)
    course = f"{API}/courses/{ada.course_key('course101')}"
    for path in ("assignments", "students", "config", "formgrader", "assignments/ps1/submissions"):
        status, told = ada.ask("GET", f"{course}/{path}")
        assert (status, told["code"]) == (403, "forbidden"), path
    for verb in ("collect", "autograde", "release_assignment"):
        status, told = ada.ask("POST", f"{course}/jobs", {"verb": verb, "assignment_id": "ps1"})
        assert (status, told["code"]) == (403, "forbidden"), verb
    at_ines = hub.visitor(site.ada.name, f"/user/{site.ines.name}")
    for path in (f"{API}/session", "/formgrader", "/lab", "/api/contents"):
        status, told = at_ines.ask("GET", path)
        assert status == 403, (path, told)
    inbound = site.exchange / "course101" / "inbound"
    outbound = site.exchange / "course101" / "outbound" / "ps1"
    for test, path in (
        ("-x", site.course),
        ("-r", site.course / "gradebook.db"),
        ("-r", site.ben.home / "course101" / "ps1" / "problem1.ipynb"),
        ("-r", inbound),
        ("-w", outbound),
    ):
        assert path.exists(), path
        assert not site.ada.may(test, path), (test, path)
    assert site.ada.may("-r", outbound / "problem1.ipynb")


def may_rename(person: Person, folder: Path) -> bool:
    """Say whether somebody can take a folder away and put it back."""
    away = folder.with_name("away")
    if person.run("mv", folder, away).returncode:
        return False
    away.rename(folder)
    return True


def test_cycle_with_default_security(hub: RealHub, site: Site, visit: Visit) -> None:
    cycle(hub, site, visit)
    check_borders(hub, site)
    assert not may_rename(site.ada, site.exchange / "course101")
    for person in (site.ines, site.ada):  # nothing is called an error that is none
        visitor = hub.visitor(person.name)
        report = visitor.get(f"/courses/{visitor.course_key('course101')}/preflight")
        assert [one for one in report["findings"] if one["status"] == "error"] == []


def test_grader_at_a_service_in_chromium(hub: RealHub, site: Site, visit: Visit) -> None:
    gus = visit.enter(hub, site.gus.name, f"/services/course202{PAGE}")
    widget = course_page(gus)
    table = widget.get_by_role("table", name="Assignments")
    next_step(table, "Generate", "ps1").click()
    expect(next_step(table, "Release", "ps1")).to_be_visible(timeout=JOB_MS)
    assert (site.accounts["course202"].home / "course202" / "release" / "ps1").owner() != site.gus.name
    cy = visit.enter(hub, site.cy.name, f"/services/course202{PAGE}")
    expect(cy.get_by_role("heading", name="403")).to_be_visible(timeout=LOAD_MS)
