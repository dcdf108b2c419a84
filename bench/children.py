"""What is measured, each in a process of its own: `python -m bench.children NAME FOLDER …`."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.synthetic import course_settings

Work = Callable[[], object]


def assignments_page(folder: Path, which: str) -> Work:
    """Prepare the assignments page: `first` ever, `cold` (new server), `unchanged`, looked at `closer`."""
    from hubgrade_ext.core import course_counter
    from hubgrade_ext.core.assignments_page import assignments_page
    from hubgrade_ext.core.course_memory import memory_file
    from hubgrade_ext.core.models import CourseRef

    settings = course_settings(folder)
    course = CourseRef(settings.course_key, settings.course_id, ["instructor"])
    if which == "first":
        memory_file(settings).unlink(missing_ok=True)
    if which == "closer":
        course_counter.LOOK_CLOSER_RARELY = 0
    if which in ("unchanged", "closer"):
        assignments_page(settings, course)
    return lambda: assignments_page(settings, course)


def submissions_page_ever(folder: Path, assignment_id: str) -> Work:
    """Prepare the submissions page of an assignment whose page was never asked for."""
    from hubgrade_ext.core.assignment_memory import assignment_file

    assignment_file(course_settings(folder), assignment_id).unlink(missing_ok=True)
    return submissions_page_cold(folder, assignment_id)


def submissions_page_cold(folder: Path, assignment_id: str) -> Work:
    """Prepare the submissions page of an assignment as the first that a server is asked for."""
    from hubgrade_ext.core.models import CourseRef
    from hubgrade_ext.core.submissions_page import submissions_page

    settings = course_settings(folder)
    course = CourseRef(settings.course_key, settings.course_id, ["instructor"])
    return lambda: submissions_page(settings, course, assignment_id)


def submissions_page(folder: Path, assignment_id: str) -> Work:
    """Prepare the submissions page of an assignment asked for again, when nothing has changed."""
    work = submissions_page_cold(folder, assignment_id)
    work()
    return work


def submissions_page_regraded(folder: Path, assignment_id: str) -> Work:
    """Prepare the same when a grade has changed meanwhile."""
    work = submissions_page(folder, assignment_id)
    gradebook = course_settings(folder).db_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(gradebook)) as database, database:
        database.execute("UPDATE grade SET manual_score = COALESCE(manual_score, 0) + 1 WHERE rowid = 1")
    return work


def collect(folder: Path, which: str) -> Work:
    """Prepare the listing of everything submitted and the plan of one collect."""
    from hubgrade_ext.actions.plans import plan
    from hubgrade_ext.core.inbound import scan_inbound
    from hubgrade_ext.core.models import JobRequest

    settings = course_settings(folder)
    return lambda: (scan_inbound(settings), plan(settings, JobRequest("collect", "ps01")))


def nbgrader_collect(folder: Path, which: str) -> Work:
    """Prepare the same by nbgrader's own classes."""
    from nbgrader.exchange.default import ExchangeCollect, ExchangeList

    api = _nbgrader(folder)

    def work() -> None:
        common = {"coursedir": api.coursedir, "authenticator": api.authenticator, "parent": api}
        ExchangeList(**common, inbound=True).start()
        api.coursedir.assignment_id = "ps01"
        ExchangeCollect(**common).init_src()

    return work


def nbgrader_submissions(folder: Path, assignment_id: str) -> Work:
    """Prepare what formgrader's page of submissions asks nbgrader."""
    api = _nbgrader(folder)
    return lambda: api.get_submissions(assignment_id)


def nbgrader_assignments(folder: Path, which: str) -> Work:
    """Prepare what formgrader's page of assignments asks nbgrader."""
    api = _nbgrader(folder)
    return api.get_assignments


def _nbgrader(folder: Path):  # type: ignore[no-untyped-def]
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    settings = course_settings(folder)
    config = Config()
    config.CourseDirectory.course_id = settings.course_id
    config.CourseDirectory.root = settings.root
    config.Exchange.root = settings.exchange_root
    config.Exchange.cache = settings.exchange_cache
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    api = NbGraderAPI(coursedir=CourseDirectory(config=config), config=config, log_level="CRITICAL")
    with api.gradebook:  # the first one costs alembic and SQLAlchemy's mapping
        pass
    return api


MEASUREMENTS: dict[str, Callable[[Path, str], Work]] = {
    "assignments_page": assignments_page,
    "submissions_page": submissions_page,
    "submissions_page_cold": submissions_page_cold,
    "submissions_page_regraded": submissions_page_regraded,
    "submissions_page_ever": submissions_page_ever,
    "collect": collect,
    "nbgrader_collect": nbgrader_collect,
    "nbgrader_submissions": nbgrader_submissions,
    "nbgrader_assignments": nbgrader_assignments,
}


def main(name: str, folder: str, which: str = "") -> None:
    """Take one measurement and print it as JSON."""
    work = MEASUREMENTS[name](Path(folder), which)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    taken = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    sys.stdout.write(json.dumps(taken) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
