"""How a course wants its submissions autograded: `c.HubgradeGrading.…` in nbgrader_config.py."""

from __future__ import annotations

from traitlets import Bool, Enum, Float, Integer
from traitlets.config import Configurable


class HubgradeGrading(Configurable):
    """Configure hubgrade's autograding; nbgrader itself never reads this section."""

    engine = Enum(
        ["sandboxed", "nbgrader"],
        "sandboxed",
        help="""
        Who runs the cells. `sandboxed`: hubgrade, several submissions at once, away from everything that is
        not the student's. `nbgrader`: nbgrader's own Autograde, one submission after the other, with the
        instructor's rights; for notebooks that need more than a sandbox gives. A course that configures other
        preprocessors than nbgrader's Execute to run cells always gets `nbgrader`.
        """,
    ).tag(config=True)

    isolation = Enum(
        [None, "namespaces", "bubblewrap", "none"],
        None,
        allow_none=True,
        help="""
        The isolation that grading must have; it refuses to start without it. None (the default) takes the
        strongest that works on this machine.
        """,
    ).tag(config=True)

    cores = Integer(
        None,
        allow_none=True,
        min=1,
        help="Processor cores to use. None (the default): all that the server may use.",
    ).tag(config=True)

    submission_timeout_s = Float(
        1800.0,
        min=1.0,
        help="Seconds that one submission may take in all. Change when notebooks legitimately run longer.",
    ).tag(config=True)

    memory_mib = Integer(
        2048,
        min=64,
        help="MiB of memory that one submission may use. Change when notebooks load large data.",
    ).tag(config=True)

    network = Bool(
        False,
        help="Whether submissions may use the network (default: no). Change when notebooks download data.",
    ).tag(config=True)
