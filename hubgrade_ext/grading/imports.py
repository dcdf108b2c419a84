"""What an assignment's notebooks import, so that kernels can start with it loaded."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.notebooks import notebook_files, read_notebook

_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_][\w.]*)", re.MULTILINE)


def imported_modules(folder: Path) -> tuple[str, ...]:
    """Return the installed modules that the notebooks in `folder` import, packages before what is in them.

    Only code of the instructor's is looked at. Files beside the notebooks are
    the assignment's own modules and are left to each submission.
    """
    names: set[str] = set()
    for path in notebook_files(folder):
        try:
            notebook = read_notebook(path)
        except NotebookInvalid:
            continue
        for cell in notebook.cells:
            if cell.cell_type == "code":
                names.update(_IMPORT.findall(cell.source))
    own = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if path.is_dir()
    }
    found = {name for name in names if name.partition(".")[0] not in own and _is_installed(name)}
    return tuple(sorted(found | {name.partition(".")[0] for name in found}))


def _is_installed(name: str) -> bool:
    """Say whether its package is: to look further would import that, here."""
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
