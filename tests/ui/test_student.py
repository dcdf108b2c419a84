"""A student fetches, submits, holds a receipt, and submits again; the instructor sees the newer attempt."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Locator, Page, expect

from tests.ui.driving import confirm, ended, next_step, open_lab, open_panel, open_tree
from tests.ui.server import Server

RECEIPT = re.compile(r"Receipt ([A-Z2-7]{4}(?:-[A-Z2-7]{4}){2})")

# the demo's due date is last evening: how long ago depends on the hour
LATE = re.compile(r"this submission is late by \d+ (d|h)\b")


def receipts(server: Server) -> list[dict[str, object]]:
    """Return the receipt files of ps1, oldest first."""
    kept = sorted((server.conf / "data" / "hubgrade" / "receipts" / "course101" / "ps1").glob("*.json"))
    return [json.loads(path.read_text()) for path in kept]


def shown_code(place: Locator) -> str:
    found = RECEIPT.search(place.get_by_role("button", name=RECEIPT).inner_text())
    assert found
    return found[1]


def attempts(server: Server, known: set[str]) -> set[str]:
    return {path.name for path in server.inbound.iterdir() if "+ps1+" in path.name} - known


def test_fetch_submit_and_submit_again_in_lab(page: Page, server: Server) -> None:
    others = attempts(server, set())
    widget = open_lab(page, server)
    panel = open_panel(page)
    panel.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="View as student").click()
    expect(panel.get_by_text("You see what a student sees.")).to_be_visible()
    expect(widget.get_by_role("table", name="Assignments")).to_be_hidden()

    panel.get_by_role("region", name="To fetch").get_by_role("button", name="Fetch ps1", exact=True).click()
    ended(page, "Fetch ps1: done")
    assert (server.root / "ps1" / "problem1.ipynb").is_file()
    in_work = panel.get_by_role("region", name="In work")
    in_work.get_by_role("button", name="Submit ps1", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text(LATE)
    confirm(page, "Submit · ps1", "Submit")
    ended(page, "Submit ps1: done")
    submitted = panel.get_by_role("region", name="Submitted")
    first = shown_code(submitted)
    assert [receipt["code"] for receipt in receipts(server)] == [first]
    assert len(attempts(server, others)) == 1

    submitted.get_by_role("button", name=RECEIPT).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(first)
    assert all(digest in copied for digest in receipts(server)[0]["files"].values())  # type: ignore[attr-defined]

    submitted.get_by_role("button", name="Submit again ps1", exact=True).click()
    confirm(page, "Submit · ps1", "Submit")
    expect(submitted.get_by_text("attempt 2")).to_be_visible(timeout=30_000)
    second = shown_code(submitted)
    assert second != first
    assert [receipt["code"] for receipt in receipts(server)] == [first, second]

    panel.get_by_role("button", name="Back to instructor").click()
    next_step(panel, "Collect 12", "ps1").click()
    ended(page, "Collect ps1: 12 done")
    mine = attempts(server, others)
    newest = max(mine, key=lambda name: name.split("+")[2])
    student = newest.split("+")[0]
    stamp = (server.course / "submitted" / student / "ps1" / "timestamp.txt").read_text().strip()
    assert stamp == newest.split("+")[2]


def test_fetch_and_submit_in_notebook(page: Page, server: Server) -> None:
    widget = open_tree(page, server)
    page.get_by_role("menuitem", name="Hubgrade", exact=True).click()
    page.get_by_role("menuitem", name="View as student").click()
    widget.get_by_role("region", name="To fetch").get_by_role("button", name="Fetch ps1", exact=True).click()
    ended(page, "Fetch ps1: done")
    with page.expect_popup() as opened:
        widget.get_by_role("region", name="In work").get_by_role("button", name="ps1", exact=True).click()
    notebook = opened.value
    expect(notebook.get_by_role("button", name="Submit this assignment")).to_be_enabled()
    notebook.get_by_role("button", name="Submit this assignment").click()
    confirm(notebook, "Submit · ps1", "Submit")
    ended(notebook, "Submit ps1: done")
    notebook.close()
    widget.get_by_role("button", name="Refresh").click()
    code = shown_code(widget.get_by_role("region", name="Submitted"))
    assert [receipt["code"] for receipt in receipts(server)] == [code]
