"""Kill each verb with SIGKILL at random times: what is there is of one version, and the next run completes.

Every file of a version has the same text, so that a mixture shows.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.fetch_assignment import fetch_assignment
from hubgrade_ext.actions.fetch_feedback import fetch_feedback
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.release_feedback import release_feedback
from hubgrade_ext.actions.submit import submit
from hubgrade_ext.actions.unrelease import unrelease
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import write_file
from hubgrade_ext.core.released_feedback import feedback_hash
from hubgrade_ext.exchange.receipts import read_receipts
from hubgrade_ext.exchange.student_page import student_assignments
from tests.exchange.acting import DUE, gradebook_is_sound, kill_while, run, staging_left, tree

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

FILES = tuple(f"file{number}.txt" for number in range(8))
SEEDS = [
    *range(3),
    *(pytest.param(seed, marks=pytest.mark.long) for seed in range(100, 150)),
]
each_seed = pytest.mark.parametrize("seed", SEEDS)


def write_version(folder: Path, version: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text(str(version) * 2000)


def is_whole(folder: Path) -> bool:
    return len({(folder / name).read_text() for name in FILES if (folder / name).exists()}) == 1 and all(
        (folder / name).exists() for name in FILES
    )


@pytest.fixture
def generated(course: Course) -> Path:
    folder = Path(course.settings.root or "") / "release" / "ps1"
    write_version(folder, 0)
    return folder


@each_seed
def test_release(course: Course, generated: Path, seed: int) -> None:
    versions = itertools.count(1)

    def repeat() -> None:
        write_version(generated, next(versions))
        assert run(release_assignment, course)[0].state == "done"

    kill_while(repeat, seed)
    released = Path(course.settings.exchange_root) / "course101" / "outbound" / "ps1"
    assert is_whole(released)
    write_version(generated, 9999)
    assert run(release_assignment, course)[0].state == "done"
    assert tree(released) == tree(generated)
    assert staging_left(Path(course.settings.exchange_root)) == []
    assert gradebook_is_sound(course)


@each_seed
def test_unrelease(course: Course, generated: Path, seed: int) -> None:
    released = Path(course.settings.exchange_root) / "course101" / "outbound" / "ps1"

    def repeat() -> None:
        assert run(release_assignment, course)[0].state == "done"
        assert run(unrelease, course, confirm="ps1")[0].state == "done"

    kill_while(repeat, seed)
    assert not released.exists() or is_whole(released)
    assert run(release_assignment, course)[0].state == "done"
    assert run(unrelease, course, confirm="ps1")[0].state == "done"
    assert staging_left(Path(course.settings.exchange_root)) == []


@each_seed
def test_collect(
    course: Course, generated: Path, submit_as: Callable[..., Path], tmp_path: Path, seed: int
) -> None:
    run(release_assignment, course)
    attempts = []
    for version, days in ((1, -1), (2, 1)):
        write_version(tmp_path / "own", version)
        attempts.append(
            submit_as("anna", tmp_path / "own", when=DUE.replace(tzinfo=UTC) + timedelta(days=days))
        )

    def repeat() -> None:
        for before in (True, False):
            assert run(collect, course, before_due_date=before, scope="all")[0].state == "done"

    kill_while(repeat, seed)
    collected = course.settings.path("submitted", "anna", "ps1")
    assert tree(collected) in [tree(attempt) for attempt in attempts]
    assert run(collect, course, scope="all")[0].state == "done"
    assert tree(collected) == tree(attempts[1])
    assert staging_left(course.settings.state_dir) == []
    assert gradebook_is_sound(course)


@each_seed
def test_submit(course: Course, student: Course, generated: Path, seed: int) -> None:
    run(release_assignment, course)
    run(fetch_assignment, student)
    own = Path(student.settings.work_dir) / "ps1"
    versions = itertools.count(1)

    def repeat() -> None:
        write_version(own, next(versions))
        assert run(submit, student)[0].state == "done"

    kill_while(repeat, seed)
    inbound = Path(student.settings.exchange_root) / "course101" / "inbound"
    cache = Path(student.settings.exchange_cache) / "course101"
    for folder in [*inbound.glob("[!.]*"), *cache.glob("[!.]*")]:
        assert is_whole(folder)
        assert (folder / "timestamp.txt").read_text()
        assert len((folder / "submission_secret.txt").read_text()) == 128
    write_version(own, 9999)
    assert run(submit, student)[0].state == "done"
    # what had arrived when the process died is known to the student now
    arrived = {path.name.rsplit("+", 1)[0]: tree(path) for path in inbound.iterdir()}
    assert arrived == {path.name: tree(path) for path in cache.iterdir()}
    assert len(read_receipts(student.settings, "ps1")) == len(arrived)
    assert all(s.receipt for s in student_assignments(student.settings)[0].submissions)


@each_seed
def test_fetch_assignment(course: Course, student: Course, generated: Path, seed: int) -> None:
    run(release_assignment, course)
    own = Path(student.settings.work_dir) / "ps1"
    trash = Path(student.settings.work_dir) / "trash"

    def repeat() -> None:
        if own.exists():
            own.rename(trash / os.urandom(4).hex())
        assert run(fetch_assignment, student)[0].state == "done"

    trash.mkdir()
    kill_while(repeat, seed)
    assert not own.exists() or is_whole(own)
    shutil.rmtree(own, ignore_errors=True)
    assert run(fetch_assignment, student)[0].state == "done"
    assert is_whole(own)
    assert staging_left(Path(student.settings.work_dir)) == []


@pytest.fixture
def submitted(course: Course, student: Course, generated: Path) -> Path:
    """The student's collected submission."""
    run(release_assignment, course)
    run(fetch_assignment, student)
    run(submit, student)
    run(collect, course)
    return course.settings.path("submitted", student.settings.username, "ps1")


@each_seed
def test_release_feedback(course: Course, student: Course, submitted: Path, seed: int) -> None:
    pages = course.settings.path("feedback", student.settings.username, "ps1")
    pages.mkdir(parents=True)
    for name in ("timestamp.txt", "submission_secret.txt"):
        shutil.copy(submitted / name, pages)
    versions = itertools.count(1)

    def repeat() -> None:
        version = next(versions)
        for name in ("problem1.html", "problem2.html"):
            (pages / name).write_text(f"{version:05}" * 10_000)
        assert run(release_feedback, course, scope="all")[0].state == "done"

    kill_while(repeat, seed)
    secret = (submitted / "submission_secret.txt").read_text()
    published = Path(course.settings.exchange_root) / "course101" / "feedback"
    for notebook_id in ("problem1", "problem2"):
        text = (published / f"{feedback_hash(secret.encode(), notebook_id)}.html").read_text()
        assert text == text[:5] * 10_000
    for name in ("problem1.html", "problem2.html"):
        (pages / name).write_text("last")
    assert run(release_feedback, course, scope="all")[0].state == "done"
    assert {p.read_text() for p in published.glob("*.html")} == {"last"}
    assert staging_left(course.settings.state_dir) == []


@each_seed
def test_fetch_feedback(course: Course, student: Course, submitted: Path, seed: int) -> None:
    secret = (submitted / "submission_secret.txt").read_text()
    published = Path(course.settings.exchange_root) / "course101" / "feedback"
    published.mkdir()
    versions = itertools.count(1)

    def publish(text: str) -> None:
        for notebook_id in ("problem1", "problem2"):
            page = published / f"{feedback_hash(secret.encode(), notebook_id)}.html"
            write_file(page, text.encode())

    def repeat() -> None:
        publish(f"{next(versions):05}" * 10_000)
        assert run(fetch_feedback, student)[0].state == "done"

    kill_while(repeat, seed)
    (fetched,) = (Path(student.settings.work_dir) / "ps1" / "feedback").iterdir()
    texts = {path.read_text() for path in fetched.iterdir()}
    assert len(texts) == 1
    assert len(list(fetched.iterdir())) == 2
    publish("last")
    assert run(fetch_feedback, student)[0].state == "done"
    assert {path.read_text() for path in fetched.iterdir()} == {"last"}
    assert staging_left(Path(student.settings.work_dir)) == []
