"""What a person does in hubgrade's panel and on its course page, by role and accessible name."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.ui.server import Server

JOB_MS = 90_000  # a job of the demo course ends within this, on a machine with other work


def open_lab(page: Page, server: Server, query: str = "?reset&hubgrade=assignments") -> Locator:
    """Open JupyterLab on the course page and return the page's widget."""
    page.goto(server.page_url("lab" + query))
    return course_page(page)


def open_tree(page: Page, server: Server, query: str = "?hubgrade=assignments") -> Locator:
    """Open Notebook 7's file page with the course page as a tab, and return the page's widget."""
    page.goto(server.page_url("tree" + query))
    return course_page(page)


def course_page(page: Page) -> Locator:
    widget = page.locator("#hubgrade-course-page")
    expect(widget.get_by_role("tablist", name="Course")).to_be_visible()
    return widget


def open_panel(page: Page) -> Locator:
    """Show the side panel (Lab) and return it."""
    panel = page.get_by_role("region", name="Hubgrade")
    if not panel.is_visible():
        page.get_by_role("tab", name="Hubgrade", exact=True).click()
    expect(panel).to_be_visible()
    return panel


def next_step(place: Locator, label: str, assignment: str) -> Locator:
    return place.get_by_role("button", name=f"{label}: {assignment}", exact=True)


def ended(page: Page, said: str | re.Pattern[str]) -> Locator:
    """Wait for the toast that says how a job ended, and return it."""
    toast = page.get_by_role("alert").filter(has_text=said)
    expect(toast).to_be_visible(timeout=JOB_MS)
    return toast


def tab(widget: Locator, name: str) -> Locator:
    """Choose a tab of the course page and return what it shows."""
    widget.get_by_role("tab", name=name, exact=True).click()
    shown = widget.get_by_role("tabpanel", name=name, exact=True)
    expect(shown).to_be_visible()
    return shown


def row_of(table: Locator, name: str) -> Locator:
    """Return the row that a head cell with this text begins."""
    return table.get_by_role("row").filter(has=table.page.get_by_role("rowheader").filter(has_text=name))


def choose(page: Page, button: Locator, line: str) -> None:
    """Open a menu by its button and choose a line of it."""
    button.click()
    page.get_by_role("menuitem", name=line, exact=True).click()


def confirm(page: Page, title: str, button: str) -> None:
    """Accept a dialog of hubgrade's by its button."""
    dialog = page.get_by_role("dialog", name=title, exact=True)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def rows_in(database: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    """Read a database as it is on disk, from this process."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return opened.execute(query, values).fetchall()


def folders(path: Path) -> set[str]:
    """Return the names in a folder that nbgrader would see; none when it is not there."""
    return {one.name for one in path.iterdir() if not one.name.startswith(".")} if path.is_dir() else set()
