"""`hubgrade jobs`: the journal, read and acted upon from any process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import open_either, ref_of
from hubgrade_ext.cli.logs import job_output
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.cli.progress import ProgressDisplay
from hubgrade_ext.cli.verb_commands import describe, explained, tell, title_of
from hubgrade_ext.core.errors import InvalidRequest, JobNotFound
from hubgrade_ext.core.item_log import lines_of
from hubgrade_ext.core.models import JobsPage

if TYPE_CHECKING:
    from hubgrade_ext.jobs.journal import Journal

LOG_BYTES = 200_000


def list_jobs(arguments: Arguments, output: Output) -> int:
    """List the course's jobs, newest first."""
    from hubgrade_ext.jobs.journal import Journal

    settings = open_either(arguments).settings
    page = JobsPage(ref_of(settings), Journal(settings).list())
    if output.json:
        output.show(page)
    elif page.jobs:
        output.table(tables.jobs(page.jobs))
    else:
        output.line("No job has been run on this course yet.")
    return 0


def show(arguments: Arguments, output: Output) -> int:
    """Show one job with its items and its log."""
    from hubgrade_ext.jobs.journal import Journal

    journal = Journal(open_either(arguments).settings)
    detail = journal.get(_full_id(journal, arguments.job_id))
    log = _read_log(journal, detail.job.job_id)
    if arguments.item is not None:
        detail = msgspec.structs.replace(
            detail, results=[r for r in detail.results if r.item == arguments.item]
        )
        log = lines_of(log, arguments.item)
    if output.json:
        output.show({**msgspec.to_builtins(detail), "log": log})
        return 0
    output.table(tables.job(detail.job))
    for result in detail.results:
        output.block("  " + describe(result))
    if log and (arguments.verbose or arguments.item is not None):
        output.line()
        output.block(log)
    elif log:
        output.line(f"Its log, {journal.log_path(detail.job.job_id)}, is shown with --verbose.")
    return 0


def cancel(arguments: Arguments, output: Output) -> int:
    """Stop a job of any process."""
    from hubgrade_ext.jobs.cancelling import cancel_job
    from hubgrade_ext.jobs.journal import Journal

    settings = open_either(arguments).settings
    job = cancel_job(settings, _full_id(Journal(settings), arguments.job_id))
    if output.json:
        output.show({"job": job})
    else:
        output.line(
            f"{title_of(job.request)}: {'cancelled' if job.state == 'cancelled' else 'being cancelled'}."
        )
    return 0


def resume(arguments: Arguments, output: Output) -> int:
    """Carry on, in this process, a job whose own process died."""
    from hubgrade_ext.jobs.foreground import resume_in_foreground
    from hubgrade_ext.jobs.journal import Journal

    course = open_either(arguments)
    journal = Journal(course.settings)
    job_id = _full_id(journal, arguments.job_id)
    title = title_of(journal.get(job_id).job.request)
    with job_output(output, arguments.verbose), ProgressDisplay(title, output.err) as display:
        detail = resume_in_foreground(course, job_id, lambda job, step: display.update(step))
    return tell(explained(course.settings, detail), output)


def _full_id(journal: Journal, given: str) -> str:
    """Return the id of the one job that begins so."""
    found = [job.job_id for job in journal.list() if job.job_id.startswith(given)]
    if given in found:
        return given
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidRequest(
            f"{len(found)} jobs begin with {given!r}.", f"Give more of the id, as in {found[0]}."
        )
    raise JobNotFound(f"This course has no job {given!r}.", "See `hubgrade jobs`.")


def _read_log(journal: Journal, job_id: str) -> str:
    """Return the end of a job's log; a log may be large."""
    path = journal.log_path(job_id)
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            return file.read(LOG_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
