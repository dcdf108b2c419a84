"""A notebook as nbgrader sees it: its cells, their ids and roles; plain JSON, so any process may read one.

Submitted notebooks are hostile input: every read ends in a `Notebook` or in
`NotebookInvalid` with the file's name and, where there is one, the line.

Glossary
    grade_id   nbgrader's name of a cell, unique in its notebook
    role       what nbgrader does with a cell: grade, solution, locked, task
    cell 3     people count cells from 1; `index` counts from 0
"""

from __future__ import annotations

import fnmatch
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hubgrade_ext.core.errors import NotebookInvalid

MEND = "Open the notebook in JupyterLab and save it again, or get a new copy of it."
# major versions of the notebook format that nbformat can read
KNOWN_FORMATS = (2, 3, 4)
_LABEL_LENGTH = 60

Json = dict[str, object]


@dataclass(frozen=True)
class Cell:
    """One cell with nbgrader's metadata.

    `schema_version` is None when the cell has no nbgrader metadata at all and 0
    when the metadata names no version; `points` is None when there are none.
    """

    index: int
    cell_type: str
    source: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    points: float | None = None
    schema_version: int | None = None

    @property
    def has_role(self) -> bool:
        """Say whether nbgrader counts the cell's id: duplicates matter only then."""
        return self.grade or self.solution or self.locked

    @property
    def label(self) -> str:
        """Name the cell for people: `cell 3 (squares)`."""
        number = f"cell {self.index + 1}"
        return f"{number} ({self.grade_id[:_LABEL_LENGTH]})" if self.grade_id else number


@dataclass(frozen=True)
class Notebook:
    """One notebook; `notebook_id` is the file's name without `.ipynb`."""

    notebook_id: str
    cells: tuple[Cell, ...]
    kernel_name: str = ""
    language: str = ""

    @property
    def grade_ids(self) -> frozenset[str]:
        """Return the ids of all cells that have one."""
        return frozenset(cell.grade_id for cell in self.cells if cell.grade_id)

    def duplicates(self) -> dict[str, list[Cell]]:
        """Return the cells of every id that nbgrader would find more than once, in their order."""
        by_id: dict[str, list[Cell]] = {}
        for cell in self.cells:
            if cell.has_role and cell.grade_id:
                by_id.setdefault(cell.grade_id, []).append(cell)
        return {grade_id: cells for grade_id, cells in by_id.items() if len(cells) > 1}


def notebook_files(folder: Path, pattern: str = "*") -> list[Path]:
    """List the notebooks of a folder that match `pattern` (a glob on names without `.ipynb`), sorted.

    Hidden files do not count. Source: nbgrader 0.9.6 `BaseConverter.init_notebooks`.
    """
    wanted = pattern.strip() + ".ipynb"
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and fnmatch.fnmatchcase(path.name, wanted)
    )


def read_notebook(path: Path) -> Notebook:
    """Read one notebook file.

    Raises: NotebookInvalid (no regular file, not UTF-8, not JSON, not a notebook).
    """
    raw = _document(path)
    metadata = _mapping(path, raw, "metadata", "the notebook's metadata")
    kernelspec = metadata.get("kernelspec")
    spec: Json = kernelspec if isinstance(kernelspec, dict) else {}
    return Notebook(
        notebook_id=path.stem,
        cells=tuple(
            _cell(path, index, cell, raw["nbformat"]) for index, cell in enumerate(_raw_cells(path, raw))
        ),
        kernel_name=_text(spec.get("name")),
        language=_text(spec.get("language")),
    )


def _document(path: Path) -> Json:
    text = _content(path)
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(path, f"its JSON breaks off or is damaged at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse(path, "its JSON is nested too deeply")
    except ValueError:
        _refuse(path, "it contains a number with too many digits")
    if not isinstance(raw, dict):
        _refuse(path, "it is JSON, but not a notebook")
    if raw.get("nbformat") not in KNOWN_FORMATS:
        _refuse(path, "it names no notebook format that is known here")
    return raw


def _content(path: Path) -> str:
    try:
        # a pipe or a device of that name would block the reader for ever
        if not stat.S_ISREG(path.stat().st_mode):
            _refuse(path, "it is not a regular file")
        data = path.read_bytes()
    except OSError as error:
        _refuse(path, f"it cannot be opened: {error.strerror}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(path, f"it is not UTF-8 text at line {line}")


def _raw_cells(path: Path, raw: Json) -> Iterator[Json]:
    cells = raw.get("cells")
    if cells is None and isinstance(raw.get("worksheets"), list):  # nbformat 3
        sheets = raw["worksheets"]
        assert isinstance(sheets, list)
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        _refuse(path, "it has no list of cells")
    for index, cell in enumerate(cells):
        if not isinstance(cell, dict):
            _refuse(path, f"its cell {index + 1} is not a cell")
        yield cell


def _cell(path: Path, index: int, raw: Json, major: object) -> Cell:
    cell_type = raw.get("cell_type")
    if not isinstance(cell_type, str):
        _refuse(path, f"its cell {index + 1} has no type")
    if "metadata" not in raw and major == 4:  # older formats may lack it
        _refuse(path, f"its cell {index + 1} has no metadata")
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = _joined(path, index, source)
    metadata = _mapping(path, raw, "metadata", f"the metadata of cell {index + 1}")
    if "nbgrader" not in metadata:
        return Cell(index, cell_type, _text(source))
    meta = _mapping(path, metadata, "nbgrader", f"the nbgrader metadata of cell {index + 1}")
    version = meta.get("schema_version", 0)
    solution, grade = bool(meta.get("solution")), bool(meta.get("grade"))
    return Cell(
        index=index,
        cell_type=cell_type,
        source=_text(source),
        grade_id=_text(meta.get("grade_id")),
        grade=grade,
        solution=solution,
        # Source: nbgrader 0.9.6 `utils.is_locked`
        locked=not solution and (grade or bool(meta.get("locked"))),
        task=bool(meta.get("task")),
        points=_points(meta.get("points")),
        schema_version=version if isinstance(version, int) else 0,
    )


def _joined(path: Path, index: int, lines: list[object]) -> str:
    texts = [line for line in lines if isinstance(line, str)]
    if len(texts) < len(lines):
        _refuse(path, f"the source of its cell {index + 1} has a line that is no text")
    return "".join(texts)


def _points(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(path: Path, raw: Json, key: str, what: str) -> Json:
    value = raw.get(key, {})
    if not isinstance(value, dict):
        _refuse(path, f"{what} is not an object")
    return value


def _refuse(path: Path, why: str) -> NoReturn:
    raise NotebookInvalid(f"{path.name} cannot be read: {why}.", MEND) from None
