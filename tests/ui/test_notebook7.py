"""The cycle's essentials in Notebook 7: the course page as a tab of the file page, and the way there."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.ui.driving import choose, course_page, ended, folders, row_of, tab
from tests.ui.server import Server


def test_collect_and_autograde_one_student_from_the_file_page(page: Page, server: Server) -> None:
    page.goto(server.page_url("tree"))
    page.get_by_role("menuitem", name="Hubgrade", exact=True).click()
    page.get_by_role("menuitem", name="Open course page").click()
    widget = course_page(page)
    expect(page.get_by_role("tab", name="Course", exact=True)).to_have_attribute("aria-selected", "true")

    submissions = tab(widget, "Submissions")
    submissions.get_by_role("combobox", name="Assignment").select_option("ps1")
    table = submissions.get_by_role("table", name="Submissions of ps1")
    more = table.get_by_role("button", name="More for hacker")
    choose(page, more, "Collect")
    expect(row_of(table, "hacker")).to_contain_text("To autograde", timeout=60_000)
    choose(page, more, "Autograde")
    ended(page, "Autograde ps1: done")
    expect(row_of(table, "hacker")).to_contain_text("/ 13")
    assert folders(server.course / "autograded") == {"hacker"}


def test_a_notebook_leads_to_the_course_page(page: Page, server: Server) -> None:
    page.goto(server.page_url("notebooks/course101/source/ps2/vowels.ipynb"))
    button = page.get_by_role("button", name="Show the assignments, submissions and jobs of a course")
    with page.expect_popup() as opened:
        button.click()
    widget = course_page(opened.value)
    expect(widget.get_by_role("rowheader", name="ps2")).to_be_visible()
    opened.value.close()

    page.get_by_role("menuitem", name="Hubgrade", exact=True).click()
    with page.expect_popup() as opened:
        page.get_by_role("menuitem", name="Show history").click()
    widget = course_page(opened.value)
    expect(widget.get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")
