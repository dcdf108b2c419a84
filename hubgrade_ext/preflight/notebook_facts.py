"""What is wrong in the sources, by nbgrader's own rules, and in the settings of grading.

Gathered by `sources`, which needs nbgrader.
"""

from __future__ import annotations

from msgspec import Struct

# the id of the check whose fault is not a notebook's
GRADING_SETTINGS = "grading.settings"


class SourceFault(Struct, frozen=True):
    """One fault; `kind` is the id of the check that reports it, `where` names notebook and cell."""

    kind: str
    where: str
    message: str
    remedy: str = ""


class SourceFacts(Struct, frozen=True):
    """The faults in all sources, and of the kernels that they name those whose program is missing.

    A fault in the settings of grading is there too; its `where` is empty.
    `not_sandboxed` is the setting that has nbgrader itself run the cells; empty when they run in sandboxes.
    """

    faults: list[SourceFault]
    kernels_without_program: dict[str, str]
    not_sandboxed: str = ""

    def of(self, kind: str) -> list[SourceFault]:
        """Return the faults of one kind."""
        return [fault for fault in self.faults if fault.kind == kind]
