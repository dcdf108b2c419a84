"""What the submissions of one assignment may use: hubgrade's own settings, and nbgrader's for a cell."""

from __future__ import annotations

from nbgrader.preprocessors import Execute
from traitlets import TraitError

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.grading_options import assignment_limits, grading_options
from hubgrade_ext.grading.execution.limits import Limits

_MIB = 1024**2


def limits_for(course: Course, assignment_id: str) -> Limits:
    """Return the limits of one assignment's submissions.

    Raises: ConfigBroken.
    """
    own = assignment_limits(grading_options(course.config), assignment_id)
    timeout = execute_settings(course).timeout
    usual_s = float(timeout) if timeout and timeout > 0 else None
    return Limits(
        cell_timeout_s=usual_s if own.cell_timeout_s is None else own.cell_timeout_s,
        submission_timeout_s=own.submission_timeout_s,
        cpu_s=own.submission_timeout_s if own.cpu_s is None else own.cpu_s,
        memory_bytes=own.memory_mib * _MIB,
        processes=own.processes,
        file_size_bytes=own.file_size_mib * _MIB,
        disk_bytes=own.disk_mib * _MIB,
        output_bytes=own.output_mib * _MIB,
        network=own.network,
    )


def execute_settings(course: Course) -> Execute:
    """Return nbgrader's Execute as the course configures it; `timeout` None or below 0 means no limit.

    Raises: ConfigBroken.
    """
    try:
        return Execute(config=course.config)
    except TraitError as error:
        raise ConfigBroken(
            f"nbgrader refuses a value in the configuration: {str(error).rstrip('.')}.",
            "Correct it; the settings page lists every file and value.",
        ) from None
