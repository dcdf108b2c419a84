"""The journal of a course's jobs: what the server and the command line both write, and resume from.

queued ──► running ──► done | failed | cancelled
   └──────────┴── owner dead ──► queued again (attempt + 1), items already ended stay
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from hubgrade_ext.core.errors import JobNotFound
from hubgrade_ext.core.models import (
    ItemResult,
    Job,
    JobDetail,
    JobRequest,
    NotebookOutcome,
    Outcome,
    Verb,
)
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.state_dir import LOGS
from hubgrade_ext.jobs.journal_schema import JournalFile
from hubgrade_ext.jobs.owner import Owner

ACTIVE = ("queued", "running")
_encode = msgspec.json.Encoder().encode
_decode_job = msgspec.json.Decoder(Job).decode
_decode_notebooks = msgspec.json.Decoder(list[NotebookOutcome]).decode
_ITEM = "state, code, message, remedy, isolation, notebooks"
PLANNED = "planned"  # the state of an item that has no result yet
# sentence and remedy of what a cancelled job did not get to
CANCELLED = (
    "It was cancelled before this was done.",
    "An earlier result stands; where there is none, it remains to be done.",
)
# verbs that end in a grade: what came of them is one matter, whichever it was
GRADING: dict[Verb, Verb] = {"repair": "autograde", "undo_repair": "autograde"}


class WorkerProcess(Struct, frozen=True):
    """The process that carries a job out, and the process it belongs to."""

    owner: Owner
    pid: int | None
    started: float | None


def new_job(course_key: str, request: JobRequest, created_by: str) -> Job:
    """Return a queued job with a new id that sorts by time."""
    now = datetime.now(UTC)
    return Job(
        job_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(5)}",
        course_key=course_key,
        request=request,
        state="queued",
        seq=1,
        created_at=now,
        created_by=created_by,
    )


FAILURES = """
SELECT assignment_id, verb, count(*) AS n FROM latest AS tried WHERE state = 'failed' AND NOT EXISTS (
    SELECT 1 FROM latest AS anew WHERE anew.assignment_id = tried.assignment_id AND anew.item = tried.item
    AND anew.verb = 'collect' AND anew.state = 'done' AND anew.at > tried.at
) GROUP BY 1, 2
"""


class Journal:
    """The journal of one course; every method is one transaction, and may wait for other processes."""

    def __init__(self, settings: CourseSettings) -> None:
        self.settings = settings
        self.file = JournalFile(settings)

    # --- writing ---

    def create(self, job: Job, owner: Owner) -> None:
        """Enter a new job that belongs to `owner`."""

        def work(db: sqlite3.Connection) -> None:
            _insert(db, job, owner)

        self.file.write(work)

    def record(self, job: Job, results: Iterable[ItemResult], owner: Owner, plan: Iterable[str] = ()) -> None:
        """Write the job's new state and what became of these items; `plan` are items that it will do.

        A job that is not there (a damaged journal was set aside meanwhile) is entered again.
        """

        def work(db: sqlite3.Connection) -> None:
            changed = db.execute(
                "UPDATE jobs SET state = ?, cancelling = MAX(cancelling, ?), job = ? WHERE job_id = ?",
                (job.state, job.cancelling, _encode(job).decode(), job.job_id),
            )
            if changed.rowcount == 0:
                _insert(db, job, owner)
            at = datetime.now(UTC).isoformat()
            db.executemany(
                "INSERT OR IGNORE INTO items (job_id, item, state, code, message, remedy, at)"
                " VALUES (?, ?, ?, '', '', '', ?)",
                [(job.job_id, item, PLANNED, at) for item in plan],
            )
            for result in results:
                notebooks = _encode(result.notebooks).decode()
                row = (
                    result.state, result.code, result.message, result.remedy, result.isolation, notebooks, at,
                )  # fmt: skip
                db.execute(
                    f"INSERT OR REPLACE INTO items (job_id, item, {_ITEM}, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (job.job_id, result.item, *row),
                )
                if result.state != "skipped" and not result.kept:
                    verb = GRADING.get(job.request.verb, job.request.verb)
                    db.execute(
                        f"INSERT OR REPLACE INTO latest (assignment_id, verb, item, {_ITEM}, at, job_id)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (job.request.assignment_id, verb, result.item, *row, job.job_id),
                    )
            _close_plan(db, job, at)

        self.file.write(work)

    def set_worker(self, job_id: str, pid: int, started: float | None) -> None:
        """Note which process carries the job out, so that another one can cancel it."""
        self.file.write(
            lambda db: (
                db.execute(
                    "UPDATE jobs SET worker_pid = ?, worker_started = ? WHERE job_id = ?",
                    (pid, started, job_id),
                ).rowcount
            )
        )

    def request_cancel(self, job_id: str) -> tuple[Job, WorkerProcess]:
        """Mark an active job as cancelling; return it and who works on it. Raises: JobNotFound."""

        def work(db: sqlite3.Connection) -> tuple[Job, WorkerProcess]:
            db.execute(
                "UPDATE jobs SET cancelling = 1 WHERE job_id = ? AND state IN ('queued', 'running')",
                (job_id,),
            )
            row = db.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            if row is None:
                raise _no_job(job_id)
            owner = Owner(row["host"], row["pid"], row["started"])
            return _job(row), WorkerProcess(owner, row["worker_pid"], row["worker_started"])

        return self.file.write(work)

    def beat(self, owner: Owner) -> frozenset[str]:
        """Say that `owner` lives; return the ids of its active jobs that somebody wants cancelled."""

        def work(db: sqlite3.Connection) -> frozenset[str]:
            mine = "state IN ('queued', 'running') AND host = ? AND pid = ? AND started = ?"
            key = (owner.host, owner.pid, owner.started)
            db.execute(f"UPDATE jobs SET heartbeat = ? WHERE {mine}", (time.time(), *key))
            rows = db.execute(f"SELECT job_id FROM jobs WHERE cancelling = 1 AND {mine}", key)
            return frozenset(row["job_id"] for row in rows)

        return self.file.write(work)

    def claim(self, owner: Owner, *, job_id: str | None = None) -> list[Job]:
        """Take over the active jobs whose owner is dead, oldest first; `job_id` limits it to one.

        Those that somebody wanted cancelled end as cancelled instead; the others
        are returned as queued, with one attempt more.
        """

        def work(db: sqlite3.Connection) -> list[Job]:
            rows = db.execute(
                "SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY number"
            ).fetchall()
            taken = []
            for row in rows:
                if job_id not in (None, row["job_id"]) or _is_owned(row):
                    continue
                job = _taken_over(_job(row))
                _reassign(db, job, owner)
                _close_plan(db, job, datetime.now(UTC).isoformat())
                if job.state == "queued":
                    taken.append(job)
            return taken

        return self.file.write(work)

    def release(self, owner: Owner) -> None:
        """Give up the owner's active jobs, so that whoever comes next resumes them at once."""
        key = (owner.host, owner.pid, owner.started)
        self.file.write(
            lambda db: (
                db.execute(
                    "UPDATE jobs SET pid = 0, started = 0, heartbeat = 0, worker_pid = NULL"
                    " WHERE state IN ('queued', 'running') AND host = ? AND pid = ? AND started = ?",
                    key,
                ).rowcount
            )
        )

    def prune(self, keep: int) -> None:
        """Forget the oldest ended jobs beyond `keep`, with their logs."""

        def work(db: sqlite3.Connection) -> list[str]:
            rows = db.execute(
                "SELECT job_id FROM jobs WHERE state NOT IN ('queued', 'running')"
                " ORDER BY number DESC LIMIT -1 OFFSET ?",
                (keep,),
            )
            old = [row["job_id"] for row in rows]
            for job_id in old:
                db.execute("DELETE FROM items WHERE job_id = ?", (job_id,))
                db.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))
            return old

        for job_id in self.file.write(work):
            with contextlib.suppress(OSError):
                self.log_path(job_id).unlink()

    # --- reading ---

    def list(self, limit: int = 200) -> list[Job]:
        """Return the newest jobs, newest first."""
        return self.file.read(
            lambda db: [
                _job(r) for r in db.execute("SELECT * FROM jobs ORDER BY number DESC LIMIT ?", (limit,))
            ],
            [],
        )

    def get(self, job_id: str) -> JobDetail:
        """Return a job and what became of its items. Raises: JobNotFound."""

        def work(db: sqlite3.Connection) -> JobDetail | None:
            row = db.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            if row is None:
                return None
            items = db.execute(
                f"SELECT item, {_ITEM} FROM items WHERE job_id = ? AND state != ? ORDER BY rowid",
                (job_id, PLANNED),
            )
            return JobDetail(_job(row), [_result(item) for item in items])

        detail = self.file.read(work, None)
        if detail is None:
            raise _no_job(job_id)
        return detail

    def planned(self, job_id: str) -> tuple[str, ...]:
        """Return the items that a job set out to do and that have no result yet."""
        query = "SELECT item FROM items WHERE job_id = ? AND state = ? ORDER BY rowid"
        return self.file.read(
            lambda db: tuple(row["item"] for row in db.execute(query, (job_id, PLANNED))), ()
        )

    def has_foreign_jobs(self, owner: Owner) -> bool:
        """Say whether active jobs belong to other living processes, and may need resuming later."""

        def work(db: sqlite3.Connection) -> bool:
            return any(
                (row["host"], row["pid"], row["started"]) != (owner.host, owner.pid, owner.started)
                for row in db.execute("SELECT * FROM jobs WHERE state IN ('queued', 'running')")
            )

        return self.file.read(work, False)

    def outcomes(self, assignment_id: str, verb: Verb | None = None) -> dict[str, Outcome]:
        """Return, per student, what became of the newest try of any verb on the assignment, or of one."""

        def work(db: sqlite3.Connection) -> dict[str, Outcome]:
            rows = db.execute(
                "SELECT * FROM latest WHERE assignment_id = ? AND verb = coalesce(?, verb)"
                " ORDER BY at, rowid",
                (assignment_id, verb),
            )
            return {row["item"]: _outcome(row) for row in rows}

        return self.file.read(work, {})

    def failures(self) -> dict[str, dict[Verb, int]]:
        """Return, per assignment and verb, how many items failed at their newest try.

        What was collected anew since then has not been tried yet, and does not count.
        """

        def work(db: sqlite3.Connection) -> dict[str, dict[Verb, int]]:
            counts: dict[str, dict[Verb, int]] = {}
            for row in db.execute(FAILURES):
                counts.setdefault(row["assignment_id"], {})[row["verb"]] = row["n"]
            return counts

        return self.file.read(work, {})

    def log_path(self, job_id: str) -> Path:
        """Return where the job's log is; `job_id` must be one that the journal knows."""
        return self.settings.state_dir / LOGS / f"{job_id}.log"


def _insert(db: sqlite3.Connection, job: Job, owner: Owner) -> None:
    db.execute(
        "INSERT INTO jobs (job_id, state, cancelling, job, host, pid, started, heartbeat)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job.job_id, job.state, job.cancelling, _encode(job).decode(),
            owner.host, owner.pid, owner.started, time.time(),
        ),
    )  # fmt: skip


def _close_plan(db: sqlite3.Connection, job: Job, at: str) -> None:
    """Say of what a cancelled job did not get to that it was cancelled; an earlier outcome stays in force."""
    if job.state != "cancelled":
        return
    verb = GRADING.get(job.request.verb, job.request.verb)
    db.execute(
        f"INSERT OR IGNORE INTO latest (assignment_id, verb, item, {_ITEM}, at, job_id)"
        " SELECT ?, ?, item, 'skipped', 'cancelled', ?, ?, '', '[]', ?, job_id FROM items"
        " WHERE job_id = ? AND state = ?",
        (job.request.assignment_id, verb, *CANCELLED, at, job.job_id, PLANNED),
    )
    db.execute(
        "UPDATE items SET state = 'skipped', code = 'cancelled', message = ?, remedy = ?, at = ?"
        " WHERE job_id = ? AND state = ?",
        (*CANCELLED, at, job.job_id, PLANNED),
    )


def _reassign(db: sqlite3.Connection, job: Job, owner: Owner) -> None:
    db.execute(
        "UPDATE jobs SET state = ?, job = ?, host = ?, pid = ?, started = ?, heartbeat = ?, worker_pid = NULL"
        " WHERE job_id = ?",
        (
            job.state, _encode(job).decode(), owner.host, owner.pid, owner.started, time.time(),
            job.job_id,
        ),
    )  # fmt: skip


def _job(row: sqlite3.Row) -> Job:
    job = _decode_job(row["job"])
    return structs.replace(job, cancelling=bool(row["cancelling"]) and job.state in ACTIVE)


def _result(row: sqlite3.Row) -> ItemResult:
    return ItemResult(**{**dict(row), "notebooks": _decode_notebooks(row["notebooks"])})


def _outcome(row: sqlite3.Row) -> Outcome:
    return Outcome(
        verb=row["verb"],
        state=row["state"],
        code=row["code"],
        message=row["message"],
        remedy=row["remedy"],
        at=datetime.fromisoformat(row["at"]),
        job_id=row["job_id"],
        isolation=row["isolation"],
        notebooks=_decode_notebooks(row["notebooks"]),
    )


def _is_owned(row: sqlite3.Row) -> bool:
    return row["pid"] != 0 and Owner(row["host"], row["pid"], row["started"]).is_alive(row["heartbeat"])


def _taken_over(job: Job) -> Job:
    if job.cancelling:
        return structs.replace(
            job,
            state="cancelled",
            cancelling=False,
            seq=job.seq + 1,
            ended_at=datetime.now(UTC),
            current="",
            eta_s=None,
        )
    return structs.replace(
        job, state="queued", seq=job.seq + 1, attempt=job.attempt + 1, current="", eta_s=None
    )


def _no_job(job_id: str) -> JobNotFound:
    return JobNotFound(
        f"This course has no job {job_id}.", "Old jobs are forgotten; look at the list of jobs."
    )
