"""What a job in this process says beside its progress: nbgrader's log, warnings, and the kernels' noise."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from hubgrade_ext.cli.output import Output, plain


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(plain(line) for line in super().format(record).splitlines())


@contextlib.contextmanager
def job_output(output: Output, verbose: bool) -> Iterator[None]:
    """Keep a job's own words off the terminal; nbgrader's log goes to standard error if `verbose`.

    The job's log file has what is logged in any case. What student code writes
    past its kernel is dropped: it could steer the terminal, or fill the disk.
    """
    root = logging.getLogger()
    handler: logging.Handler = logging.StreamHandler(output.err) if verbose else logging.NullHandler()
    handler.setFormatter(_Lines("%(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        with output.silenced():
            yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
