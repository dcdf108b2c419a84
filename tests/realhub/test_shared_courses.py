"""Two courses that the hub runs as services, with non-admin instructors and the smallest scopes that work."""

from __future__ import annotations

import pytest

from tests.realhub.hub import API, RealHub, Visitor
from tests.realhub.site import Site

BOTH = ["instructor", "student"]


def at_service(hub: RealHub, user: str, course_id: str = "course201") -> Visitor:
    return hub.visitor(user, f"/services/{course_id}")


@pytest.fixture(scope="session")
def released(hub: RealHub, site: Site) -> str:
    """The key of course201 at its service, once its ps1 is released by gus, who is no admin."""
    gus = at_service(hub, site.gus.name)
    key = gus.course_key("course201")
    for verb in ("generate_assignment", "release_assignment"):
        assert gus.do(key, verb)["job"] == "done", gus.told
    return key


def test_roles_come_from_the_groups(hub: RealHub, site: Site) -> None:
    assert at_service(hub, site.ines.name).roles() == {"course201": BOTH}
    assert at_service(hub, site.gus.name).roles() == {"course201": BOTH}
    assert at_service(hub, site.gus.name, "course202").roles() == {"course202": BOTH}
    assert at_service(hub, site.ivan.name, "course202").roles() == {"course202": BOTH}
    for user, course_id in ((site.ivan, "course201"), (site.ines, "course202"), (site.ada, "course201")):
        status, told = at_service(hub, user.name, course_id).ask("GET", f"{API}/session")
        assert status == 403, (user.name, course_id, told)
    assert hub.visitor(site.ines.name).roles() == {"course101": BOTH, "course201": ["student"]}
    student = ["student"]
    assert hub.visitor(site.ben.name).roles() == {
        "course101": student,
        "course201": student,
        "course202": student,
    }
    assert hub.visitor(site.cy.name).roles() == {"course201": ["student"]}
    assert hub.visitor(site.olga.name).roles() == {}


def test_who_is_let_in_by_a_careless_role_may_do_nothing(hub: RealHub, site: Site, released: str) -> None:
    olga = at_service(hub, site.olga.name)
    assert olga.ask("GET", "/api/status")[0] == 200  # the hub lets her in
    assert olga.roles() == {}
    course = f"{API}/courses/{released}"
    for path in ("assignments", "students", "config", "student", "jobs", "preflight", "formgrader"):
        status, told = olga.ask("GET", f"{course}/{path}")
        assert (status, told["code"]) == (403, "forbidden"), path
    for verb in ("autograde", "submit"):
        for path in ("plan", "jobs"):
            status, told = olga.ask("POST", f"{course}/{path}", {"verb": verb, "assignment_id": "ps1"})
            assert (status, told["code"]) == (403, "forbidden"), (path, verb)
    account = site.accounts["course201"].home
    for path, body in (("", {"root": "course201"}), ("/new", {"root": "mine", "course_id": "mine"})):
        status, told = olga.ask("POST", f"{API}/courses{path}", body)
        assert (status, told["code"]) == (403, "forbidden"), path
    assert not (account / "mine").exists()
    status, told = olga.ask("GET", f"/hubgrade/formgrader/{released}")
    assert status == 403, told


def test_cycle_at_a_service(hub: RealHub, site: Site, released: str) -> None:
    ben, gus = hub.visitor(site.ben.name), at_service(hub, site.gus.name)
    mine = ben.course_key("course201")
    assert ben.do(mine, "fetch_assignment") == {"job": "done", "ps1": "done"}, ben.told
    assert (site.ben.home / "course201" / "ps1" / "problem1.ipynb").is_file()
    assert ben.do(mine, "submit") == {"job": "done", "ps1": "done"}, ben.told

    # an outsider is told so, by the plug-in that the site has chosen
    olga = hub.visitor(site.olga.name)
    site.olga.write(".jupyter/nbgrader_config.py", "get_config().CourseDirectory.course_id = 'course201'\n")
    assert olga.do(olga.course_key("course201"), "fetch_assignment")["ps1"] == "failed"
    assert "You do not have access to this course" in olga.told["results"][0]["message"]
    assert not (site.olga.home / "course201").exists()

    for verb in ("collect", "autograde", "generate_feedback", "release_feedback"):
        scope = "all" if verb == "generate_feedback" else "remaining"  # not all is graded by hand
        assert gus.do(released, verb, scope=scope) == {"job": "done", site.ben.name: "done"}, gus.told
    assert gus.told["job"]["created_by"] == site.gus.name
    assert ben.do(mine, "fetch_feedback")["job"] == "done", ben.told
    pages = list((site.ben.home / "course201" / "ps1" / "feedback").glob("*/problem1.html"))
    assert len(pages) == 1
    assert pages[0].owner() == site.ben.name


def test_nbgraders_own_lists_beside_ours(hub: RealHub, site: Site, released: str) -> None:
    ines = hub.visitor(site.ines.name)
    status, courses = ines.ask("GET", "/formgraders")
    assert status == 200
    assert courses["success"], courses
    assert [(one["course_id"], one["kind"]) for one in courses["value"]] == [
        ("course101", "local"),
        ("course201", "jupyterhub"),
    ]
    cy = hub.visitor(site.cy.name)
    assert cy.ask("GET", "/courses")[1] == {"success": True, "value": ["course201"]}
    status, listed = cy.ask("GET", "/assignments?course_id=course201")
    assert [(one["assignment_id"], one["status"]) for one in listed["value"]] == [("ps1", "released")]
    ours = cy.get(f"/courses/{cy.course_key('course201')}/student")["assignments"]
    assert [(one["assignment_id"], one["state"]) for one in ours] == [("ps1", "released")]
    for path in ("/formgrader", "/formgraders"):  # students have neither formgrader nor course list
        assert cy.ask("GET", path)[0] == 404
    gus = at_service(hub, site.gus.name)
    link = gus.get(f"/courses/{released}/formgrader?assignment_id=ps1")
    assert link["problem"] is None
    assert gus.ask("GET", f"/hubgrade/formgrader/{released}?assignment_id=ps1")[0] == 302
    status, page = gus.ask("GET", "/formgrader/gradebook/ps1")
    assert (status, "formgrader" in page) == (200, True)
