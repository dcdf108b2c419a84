"""The server extension: every trait, what it is wired to, its start and its end."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Int, Unicode

from hubgrade_ext import __version__

JOB_SCHEMA_ID = "https://schema.hubgrade.org/job_progress/v1"
# counts and ids only: every client of this server hears it
JOB_SCHEMA: dict[str, Any] = {
    "$id": JOB_SCHEMA_ID,
    "version": "1",
    "title": "hubgrade job progress",
    "description": "A snapshot of a job's counts; a lost one is made up for by the next, or by asking",
    "type": "object",
    "properties": {
        "course_key": {"type": "string"},
        "job_id": {"type": "string"},
        "seq": {"type": "integer"},
        "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
        "done": {"type": "integer"},
        "total": {"type": "integer"},
        "failed": {"type": "integer"},
    },
    "required": ["course_key", "job_id", "seq", "state", "done", "total", "failed"],
    "additionalProperties": False,
}
ACTIVITY = "hubgrade_last_activity"


# a server that is told to stop must not wait for ever for what it started
STOP_PATIENCE_S = 15.0


class HubgradeExtension(ExtensionApp):
    """hubgrade in a Jupyter server."""

    name = "hubgrade_ext"
    description = "Run an nbgrader course from inside a notebook session"
    load_other_extensions = True

    worker_niceness = Int(
        10,
        min=0,
        max=19,
        config=True,
        help="""How much workers yield to other processes: a Unix nice value, 0 to 19. Default: 10.
        Lower it when jobs must not be slowed down by what else runs on the machine.""",
    )
    worker_start_delay_s = Float(
        1.0,
        min=0,
        config=True,
        help="""Seconds between the server's start and that of the process that runs nbgrader. Default: 1.
        Raise it when many servers start on one machine at once; a job does not wait for it.""",
    )
    job_queue_limit = Int(
        50,
        min=1,
        config=True,
        help="""How many jobs may wait on one course. Default: 50.
        Raise it when programs submit more jobs at once.""",
    )
    job_time_limit_s = Float(
        6 * 3600.0,
        min=1,
        config=True,
        help="""Seconds that one job may run before it is stopped. Default: 21600, which is six hours.
        Raise it for classes whose autograding takes longer.""",
    )
    job_log_limit_bytes = Int(
        5_000_000,
        min=10_000,
        config=True,
        help="""Bytes that one job's log may take on disk. Default: 5000000.
        Raise it when you need to see all output of a very talkative job.""",
    )
    jobs_kept = Int(
        200,
        min=1,
        config=True,
        help="""How many ended jobs a course remembers, with their logs. Default: 200.
        Lower it when the course's disk is small.""",
    )
    cancel_grace_s = Float(
        2.0,
        min=0,
        config=True,
        help="""Seconds that submissions being graded get to finish when a job is cancelled. Default: 2.
        Raise it when you would rather wait than have them graded again later.""",
    )
    verb_table = Unicode(
        "hubgrade_ext.actions.verbs:VERBS",
        config=True,
        help="""The table of verbs, as module:attribute. Default: hubgrade_ext.actions.verbs:VERBS.
        Change it when your site replaces what a verb does; jobs of the command line are not concerned.""",
    )

    def initialize_settings(self) -> None:
        """Put hubgrade's objects into the server's settings; nothing is started."""
        from hubgrade_ext.handlers.open_courses import OpenCourses
        from hubgrade_ext.handlers.services import Services
        from hubgrade_ext.hub.groups import HubGroups
        from hubgrade_ext.jobs.course_queue import Limits
        from hubgrade_ext.jobs.runner import JobRunner

        limits = Limits(
            self.job_queue_limit,
            self.job_time_limit_s,
            self.job_log_limit_bytes,
            self.jobs_kept,
            self.cancel_grace_s,
        )
        hub = HubGroups()
        runner = JobRunner(
            verbs=self.verb_table,
            niceness=self.worker_niceness,
            limits=limits,
            emit=self._announce,
            touch=self._touch,
            hub_courses=hub.courses,
        )
        server = self._server
        courses = OpenCourses(server.root_dir, runner, hub)
        self.settings["hubgrade_services"] = Services(__version__, runner, courses, hub)
        if JOB_SCHEMA_ID not in server.event_logger.schemas:
            server.event_logger.register_event_schema(JOB_SCHEMA)

    @property
    def _server(self) -> Any:
        # jupyter_server types it as optional; an extension that was linked has one
        return self.serverapp

    def initialize_handlers(self) -> None:
        """Bind the addresses."""
        from hubgrade_ext.handlers.routes import tornado_routes

        self.handlers.extend(tornado_routes())

    async def _start_jupyter_server_extension(self, serverapp: object) -> None:
        """Let the server come up first; then start the warm process and carry on what was interrupted."""
        self._warming = asyncio.create_task(self._warm_up())

    async def _warm_up(self) -> None:
        from hubgrade_ext.handlers.resuming import resume_all

        await asyncio.sleep(self.worker_start_delay_s)
        services = self.settings["hubgrade_services"]
        await services.runner.warm_up()
        await resume_all(services)

    async def stop_extension(self) -> None:
        """End every process of ours; unfinished jobs are resumed by the next server."""
        warming: asyncio.Task[None] | None = getattr(self, "_warming", None)
        if warming is not None:
            warming.cancel()
            await asyncio.wait({warming})
        services = self.settings.get("hubgrade_services")
        if services is not None:
            try:
                await asyncio.wait_for(services.runner.stop(), STOP_PATIENCE_S)
            except TimeoutError:
                self.log.warning("hubgrade's jobs did not end in time; they are resumed by the next server.")

    def _announce(self, job: Any) -> None:
        data = {name: getattr(job, name) for name in JOB_SCHEMA["required"]}
        self._server.event_logger.emit(schema_id=JOB_SCHEMA_ID, data=data)

    def _touch(self) -> None:
        from jupyter_server._tz import utcnow

        # jupyter_server counts every setting with this ending as activity, and so does the hub's culler
        self.settings[ACTIVITY] = utcnow()
        self._server.web_app.settings[ACTIVITY] = utcnow()


main = HubgradeExtension.launch_instance
