"""Hidden tests are taken out of what a submission printed: a hook sees each cell before it runs.

They have to be in the kernel, which runs them, so student code can find them there. What it prints comes
back to the student as feedback. Every line of a hidden test is looked for in the outputs of all cells. It is
found when it is there as it is; a submission that writes it in a cipher of its own is not seen through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

REPLACEMENT = "[hidden test]"
# shorter ones say nothing, and may be anybody's
_SHORTEST = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def redact(notebook: NotebookNode, begin: str, end: str) -> list[int]:
    """Take hidden tests out of all outputs; return the indices of the cells where there were some.

    `begin` and `end` are nbgrader's markers. A failing hidden test's own traceback stays as it is.
    """
    hidden = [set(_hidden_lines(cell.source, begin, end)) for cell in notebook.cells]
    visible = {line for cell in notebook.cells for line in _visible_lines(cell.source, begin, end)}
    lines = sorted(set().union(*hidden) - visible, key=len, reverse=True)
    if not lines:
        return []
    pattern = re.compile("|".join(map(re.escape, lines)))
    return [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and sum([_redact_output(output, pattern, own=bool(hidden[index])) for output in cell.outputs])
    ]


def _split(source: str, begin: str, end: str) -> Iterator[tuple[bool, str]]:
    inside = False
    for line in source.split("\n"):
        if begin in line:
            inside = True
        elif end in line:
            inside = False
        else:
            yield inside, line.strip()


def _hidden_lines(source: str, begin: str, end: str) -> Iterator[str]:
    if begin in source:
        yield from (line for inside, line in _split(source, begin, end) if inside and len(line) >= _SHORTEST)


def _visible_lines(source: str, begin: str, end: str) -> Iterator[str]:
    yield from (line for inside, line in _split(source, begin, end) if not inside)


def _redact_output(output: NotebookNode, pattern: re.Pattern[str], *, own: bool) -> bool:
    """Say whether there was something to take out."""
    kind = output.output_type
    if kind == "stream":
        output.text, count = pattern.subn(REPLACEMENT, output.text)
        return count > 0
    if kind == "error":
        return _redact_error(output, pattern, own=own)
    # pages show some of it, such as what stands for an image
    found = bool(pattern.search(repr(output.metadata)))
    if found:
        output.metadata = {}
    for name, value in output.data.items():
        redacted, count = _redact_value(value, pattern)
        if count:
            output.data[name] = redacted
            found = True
    return found


def _redact_value(value: object, pattern: re.Pattern[str]) -> tuple[object, int]:
    if isinstance(value, str):
        return pattern.subn(REPLACEMENT, value)
    # JSON of a display: what has a hidden test in it goes as a whole
    return (REPLACEMENT, 1) if pattern.search(repr(value)) else (value, 0)


def _redact_error(output: NotebookNode, pattern: re.Pattern[str], *, own: bool) -> bool:
    output.ename, named = pattern.subn(REPLACEMENT, output.ename)
    output.evalue, count = pattern.subn(REPLACEMENT, output.evalue)
    count += named
    for index, part in enumerate(output.traceback):
        # the last part repeats the error's message
        shown = not own or (count and index == len(output.traceback) - 1)
        if shown and pattern.search(_COLOURS.sub("", part)):
            output.traceback[index] = pattern.sub(REPLACEMENT, _COLOURS.sub("", part))
            count += 1
    return bool(count)
