"""Hidden tests are taken out of what a submission printed or wrote: a hook sees each cell before it runs.

They have to be in the kernel, which runs them, so student code can find them there. What it prints comes
back to the student as feedback, and so do pages that it writes. Every line of a hidden test is looked for in
the outputs of all cells, and in the files that come back. It is found when it is there as it is; a submission
that writes it in a cipher of its own is not seen through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Sequence

from msgspec import structs
from nbformat import NotebookNode

from hubgrade_ext.grading.execution.bundle import BundleFile

REPLACEMENT = "[hidden test]"
# shorter ones say nothing, and may be anybody's
_SHORTEST = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def redact(notebook: NotebookNode, begin: str, end: str) -> list[int]:
    """Take hidden tests out of all outputs; return the indices of the cells where there were some.

    `begin` and `end` are nbgrader's markers. A failing hidden test's own traceback stays as it is.
    """
    sources = [cell.source for cell in notebook.cells]
    hidden = [set(_hidden_lines(source, begin, end)) for source in sources]
    pattern = _any_of(_lines(sources, begin, end))
    if pattern is None:
        return []
    return [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and sum([_redact_output(output, pattern, own=bool(hidden[index])) for output in cell.outputs])
    ]


def redact_files(
    files: Sequence[BundleFile], notebooks: Iterable[NotebookNode], begin: str, end: str
) -> tuple[tuple[BundleFile, ...], list[str]]:
    """Return the files without the hidden tests of these notebooks, and the paths of those that had some."""
    lines: set[str] = set()
    for notebook in notebooks:
        lines |= _lines([cell.source for cell in notebook.cells], begin, end)
    pattern = _any_of(lines)
    if pattern is None:
        return tuple(files), []
    found = {file.path for file in files if pattern.search(file.content.decode(errors="replace"))}
    clean = tuple(_without(file, pattern) if file.path in found else file for file in files)
    return clean, sorted(found)


def without_hidden_tests(
    files: Iterable[BundleFile], notebooks: Container[str], begin: str, end: str
) -> Iterator[BundleFile]:
    """Yield the files as student code may see them: the notebooks without what is between the markers."""
    for file in files:
        if file.path in notebooks and begin.encode() in file.content:
            yield structs.replace(file, content=_cleared(file.content, begin, end))
        else:
            yield file


def _cleared(content: bytes, begin: str, end: str) -> bytes:
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if begin in source:
            cell["source"] = "\n".join(line for inside, line in _split(source, begin, end) if not inside)
    return json.dumps(notebook).encode()


def _without(file: BundleFile, pattern: re.Pattern[str]) -> BundleFile:
    text = file.content.decode(errors="surrogateescape")
    content = pattern.sub(REPLACEMENT, text).encode(errors="surrogateescape")
    return structs.replace(file, content=content)


def _lines(sources: list[str], begin: str, end: str) -> set[str]:
    """Return the lines that are in hidden tests only."""
    hidden = {line for source in sources for line in _hidden_lines(source, begin, end)}
    return hidden - {line for source in sources for line in _visible_lines(source, begin, end)}


def _any_of(lines: set[str]) -> re.Pattern[str] | None:
    # as they are, and as a file of JSON or Python has them
    forms = {form for line in lines for form in (line, json.dumps(line)[1:-1], repr(line)[1:-1])}
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if lines else None


def _split(source: str, begin: str, end: str) -> Iterator[tuple[bool, str]]:
    inside = False
    for line in source.split("\n"):
        if begin in line:
            inside = True
        elif end in line:
            inside = False
        else:
            yield inside, line


def _hidden_lines(source: str, begin: str, end: str) -> Iterator[str]:
    if begin in source:
        hidden = (line.strip() for inside, line in _split(source, begin, end) if inside)
        yield from (line for line in hidden if len(line) >= _SHORTEST)


def _visible_lines(source: str, begin: str, end: str) -> Iterator[str]:
    yield from (line.strip() for inside, line in _split(source, begin, end) if not inside)


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
