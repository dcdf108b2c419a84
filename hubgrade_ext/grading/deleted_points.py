"""Points of cells that are no longer in a submission.

nbgrader 0.9.6 writes the scores of the cells that are there, and leaves those of an earlier submission of the
same student where one is not: whoever deletes a test would keep what an earlier attempt got for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbgrader.api import Gradebook

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.notebooks import read_notebook
from hubgrade_ext.grading.comparison import Released, deleted_cells


def forget_points(
    course: Course, assignment_id: str, student_id: str, notebooks: Iterable[str], released: Released
) -> None:
    """Take the automatic scores of cells that these notebooks (file names) lack out of the gradebook.

    As if the student had never handed them in: nbgrader then has them looked at. What a person gave stays.
    """
    settings = course.settings
    submitted = settings.path(settings.submitted_directory, student_id, assignment_id)
    with Gradebook(settings.db_url, settings.course_id) as gradebook:
        for name in notebooks:
            notebook_id = name.removesuffix(".ipynb")
            original = released.notebook(notebook_id)
            if original is None:
                continue
            try:
                gone = {cell.grade_id for cell in deleted_cells(read_notebook(submitted / name), original)}
            except NotebookInvalid:
                continue
            for grade in gradebook.find_submission_notebook(notebook_id, assignment_id, student_id).grades:
                if grade.name in gone:
                    grade.auto_score = None
                    grade.needs_manual_grade = True
        gradebook.db.commit()
