"""`hubgrade course import-gradebook`: a gradebook's rows into the course's empty database."""

from __future__ import annotations

from hubgrade_ext.cli.courses import open_instructor
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments


def import_gradebook(arguments: Arguments, output: Output) -> int:
    """Copy every row of a SQLite gradebook into the database of the course, while no job runs on it.

    Raises: Conflict (there are grades in it already), GradebookBroken, Busy.
    """
    from hubgrade_ext.core.gradebook_rows import import_gradebook as copy_rows
    from hubgrade_ext.jobs.course_lock import course_lock

    settings = open_instructor(arguments).settings
    with course_lock(settings, output.line):
        count = copy_rows(arguments.file, settings.db_url)
    if output.json:
        output.show({"rows": count})
    else:
        output.line(f"Copied {count} rows of {arguments.file} into the course's gradebook.")
    return 0
