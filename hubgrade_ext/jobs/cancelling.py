"""Cancel a job of any process: through the journal, and by a signal to the process that works on it."""

from __future__ import annotations

import signal

from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import Job
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.journal import ACTIVE, Journal
from hubgrade_ext.jobs.owner import process_is, this_host, this_process
from hubgrade_ext.jobs.process_tree import send_signal


def cancel_job(settings: CourseSettings, job_id: str) -> Job:
    """Ask for the end of a job of any process, and stop its worker; return the job as it is then.

    The owner notices within seconds; a job whose owner is dead ends here.
    Raises: JobNotFound; Conflict (it has ended already).
    """
    journal = Journal(settings)
    job, worker = journal.request_cancel(job_id)
    if job.state not in ACTIVE:
        raise Conflict(f"Job {job_id} has ended already.")
    here = worker.owner.host == this_host()
    if here and worker.pid and worker.started and process_is(worker.pid, worker.started):
        send_signal(worker.pid, signal.SIGTERM)
    else:
        journal.claim(this_process(), job_id=job_id)
    return journal.get(job_id).job
