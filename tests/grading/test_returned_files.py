"""Files that student code leaves where others were: the grade stands, and they are as it left them."""

from __future__ import annotations

from tests.grading.conftest import Classroom
from tests.grading.test_outcomes import hand_in

SWAPS = """
import os, shutil
shutil.rmtree('images')
open('images', 'w').write('a file')
os.unlink('notes.txt')
os.mkdir('notes.txt')
open('notes.txt/inner.txt', 'w').write('inside')
os.unlink('problem1.ipynb')
os.makedirs('problem1.ipynb')
open('problem1.ipynb/x', 'w').write('x')
"""


def test_files_and_folders_that_changed_places(classroom: Classroom) -> None:
    hand_in(classroom, "eve", SWAPS)
    folder = classroom.root / "submitted/eve/ps1"
    (folder / "images").mkdir()
    (folder / "images/one.txt").write_text("1")
    (folder / "notes.txt").write_text("notes")
    result = classroom.results("autograde")["eve"]
    assert result.state == "done"
    assert classroom.score("eve") == 3.0
    graded = classroom.root / "autograded/eve/ps1"
    assert (graded / "images").read_text() == "a file"
    assert (graded / "notes.txt/inner.txt").read_text() == "inside"
    assert (graded / "problem1.ipynb").is_file()
