"""Commands that say today what a file of 2015 said: people, address, exchange, students and due dates."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from hubgrade_ext.hub.migrate.settings import UNKNOWN, Setting

COURSE = ("NbGrader.course_id", "Exchange.course_id", "CourseDirectory.course_id")
EXCHANGE = ("TransferApp.exchange_directory", "Exchange.root")
ALLOWED = ("whitelist", "allowed_users")


def follow_up(settings: list[Setting]) -> list[str]:
    """Return the commands, in the order in which to run them."""
    values = {s.name: s.value for s in settings if s.value is not UNKNOWN}
    lines = [_site(values), _course(values)]
    lines += [_student(student) for student in _dicts(values.get("NbGrader.db_students"))]
    lines += [_assignment(assignment) for assignment in _dicts(values.get("NbGrader.db_assignments"))]
    return [line for line in lines if line]


def _site(values: dict[str, object]) -> str:
    words: list[str] = []
    for option, names in (
        ("--exchange", EXCHANGE),
        ("--domain", ("HubAuth.hub_address",)),
        ("--tls-cert", ("JupyterHub.ssl_cert",)),
        ("--tls-key", ("JupyterHub.ssl_key",)),
    ):
        value = _first(values, names)
        # a guide's <placeholder> is not a value, and a unit cannot use a relative path
        if isinstance(value, str) and value and value[0] not in "<.":
            words += [option, value]
    admins = _names(_first(values, ("Authenticator.admin_users", "JupyterHub.admin_users")))
    words += ["--admins", *admins] if admins else []
    return _command("hubgrade", "admin", "site", *words) if words else ""


def _course(values: dict[str, object]) -> str:
    graders = _names(values.get("HubAuth.graders"))
    course_id = _first(values, COURSE)
    allowed = [
        name
        for key, value in values.items()
        if key.rpartition(".")[2] in ALLOWED
        for name in _names(value)
        if name not in graders
    ]
    if not (graders or isinstance(course_id, str)):
        return ""
    words = [course_id if isinstance(course_id, str) else "COURSE", "--instructors", *(graders or ["NAME"])]
    return _command("hubgrade", "admin", "course", *words, *(["--students", *allowed] if allowed else []))


def _student(student: dict[str, object]) -> str:
    options = [
        f"--{option}={student[key]}"
        for key, option in (("first_name", "first-name"), ("last_name", "last-name"), ("email", "email"))
        if student.get(key)
    ]
    return _command("nbgrader", "db", "student", "add", str(student.get("id", "NAME")), *options)


def _assignment(assignment: dict[str, object]) -> str:
    due = [f"--duedate={assignment['duedate']}"] if assignment.get("duedate") else []
    return _command("nbgrader", "db", "assignment", "add", str(assignment.get("name", "NAME")), *due)


def _first(values: dict[str, object], names: Iterable[str]) -> object:
    return next((values[name] for name in names if name in values), None)


def _names(value: object) -> list[str]:
    items = value if isinstance(value, list | set) else []
    return [item for item in items if isinstance(item, str)]


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _command(*words: str) -> str:
    return shlex.join(words)
