"""What an administrator may type, and what is refused with the reason."""

from __future__ import annotations

import pytest

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.site_rules import check_site
from hubgrade_ext.hub.setup.state_file import parse_site, site_toml
from hubgrade_ext.hub.setup.validation import (
    check_account,
    check_base_url,
    check_course_id,
    check_domain,
    check_path,
    check_user,
)


@pytest.mark.parametrize("course_id", ["bio101", "2015-fall-big_data", "a", "c.s-1_2", "x" * 64])
def test_course_ids_that_do(course_id: str) -> None:
    assert check_course_id(course_id) == course_id


@pytest.mark.parametrize(
    ("course_id", "likely"),
    [
        ("Bio 101", "bio-101"),
        ("bio101-", "bio101"),
        ("-bio", "bio"),
        ("../etc", "etc"),
        ("a/b", "a-b"),
        ("über", "ber"),
        ("", "course101"),
        ("bio\n101", "bio-101"),
        ("x" * 65, "x" * 64),
    ],
)
def test_course_ids_that_name_no_service_come_with_one_that_does(course_id: str, likely: str) -> None:
    with pytest.raises(HubgradeError) as refused:
        check_course_id(course_id)
    assert refused.value.remedy.endswith(likely)
    assert check_course_id(likely) == likely


def test_a_course_takes_no_other_services_name() -> None:
    with pytest.raises(HubgradeError, match="another service"):
        check_course_id("hubgrade")


@pytest.mark.parametrize("name", ["ada", "a.b-c_d", "ada@example.org", "_x", "1st", "u" * 64])
def test_user_names_that_do(name: str) -> None:
    assert check_user(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ada", "ada"),
        ("ada lovelace", "log in"),
        ("-rf", "log in"),
        ("ada;reboot", "log in"),
        ("ada\x1b[2J", "log in"),
        ("", "log in"),
        ("u" * 65, "log in"),
        ('ada"', "log in"),
    ],
)
def test_user_names_that_nobody_has(name: str, said: str) -> None:
    with pytest.raises(HubgradeError) as refused:
        check_user(name)
    assert said in refused.value.remedy


@pytest.mark.parametrize("name", ["Grader", "grader.x", "g" * 32, "", "a b", "-a", "root"])
def test_accounts_that_sysusers_would_refuse(name: str) -> None:
    with pytest.raises(HubgradeError):
        check_account(name)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("srv/x", "not absolute"),
        ("/srv/../etc", "contains “..”"),
        ("/srv/a b", "systemd or Python"),
        ("/srv/%h", "systemd or Python"),
        ('/srv/"x"', "systemd or Python"),
        ("/srv/x\nUser=root", "systemd or Python"),
        ("/", "whole machine"),
        ("", "not absolute"),
    ],
)
def test_paths_that_would_mean_something_else(path: str, fault: str) -> None:
    with pytest.raises(HubgradeError, match=fault):
        check_path(path, "exchange")


def test_paths_domains_and_base_urls_in_their_plain_form() -> None:
    assert check_path("/srv//nbgrader/exchange/", "exchange") == "/srv/nbgrader/exchange"
    assert check_domain("Hub.Example.org") == "hub.example.org"
    assert check_domain("10.0.0.5") == "10.0.0.5"
    assert check_domain("2001:db8::1") == "[2001:db8::1]"
    assert [check_base_url(url) for url in ("", "/", "jupyter", "/a/b/")] == ["/", "/", "/jupyter/", "/a/b/"]


@pytest.mark.parametrize(
    "domain", ["https://hub.example.org", "hub.example.org/x", "hub_1!", "-a", "a..b", "a b"]
)
def test_domains_that_are_none(domain: str) -> None:
    with pytest.raises(HubgradeError, match="not a host name"):
        check_domain(domain)


@pytest.mark.parametrize("url", ["/a b/", "/../", "/a?b", "/%2e/"])
def test_base_urls_that_are_none(url: str) -> None:
    with pytest.raises(HubgradeError):
        check_base_url(url)


def test_courses_get_accounts_folders_and_ports_of_their_own() -> None:
    courses = {name: Course(name, instructors=("ada",)) for name in ("bio101", "c.s", "chem" + "x" * 40)}
    site = check_site(Site(courses=courses, service_port=8081, hub_port=8081))
    assert [course.port for course in site.courses.values()] == [8082, 8083, 8084]
    assert site.courses["c.s"].account == "grader-c-s"
    assert site.courses["bio101"].folder == "/home/grader-bio101/bio101"
    assert len(site.courses["chem" + "x" * 40].account) == 31


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Course("a", account="shared"), Course("b", account="shared")),
        (Course("a", port=9200), Course("b", port=9200)),
        (Course("a", folder="/srv/x"), Course("b", folder="/srv/x")),
        (Course("a", port=8081), Course("b")),
        (Course("a", account="ada", instructors=("ada",)), Course("b")),
        # two ids that make the same account
        (Course("c.s"), Course("c-s")),
    ],
)
def test_courses_share_nothing_with_each_other_the_hub_or_a_person(one: Course, other: Course) -> None:
    with pytest.raises(HubgradeError):
        check_site(Site(courses={one.course_id: one, other.course_id: other}))


@pytest.mark.parametrize(
    ("site", "fault"),
    [
        (Site(tls_cert="/etc/x.pem"), "key"),
        (Site(tls_in_front=True), "host name"),
        (Site(tls_in_front=True, domain="a.org", tls_cert="/x", tls_key="/y"), "host name"),
        (Site(port=70000), "no port"),
        (Site(hub_port=0), "no port"),
        (Site(cull_after_s=-1), "no time"),
        (Site(admins=("A B",)), "administrator"),
        (Site(courses={"a": Course("b")}), "course_id"),
        (Site(exchange="/" + "x" * 300), "longer"),
        (Site(exchange="/x" * 3000), "longer"),
        # owner and mode of these are set
        (Site(exchange="/home"), "folder of the machine"),
        (Site(exchange="/var/lib"), "folder of the machine"),
        (Site(hub_dir="/etc"), "folder of the machine"),
        (Site(hub_dir="/usr/local"), "folder of the machine"),
        (Site(hub_dir="/opt/jupyterhub"), "venv"),
        (Site(exchange="/var/lib/jupyterhub/x"), "hub_dir"),
        (Site(exchange="/etc/jupyterhub/hubgrade/site.toml"), "folder of the machine"),
        (Site(config_dir="/srv/hub", exchange="/srv/hub/hubgrade/site.toml"), "own folder"),
        (Site(courses={"a": Course("a", folder="/etc/x")}), "folder of the machine"),
        (Site(courses={"a": Course("a", folder="/home/ada", instructors=("ada",))}), "somebody's home"),
        (Site(courses={"a": Course("a", folder="/srv")}), "folder of the machine"),
        (Site(courses={"a": Course("a", folder="/srv/x"), "b": Course("b", folder="/srv/x/b")}), "of b"),
    ],
)
def test_settings_that_do_not_fit(site: Site, fault: str) -> None:
    with pytest.raises(HubgradeError, match=fault):
        check_site(site)


def test_the_hubs_database_may_lie_beside_its_configuration() -> None:
    assert check_site(Site(hub_dir="/etc/jupyterhub")).hub_dir == "/etc/jupyterhub"


def test_what_was_asked_for_is_read_back_as_it_was_written() -> None:
    courses = {
        "bio101": Course("bio101", instructors=("ada", "ada"), graders=("bob",), students=("dan", "carol")),
        "c.s": Course("c.s", instructors=("ada",), port=9500, account="cs", folder="/srv/courses/cs"),
    }
    site = check_site(Site(domain="hub.example.org", admins=("root2",), hub_checks=False, courses=courses))
    assert parse_site(site_toml(site), "site.toml") == site
    assert site.courses["bio101"].students == ("carol", "dan")


@pytest.mark.parametrize(
    ("text", "fault", "remedy"),
    [
        ("exchange = ", "not TOML", "Mend the line"),
        ("a = " + "[" * 20000, "nested", "right file"),
        ('exchnge = "/srv/x"', "exchnge", "Did you mean exchange?"),
        ('[courses.a]\nstudnets = ["x"]', "studnets", "Did you mean students?"),
        ("hub_port = 'x'", "hub_port", "--help"),
        ("courses = 3", "courses", "--help"),
        ("[courses.a]\nstudents = 'ada'", "students", "--help"),
        ("[courses.a]\nfrobnicate = 1", "frobnicate", "instructors"),
    ],
)
def test_settings_files_that_cannot_be_meant(text: str, fault: str, remedy: str) -> None:
    with pytest.raises(HubgradeError, match=fault) as refused:
        parse_site(text, "site.toml")
    assert remedy in refused.value.remedy
