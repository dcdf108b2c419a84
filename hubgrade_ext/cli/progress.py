"""A job's progress on standard error: a bar on a terminal, a line an item elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from hubgrade_ext.cli.output import plain
from hubgrade_ext.core.models import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

SHOWN_NAME = 24


class ProgressDisplay:
    """Show each `Progress` of one job; failures stay on the screen with their remedy."""

    def __init__(self, title: str, stream: TextIO) -> None:
        self.title = plain(title)
        self._stream = stream
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._waiting = ""

    def __enter__(self) -> ProgressDisplay:
        if self._stream.isatty():
            self._start_bar()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, step: Progress) -> None:
        """Show one step."""
        if self._bar is not None and self._task is not None:
            total = step.total or None
            self._bar.update(
                self._task, completed=step.done, total=total, item=plain(step.current)[:SHOWN_NAME]
            )
            if step.result is not None and step.result.state == "failed":
                self._bar.console.print(_line(step), markup=False, highlight=False)
        elif step.result is not None:
            self._stream.write(_line(step) + "\n")
            self._stream.flush()
        elif not step.total and step.current != self._waiting:
            # no item yet: it waits for something, and says for what
            self._waiting = step.current
            self._stream.write(plain(step.current) + "\n")
            self._stream.flush()

    def _start_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[item]}", markup=False),
            console=Console(file=self._stream, markup=False, highlight=False, emoji=False),
        )
        self._task = self._bar.add_task(self.title, total=None, item="")
        self._bar.start()


def _line(step: Progress) -> str:
    result = step.result
    if result is None:
        return ""
    message = result.message.split("\n")[0]
    words = [f"[{step.done}/{step.total}] {result.item}: {result.state}", message, result.remedy]
    return plain(" ".join(word for word in words if word))
