"""The names, paths and addresses that an administrator types, as hub, systemd and nbgrader can bear them."""

from __future__ import annotations

import difflib
import ipaddress
import re
import sys
from collections.abc import Iterable
from pathlib import PurePosixPath

from hubgrade_ext.core.errors import InvalidName, InvalidRequest
from hubgrade_ext.hub.setup.site import Course, Site

MAX_COURSE_ID = 64
# systemd-sysusers and useradd: utmp has 31 characters for a name
MAX_ACCOUNT = 31
MAX_USER = 64
RESERVED_SERVICES = ("hubgrade", "jupyterhub-idle-culler")
_COURSE_ID = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_USER = re.compile(r"[a-z0-9_][a-z0-9_.@-]*")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*")
# systemd and tmpfiles.d give meaning to blanks, % and quotes; the hub's configuration is Python
_PATH = re.compile(r"/[A-Za-z0-9_./@+-]*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_BASE_URL = re.compile(r"/([A-Za-z0-9._~-]+/)*")
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


def check_course_id(course_id: str) -> str:
    """Return the id unchanged; it becomes a service, a group, a role and part of an address.

    Raises: InvalidName.
    """
    if not _COURSE_ID.fullmatch(course_id) or len(course_id) > MAX_COURSE_ID:
        likely = re.sub(r"[^a-z0-9._-]+", "-", course_id.lower())[:MAX_COURSE_ID].strip("._-") or "course101"
        raise InvalidName(
            f"The course id “{course_id}” cannot name a service of the hub.",
            "Use small letters, digits and . _ - only, beginning and ending with a letter or digit,"
            f" at most {MAX_COURSE_ID} characters. For example: {likely}",
            likely,
        )
    if course_id in RESERVED_SERVICES:
        raise InvalidName(f"“{course_id}” is the name of another service of the hub.", "Choose another id.")
    return course_id


def check_user(name: str, what: str = "user name") -> str:
    """Return a person's name on the hub.

    Raises: InvalidName.
    """
    if _USER.fullmatch(name) and len(name) <= MAX_USER:
        return name
    lower = name.lower()
    if _USER.fullmatch(lower) and len(lower) <= MAX_USER:
        raise InvalidName(
            f"The {what} “{name}” has capital letters.",
            f"The hub writes every name in small letters: {lower}",
            lower,
        )
    raise InvalidName(
        f"The {what} “{name}” is not the name of an account.",
        "Use the names people log in with: small letters, digits and _ . @ - (no blanks, commas or quotes).",
    )


def check_users(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Return the names, each once and sorted.

    Raises: InvalidName for the first that will not do.
    """
    return tuple(sorted({check_user(name, what) for name in names}))


def check_account(name: str) -> str:
    """Return the name of a course's account, as systemd-sysusers can make it.

    Raises: InvalidName.
    """
    if _ACCOUNT.fullmatch(name) and len(name) <= MAX_ACCOUNT:
        return name
    raise InvalidName(
        f"“{name}” cannot be the name of a course's account.",
        f"Use small letters, digits, _ and -, at most {MAX_ACCOUNT} characters (--account).",
    )


def check_path(path: str, what: str) -> str:
    """Return an absolute path in its plain form.

    Raises: InvalidRequest.
    """
    fault = ""
    if not path.startswith("/"):
        fault = "is not absolute"
    elif ".." in PurePosixPath(path).parts:
        fault = "contains “..”"
    elif not _PATH.fullmatch(path):
        fault = "contains blanks or signs that systemd or Python would read as something else"
    elif PurePosixPath(path) == PurePosixPath("/"):
        fault = "is the whole machine"
    if fault:
        raise InvalidRequest(
            f"{what}: “{path}” {fault}.", "Give a full path of letters, digits and _ . - + @, such as /srv/x."
        )
    return str(PurePosixPath(path))


def check_port(port: int, what: str) -> int:
    """Return a port number.

    Raises: InvalidRequest.
    """
    if not 1 <= port <= 65535:
        raise InvalidRequest(f"{what}: {port} is no port.", "Ports are 1 to 65535.")
    return port


def check_domain(domain: str) -> str:
    """Return a host name or an address, without scheme, port and path.

    Raises: InvalidRequest.
    """
    if _DOMAIN.fullmatch(domain) and len(domain) <= 253:
        return domain.lower()
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        raise InvalidRequest(
            f"“{domain}” is not a host name.", "Give it without https:// and path: hub.example.org"
        ) from None
    return f"[{domain}]" if ":" in domain else domain


def check_base_url(base_url: str) -> str:
    """Return the hub's path in front of everything, with a slash at both ends.

    Raises: InvalidRequest.
    """
    whole = f"/{base_url.strip('/')}/" if base_url.strip("/") else "/"
    if not _BASE_URL.fullmatch(whole) or ".." in whole:
        raise InvalidRequest(f"“{base_url}” is not a path of the hub.", "For example: /jupyter/")
    return whole


def check_site(site: Site) -> Site:
    """Return the site with every value checked and in its plain form.

    Raises: InvalidRequest, InvalidName.
    """
    import msgspec

    places = {
        name: check_path(getattr(site, name), name)
        for name in _PLACES
        if getattr(site, name) or name not in _MAY_BE_EMPTY
    }
    if bool(site.tls_cert) != bool(site.tls_key):
        raise InvalidRequest(
            "A certificate needs its key, and a key its certificate.", "Give both --tls-cert and --tls-key."
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
    return checked


def check_course(site: Site, key: str, course: Course) -> Course:
    """Return a course with names checked, and account, folder and port as yet unset filled in.

    Raises: InvalidRequest, InvalidName.
    """
    import msgspec

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
