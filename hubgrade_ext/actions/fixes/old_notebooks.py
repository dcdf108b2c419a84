"""Fixes of notebooks from an earlier age: nbgrader's metadata, and the Python 2 kernel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from hubgrade_ext.actions.fixes.changes import Change, FileBefore, Keep, WriteFile
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.core.errors import Conflict, NotebookInvalid
from hubgrade_ext.core.folders import assignment_folders
from hubgrade_ext.core.models import FixChange
from hubgrade_ext.core.new_course import PYTHON3
from hubgrade_ext.core.notebooks import Notebook, notebook_files, read_notebook
from hubgrade_ext.grading.python2 import is_python2, python2_cells

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELLS_SHOWN = 8
BOM = "\ufeff"


class RewriteNotebook(Struct, frozen=True, tag="rewrite_notebook"):
    """Replace a notebook as a whole; `what` says what the lines that change amount to."""

    path: str
    old: str
    new: str
    what: str
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Say it in a sentence, and show the lines."""
        return FixChange(self.what, self._file.shown.detail)

    def do(self, keep: Keep) -> FileBefore:
        """Keep the old notebook, and write the new."""
        return self._file.do(keep)

    @property
    def _file(self) -> WriteFile:
        return WriteFile(self.path, self.old, self.new)


def plan_update(situation: Situation) -> list[Change]:
    """Bring nbgrader's metadata up to the installed format, in every source notebook where it is older.

    Source: nbgrader 0.9.6 `UpdateApp`, without its refusal of notebooks that have other faults as well.
    """
    from nbgrader.nbgraderformat import SCHEMA_VERSION, MetadataValidator

    def old_cells(notebook: Notebook) -> list[int]:
        versions = (cell.schema_version for cell in notebook.cells)
        return [version for version in versions if version is not None and version < SCHEMA_VERSION]

    def update(path: Path, notebook: Notebook, node: NotebookNode) -> str:
        old = old_cells(notebook)
        MetadataValidator().upgrade_notebook_metadata(node)
        cells = "1 cell" if len(old) == 1 else f"{len(old)} cells"
        return f"Bring nbgrader's metadata in {path} from format {min(old)} to {SCHEMA_VERSION}: {cells}."

    return _rewritten(situation, lambda notebook: bool(old_cells(notebook)), update)


def plan_python3(situation: Situation) -> list[Change]:
    """Set the kernel of every source notebook for which there is only Python 2 to Python 3."""
    from jupyter_client.kernelspec import KernelSpecManager

    kernels = KernelSpecManager().find_kernel_specs()
    if PYTHON3["name"] not in kernels:
        raise Conflict(
            "There is no Python 3 kernel here either.", "Install one: python -m pip install ipykernel"
        )

    def asks(notebook: Notebook) -> bool:
        return is_python2(notebook.kernel_name) and notebook.kernel_name not in kernels

    def update(path: Path, notebook: Notebook, node: NotebookNode) -> str:
        node.metadata["kernelspec"] = dict(PYTHON3)
        node.metadata["language_info"] = {"name": "python"}
        what = f"Set the kernel of {path} from {notebook.kernel_name} to {PYTHON3['name']}."
        bad = [str(cell.index + 1) for cell, _ in python2_cells(notebook)]
        if bad:
            more = f" and {len(bad) - CELLS_SHOWN} more" if len(bad) > CELLS_SHOWN else ""
            what += f" Python 3 cannot read these cells, correct them: {', '.join(bad[:CELLS_SHOWN])}{more}."
        return f"{what} Whether the rest works as before, grading its solution will show."

    return _rewritten(situation, asks, update)


def _rewritten(
    situation: Situation,
    wanted: Callable[[Notebook], bool],
    update: Callable[[Path, Notebook, NotebookNode], str],
) -> list[Change]:
    """Return the changes of the wanted notebooks; `update` changes one in memory and says how."""
    import nbformat

    changes: list[Change] = []
    for path, notebook in _sources(situation):
        if not wanted(notebook):
            continue
        # its own line ends stay
        old = path.read_bytes().decode("utf-8")
        read = old.removeprefix(BOM)
        node = nbformat.reads(read, as_version=nbformat.current_nbformat)  # type: ignore[no-untyped-call]
        _name_cells(node, read)
        what = update(path, notebook, node)
        if _in_clone(situation, path):
            what += " It is in a git clone: commit this there, or the next pull will collide with it."
        new = nbformat.writes(node) + "\n" * old.endswith("\n")  # type: ignore[no-untyped-call]
        if "\r\n" in old:
            new = new.replace("\n", "\r\n")
        changes.append(RewriteNotebook(str(path), old, new, what))
    return changes


def _name_cells(node: NotebookNode, old: str) -> None:
    """Replace the ids that nbformat drew by lot: the fix must be the same whenever it is looked at."""
    given = {cell.get("id") for cell in json.loads(old).get("cells", ())}
    for number, cell in enumerate(node.cells):
        if "id" in cell and cell.id not in given:
            cell["id"] = hashlib.sha256(f"{number} of {old}".encode()).hexdigest()[:8]


def _sources(situation: Situation) -> Iterator[tuple[Path, Notebook]]:
    folders = assignment_folders(situation.settings, situation.settings.source_directory)
    for _, folder in sorted(folders.items()):
        for path in notebook_files(Path(folder)):
            try:
                yield path, read_notebook(path)
            except NotebookInvalid:
                continue  # another finding says so


def _in_clone(situation: Situation, path: Path) -> bool:
    # the course folder itself may be one, or the folder of the sources
    return any((folder / ".git").exists() for folder in path.parents if folder.is_relative_to(situation.root))


UPDATE = Fix(
    "notebook.schema_old", "Update nbgrader's metadata in notebooks", "Update the notebooks", plan_update
)
PYTHON_3 = Fix("kernel.python2", "Set notebooks from Python 2 to Python 3", "Set to Python 3", plan_python3)
