"""What becomes of an error that nobody foresaw: a file to send, and a sentence that names it."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from hubgrade_ext import __version__
from hubgrade_ext.core.errors import InternalError


def write_report(course_dir: Path | None) -> InternalError:
    """Write the exception being handled to a file, and return the error that names the file.

    It goes to the course's state folder when there is one, else to the user's
    data folder, else to the temporary folder.
    """
    text = "\n".join(
        [
            f"hubgrade {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"command: {' '.join(sys.argv[1:])!r}",
            "",
            traceback.format_exc(),
        ]
    )
    message = "hubgrade met an error that it does not know."
    for folder in _places(course_dir):
        path = folder / f"report-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.txt"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return InternalError(message, f"Send the report {path} to who maintains this installation.")
    return InternalError(
        message, "No folder could be written to keep a report; free some room and try again."
    )


def _places(course_dir: Path | None) -> list[Path]:
    from jupyter_core.paths import jupyter_data_dir

    state_dir = (course_dir or Path.cwd()) / ".hubgrade"
    own = Path(jupyter_data_dir()) / "hubgrade" / "reports"
    return [*([state_dir / "reports"] if state_dir.is_dir() else []), own, Path(tempfile.gettempdir())]
