"""nbgrader's log on standard error, for `--verbose`; without it, only the job's own log file has it."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

from hubgrade_ext.cli.output import plain


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(plain(line) for line in super().format(record).splitlines())


@contextlib.contextmanager
def show_log(verbose: bool) -> Iterator[None]:
    """Show what is logged meanwhile, if `verbose`."""
    root = logging.getLogger()
    handler: logging.Handler = logging.StreamHandler(sys.stderr) if verbose else logging.NullHandler()
    handler.setFormatter(_Lines("%(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
