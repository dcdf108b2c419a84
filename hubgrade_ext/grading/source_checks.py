"""Check a source before nbgrader generates from it: all findings at once, with notebook and cell.

nbgrader stops at the first fault and names neither. Only what would make it
stop, or grade wrongly in silence, is an error; the rest is a warning. The rules
follow its configured preprocessors: what is not in the list is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from nbgrader.converters import GenerateAssignment
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearSolutions,
    InstantiateTests,
)
from traitlets.utils.importstring import import_item

from hubgrade_ext.core.conversion import configured
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.notebooks import Cell, Notebook, notebook_files, read_notebook
from hubgrade_ext.grading.python2 import is_python2, python2_cells

# Source: nbgrader 0.9.6 `nbgraderformat/v3.json`
GRADE_ID = re.compile(r"[a-zA-Z0-9_\-]*")


@dataclass(frozen=True)
class SourceFinding:
    """One fault; `where` names notebook and cell, as in `problem1.ipynb, cell 3 (squares)`.

    `kind` is the id of the preflight check that asks for such faults.
    """

    where: str
    message: str
    remedy: str = ""
    warning: bool = False
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Region:
    """A region between two markers; only cells with `role` may hold one, when that is enforced."""

    begin: str
    end: str
    role: str
    enforced: bool
    words: str


@dataclass(frozen=True)
class Autotests:
    """A comment with this marker becomes tests; only cells that are graded may hold one."""

    marker: str
    comments: Mapping[str, str]

    def is_in(self, source: str, kernel_name: str) -> bool:
        """Say whether a code cell holds one. Source: nbgrader 0.9.6 `InstantiateTests.preprocess_cell`."""
        comment = self.comments.get(kernel_name)
        return comment is not None and any(
            self.marker in line and line.strip().startswith(comment) for line in source.split("\n")
        )


@dataclass(frozen=True)
class Rules:
    """What the course's configuration makes nbgrader insist on."""

    regions: tuple[Region, ...]
    autotests: Autotests | None
    metadata: bool
    languages: frozenset[str] | None
    kernels: frozenset[str]


def check_source(course: Course, assignment_id: str) -> list[SourceFinding]:
    """Return all findings in an assignment's source folder, in the order of notebooks and cells."""
    settings = course.settings
    folder = settings.path(settings.source_directory, ".", assignment_id)
    files = notebook_files(folder) if folder.is_dir() else []
    if not files:
        where = f"{settings.source_directory}/{assignment_id}"
        remedy = "Put the assignment's notebooks there."
        return [SourceFinding(where, "there is no notebook in it.", remedy, kind="assignment.notebooks")]
    rules = rules_of(course)
    return [finding for path in files for finding in _check_file(path, rules)]


def rules_of(course: Course) -> Rules:
    """Read the rules from the configured preprocessors of GenerateAssignment."""
    converter = configured(GenerateAssignment, course)
    kinds = [import_item(kind) if isinstance(kind, str) else kind for kind in converter.preprocessors]
    active = {kind for kind in kinds if getattr(kind(config=course.config), "enabled", True)}
    languages = (
        frozenset(ClearSolutions(config=course.config).code_stub) if ClearSolutions in active else None
    )
    kernels = frozenset({"python", *KernelSpecManager().find_kernel_specs()})
    instantiate = InstantiateTests(config=course.config)
    autotests = None
    if InstantiateTests in active and instantiate.enforce_metadata:
        autotests = Autotests(instantiate.autotest_delimiter, instantiate.comment_strs)
    metadata = CheckCellMetadata in active
    return Rules(tuple(_regions(course, active)), autotests, metadata, languages, kernels)


def _regions(course: Course, active: set[type]) -> Iterator[Region]:
    if ClearSolutions in active:
        solutions = ClearSolutions(config=course.config)
        yield Region(
            solutions.begin_solution_delimeter,
            solutions.end_solution_delimeter,
            "solution",
            solutions.enforce_metadata,
            "a solution cell (Manually or Autograded answer)",
        )
    if ClearHiddenTests in active:
        tests = ClearHiddenTests(config=course.config)
        yield Region(
            tests.begin_test_delimeter,
            tests.end_test_delimeter,
            "grade",
            tests.enforce_metadata,
            "an Autograder tests cell",
        )
    if ClearMarkScheme in active:
        scheme = ClearMarkScheme(config=course.config)
        yield Region(
            scheme.begin_mark_scheme_delimeter,
            scheme.end_mark_scheme_delimeter,
            "task",
            scheme.enforce_metadata,
            "a Manually graded task cell",
        )


def _check_file(path: Path, rules: Rules) -> Iterator[SourceFinding]:
    try:
        notebook = read_notebook(path)
    except NotebookInvalid as error:
        remedy = "Repair it in a text editor, or restore an earlier copy of it."
        message = error.message.removeprefix(f"{path.name} ")
        yield SourceFinding(path.name, message, remedy, kind="notebook.readable")
        return
    yield from _check_kernel(path.name, notebook, rules)
    if not (is_python2(notebook.kernel_name) and notebook.kernel_name in rules.kernels):
        yield from _check_python(path.name, notebook)
    for cell in notebook.cells:
        where = f"{path.name}, {cell.label}"
        for region in rules.regions:
            yield from _check_region(where, cell, region)
        yield from _check_autotests(where, cell, notebook.kernel_name, rules.autotests)
        if rules.metadata and cell.schema_version is not None:
            yield from _check_metadata(where, cell)
    for grade_id, cells in notebook.duplicates().items():
        numbers = " and ".join(str(cell.index + 1) for cell in cells)
        yield SourceFinding(
            f"{path.name}, cells {numbers}",
            f"they share the id {grade_id!r}.",
            "Give each cell an id of its own in the Create Assignment panel.",
            kind="notebook.duplicate_ids",
        )


def _check_kernel(name: str, notebook: Notebook, rules: Rules) -> Iterator[SourceFinding]:
    language = notebook.language or "python"
    if rules.languages is not None and language not in rules.languages:
        yield SourceFinding(
            name,
            f"nbgrader has no text to put in place of solutions in the language {language!r}.",
            f"Add {language!r} to ClearSolutions.code_stub in nbgrader_config.py.",
            kind="notebook.language",
        )
    if not notebook.kernel_name:
        remedy = "Choose a kernel and save it."
        yield SourceFinding(name, "it names no kernel.", remedy, warning=True, kind="kernel.unset")
    elif notebook.kernel_name not in rules.kernels and is_python2(notebook.kernel_name):
        yield SourceFinding(
            name,
            f"it asks for Python 2 ({notebook.kernel_name!r}), which has come to its end.",
            "Set its kernel to Python 3; code that differs there has to be corrected by hand.",
            warning=True,
            kind="kernel.python2",
        )
    elif notebook.kernel_name not in rules.kernels:
        yield SourceFinding(
            name,
            f"its kernel {notebook.kernel_name!r} is not installed here, so it cannot be autograded here.",
            "Install that kernel, or choose another one.",
            warning=True,
            kind="kernel.missing",
        )


def _check_python(name: str, notebook: Notebook) -> Iterator[SourceFinding]:
    for cell, fault in python2_cells(notebook) if notebook.language in ("", "python") else ():
        yield SourceFinding(
            f"{name}, {cell.label}",
            f"it is Python 2: {fault.rstrip('.?')}.",
            "Correct it for Python 3.",
            warning=True,
            kind="notebook.python2_code",
        )


def _check_region(where: str, cell: Cell, region: Region) -> Iterator[SourceFinding]:
    open_line, found = 0, False
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if region.begin in line:
            if open_line:
                yield SourceFinding(
                    where,
                    f"a second {region.begin} in line {number}, before the one in line {open_line} ends.",
                    f"Put {region.end} before it.",
                    kind="notebook.regions",
                )
            open_line, found = number, True
        elif region.end in line:
            open_line = 0
    if open_line:
        yield SourceFinding(
            where,
            f"{region.begin} in line {open_line} has no {region.end}.",
            f"Put {region.end} where it should end.",
            kind="notebook.regions",
        )
    if found and region.enforced and not getattr(cell, region.role):
        yield SourceFinding(
            where,
            f"it has a {region.begin} region, but is not {region.words}.",
            f"Make it {region.words} in the Create Assignment panel, or remove the markers.",
            kind="notebook.solution_regions",
        )


def _check_autotests(
    where: str, cell: Cell, kernel_name: str, autotests: Autotests | None
) -> Iterator[SourceFinding]:
    if autotests is None or cell.grade or cell.cell_type != "code":
        return
    if autotests.is_in(cell.source, kernel_name):
        yield SourceFinding(
            where,
            f"it has a line with {autotests.marker}, but is not an Autograder tests cell.",
            "Make it an Autograder tests cell in the Create Assignment panel, or remove that line.",
            kind="notebook.solution_regions",
        )


def _check_metadata(where: str, cell: Cell) -> Iterator[SourceFinding]:
    version = cell.schema_version or 0
    if version != SCHEMA_VERSION:
        age = "an older" if version < SCHEMA_VERSION else "a newer"
        remedy = "Run `nbgrader update` on it." if version < SCHEMA_VERSION else "Upgrade nbgrader here."
        kind = f"notebook.schema_{'old' if version < SCHEMA_VERSION else 'new'}"
        yield SourceFinding(where, f"its nbgrader metadata has {age} format ({version}).", remedy, kind=kind)
        return
    if (cell.has_role or cell.task) and not cell.grade_id:
        remedy = "Give it one in the Create Assignment panel."
        yield SourceFinding(where, "it has no id.", remedy, kind="notebook.ids")
    if not GRADE_ID.fullmatch(cell.grade_id):
        yield SourceFinding(
            where,
            "its id has other characters than A–Z a–z 0–9 _ and -.",
            "Give it another id.",
            kind="notebook.ids",
        )
    yield from _check_points(where, cell)
    if cell.task and cell.cell_type != "markdown":
        remedy = "Make it a Markdown cell."
        yield SourceFinding(where, "a task must be a Markdown cell.", remedy, kind="notebook.cell_types")
    if not cell.task and cell.cell_type == "markdown" and cell.grade != cell.solution:
        yield SourceFinding(
            where,
            "a graded Markdown cell must be a manually graded answer.",
            "Choose “Manually graded answer” in the Create Assignment panel.",
            kind="notebook.cell_types",
        )


def _check_points(where: str, cell: Cell) -> Iterator[SourceFinding]:
    if not (cell.grade or cell.task):
        return
    remedy = "Enter them in the Create Assignment panel."
    if cell.points is None:
        yield SourceFinding(where, "it has no points.", remedy, kind="notebook.points")
    elif cell.points < 0:
        message = f"it has negative points ({cell.points:g})."
        yield SourceFinding(where, message, remedy, kind="notebook.points")
    elif cell.points == 0:
        yield SourceFinding(where, "it has zero points.", remedy, warning=True, kind="notebook.zero_points")
