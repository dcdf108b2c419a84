"""The release gate: what running the instructor's own solution has shown."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from hubgrade_ext.core.models.vocabulary import ErrorBody

GateMode = Literal["block", "warn", "off"]


class GateFinding(Struct, frozen=True):
    """One thing that was seen; `where` names notebook and cell. `fails`: it alone makes the verdict bad."""

    code: str
    where: str
    message: str
    remedy: str = ""
    fails: bool = True


class GateVerdict(Struct, frozen=True):
    """What the gate says about an assignment as it is now.

    `cells` are autograded, worth `max_score` points in all; the released
    version got `released_score` of them without any work, None when it was not run.
    """

    state: Literal["passed", "failed"]
    checked_at: datetime
    cells: int
    max_score: float
    released_score: float | None = None
    findings: list[GateFinding] = field(default_factory=list)


class Gate(Struct, frozen=True):
    """How the gate stands before a release; `verdict` None: the release finds out first.

    In mode `block` a bad verdict is released only when the request says `anyway`.
    `unfinished` says why the last try came to no verdict; it says nothing about the solution.
    """

    mode: GateMode
    verdict: GateVerdict | None = None
    unfinished: ErrorBody | None = None
