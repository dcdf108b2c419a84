"""An instructor's whole cycle on the demo course, from JupyterLab: what the page shows is what is on disk."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.ui.driving import (
    choose,
    confirm,
    ended,
    folders,
    next_step,
    open_lab,
    open_panel,
    row_of,
    rows_in,
    tab,
)
from tests.ui.server import Server

SCORES = """
select student.id,
  round(sum(coalesce(grade.manual_score, grade.auto_score, 0) + coalesce(grade.extra_credit, 0)), 2)
from submitted_assignment
join assignment on assignment.id = submitted_assignment.assignment_id
join student on student.id = submitted_assignment.student_id
join submitted_notebook on submitted_notebook.assignment_id = submitted_assignment.id
join grade on grade.notebook_id = submitted_notebook.id
where assignment.name = ? group by student.id
"""


def test_a_draft_is_generated_looked_at_and_released(page: Page, server: Server) -> None:
    widget = open_lab(page, server)
    table = widget.get_by_role("table", name="Assignments")
    next_step(table, "Generate", "ps2").click()
    expect(next_step(table, "Release", "ps2")).to_be_visible()
    generated = (server.course / "release" / "ps2" / "vowels.ipynb").read_text()
    assert "BEGIN SOLUTION" not in generated
    assert "HIDDEN TESTS" not in generated

    more = widget.get_by_role("button", name="More for ps2")
    choose(page, more, "Preview as students get it")
    expect(page.get_by_role("tab", name="vowels.ipynb")).to_be_visible()
    expect(page.get_by_role("paragraph").filter(has_text="counts the vowels")).to_be_visible()
    # a server that is stopped while it opens something never ends: anyio's thread waits for its loop
    expect(page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')).to_be_visible(timeout=30_000)

    panel = open_panel(page)
    next_step(panel, "Release", "ps2").click()
    ended(page, "Release ps2: done")
    outbound = server.root / "exchange" / "course101" / "outbound"
    assert (outbound / "ps2" / "vowels.ipynb").read_text() == generated
    expect(panel.get_by_text("Nothing due yet")).to_be_visible()


def test_submissions_are_collected_graded_and_given_back(page: Page, server: Server) -> None:
    widget = open_lab(page, server)
    next_step(widget, "Collect 11", "ps1").click()
    next_step(widget, "Autograde 11", "ps1").click()
    toast = ended(page, re.compile("Autograde ps1: 9 done, 2 failed"))
    assert "watanabe" not in folders(server.course / "submitted")
    assert len(folders(server.course / "submitted")) == 11

    toast.get_by_role("button", name="Show").click()
    submissions = widget.get_by_role("table", name="Submissions of ps1")
    check_failures(page, widget, submissions)
    widget.get_by_role("button", name="All 12").click()
    check_scores(server, submissions)

    check_formgrader(page, server, widget, submissions)

    assignments = tab(widget, "Assignments")
    # some are still to be graded by hand: feedback for all is one step further away, and asks
    choose(page, assignments.get_by_role("button", name="More for ps1"), "Generate feedback for all 9…")
    expect(page.get_by_role("dialog")).to_contain_text("9")
    confirm(page, "Generate feedback · ps1", "Generate feedback 9")
    ended(page, "Generate feedback ps1: 9 done")
    choose(page, assignments.get_by_role("button", name="More for ps1"), "Release feedback 9")
    expect(page.get_by_role("dialog")).to_contain_text("they will see a grade that is not final")
    confirm(page, "Release feedback · ps1", "Release feedback 9")
    ended(page, "Release feedback ps1: 9 done")
    check_feedback(server)
    expect(row_of(assignments.get_by_role("table", name="Assignments"), "ps1")).to_contain_text("9 / 9")


def check_failures(page: Page, widget: Locator, submissions: Locator) -> None:
    """The two that could not be graded are shown, with cause and remedy, and nobody else."""
    expect(widget.get_by_role("button", name="Failed 2")).to_have_attribute("aria-pressed", "true")
    expect(submissions.get_by_role("rowheader")).to_have_count(2)
    twice = row_of(submissions, "fect")
    expect(twice).to_contain_text("Autograde failed")
    expect(twice).to_contain_text("correct_squares")
    unreadable = row_of(submissions, "noether")
    expect(unreadable).to_contain_text("Autograde failed")
    unreadable.get_by_role("button", name="problem1.ipynb cannot be read").click()
    told = page.get_by_role("dialog")
    expect(told).to_contain_text("line 156")
    expect(told).to_contain_text("Ask the student to submit it again.")
    told.get_by_role("button", name="Close").click()


def check_scores(server: Server, submissions: Locator) -> None:
    """Each total on the page is the sum in nbgrader's gradebook, and only who was graded has one."""
    stored = dict(rows_in(server.gradebook, SCORES, "ps1"))
    graded = folders(server.course / "autograded")
    assert graded == folders(server.course / "submitted") - {"fect", "noether"}
    for student in graded:
        expect(row_of(submissions, student)).to_contain_text(f"{stored[student]:g} / 13")
    for student in ("fect", "noether", "watanabe"):
        expect(row_of(submissions, student)).not_to_contain_text("/ 13")
    expect(row_of(submissions, "ator")).to_contain_text("2")  # attempts
    expect(row_of(submissions, "watanabe")).to_contain_text("Not submitted")
    expect(row_of(submissions, "reasoner")).to_contain_text("3 h 30 min")


def check_formgrader(page: Page, server: Server, widget: Locator, submissions: Locator) -> None:
    """formgrader opens as a page of its own at the assignment, and at a submission."""
    with page.expect_popup() as opened:
        choose(page, submissions.get_by_role("button", name="More for hacker"), "Open in formgrader")
    submission = opened.value
    submission.wait_for_url("**/formgrader/submissions/**")
    expect(submission.get_by_text("Submission #", exact=False).first).to_be_visible()
    submission.close()

    assignments = tab(widget, "Assignments")
    with page.expect_popup() as opened:
        next_step(assignments, "Grade 9 by hand", "ps1").click()
    formgrader = opened.value
    formgrader.wait_for_url("**/formgrader/gradebook/ps1")
    expect(formgrader.get_by_role("link", name="problem1")).to_be_visible()
    formgrader.close()


def check_feedback(server: Server) -> None:
    """Whoever was graded has feedback, and each HTML is in the exchange."""
    graded = folders(server.course / "autograded")
    assert folders(server.course / "feedback") == graded
    pages = [
        one for student in graded for one in (server.course / "feedback" / student / "ps1").glob("*.html")
    ]
    assert len(pages) >= 2 * len(graded) - 1
    delivered = list((server.root / "exchange" / "course101" / "feedback").glob("*.html"))
    assert len(delivered) == len(pages)
