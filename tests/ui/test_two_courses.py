"""Two courses with assignments of the same name, worked on alternately, never mix."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.ui.driving import choose, next_step, open_lab, open_panel
from tests.ui.server import Server


def write_source(folder: Path, mark: str) -> None:
    """Write an assignment of one notebook whose text says where it comes from."""
    folder.mkdir(parents=True)
    cells = [{"cell_type": "markdown", "id": "first", "metadata": {}, "source": mark}]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "same.ipynb").write_text(json.dumps(notebook))


def pick(panel: Locator, course: str) -> None:
    panel.get_by_role("combobox", name="Course").select_option(label=course)
    expect(panel.get_by_role("region", name="Assignments").get_by_text("hw1").first).to_be_visible()


def test_two_courses_with_equal_assignment_names_never_mix(page: Page, server: Server) -> None:
    # the new course shares the demo's exchange, as two courses of one installation do
    config = server.conf / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {str(server.root / 'exchange')!r}\n"
    )
    open_lab(page, server)
    panel = open_panel(page)
    panel.get_by_role("combobox", name="Course").select_option(label="New course…")
    dialog = page.get_by_role("dialog", name="New course")
    dialog.get_by_role("textbox", name="Course name").fill("second course")
    dialog.get_by_role("textbox", name="New folder").fill("second")
    dialog.get_by_role("button", name="Create course").click()
    expect(panel.get_by_role("combobox", name="Course").locator("option:checked")).to_have_text(
        "second course"
    )
    expect(panel.get_by_text("No assignments yet")).to_be_visible()

    second = server.root / "second"
    write_source(server.course / "source" / "hw1", "of the first course")
    write_source(second / "source" / "hw1", "of the second course")
    panel.get_by_role("button", name="Refresh").click()
    for label in ("Generate", "Release"):
        for course in ("course101", "second course"):
            pick(panel, course)
            next_step(panel, label, "hw1").click()
            expect(next_step(panel, label, "hw1")).to_be_hidden(timeout=60_000)
            expect(panel.get_by_role("region", name="Running")).to_be_hidden(timeout=60_000)
    exchange = server.root / "exchange"
    for folder, mark in (
        (server.course / "release", "of the first course"),
        (second / "release", "of the second course"),
        (exchange / "course101" / "outbound", "of the first course"),
        (exchange / "second course" / "outbound", "of the second course"),
    ):
        assert mark in (folder / "hw1" / "same.ipynb").read_text()
    assert not (second / "source" / "ps1").exists()
    assert (second / "gradebook.db").is_file()

    check_remove_and_open(page, panel)


def check_remove_and_open(page: Page, panel: Locator) -> None:
    """A course taken from the list comes back through its folder."""
    pick(panel, "second course")
    choose(page, panel.get_by_role("button", name="More", exact=True), "Remove course from this list")
    picker = panel.get_by_role("combobox", name="Course")
    expect(picker.get_by_role("option", name="second course")).to_have_count(0)
    picker.select_option(label="Open course folder…")
    dialog = page.get_by_role("dialog", name="Open course folder")
    dialog.get_by_role("button", name="second", exact=True).click()
    expect(dialog.get_by_role("textbox", name="Folder of the course")).to_have_value("second")
    dialog.get_by_role("button", name="Open course", exact=True).click()
    expect(picker.locator("option:checked")).to_have_text("second course")
    expect(panel.get_by_role("region", name="Assignments")).to_contain_text("hw1")
