"""The allow-list of plain functions that the server may have run in a forked child; imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

CALLS: dict[str, str] = {
    "describe_course": "hubgrade_ext.core.course:describe_course",
    "named_root": "hubgrade_ext.core.course:named_root",
    "config_page": "hubgrade_ext.core.config_page:config_page",
    "create_course": "hubgrade_ext.core.new_course:create_course",
    "create_assignment": "hubgrade_ext.core.new_course:create_assignment",
    "edit_due_date": "hubgrade_ext.exchange.due_dates:edit_due_date",
    "assignments_page": "hubgrade_ext.core.assignments_page:assignments_page",
    "submissions_page": "hubgrade_ext.core.submissions_page:submissions_page",
    "one_assignment": "hubgrade_ext.core.submissions_page:one_assignment",
    "students_page": "hubgrade_ext.core.students_page:students_page",
    "plan": "hubgrade_ext.actions.plans:plan",
    "gather_sources": "hubgrade_ext.preflight.sources:gather_sources",
    "plan_fix": "hubgrade_ext.actions.fixes.applying:plan_fix",
    "list_fixes": "hubgrade_ext.actions.fixes.applying:list_fixes",
    "apply_fix": "hubgrade_ext.jobs.fixing:apply_fix",
    "undo_fix": "hubgrade_ext.jobs.fixing:undo_fix",
    "student_assignments": "hubgrade_ext.exchange.student_page:student_assignments",
    "listed_assignments": "hubgrade_ext.exchange.plugged_student_page:listed_assignments",
}


def resolve(name: str) -> Callable[..., Any]:
    """Import a function of the table."""
    module, _, attribute = CALLS[name].partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function
