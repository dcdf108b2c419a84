"""Questions to an administrator at a terminal, for what the command line left open."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from hubgrade_ext.cli.output import Output, plain
from hubgrade_ext.core.errors import HubgradeError, InvalidRequest
from hubgrade_ext.hub.setup.site import Site
from hubgrade_ext.hub.setup.validation import check_domain, check_path, check_users

MAX_ROSTER_BYTES = 1 << 20


def may_ask(output: Output) -> bool:
    """Say whether somebody sits at a terminal."""
    return not output.json and sys.stdin.isatty() and output.err.isatty()


def names_of(words: list[str]) -> list[str]:
    """Return the names in a list of words: each may hold several with commas, or be @FILE.

    Raises: InvalidRequest.
    """
    names: list[str] = []
    for word in words:
        text = _roster(Path(word[1:])) if word.startswith("@") else word
        names += [name for name in re.split(r"[,\s]+", text) if name]
    return names


def ask_site(output: Output, site: Site, given: dict[str, Any]) -> dict[str, Any]:
    """Ask for what most hubs differ in; return the answers."""
    found: dict[str, Any] = {}
    for setting, question in (
        ("hub_dir", "Folder of the hub's database"),
        ("exchange", "Folder of the exchange"),
    ):
        if setting not in given:
            found[setting] = _ask(
                output, question, getattr(site, setting), lambda a: check_path(a, "The folder")
            )
    if "domain" not in given:
        found["domain"] = _ask(
            output, "Host name that people type (empty: none yet)", site.domain, check_domain
        )
    if "tls_cert" not in given:
        found["tls_cert"] = _ask(
            output, "TLS certificate (empty: none)", "", lambda a: check_path(a, "The file")
        )
        if found["tls_cert"]:
            found["tls_key"] = _ask(output, "Its key", "", lambda a: check_path(a, "The file"))
    if "admins" not in given:
        found["admins"] = _ask_names(output, "Administrators of the hub (empty: none)", "administrator")
    return found


def ask_course(output: Output, course_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask for the people of a new course; return the answers."""
    found: dict[str, Any] = {}
    for setting in ("instructors", "graders", "students"):
        if setting not in given:
            question = f"{setting.capitalize()} of {course_id} (names, or @FILE)"
            found[setting] = _ask_names(output, question, setting.removesuffix("s"))
    return found


def _ask_names(output: Output, question: str, what: str) -> list[str]:
    def check(answer: str) -> str:
        return ",".join(check_users(names_of(answer.split()), what))

    return names_of([_ask(output, question, "", check)])


def _ask(output: Output, question: str, default: str, check: Any) -> str:
    """Ask until the answer will do; nothing typed means the default."""
    while True:
        output.err.write(plain(f"{question}{f' [{default}]' if default else ''}: "))
        output.err.flush()
        line = sys.stdin.readline()
        if not line:
            raise InvalidRequest(
                "The questions were not answered.", "Give the settings as options, see --help."
            )
        answer = line.strip() or default
        if not answer:
            return ""
        try:
            return str(check(answer))
        except HubgradeError as error:
            output.note(f"{error.message} {error.remedy}")


def _roster(path: Path) -> str:
    """Return the names in a file, without what stands behind a #."""
    try:
        with path.expanduser().open("rb") as file:
            text = file.read(MAX_ROSTER_BYTES).decode()
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidRequest(
            f"{path} cannot be read as a list of names.", "After @ give a text file with one name a line."
        ) from fault
    return "\n".join(line.partition("#")[0] for line in text.splitlines())
