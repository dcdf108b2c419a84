"""What a check is: a fact that should hold, and a pure function that says whether it does.

A check's `find` names the facts it wants by parameter name (attributes of
`facts.Facts`) and answers None (or `Holds`) when the fact holds, a `Fault` when it does
not, or `NotApplicable` when it cannot be told here. It never repairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from hubgrade_ext.core.models import Role

Severity = Literal["error", "warning", "info"]
Subject = Literal[
    "configuration",
    "course",
    "notebooks",
    "exchange",
    "gradebook",
    "grading",
    "session",
    "formgrader",
    "hub",
    # of `hubgrade preflight --hub`
    "hub_configuration",
    "hub_database",
    "proxy",
    "certificate",
    "spawner",
    "systemd",
]

EVERYONE: tuple[Role, ...] = ("instructor", "student")
INSTRUCTOR: tuple[Role, ...] = ("instructor",)


class Fault(Struct, frozen=True):
    """The fact does not hold; `severity` and `remedy` replace the check's own when they are given.

    `fixable` False: the check's fix, if it has one, is not for this user or this case.
    """

    message: str
    remedy: str = ""
    severity: Severity | None = None
    fixable: bool = True


class NotApplicable(Struct, frozen=True):
    """The question makes no sense here; `message` says why."""

    message: str


class Holds(Struct, frozen=True):
    """The fact holds, and `message` says how."""

    message: str


Verdict = Fault | NotApplicable | Holds | None


class Check(Struct, frozen=True):
    """One check of the catalogue.

    `title` states the fact that should hold. A check whose `needs` (ids of
    earlier checks) do not all hold is skipped, so that only the first cause is
    reported. `roles`: who is told. `slow`: looked at after the others, while those are shown.
    """

    check_id: str
    title: str
    subject: Subject
    severity: Severity
    why: str
    remedy: str
    find: Callable[..., Verdict]
    roles: tuple[Role, ...] = INSTRUCTOR
    needs: tuple[str, ...] = ()
    slow: bool = False
