"""`hubgrade fix`: show what a fix would change, carry it out, list and undo those carried out."""

from __future__ import annotations

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import open_instructor
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.models import FixChange, FixPlan, FixRecord


def fix(arguments: Arguments, output: Output) -> int:
    """List the fixes carried out, or show one, or carry it out, or undo one."""
    from hubgrade_ext.actions.fixes.applying import list_fixes, plan_fix
    from hubgrade_ext.jobs.fixing import apply_fix, undo_fix

    if bool(arguments.fix_id) + bool(arguments.undo) > 1 or (arguments.apply and not arguments.fix_id):
        raise InvalidRequest(
            "Name one fix.", "hubgrade fix ID, hubgrade fix ID --apply, or hubgrade fix --undo RECORD."
        )
    settings = open_instructor(arguments).settings
    if arguments.undo:
        _tell_record(undo_fix(settings, arguments.undo), output)
        return 0
    if not arguments.fix_id:
        records = list_fixes(settings)
        if output.json:
            output.show({"fixes": records})
        elif records:
            output.table(tables.fixes(records))
        else:
            output.line(
                "No fix has been carried out on this course; `hubgrade preflight` says what can be fixed."
            )
        return 0
    plan = plan_fix(settings, arguments.fix_id)
    if arguments.apply:
        _tell_record(apply_fix(settings, plan.fix_id, plan.digest), output)
    else:
        _tell_plan(plan, output)
    return 0


def _tell_plan(plan: FixPlan, output: Output) -> None:
    if output.json:
        output.show(plan)
        return
    output.line(f"{plan.title}. This would:")
    _tell_changes(plan.changes, output)
    output.line("It can be undone." if plan.reversible else "It cannot be undone.")
    output.line(f"Nothing has been changed yet. To do it: hubgrade fix {plan.fix_id} --apply")


def _tell_record(record: FixRecord, output: Output) -> None:
    if output.json:
        output.show(record)
        return
    if record.undone_at:
        output.line(f"Undone: {record.title}.")
        return
    output.line(f"Done: {record.title}.")
    _tell_changes(record.changes, output)
    if record.reversible:
        output.line(f"To undo it: hubgrade fix --undo {record.record_id}")


def _tell_changes(changes: list[FixChange], output: Output) -> None:
    for change in changes:
        output.line(f"  {change.what}")
        for line in change.detail.splitlines():
            output.line(f"      {line}")
