"""Fixes: what preflight found, mended on request; shown before, logged, and undone where that is possible."""
