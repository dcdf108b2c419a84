"""Names of assignments: what is refused, with a suggestion, and what works from source to feedback."""

from __future__ import annotations

import shutil
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.ui.driving import folders, open_lab, open_panel, row_of
from tests.ui.server import Server


def test_a_refused_name_comes_with_one_that_works(page: Page, server: Server) -> None:
    open_lab(page, server)
    panel = open_panel(page)
    # the dialog knows the names that the panel shows
    expect(panel.get_by_role("button", name="ps1", exact=True)).to_be_visible()
    panel.get_by_role("button", name="New…").click()
    dialog = page.get_by_role("dialog", name="New assignment")
    name = dialog.get_by_role("textbox", name="Name")
    create = dialog.get_by_role("button", name="Create assignment")
    name.fill("../ps1")
    expect(create).to_be_disabled()
    name.fill("ps1")
    expect(dialog.get_by_text("The course has an assignment of this name.")).to_be_visible()
    expect(create).to_be_disabled()
    name.fill("ps(4)")
    expect(dialog.get_by_text("These characters cannot be used: ( )")).to_be_visible()
    expect(create).to_be_disabled()
    dialog.get_by_role("button", name="Use “ps-4”").click()
    expect(name).to_have_value("ps-4")
    # Lab asks this when a notebook opens; a server stopped meanwhile waits for ever for the asking thread
    with page.expect_response("**/api/nbconvert*"):
        create.click()
        expect(dialog).to_be_hidden()
    expect(panel.get_by_role("button", name="Generate: ps-4")).to_be_visible()
    expect(page.get_by_role("tab", name="ps-4.ipynb")).to_be_visible()
    assert folders(server.course / "source") == {"ps1", "ps2", "ps-4"}
    assert (server.course / "source" / "ps-4" / "ps-4.ipynb").is_file()


@pytest.mark.parametrize("name", ["06. Networks", "Übung 3"])
def test_a_name_with_blanks_works_from_source_to_feedback(page: Page, server: Server, name: str) -> None:
    source = server.course / "source" / name
    shutil.copytree(server.course / "source" / "ps2", source)
    key = server.course_key()
    for verb in (
        "generate_assignment",
        "release_assignment",
        "fetch_assignment",
        "submit",
        "collect",
        "autograde",
        "generate_feedback",
        "release_feedback",
        "fetch_feedback",
    ):
        detail = server.job_ended(key, server.start_job(key, verb=verb, assignment_id=name))
        assert (detail["job"]["state"], detail["job"]["failed"]) == ("done", 0), detail
        assert detail["job"]["done"] == 1, (verb, detail)
    (student,) = folders(server.course / "autograded")
    assert (server.course / "feedback" / student / name / "vowels.html").is_file()
    assert list((server.root / name / "feedback").rglob("vowels.html"))

    place = quote(f"{key}/submissions/{quote(name)}")
    widget = open_lab(page, server, f"?reset&hubgrade={place}")
    table = widget.get_by_role("table", name=f"Submissions of {name}")
    expect(row_of(table, student)).to_contain_text("0 / 5")
    with page.expect_popup() as opened:
        table.get_by_role("button", name=f"More for {student}").click()
        page.get_by_role("menuitem", name="Open in formgrader").click()
    opened.value.wait_for_url("**/formgrader/submissions/**")
    expect(opened.value.get_by_text(name).first).to_be_visible()
