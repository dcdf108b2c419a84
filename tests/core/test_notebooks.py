from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbgrader
import pytest

from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.notebooks import notebook_files, read_notebook

EXAMPLE = Path(nbgrader.__file__).parent / "docs/source/user_guide/source/ps1/problem1.ipynb"


def test_reads_cells_and_roles() -> None:
    notebook = read_notebook(EXAMPLE)
    assert (notebook.notebook_id, notebook.kernel_name, notebook.language) == ("problem1", "python", "python")
    cell = notebook.cells[5]
    assert (cell.label, cell.points, cell.schema_version) == ("cell 6 (correct_squares)", 1.0, 3)
    assert (cell.grade, cell.solution, cell.locked, cell.task) == (True, False, True, False)
    assert notebook.cells[1].schema_version is None
    assert notebook.cells[17].task
    assert len(notebook.grade_ids) == 10
    assert notebook.duplicates() == {}


def nbgrader_cell(grade_id: str, **meta: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": ["a\n", "b"],
        "metadata": {"nbgrader": {"grade_id": grade_id, **meta}},
    }


def test_duplicates_count_only_cells_with_a_role(tmp_path: Path) -> None:
    cells = [
        nbgrader_cell("x", grade=True),
        nbgrader_cell("y"),
        nbgrader_cell("x", solution=True),
        nbgrader_cell("y"),
    ]
    (tmp_path / "n.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells, "metadata": {}}))
    twice = read_notebook(tmp_path / "n.ipynb").duplicates()
    assert {grade_id: [cell.index for cell in found] for grade_id, found in twice.items()} == {"x": [0, 2]}
    assert twice["x"][0].source == "a\nb"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1"),
        (b'{\n"cells": [\n', "line 3"),
        (b'{"cells": "\xff"}', "not UTF-8 text at line 1"),
        (b"[]", "not a notebook"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells": []}', "no notebook format"),
        (b'{"nbformat": 99, "cells": []}', "no notebook format"),
        (b'{"nbformat": 4, "metadata": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [1]}', "cell 1 is not a cell"),
        (b'{"nbformat": 4, "cells": [{}]}', "cell 1 has no type"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "cell 1 has no metadata"),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {}, "source": ["a", 3]}]}',
            "the source of its cell 1 has a line that is no text",
        ),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": 3}]}', "metadata of cell 1"),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"nbgrader": []}}]}',
            "nbgrader metadata of cell 1",
        ),
        (b'{"nbformat": 4, "cells": [], "metadata": []}', "the notebook's metadata"),
        (b'{"cells": [' + b"9" * 5000 + b"]}", "too many digits"),
    ],
)
def test_what_is_no_notebook_is_refused_with_its_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mine.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookInvalid) as caught:
        read_notebook(path)
    assert caught.value.message.startswith("mine.ipynb cannot be read")
    assert said in caught.value.message
    assert caught.value.remedy


def test_odd_values_do_not_matter(tmp_path: Path) -> None:
    meta = {"grade_id": 3, "points": "many", "schema_version": "x", "grade": 1}
    cell = {"cell_type": "code", "source": 5, "metadata": {"nbgrader": meta}}
    (tmp_path / "n.ipynb").write_text(
        json.dumps({"nbformat": 4, "cells": [cell], "metadata": {"kernelspec": []}})
    )
    read = read_notebook(tmp_path / "n.ipynb").cells[0]
    assert (read.grade_id, read.points, read.schema_version, read.source) == ("", None, 0, "")


def test_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(NotebookInvalid, match="not a regular file"):
            read_notebook(tmp_path / f"{name}.ipynb")
    with pytest.raises(NotebookInvalid, match="No such file"):
        read_notebook(tmp_path / "absent.ipynb")


def test_lists_notebooks_by_pattern(tmp_path: Path) -> None:
    for name in ("b.ipynb", "a.ipynb", ".hidden.ipynb", "a.txt", "A.IPYNB"):
        (tmp_path / name).touch()
    assert [path.name for path in notebook_files(tmp_path)] == ["a.ipynb", "b.ipynb"]
    assert [path.name for path in notebook_files(tmp_path, "a*")] == ["a.ipynb"]


def test_reads_the_old_format(tmp_path: Path) -> None:
    sheet = {"cells": [{"cell_type": "code", "input": "1 + 1"}]}
    (tmp_path / "n.ipynb").write_text(json.dumps({"worksheets": [sheet], "metadata": {}, "nbformat": 3}))
    assert read_notebook(tmp_path / "n.ipynb").cells[0].source == "1 + 1"
