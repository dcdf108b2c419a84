"""Python 2 in a notebook: its kernel's name, and cells that no Python 3 can read."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from hubgrade_ext.core.notebooks import Cell, Notebook

_NAME = re.compile(r"i?python[-_ ]?2([._]?\d+)*", re.IGNORECASE)
# what Python 3 says of syntax that Python 2 had; any other fault may be meant, as in a cell to be completed
_OLD_SYNTAX = re.compile(
    r"Missing parentheses in call to|multiple exception types must be parenthesized|leading zeros in decimal"
)
_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)


def is_python2(kernel_name: str) -> bool:
    """Say whether a kernel of this name runs Python 2."""
    return _NAME.fullmatch(kernel_name) is not None


def python2_cells(notebook: Notebook) -> Iterator[tuple[Cell, str]]:
    """Yield the code cells that only Python 2 can read, each with Python 3's own words."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.source.lstrip().startswith("%%"):
            continue
        fault = _fault(_MAGIC.sub(r"\1pass", cell.source))
        if fault and _OLD_SYNTAX.search(fault):
            yield cell, fault


def _fault(code: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError):
        return ""
    return ""
