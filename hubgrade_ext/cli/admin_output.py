"""An administrator's plan, and the list of courses, in words."""

from __future__ import annotations

from rich.table import Table

from hubgrade_ext.actions.set_up import Written
from hubgrade_ext.cli.output import Output
from hubgrade_ext.hub.setup.plan import Plan, PlannedItem
from hubgrade_ext.hub.setup.site import Site

WORDS = {
    "create": "create",
    "change": "change",
    "adjust": "adjust",
    "wait": "waits",
    "refuse": "REFUSED",
}


def show_plan(plan: Plan, written: Written | None, output: Output) -> None:
    """Print what would be done, or was; then what remains for the administrator."""
    if output.json:
        output.show(
            {
                "applied": written is not None,
                "written": written.paths if written else [],
                "backup": written.backup if written else "",
                "items": plan.items,
                "commands": plan.commands,
                "notes": plan.notes,
            }
        )
        return
    if not plan.changes:
        output.line(f"All {len(plan.items)} files and folders are as they should be.")
    for item in plan.changes:
        _show_item(item, output, with_diff=written is None)
    if written is not None and written.paths:
        output.line(f"Wrote {len(written.paths)} files and folders.")
        if written.backup:
            output.line(f"What was replaced is kept in {written.backup}.")
    elif plan.changes:
        output.line("Nothing was written: look at it, then repeat the command with --apply.")
    _show_list("Then run:" if written else "After --apply run:", plan.commands, output)
    _show_list("Mind:", plan.notes, output)


def _show_item(item: PlannedItem, output: Output, with_diff: bool) -> None:
    was = f" (was {item.was})" if item.was else ""
    output.line(f"{WORDS[item.action]:8} {item.kind:6} {item.mode} {item.owner:16} {item.path}{was}")
    if item.reason:
        output.line(f"         {item.reason}")
    if with_diff and item.diff:
        output.block("\n".join(f"    {line}" for line in item.diff.splitlines()))


def _show_list(title: str, lines: list[str], output: Output) -> None:
    if lines:
        output.line(title)
    for line in lines:
        output.line(f"  {line}")


def show_courses(site: Site, output: Output) -> None:
    """Print the courses of the hub."""
    if output.json:
        output.show({"courses": list(site.courses.values())})
        return
    if not site.courses:
        output.line("This hub has no course yet: hubgrade admin course ID --instructors NAME …")
        return
    table = Table()
    for column in ("course", "instructors", "graders", "students", "account", "folder", "port"):
        table.add_column(column)
    for course in site.courses.values():
        table.add_row(
            course.course_id,
            ", ".join(course.instructors),
            ", ".join(course.graders),
            str(len(course.students)),
            course.account,
            course.folder,
            str(course.port),
        )
    output.table(table)
