"""Jobs in the calling process, as the command line runs them: same journal, same lock, same cancel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import Job, JobRequest, Progress
from hubgrade_ext.jobs.cancelling import cancel_job
from hubgrade_ext.jobs.course_lock import course_lock
from hubgrade_ext.jobs.foreground import resume_in_foreground, run_in_foreground
from hubgrade_ext.jobs.journal import Journal

VERBS = "slow_verbs:VERBS"
SCRIPT = """
import sys
from pathlib import Path
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.jobs.foreground import run_in_foreground
course, request = open_course(Path(sys.argv[1])), JobRequest("collect", sys.argv[2])
detail = run_in_foreground(course, request, lambda job, step: None, verbs=sys.argv[3])
print(detail.job.state)
"""


@pytest.fixture
def course(course_dir: Path) -> Course:
    return open_course(course_dir)


def run(course: Course, assignment_id: str, steps: list[tuple[Job, Progress]] | None = None) -> Any:
    request = JobRequest(verb="collect", assignment_id=assignment_id)
    seen = [] if steps is None else steps
    return run_in_foreground(course, request, lambda job, step: seen.append((job, step)), verbs=VERBS)


def start(course: Course, assignment_id: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(course.settings.root), assignment_id, VERBS],
        stdout=subprocess.PIPE,
        text=True,
    )


def until_done(journal: Journal, count: int) -> Job:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        jobs = journal.list()
        if jobs and jobs[0].done >= count:
            return jobs[0]
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def test_runs_to_the_end(course: Course) -> None:
    steps: list[tuple[Job, Progress]] = []
    detail = run(course, "4x0.01 failing", steps)
    assert (detail.job.state, detail.job.done, detail.job.failed) == ("done", 4, 1)
    assert len([s for _, s in steps if s.result]) == 4
    assert Journal(course.settings).get(detail.job.job_id) == detail


def test_what_fails_is_in_the_job_and_in_the_log(course: Course) -> None:
    refused, broken = run(course, "1x0 refused").job, run(course, "1x0 broken").job
    assert refused.error is not None
    assert broken.error is not None
    assert (refused.state, refused.error.code) == ("failed", "conflict")
    assert (broken.state, broken.error.code) == ("failed", "internal_error")
    assert "a secret traceback" in Journal(course.settings).log_path(broken.job_id).read_text()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_signal_cancels(course: Course, signum: signal.Signals) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signum))
    timer.start()
    detail = run(course, "100x0.05")
    timer.join()
    assert detail.job.state == "cancelled"
    assert 0 < detail.job.done < 100
    assert len(detail.results) == 100
    assert sum(one.code == "cancelled" for one in detail.results) == 100 - detail.job.done
    assert Path(str(course.settings.root), "cleaned.txt").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_lock_is_waited_for_and_said(course: Course) -> None:
    with course_lock(course.settings, lambda why: None):
        process = start(course, "2x0")
        journal = Journal(course.settings)
        deadline = time.monotonic() + 20
        while not (journal.list() and "waiting" in journal.list()[0].current):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert process.poll() is None
    assert process.communicate(timeout=20)[0].strip() == "done"


def test_killed_process_is_resumed(course: Course) -> None:
    process = start(course, "20x0.05")
    journal = Journal(course.settings)
    job = until_done(journal, 3)
    with pytest.raises(Conflict):
        resume_in_foreground(course, job.job_id, lambda job, step: None, verbs=VERBS)
    process.kill()
    process.communicate(timeout=20)
    detail = resume_in_foreground(course, job.job_id, lambda job, step: None, verbs=VERBS)
    assert (detail.job.state, detail.job.attempt, len(detail.results)) == ("done", 2, 20)
    lines = Counter(Path(str(course.settings.root), "done.txt").read_text().splitlines())
    # the one item that was done but not written down when the process was killed may be there twice
    assert sum(lines.values()) in (20, 21)
    assert len(lines) == 20


def test_cancel_from_another_process(course: Course) -> None:
    process = start(course, "200x0.05")
    job = until_done(Journal(course.settings), 1)
    began = time.monotonic()
    cancel_job(course.settings, job.job_id)
    assert process.communicate(timeout=20)[0].strip() == "cancelled"
    assert time.monotonic() - began < 5


def test_cancel_of_a_dead_one_ends_it(course: Course) -> None:
    process = start(course, "200x0.05")
    job = until_done(Journal(course.settings), 1)
    process.kill()
    process.communicate(timeout=20)
    assert cancel_job(course.settings, job.job_id).state == "cancelled"
    assert len(Journal(course.settings).get(job.job_id).results) == 200
    with pytest.raises(Conflict):
        cancel_job(course.settings, job.job_id)


async def test_server_and_command_line_cancel_each_other(bench: Any, course: Course) -> None:
    settings = course.settings
    mine = await bench.submit(settings, "1200x0.05")
    await bench.until(settings, mine, lambda d: d.job.done >= 1)
    waiting = await bench.submit(settings, "1x0")
    script = (
        "import sys; from pathlib import Path; from hubgrade_ext.core.course import open_course;"
        "from hubgrade_ext.jobs.cancelling import cancel_job;"
        "s = open_course(Path(sys.argv[1])).settings; [cancel_job(s, j) for j in sys.argv[2:]]"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(settings.root), waiting.job_id, mine.job_id],
        check=True,
        timeout=30,
    )
    assert (await bench.ended(settings, mine, 6)).job.state == "cancelled"
    assert (await bench.ended(settings, waiting, 6)).job.state == "cancelled"
