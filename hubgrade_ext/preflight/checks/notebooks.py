"""Checks of the notebooks in the sources: nbgrader's own rules, each fault with notebook and cell."""

from __future__ import annotations

from collections.abc import Callable

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Severity, Verdict
from hubgrade_ext.preflight.notebook_facts import SourceFacts

NOT_READ = NotApplicable("The notebooks were not read for this report.")
SHOWN = 3


def finder(kind: str) -> Callable[[SourceFacts | None], Verdict]:
    """Return the function that reports the faults of one kind."""

    def find(sources: SourceFacts | None) -> Verdict:
        """Name the first faults of this kind."""
        if sources is None:
            return NOT_READ
        faults = sources.of(kind)
        if not faults:
            return None
        named = [f"{fault.where}: {fault.message.rstrip('.')}" for fault in faults[:SHOWN]]
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        return Fault(f"{'; '.join(named)}{more}.", faults[0].remedy)

    return find


def find_no_program(sources: SourceFacts | None) -> Verdict:
    """Name kernels that are installed, but whose program is not there."""
    if sources is None:
        return NOT_READ
    missing = sources.kernels_without_program
    if not missing:
        return None
    named = [f"the kernel {name!r} starts {program}, which is not there" for name, program in missing.items()]
    told = "; ".join(named)
    return Fault(f"{told[:1].upper()}{told[1:]}.")


def check(check_id: str, title: str, severity: Severity, why: str, remedy: str) -> Check:
    """Return a check of one kind of fault in the sources."""
    return Check(
        check_id,
        title,
        "notebooks",
        severity,
        why,
        remedy,
        finder(check_id),
        needs=("coursedir.source",),
        slow=True,
    )


STOPS = (
    "nbgrader stops at it when the assignment is generated, and says neither which notebook nor which cell."
)
PANEL = "Correct it in the Create Assignment panel."

NOTEBOOKS: list[Check] = [
    check(
        "assignment.notebooks",
        "Every assignment has a notebook",
        "warning",
        "An assignment without a notebook at its top level cannot be generated.",
        "Put the assignment's notebooks into its folder, not deeper.",
    ),
    check(
        "notebook.readable",
        "Every notebook can be read",
        "error",
        "A damaged notebook stops the whole assignment.",
        "Repair it in a text editor, or restore an earlier copy of it.",
    ),
    check(
        "notebook.schema_old",
        "Every cell's nbgrader metadata has the present format",
        "error",
        "nbgrader refuses metadata of an older format.",
        "Run `nbgrader update` on the notebook.",
    ),
    check(
        "notebook.schema_new",
        "No cell's nbgrader metadata is of a newer nbgrader",
        "error",
        "Only the nbgrader that made it understands it.",
        "Upgrade nbgrader to the version that made it.",
    ),
    check("notebook.ids", "Every graded cell has an id that nbgrader accepts", "error", STOPS, PANEL),
    check(
        "notebook.duplicate_ids",
        "No two cells of a notebook share an id",
        "error",
        "nbgrader finds a student's cell by its id.",
        "Give each cell an id of its own in the Create Assignment panel.",
    ),
    check("notebook.points", "Every graded cell has points", "error", STOPS, PANEL),
    check(
        "notebook.zero_points",
        "No graded cell is worth nothing",
        "warning",
        "A test worth 0 points is run and counts for nothing.",
        "Enter its points in the Create Assignment panel, if it should count.",
    ),
    check(
        "notebook.solution_regions",
        "Solutions, hidden tests and autotests are only in cells of that kind",
        "error",
        "nbgrader stops with “solution region detected in a non-solution cell”, or says nothing at all.",
        PANEL,
    ),
    check(
        "notebook.regions",
        "Every region that begins ends",
        "error",
        "Without its end, nbgrader cannot tell the solution from what students get.",
        "Write the line that ends the region.",
    ),
    check(
        "notebook.cell_types", "Every graded cell is of a type that nbgrader can grade", "error", STOPS, PANEL
    ),
    check(
        "notebook.language",
        "nbgrader knows what to put in place of solutions",
        "error",
        "Solutions are replaced by a line in the notebook's language.",
        "Add the language to c.ClearSolutions.code_stub in nbgrader_config.py.",
    ),
    check(
        "kernel.unset",
        "Every notebook names its kernel",
        "warning",
        "Students' servers choose one, and may choose another than the grader's.",
        "Choose a kernel and save the notebook.",
    ),
    check(
        "kernel.python2",
        "No notebook asks for Python 2",
        "error",
        "Python 2 ended in 2020, and no hub of today has a kernel for it: autograding fails for "
        "every student.",
        "Set the notebook's kernel to Python 3, and correct what is different there.",
    ),
    check(
        "notebook.python2_code",
        "Every code cell can be read by Python 3",
        "warning",
        "A print without parentheses, for one, is a syntax error in Python 3: the cell fails for everybody.",
        "Correct the cell.",
    ),
    check(
        "kernel.missing",
        "Every notebook's kernel is installed",
        "error",
        "Autograding fails for every student.",
        "Install that kernel where you grade, or choose another one.",
    ),
    Check(
        "kernel.executable",
        "Every notebook's kernel can start",
        "notebooks",
        "error",
        "A kernel whose program has been removed is still listed, and autograding fails for every student.",
        "Install that kernel again.",
        find_no_program,
        needs=("coursedir.source",),
        slow=True,
    ),
]
