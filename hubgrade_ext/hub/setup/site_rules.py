"""The rules that a whole site keeps, and the values that it fills in itself."""

from __future__ import annotations

import difflib
import re
import sys

import msgspec

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.hub.setup.places import check_places
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.validation import (
    MAX_ACCOUNT,
    check_account,
    check_base_url,
    check_course_id,
    check_domain,
    check_path,
    check_port,
    check_users,
)

_PLACES = (
    "config_dir",
    "hub_dir",
    "venv",
    "proxy_command",
    "jupyter_config_dir",
    "systemd_dir",
    "tmpfiles_dir",
    "sysusers_dir",
    "home_dir",
    "exchange",
    "tls_cert",
    "tls_key",
)
_MAY_BE_EMPTY = ("proxy_command", "tls_cert", "tls_key")


def check_site(site: Site) -> Site:
    """Return the site with every value checked and in its plain form.

    Raises: InvalidRequest, InvalidName.
    """
    places = {
        name: check_path(getattr(site, name), name)
        for name in _PLACES
        if getattr(site, name) or name not in _MAY_BE_EMPTY
    }
    if bool(site.tls_cert) != bool(site.tls_key):
        raise InvalidRequest(
            "A certificate needs its key, and a key its certificate.", "Give both --tls-cert and --tls-key."
        )
    if site.tls_in_front and (site.tls_cert or not site.domain):
        raise InvalidRequest(
            "A web server in front that ends TLS has the certificate; the hub needs the host name only.",
            "Give --tls-in-front with --domain and without --tls-cert.",
        )
    for name in ("hub_port", "proxy_api_port", "service_port", *(["port"] if site.port else [])):
        check_port(getattr(site, name), name)
    if site.cull_after_s < 0:
        raise InvalidRequest(
            f"cull_after_s: {site.cull_after_s} is no time.", "Give seconds; 0 never stops idle servers."
        )
    checked = msgspec.structs.replace(
        site,
        **places,
        domain=check_domain(site.domain) if site.domain else "",
        base_url=check_base_url(site.base_url),
        admins=check_users(site.admins, "administrator"),
    )
    for key, course in sorted(site.courses.items()):
        # one after the other: a port given to one is taken for the next
        courses = {**checked.courses, key: check_course(checked, key, course)}
        checked = msgspec.structs.replace(checked, courses=dict(sorted(courses.items())))
    _check_apart(checked)
    check_places(checked)
    return checked


def check_course(site: Site, key: str, course: Course) -> Course:
    """Return a course with names checked, and account, folder and port as yet unset filled in.

    Raises: InvalidRequest, InvalidName.
    """
    course_id = check_course_id(course.course_id)
    if key != course_id:
        raise InvalidRequest(
            f"courses.{key} has course_id “{course_id}”.", "Key and course_id must be the same."
        )
    account = check_account(course.account or _account_for(course_id))
    return msgspec.structs.replace(
        course,
        instructors=check_users(course.instructors, "instructor"),
        graders=check_users(course.graders, "grader"),
        students=check_users(course.students, "student"),
        account=account,
        folder=check_path(course.folder or f"{site.home_dir}/{account}/{course_id}", "folder"),
        port=check_port(course.port or _free_port(site), "port"),
    )


def default_venv() -> str:
    """Return the environment of this very program, where it can be named in a unit."""
    try:
        return check_path(sys.prefix, "venv")
    except InvalidRequest:
        return Site().venv


def known_course(site: Site, course_id: str) -> Course:
    """Return a course of the site.

    Raises: InvalidRequest with the nearest ids.
    """
    if course_id in site.courses:
        return site.courses[course_id]
    near = difflib.get_close_matches(course_id, list(site.courses), n=3)
    known = ", ".join(near or sorted(site.courses)[:5])
    raise InvalidRequest(
        f"This hub has no course “{course_id}”.", f"Did you mean {known}?" if known else "It has none yet."
    )


def _account_for(course_id: str) -> str:
    return f"grader-{re.sub(r'[^a-z0-9_-]', '-', course_id)}"[:MAX_ACCOUNT].rstrip("-_")


def _free_port(site: Site) -> int:
    taken = {course.port for course in site.courses.values()} | {site.hub_port, site.proxy_api_port}
    port = site.service_port
    while port in taken or port == site.public_port:
        port += 1
    return port


def _check_apart(site: Site) -> None:
    """Refuse courses that share an account, a folder or a port, and an account that is also a person."""
    seen: dict[object, str] = {site.hub_port: "the hub", site.proxy_api_port: "the proxy"}
    seen[site.public_port] = "the public address"
    people = {*site.everyone, *site.admins}
    for course in site.courses.values():
        for value in (course.account, course.folder, course.port):
            if value in seen:
                raise InvalidRequest(
                    f"{course.course_id} and {seen[value]} would share {value}.",
                    "Give one of them another --account, --folder or --port.",
                )
            seen[value] = course.course_id
        if course.account in people:
            raise InvalidRequest(
                f"The account {course.account} of {course.course_id} is also a person of this hub.",
                "A course needs an account of its own: --account gives another name.",
            )
