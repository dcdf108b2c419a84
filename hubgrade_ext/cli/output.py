"""Where a command's words go: its result to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from io import StringIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from hubgrade_ext.core.errors import HubgradeError

if TYPE_CHECKING:
    from rich.console import ConsoleRenderable

WIDE = 400


class Output:
    """Standard output for the result alone, also against libraries and configuration files that print.

    As long as it is entered, whatever else writes to standard output is sent to
    standard error; so under `json` exactly one object leaves the program.
    """

    def __init__(self, as_json: bool) -> None:
        self.json = as_json

    def __enter__(self) -> Output:
        sys.stdout.flush()
        sys.stderr.flush()
        self._saved = os.dup(1)
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
        self.err: TextIO = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")
        os.dup2(2, 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()
        os.dup2(self._saved, 1)
        os.close(self._saved)
        for stream in (self._stream, self.err):
            # a reader that has gone misses nothing it wanted
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    @contextlib.contextmanager
    def silenced(self) -> Iterator[None]:
        """Drop whatever this process and its children write to their standard streams meanwhile.

        `line`, `note` and `err` still reach the user.
        """
        sys.stderr.flush()
        saved = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(null, stream)
        os.close(null)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream in (1, 2):
                os.dup2(saved, stream)
            os.close(saved)

    def show(self, value: object) -> None:
        """Print the result as JSON; `value` is a wire shape or plain data."""
        import msgspec

        data = msgspec.to_builtins(value)
        text = json.dumps(data, indent=2, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            # a file name that is not UTF-8
            text = json.dumps(data, indent=2)
        self._stream.write(text + "\n")
        self._stream.flush()

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        self._stream.write(plain(text) + "\n")
        self._stream.flush()

    def block(self, text: str) -> None:
        """Print several lines, for one somebody else's: a job's log."""
        for line in text.splitlines():
            self.line(line)

    def note(self, text: str) -> None:
        """Say something beside the result, on standard error."""
        self.err.write(plain_lines(text) + "\n")
        self.err.flush()

    def table(self, table: ConsoleRenderable) -> None:
        """Print a table, fitted to the terminal; elsewhere as wide as its text, for grep and files."""
        from rich.console import Console

        if self._stream.isatty():
            Console(file=self._stream, markup=False, highlight=False, emoji=False).print(table)
            self._stream.flush()
            return
        console = Console(file=StringIO(), markup=False, highlight=False, emoji=False, width=WIDE)
        with console.capture() as captured:
            console.print(table)
        self.block("\n".join(line.rstrip() for line in captured.get().splitlines()))

    def fail(self, error: HubgradeError) -> int:
        """Say what is wrong and what to do, and return the exit status 2."""
        suggestion = getattr(error, "suggestion", "")
        self.note(f"{error.message} {error.remedy}".rstrip())
        if self.json:
            body: dict[str, Any] = {"code": error.code, "message": error.message, "remedy": error.remedy}
            self.show({"error": {**body, "suggestion": suggestion} if suggestion else body})
        return 2


def plain_lines(text: str, indent: str = "") -> str:
    """Return a text of several lines, each of them plain; those after the first are indented."""
    return f"\n{indent}".join(plain(line) for line in text.split("\n"))


def plain(text: str) -> str:
    """Return text that cannot steer the terminal: names and logs may come from students."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
