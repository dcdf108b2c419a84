"""The journal: what it keeps, who owns a job, and what becomes of a damaged file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.errors import Busy, Conflict, JobNotFound
from hubgrade_ext.core.models import ItemResult, Job, JobRequest, NotebookOutcome
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs import journal_schema
from hubgrade_ext.jobs.journal import Journal, new_job
from hubgrade_ext.jobs.owner import Owner, process_started, this_host, this_process

ME = this_process()


@pytest.fixture
def journal(course_dir: Path) -> Journal:
    return Journal(open_course(course_dir).settings)


def entered(journal: Journal, owner: Owner = ME, **request: object) -> Job:
    fields = {"verb": "collect", "assignment_id": "ps1", **request}
    job = new_job(journal.settings.course_key, JobRequest(**fields), "tester")  # type: ignore[arg-type]
    journal.create(job, owner)
    return job


def dead_owner() -> Owner:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    owner = Owner(this_host(), process.pid, process_started(process.pid) or 0)
    process.kill()
    process.wait()
    return owner


def test_reading_creates_nothing(journal: Journal) -> None:
    assert journal.list() == []
    assert journal.outcomes("ps1") == {}
    assert journal.failures() == {}
    with pytest.raises(JobNotFound):
        journal.get("x")
    assert not journal.settings.state_dir.exists()


def test_records_and_counts(journal: Journal) -> None:
    first = entered(journal)
    journal.record(
        first, [ItemResult("anna", "failed", "late", "Too late.", "Wait."), ItemResult("bo", "done")], ME
    )
    second = entered(journal, verb="autograde")
    journal.record(second, [ItemResult("anna", "done"), ItemResult("bo", "skipped")], ME)
    outcomes = journal.outcomes("ps1")
    assert (outcomes["anna"].verb, outcomes["anna"].state) == ("autograde", "done")
    assert (outcomes["bo"].verb, outcomes["bo"].job_id) == ("collect", first.job_id)
    assert journal.failures() == {"ps1": {"collect": 1}}
    assert [j.job_id for j in journal.list()] == [second.job_id, first.job_id]
    assert journal.get(first.job_id).results[0].remedy == "Wait."


def test_rights(journal: Journal) -> None:
    entered(journal)
    assert stat.S_IMODE(journal.settings.state_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(journal.file.path.stat().st_mode) == 0o600


def test_rights_of_a_shared_course(journal: Journal) -> None:
    shared = Journal(structs.replace(journal.settings, groupshared=True))
    previous = os.umask(0o077)
    try:
        entered(shared)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(shared.settings.state_dir.stat().st_mode) == 0o2770
    assert stat.S_IMODE(shared.file.path.stat().st_mode) == 0o660


def test_claim_takes_only_what_is_dead(journal: Journal) -> None:
    alive, dead, wanted_cancelled = (
        entered(journal),
        entered(journal, dead_owner()),
        entered(journal, dead_owner()),
    )
    elsewhere = entered(journal, Owner("elsewhere", 1, 1.0))
    journal.record(dead, [ItemResult("anna", "done")], ME)
    journal.request_cancel(wanted_cancelled.job_id)
    claimed = journal.claim(ME)
    assert [(j.job_id, j.attempt, j.state) for j in claimed] == [(dead.job_id, 2, "queued")]
    assert journal.get(wanted_cancelled.job_id).job.state == "cancelled"
    assert journal.get(alive.job_id).job.attempt == journal.get(elsewhere.job_id).job.attempt == 1
    assert journal.claim(ME) == []
    with closing(sqlite3.connect(journal.file.path)) as db:
        db.execute("UPDATE jobs SET heartbeat = ? WHERE host = 'elsewhere'", (time.time() - 61,))
        db.commit()
    assert [j.job_id for j in journal.claim(ME)] == [elsewhere.job_id]


def test_same_number_other_process_is_dead(journal: Journal) -> None:
    job = entered(journal, Owner(ME.host, ME.pid, ME.started - 1000))
    assert [j.job_id for j in journal.claim(ME)] == [job.job_id]


def test_release_lets_others_claim_at_once(journal: Journal) -> None:
    job = entered(journal)
    journal.release(ME)
    assert [j.job_id for j in journal.claim(ME)] == [job.job_id]


def test_beat_hears_of_cancellation(journal: Journal) -> None:
    job = entered(journal)
    assert journal.beat(ME) == frozenset()
    journal.request_cancel(job.job_id)
    assert journal.beat(ME) == {job.job_id}
    journal.record(structs.replace(job, state="running"), [], ME)
    assert journal.get(job.job_id).job.cancelling


def test_a_repair_that_changed_nothing_leaves_the_grade_as_it_was(journal: Journal) -> None:
    graded = entered(journal, verb="autograde")
    journal.record(graded, [ItemResult("anna", "done", "graded")], ME)
    repair = entered(journal, verb="repair")
    journal.record(repair, [ItemResult("anna", "failed", "disk_full", kept=True)], ME)
    assert journal.outcomes("ps1", "autograde")["anna"].code == "graded"
    assert [one.code for one in journal.get(repair.job_id).results] == ["disk_full"]


def test_what_a_cancelled_job_did_not_get_to_is_cancelled(journal: Journal) -> None:
    before = entered(journal, verb="autograde")
    journal.record(before, [ItemResult("bob", "failed", "kernel_died", "It died.")], ME)
    job = entered(journal, verb="autograde")
    plan = ("anna", "bob", "cid")
    journal.record(structs.replace(job, state="running"), [ItemResult("anna", "done", "graded")], ME, plan)
    assert [one.item for one in journal.get(job.job_id).results] == ["anna"]
    journal.record(structs.replace(job, state="cancelled"), [], ME)
    results = {one.item: one for one in journal.get(job.job_id).results}
    assert {name: (one.state, one.code) for name, one in results.items()} == {
        "anna": ("done", "graded"), "bob": ("skipped", "cancelled"), "cid": ("skipped", "cancelled"),
    }  # fmt: skip
    assert results["cid"].message
    assert results["cid"].remedy
    # what is known of an earlier try stays in force
    codes = {name: one.code for name, one in journal.outcomes("ps1", "autograde").items()}
    assert codes == {"anna": "graded", "bob": "kernel_died", "cid": "cancelled"}
    assert journal.failures() == {"ps1": {"autograde": 1}}
    done = entered(journal, verb="autograde")
    journal.record(structs.replace(done, state="done"), [ItemResult("cid", "done", "graded")], ME)
    assert journal.outcomes("ps1", "autograde")["cid"].code == "graded"


@pytest.mark.parametrize("how", ["garbage", "truncated", "zeros_inside", "empty", "no_tables"])
def test_damage_is_set_aside(journal: Journal, how: str) -> None:
    job = entered(journal)
    journal.record(job, [ItemResult(f"student{i}", "done") for i in range(500)], ME)
    path = journal.file.path
    whole = path.read_bytes()
    if how == "no_tables":
        with closing(sqlite3.connect(path)) as db:
            db.executescript("DROP TABLE jobs; DROP TABLE items; DROP TABLE latest;")
    else:
        damaged = {
            "garbage": os.urandom(len(whole)),
            "truncated": whole[: len(whole) // 3],
            "zeros_inside": whole[:4096] + bytes(len(whole) - 4096),
            "empty": b"",
        }
        path.write_bytes(damaged[how])
    assert journal.list() == []
    again = entered(journal)
    assert [j.job_id for j in journal.list()] == [again.job_id]
    aside = list(path.parent.glob("journal.db.damaged-*"))
    if how != "empty":
        assert any(p.suffix == ".txt" for p in aside)
        assert len(aside) == 2


def test_newer_version_is_left_alone(journal: Journal) -> None:
    entered(journal)
    with closing(sqlite3.connect(journal.file.path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(Conflict):
        journal.list()
    assert not list(journal.file.path.parent.glob("*.damaged-*"))


def test_lock_of_another_process_is_waited_for(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    job = entered(journal)
    with closing(sqlite3.connect(journal.file.path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, lambda: other.execute("COMMIT"))
        timer.start()
        journal.record(job, [ItemResult("anna", "done")], ME)
        timer.join()
        assert len(journal.get(job.job_id).results) == 1
        monkeypatch.setattr(journal_schema, "LOCK_TIMEOUT_S", 0.1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            journal.record(job, [], ME)
        other.execute("ROLLBACK")


def test_a_lost_job_is_entered_again(journal: Journal) -> None:
    job = entered(journal)
    journal.file.path.unlink()
    journal.record(job, [ItemResult("anna", "done")], ME)
    assert journal.get(job.job_id).results[0].item == "anna"


def test_state_dir_of_a_student(journal: Journal, tmp_path: Path) -> None:
    student = structs.replace(journal.settings, root=None, data_dir=str(tmp_path / "data"))
    entered(Journal(student), verb="submit")
    assert (tmp_path / "data" / "hubgrade" / student.course_key / "journal.db").exists()


def test_settings_travel(journal: Journal) -> None:
    assert isinstance(journal.settings, CourseSettings)
    assert journal.log_path("j1") == journal.settings.state_dir / "logs" / "j1.log"


def test_a_journal_of_the_first_version_is_carried_on(journal: Journal) -> None:
    job = entered(journal)
    journal.record(job, [ItemResult("anna", "failed", "late", "Too late.", "Wait.")], ME)
    with closing(sqlite3.connect(journal.file.path)) as db:
        for table in ("items", "latest"):
            for column in ("isolation", "notebooks"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
    assert journal.get(job.job_id).results == [ItemResult("anna", "failed", "late", "Too late.", "Wait.")]
    dead = NotebookOutcome("p.ipynb", "kernel_died", "The kernel died.", "Look.", 3)
    result = ItemResult("anna", "done", "kernel_died", isolation="namespaces", notebooks=[dead])
    journal.record(job, [result], ME)
    assert journal.get(job.job_id).results == [result]
    assert journal.outcomes("ps1")["anna"].notebooks == [dead]
    assert not list(journal.file.path.parent.glob("*.damaged-*"))


def test_what_grades_is_one_matter(journal: Journal) -> None:
    journal.record(entered(journal, verb="autograde"), [ItemResult("anna", "failed", "x")], ME)
    journal.record(entered(journal, verb="repair"), [ItemResult("anna", "done", "graded")], ME)
    journal.record(entered(journal, verb="generate_feedback"), [ItemResult("anna", "failed", "y")], ME)
    assert journal.failures() == {"ps1": {"generate_feedback": 1}}
    assert journal.outcomes("ps1")["anna"].code == "y"
    assert journal.outcomes("ps1", "autograde")["anna"].code == "graded"
