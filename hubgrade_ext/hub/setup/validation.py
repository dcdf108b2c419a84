"""The names, paths and addresses that an administrator types, as hub, systemd and nbgrader can bear them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from hubgrade_ext.core.errors import InvalidName, InvalidRequest

MAX_COURSE_ID = 64
# systemd-sysusers and useradd: utmp has 31 characters for a name
MAX_ACCOUNT = 31
MAX_USER = 64
# what Linux takes is 4096 and 255; a file's name still comes behind, and a backup's folder in front
MAX_PATH = 1024
MAX_FILE_NAME = 200
RESERVED_SERVICES = ("hubgrade", "jupyterhub-idle-culler")
_COURSE_ID = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_USER = re.compile(r"[a-z0-9_][a-z0-9_.@-]*")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*")
# systemd and tmpfiles.d give meaning to blanks, % and quotes; the hub's configuration is Python
_PATH = re.compile(r"/[A-Za-z0-9_./@+-]*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_BASE_URL = re.compile(r"/([A-Za-z0-9._~-]+/)*")


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
    if name == "root":
        raise InvalidName(
            "Who teaches a course does all that its account may: it cannot be root.",
            "Leave it out, or give an account of the course's own (--account).",
        )
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
    elif len(path) > MAX_PATH or any(len(part) > MAX_FILE_NAME for part in PurePosixPath(path).parts):
        fault = "is longer than a file system can bear"
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
