"""One click puts a submission right, another puts it back; what is copied of one that could not be graded."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.driving import choose, confirm, ended, open_lab, row_of, tab
from tests.ui.server import Server
from tests.ui.slow_course import collected

RENAMED = "problem1 (my solution).ipynb"
REPAIR = f"{RENAMED} is renamed to problem1.ipynb."
UNDONE = f"problem1.ipynb gets back its name {RENAMED}."


@pytest.fixture
def some_graded(server: Server) -> Server:
    """A server whose course has ps1 collected, and graded as far as two students' notebooks allow."""
    collected(server)
    key = server.course_key()
    students = ["noether", "tweakit"]
    server.job_ended(key, server.start_job(key, verb="autograde", assignment_id="ps1", students=students))
    return server


def notebooks(server: Server) -> set[str]:
    return {path.name for path in (server.course / "submitted" / "tweakit" / "ps1").glob("*.ipynb")}


def log_of(page: Page, row: Locator) -> Locator:
    """Open what happened to a submission, and show its log there."""
    choose(page, row.get_by_role("button", name="More for"), "What happened…")
    told = page.get_by_role("dialog")
    told.get_by_role("button", name="Show log").click()
    return told.get_by_label("Log")


def test_a_renamed_notebook_is_put_right_and_back_by_click(page: Page, some_graded: Server) -> None:
    server = some_graded
    widget = open_lab(page, server)
    row = row_of(tab(widget, "Submissions").get_by_role("table"), "tweakit")
    expect(row).to_contain_text("Notebook renamed")
    before = notebooks(server)
    assert RENAMED in before
    total = row.get_by_role("cell").filter(has_text="/ 13")
    score = total.inner_text()

    row.get_by_role("button", name=RENAMED).click()
    page.get_by_role("dialog").get_by_role("button", name="Repair…").click()
    asked = page.get_by_role("dialog", name="Repair · ps1")
    expect(asked).to_contain_text(f"tweakit: {REPAIR}")
    expect(asked).to_contain_text("it can be undone")
    assert notebooks(server) == before
    confirm(page, "Repair · ps1", "Repair and regrade 1")
    ended(page, "Repair ps1: done")
    expect(row).to_contain_text("Grade by hand")
    expect(total).not_to_have_text(score)
    assert notebooks(server) == {"problem1.ipynb", "problem2.ipynb"}
    log = log_of(page, row)
    expect(log).to_contain_text(f"[tweakit] done: graded. {REPAIR}")
    page.get_by_role("button", name="Close").click()

    choose(page, row.get_by_role("button", name="More for"), "Undo repair…")
    expect(page.get_by_role("dialog", name="Undo repair · ps1")).to_contain_text(
        "put back as it was collected"
    )
    confirm(page, "Undo repair · ps1", "Put back and regrade 1")
    ended(page, "Undo repair ps1: done")
    expect(row).to_contain_text("Notebook renamed")
    expect(total).to_have_text(score)
    assert notebooks(server) == before
    expect(log_of(page, row)).to_contain_text(UNDONE)


def test_the_report_of_a_failure_is_copied(page: Page, some_graded: Server) -> None:
    widget = open_lab(page, some_graded)
    row = row_of(tab(widget, "Submissions").get_by_role("table"), "noether")
    expect(log_of(page, row)).to_contain_text("[noether] failed: notebook_unreadable.")
    page.get_by_role("dialog").get_by_role("button", name="Copy report").click()
    ended(page, "Report copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("hubgrade ")
    assert "\ncode: notebook_unreadable\n" in copied
    assert "message: problem1.ipynb cannot be read" in copied
    assert "remedy: Ask the student to submit it again." in copied
    assert "[noether] failed: notebook_unreadable." in copied
