"""Commands for whoever runs the hub."""

from __future__ import annotations

from hubgrade_ext.cli.course_commands import show_report
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments


def preflight(arguments: Arguments, output: Output) -> int:
    """Print every check of the hub's own side; the exit status is 0, 1 for warnings, 2 for errors."""
    from hubgrade_ext.preflight.hub_side.report import run_hub

    report = run_hub(arguments.hub_config, arguments.hub_user, arguments.only or ())
    if not output.json:
        output.line(f"{report.config}, looked at as {report.user}:")
    return show_report(report, arguments, output)
