"""How a course wants its assignments checked before a release: `c.HubgradeRelease.…` in its configuration."""

from __future__ import annotations

from traitlets import Enum
from traitlets.config import Configurable


class HubgradeRelease(Configurable):
    """Configure hubgrade's releases; nbgrader itself never reads this section."""

    gate = Enum(
        ["block", "warn", "off"],
        "block",
        help="""
        What happens when the instructor's own solution does not get full marks, or the version for students
        does. `block` (the default): the assignment is released only on a second, explicit word. `warn`: it is
        released, and the job says what is wrong. `off`: nothing is run; for assignments whose solution takes
        very long.
        """,
    ).tag(config=True)
