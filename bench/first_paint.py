"""How long the course page takes until its rows are painted, in a real browser on a real server.

Measured in the page itself: from the click on an assignment in the side panel, which opens the course
page on its submissions, to the frame after the first rows are there. Each time in a fresh page.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.rows import Row
from bench.synthetic import Size, assignment_ids, build_course

STUDENTS = 1000
TIMES = 3
CLICK_TO_PAINT = """(name) => new Promise(resolve => {
  const panel = document.querySelector('#hubgrade-panel');
  const link = [...panel.querySelectorAll('button.jp-Hubgrade-name')].find(one => one.textContent === name);
  const begun = performance.now();
  const look = () => {
    const rows = document.querySelectorAll(`table[aria-label="Submissions of ${name}"] tbody th[scope=row]`);
    if (rows.length > 10) {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
    } else {
      requestAnimationFrame(look);
    }
  };
  link.click();
  requestAnimationFrame(look);
})"""


def first_paint_rows(folder: Path, say: Callable[[str], None], students: int = STUDENTS) -> Iterator[Row]:
    """Build a course in `folder` and yield the row of the first paint, in seconds (median)."""
    say(f"{students} students: building the course")
    build_course(folder / "demo", Size(students, 2, attempts=1))
    say(f"{students} students: measuring in Chromium")
    yield Row(
        f"first paint of the course page, {students} rows",
        f"{students} students",
        _median(folder),
        limit=1.0,
    )


def _median(folder: Path) -> float:
    # the browser is needed here only
    from playwright.sync_api import sync_playwright

    from tests.ui.browser import launch
    from tests.ui.server import Server

    name = assignment_ids(Size(0, 1))[0]
    server = Server(folder)
    server.start()
    try:
        server.open_course("course")
        with sync_playwright() as driver:
            browser = launch(driver)
            times = []
            for _ in range(TIMES):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.goto(server.page_url("lab?reset"))
                page.get_by_role("tab", name="Hubgrade", exact=True).click(timeout=120_000)
                page.get_by_role("button", name=name, exact=True).wait_for(timeout=120_000)
                times.append(float(page.evaluate(CLICK_TO_PAINT, name)) / 1000)
                page.close()
            browser.close()
    finally:
        server.stop()
    return statistics.median(times)
