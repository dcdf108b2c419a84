"""FIXES: every fix there is, by the check that it makes hold; nothing registers itself."""

from __future__ import annotations

from hubgrade_ext.actions.fixes import gradebook, old_configuration, old_notebooks, permissions
from hubgrade_ext.actions.fixes.fix import Fix

FIXES: list[Fix] = [
    permissions.CLOSE_COURSE,
    permissions.MAKE_EXCHANGE,
    permissions.OPEN_EXCHANGE,
    permissions.STICKY,
    permissions.INBOUND,
    permissions.GRADEBOOK,
    permissions.WRITABLE_EXCHANGE,
    permissions.INBOUND_LEAK,
    permissions.OUTBOUND,
    permissions.RELEASED,
    permissions.FEEDBACK,
    permissions.SUBMITTED,
    permissions.CLOSE_GRADEBOOK,
    permissions.CLOSE_HOME,
    permissions.READ_CONFIG,
    permissions.CLOSE_CONFIG,
    gradebook.UPGRADE,
    gradebook.COPY,
    old_configuration.NEW_NAMES,
    old_configuration.REMOVE,
    old_notebooks.UPDATE,
    old_notebooks.PYTHON_3,
]
