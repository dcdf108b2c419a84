"""Make the demo: a course with a released assignment, its submissions waiting, and a draft.

```
DIR/nbgrader_config.py   what a student's side and formgrader read: where course and exchange are
DIR/course101/           the instructor's course folder
DIR/exchange/            nbgrader's exchange, mode 1777
DIR/cache/               nbgrader's cache of submissions
```
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook

from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Conflict, CourseBroken, HubgradeError, InvalidRequest
from hubgrade_ext.core.programs import programs_on_path
from hubgrade_ext.core.replace import Backups, staging
from hubgrade_ext.demo.assignments import write_ps1, write_ps2
from hubgrade_ext.demo.roster import Attempt, Student, roster
from hubgrade_ext.exchange.release import ROOT_MODE, publish, release
from hubgrade_ext.grading.generation import check_can_generate, generate

COURSE_ID = "course101"
# in this order they are moved into place: with the course the demo is whole
ENTRIES = ("cache", "exchange", "nbgrader_config.py", COURSE_ID)
CONFIG = """\
# Part of hubgrade's demo; everything stays in this folder, which may be moved.
from pathlib import Path

c = get_config()  # noqa
DEMO = Path(__file__).resolve().parent{up}
c.CourseDirectory.course_id = "course101"
c.CourseDirectory.root = str(DEMO / "course101")
c.Exchange.root = str(DEMO / "exchange")
c.Exchange.cache = str(DEMO / "cache")
# in the demo all submissions are files of yours
c.ExchangeCollect.check_owner = False
"""


def create_demo(folder: Path, students: int = 12) -> Path:
    """Make the demo in `folder`, which may exist already, and return its course folder.

    ps1 is generated and released, was due yesterday, and has submissions waiting
    in the exchange: good and half right ones, one late, one with two attempts,
    one with a duplicated test cell, a renamed and a damaged notebook, and one
    student without. ps2 is a draft, due in two weeks.

    Raises: Conflict when a demo, or anything of the same name, is there already.
    """
    folder = Path(os.path.abspath(folder))
    if os.path.lexists(folder) and not folder.is_dir():
        raise InvalidRequest(f"{folder} is a file, not a folder.", "Choose a folder.")
    programs_on_path()
    is_new = not folder.is_dir()
    try:
        with plain_errors("make the demo", folder):
            folder.mkdir(parents=True, exist_ok=True)
            _check_free(folder)
            with staging(folder) as stage:
                _build(stage, roster(students))
                for name in ENTRIES:
                    (stage / name).rename(folder / name)
    except HubgradeError:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise
    return folder / COURSE_ID


def _check_free(folder: Path) -> None:
    taken = [name for name in ENTRIES if os.path.lexists(folder / name)]
    if COURSE_ID in taken:
        raise Conflict(
            f"There is a course in {folder / COURSE_ID} already; nothing was changed.",
            "Use it as it is, or make the demo in another folder.",
        )
    if taken:
        raise Conflict(
            f"{folder} holds {', '.join(taken)} already; nothing was changed.",
            "Make the demo in an empty folder.",
        )


def _build(stage: Path, students: list[Student]) -> None:
    """Make the whole demo in a folder of its own; nothing in it names that folder."""
    root = stage / COURSE_ID
    (root / "source").mkdir(parents=True)
    root.chmod(0o700)  # it holds the solutions
    (stage / "cache").mkdir()
    (stage / "exchange").mkdir()
    (stage / "exchange").chmod(ROOT_MODE)
    (stage / "nbgrader_config.py").write_text(CONFIG.format(up=""))
    (root / "nbgrader_config.py").write_text(CONFIG.format(up=".parent"))
    write_ps1(root / "source" / "ps1")
    write_ps2(root / "source" / "ps2")
    course = open_course(root)
    result = generate(course, "ps1", check_can_generate(course, "ps1"))
    if result.state != "done":
        raise CourseBroken(f"The demo's assignment could not be generated: {result.message}", result.remedy)
    due = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=1)
    _fill_gradebook(course, students, due)
    release(course, "ps1", Backups(course.settings))
    publish(course)
    for student in students:
        for attempt in student.attempts:
            _submit(course, student.student_id, attempt, due - attempt.before, stage / "attempt")


def _fill_gradebook(course: Course, students: list[Student], due: datetime) -> None:
    with Gradebook(course.settings.db_url, course.settings.course_id) as gradebook:
        for student in students:
            gradebook.add_student(
                student.student_id,
                first_name=student.first_name,
                last_name=student.last_name,
                email=f"{student.student_id}@course101.example",
            )
        gradebook.update_or_create_assignment("ps1", duedate=due.replace(tzinfo=None))
        later = due.replace(tzinfo=None) + timedelta(days=15)
        gradebook.update_or_create_assignment("ps2", duedate=later)


def _submit(course: Course, student_id: str, attempt: Attempt, when: datetime, work: Path) -> None:
    """Put one attempt into the exchange as of `when`; nbgrader's own submit knows only today.

    Source: nbgrader 0.9.6 `ExchangeSubmit.copy_files`.
    """
    settings = course.settings
    shutil.copytree(settings.path(settings.release_directory, ".", "ps1"), work)
    attempt.kind(work)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    (work / "timestamp.txt").write_text(stamp)
    (work / "submission_secret.txt").write_text(os.urandom(64).hex())
    for path in work.iterdir():
        path.chmod(0o444)
    work.chmod(0o777)
    inbound = Path(settings.exchange_root, settings.course_id, "inbound")
    work.rename(inbound / f"{student_id}+ps1+{stamp}+{os.urandom(6).hex()}")
