"""Everything by the keyboard, and nothing that axe finds serious, in light and dark."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.ui.driving import course_page, next_step, open_lab, open_panel, tab
from tests.ui.server import Server, copy_demo

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
  const own = [...document.querySelectorAll('.jp-Hubgrade')].filter(node => node.checkVisibility());
  const found = await axe.run({ include: own });
  if (found.passes.length < 5) return [`axe looked at nothing: ${own.length} places`];
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) =>
      `${id}: ${nodes.map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`);
}"""
TABS = ("Assignments", "Submissions", "Students", "Preflight", "History", "Settings")


@pytest.fixture(scope="module")
def some_graded(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a course with four submissions collected and graded, one of them failed."""
    folder = tmp_path_factory.mktemp("graded")
    copy_demo(demo_template, folder / "demo")
    server = Server(folder)
    server.start()
    key = server.course_key()
    students = ["ator", "bitdiddle", "fect", "hacker"]
    for verb in ("collect", "autograde"):
        job = server.start_job(key, verb=verb, assignment_id="ps1", students=students)
        server.job_ended(key, job)
    # the source is newer than what was generated: its next step overwrites, and so asks
    (server.course / "source" / "ps1" / "problem1.ipynb").touch()
    yield server
    server.stop()


def focused(page: Page) -> dict[str, Any]:
    """Say what has the focus: its role or tag, name, and whether a ring is drawn round it."""
    return dict(
        page.evaluate(
            """() => {
              const node = document.activeElement;
              const style = getComputedStyle(node);
              const ring = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
              return { name: node.getAttribute('aria-label') ?? node.textContent.trim(), ring };
            }"""
        )
    )


def tab_to(page: Page, name: str, limit: int = 40) -> dict[str, Any]:
    """Press Tab until the element of this name has the focus."""
    passed = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        now = focused(page)
        if now["name"] == name:
            return now
        passed.append(now["name"][:30])
    raise AssertionError(f"{name} not reached by Tab; passed {passed}")


def run_command(page: Page, label: str) -> None:
    """Run a command from the palette, by the keyboard."""
    search = page.locator(".lm-CommandPalette-input")
    for _ in range(20):  # Lab takes no keys before it has started, and closes the palette while it does
        page.keyboard.press("Control+Shift+C")
        with contextlib.suppress(TimeoutError):
            search.wait_for(state="visible", timeout=1_000)
            page.keyboard.type(label)
            page.locator(".lm-CommandPalette-item").filter(has_text=label).first.wait_for(timeout=1_000)
            page.keyboard.press("Enter")
            return
    raise AssertionError("the palette does not open")


def test_the_panel_by_keyboard_alone(page: Page, some_graded: Server) -> None:
    page.goto(some_graded.page_url("lab?reset"))
    expect(page.get_by_role("heading", name="Hubgrade")).to_be_visible()  # in the launcher
    run_command(page, "Show Hubgrade panel")
    panel = page.get_by_role("region", name="Hubgrade")
    step = next_step(panel, "Generate again", "ps1")
    expect(step).to_be_visible()
    assert tab_to(page, "Generate again: ps1")["ring"]

    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Generate · ps1")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(step).to_be_focused()

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    tab_to(page, "Cancel", 6)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(step).to_be_focused()

    tab_to(page, "More for ps1", 3)
    more = panel.get_by_role("button", name="More for ps1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Unrelease · ps1")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Unrelease ps1")).to_be_disabled()
    page.keyboard.type("ps1")
    expect(dialog.get_by_role("button", name="Unrelease ps1")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(more).to_be_focused()


def test_the_tables_by_keyboard_alone(page: Page, some_graded: Server) -> None:
    widget = open_lab(page, some_graded)
    table = widget.get_by_role("table", name="Assignments")
    next_step(table, "Generate", "ps2").focus()
    page.keyboard.press("ArrowUp")
    expect(next_step(table, "Generate again", "ps1")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    release = table.get_by_role("button", name="Release again…")
    expect(release).to_be_focused()
    expect(release).to_be_in_viewport()

    widget.get_by_role("tab", name="Assignments").focus()
    page.keyboard.press("ArrowRight")
    expect(widget.get_by_role("tab", name="Submissions")).to_be_focused()
    submissions = widget.get_by_role("table", name="Submissions of ps1")
    expect(submissions).to_be_visible()
    tab_to(page, "Student", 20)
    page.keyboard.press("Enter")
    expect(submissions.get_by_role("columnheader", name="Student")).to_have_attribute(
        "aria-sort", "ascending"
    )
    tab_to(page, "Select ator", 20)
    page.keyboard.press("Space")
    bar = widget.get_by_role("toolbar", name="Selected submissions")
    expect(bar.get_by_role("button", name="Autograde 1")).to_be_visible()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_axe_finds_nothing_serious(page: Page, some_graded: Server, theme: str) -> None:
    some_graded.set_theme(theme)
    widget = open_lab(page, some_graded)
    expect(page.locator(f'body[data-jp-theme-name="{theme}"]')).to_be_attached()
    panel = open_panel(page)
    expect(panel.get_by_role("button", name="Open course page")).to_be_visible()
    page.add_script_tag(path=AXE)
    found = {}
    for name in TABS:
        shown = tab(widget, name)
        expect(shown.locator(".jp-Hubgrade-skeleton")).to_have_count(0)
        found[name] = page.evaluate(RUN_AXE)
    for label, title, verb in (
        ("Set due date…", "Due date of ps1", "Cancel"),
        ("Unrelease…", "Unrelease · ps1", "Cancel"),
    ):
        found[title] = axe_in_dialog(page, panel, label, title, verb)
    for label, title in (("New course…", "New course"), ("Open course folder…", "Open course folder")):
        panel.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name=label).click()
        found[title] = close_after_axe(page, page.get_by_role("dialog", name=title))
    panel.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="View as student").click()
    expect(panel.get_by_role("region", name="To fetch")).to_be_visible()
    found["student"] = page.evaluate(RUN_AXE)
    assert not {place: said for place, said in found.items() if said}


def axe_in_dialog(page: Page, panel: Locator, label: str, title: str, verb: str) -> Any:
    panel.get_by_role("button", name="More for ps1").click()
    page.get_by_role("menuitem", name=label).click()
    return close_after_axe(page, page.get_by_role("dialog", name=title))


def close_after_axe(page: Page, dialog: Locator) -> Any:
    expect(dialog).to_be_visible()
    found = page.evaluate(RUN_AXE)
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(dialog).to_be_hidden()
    return found


def test_narrow_and_enlarged_pages_do_not_overflow(page: Page, some_graded: Server) -> None:
    """At 800 px, and at 640 px as 200 % zoom leaves of 1280, the page itself never scrolls sideways."""
    for width in (800, 640):
        page.set_viewport_size({"width": width, "height": 600})
        open_lab(page, some_graded, "?reset&hubgrade=assignments")
        widget = course_page(page)
        for name in TABS:
            tab(widget, name)
            beyond = page.evaluate(
                """() => [...document.querySelectorAll('.jp-Hubgrade-page, .jp-Hubgrade-tabpanel')]
                  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
            )
            assert beyond == [], (width, name)
