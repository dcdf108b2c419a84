"""`hubgrade …` and `jupyter hubgrade …`: the same actions as in the browser, as text or JSON.

program ─► parser (no heavy import) ─► one module a group of commands ─► jobs, actions, core
Exit status 0: all done; 1: done, with items that failed; 2: could not start.
"""

from __future__ import annotations

from hubgrade_ext.cli.program import main

__all__ = ["main"]
