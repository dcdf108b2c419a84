"""Verbs that do little, slowly, for tests of the machinery; `assignment_id` is `<items>x<seconds>[ how]`.

Every finished item leaves a line in the course's done.txt; a resumed job must not write one twice.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from at_once_work import SlowAtOnce

from hubgrade_ext.actions.items import work_at_once
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import ItemResult, JobRequest, Progress

FOREVER = "import time; time.sleep(600)"
DETACH = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {FOREVER!r}, "stray"], start_new_session=True)
"""


def slow(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    shape, _, how = request.assignment_id.partition(" ")
    count, _, seconds = shape.partition("x")
    folder = Path(course.settings.root or course.settings.work_dir)
    if how == "refused":
        raise Conflict("The course does not allow it.", "Do something else.")
    if how == "broken":
        raise RuntimeError("a secret traceback")
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "detached":
        # a grandchild in a session of its own, whose parent is gone at once
        subprocess.run([sys.executable, "-c", DETACH], check=True)
    items = request.students or [f"s{i:03}" for i in range(int(count))]
    if how == "unreported" and (folder / "died.txt").exists():
        items.remove("s002")  # as a real verb, which looks at what there is to do
    done = len([i for i in items if i in skip])
    told = tuple(items)
    try:
        for item in items:
            if item in skip:
                continue
            yield Progress(done, len(items), item, items=told)
            told = ()
            _work(how, item, float(seconds), folder)
            done += 1
            failed = how == "failing" and item == "s001"
            with (folder / "done.txt").open("a") as file:
                file.write(f"{request.assignment_id} {item}\n")
            if how == "unreported" and item == "s002":
                (folder / "died.txt").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield Progress(done, len(items), result=ItemResult(item, "failed" if failed else "done"))
    finally:
        (folder / "cleaned.txt").write_text(str(os.getpid()))


def _work(how: str, item: str, seconds: float, folder: Path) -> None:
    time.sleep(seconds)
    if how == "poisoned" and item == "s002":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "once" and item == "s002" and not (folder / "died.txt").exists():
        (folder / "died.txt").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "chatty":
        sys.stdout.write(f"{'x' * 1000} {item} Übung\n")
        logging.getLogger("verb").info("worked on %s", item)
    if how == "flooding":
        for _ in range(300):
            sys.stdout.write("y" * 10_000 + "\n")


def at_once(course: Course, request: JobRequest, skip: frozenset[str]) -> Iterator[Progress]:
    count, _, seconds = request.assignment_id.partition("x")
    yield from work_at_once([f"s{i:03}" for i in range(int(count))], skip, SlowAtOnce(float(seconds)))


VERBS = {
    "collect": slow,
    "autograde": slow,
    "generate_assignment": slow,
    "generate_feedback": at_once,
    "submit": slow,
}
