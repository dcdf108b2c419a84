"""`hubgrade limits`: what submissions may use when they are graded, and what walls them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import open_instructor
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.cli.spelling import check_spelling
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.core.names import check_assignment_id

if TYPE_CHECKING:
    from hubgrade_ext.core.course import Course
    from hubgrade_ext.core.grading_options import HubgradeGrading
    from hubgrade_ext.grading.execution.bundle import Level
    from hubgrade_ext.grading.execution.limits import Limits

_MIB = 1024**2


def limits(arguments: Arguments, output: Output) -> int:
    """Show the limits of all assignments, or of one; and the isolation that is in force.

    Raises: ConfigBroken, IsolationUnavailable (the one that the course demands), InvalidName,
        AssignmentNotFound, GradebookBroken, ExchangeBroken, Busy.
    """
    from hubgrade_ext.core.grading_options import grading_options
    from hubgrade_ext.grading.assignment_limits import limits_for

    course = open_instructor(arguments)
    options = grading_options(course.config)
    names = ["", *sorted(options.limits)]
    if arguments.assignment:
        names = [check_assignment_id(arguments.assignment)]
        if names[0] not in options.limits:
            check_spelling(course.settings, JobRequest("autograde", names[0]))
    page = {name: _as_set(limits_for(course, name)) for name in names}
    level = _level(course, options)
    if output.json:
        output.show({"isolation": level, "engine": options.engine, "limits": page})
        return 0
    output.line(f"Isolation in force: {level}.")
    output.table(
        tables.limits(
            {
                name or "all assignments": {key: _shown(value) for key, value in own.items()}
                for name, own in page.items()
            }
        )
    )
    return 0


def _as_set(limits: Limits) -> dict[str, object]:
    """Return limits by the names, and in the units, of the settings in c.HubgradeGrading."""
    from hubgrade_ext.core.grading_options import LIMITS

    return {
        name: getattr(limits, f"{name.removesuffix('_mib')}_bytes") // _MIB
        if name.endswith("_mib")
        else getattr(limits, name)
        for name in LIMITS
    }


def _shown(value: object) -> str:
    if value is None:
        return "no limit"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _level(course: Course, options: HubgradeGrading) -> str:
    from hubgrade_ext.grading.execution.isolation import choose
    from hubgrade_ext.grading.two_stage import sandboxed

    if not sandboxed(course):
        return "none"
    if options.executor != "local":
        return options.isolation or "the strongest that each worker's machine has"
    return choose(cast("Level | None", options.isolation))
