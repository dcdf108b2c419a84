"""FIXES: every fix there is, by the check that it makes hold; nothing registers itself."""

from __future__ import annotations

from hubgrade_ext.actions.fixes import gradebook, old_configuration, old_notebooks
from hubgrade_ext.actions.fixes.fix import Fix
from hubgrade_ext.actions.fixes.permissions import PERMISSIONS

FIXES: list[Fix] = [
    *PERMISSIONS,
    gradebook.UPGRADE,
    gradebook.COPY,
    old_configuration.NEW_NAMES,
    old_configuration.REMOVE,
    old_notebooks.UPDATE,
    old_notebooks.PYTHON_3,
]
