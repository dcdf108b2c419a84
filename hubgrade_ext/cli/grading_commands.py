"""`hubgrade limits`: what submissions may use when they are graded, and what walls them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import open_instructor
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.names import check_assignment_id

if TYPE_CHECKING:
    from hubgrade_ext.grading.execution.bundle import Level


def limits(arguments: Arguments, output: Output) -> int:
    """Show the limits of all assignments, or of one; and the isolation that is in force.

    Raises: ConfigBroken, IsolationUnavailable (the one that the course demands).
    """
    from hubgrade_ext.core.grading_options import grading_options
    from hubgrade_ext.grading.assignment_limits import limits_for
    from hubgrade_ext.grading.execution.isolation import choose

    course = open_instructor(arguments)
    options = grading_options(course.config)
    if arguments.assignment:
        names = [check_assignment_id(arguments.assignment)]
    else:
        names = ["", *sorted(options.limits)]
    page = {name: msgspec.to_builtins(limits_for(course, name)) for name in names}
    if options.engine == "nbgrader":
        level = "none"
    elif options.executor != "local":
        level = options.isolation or "the strongest that each worker's machine has"
    else:
        level = choose(cast("Level | None", options.isolation))
    if output.json:
        output.show({"isolation": level, "engine": options.engine, "limits": page})
        return 0
    output.line(f"Isolation in force: {level}.")
    output.table(tables.limits({name or "all assignments": own for name, own in page.items()}))
    return 0
