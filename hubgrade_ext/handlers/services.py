"""The extension's own objects, which every handler reaches through `settings["hubgrade_services"]`."""

from __future__ import annotations

import asyncio
import getpass
import os
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import Struct, structs

from hubgrade_ext.core.models import (
    ConfigFile,
    ConfigPage,
    JobDetail,
    PreflightReport,
    Setting,
    UnknownSetting,
)
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.open_courses import OpenCourse, OpenCourses
from hubgrade_ext.hub.groups import HubGroups
from hubgrade_ext.jobs.call_table import resolve
from hubgrade_ext.jobs.runner import JobRunner
from hubgrade_ext.preflight.server_facts import ServerFacts


class _ConfigReport(Struct, frozen=True):
    """What a child answers: `core.config_page.ConfigReport`, whose module would import nbgrader here."""

    files: list[ConfigFile]
    settings: list[Setting]
    unknown: list[UnknownSetting]


@dataclass(frozen=True)
class Services:
    """What outlives a request."""

    version: str
    runner: JobRunner
    courses: OpenCourses
    hub: HubGroups
    person: str = ""
    started_in: str = field(default_factory=os.getcwd)

    def seen_by(self, person: object) -> Services:
        """Return them with the rights of who sent a request; in a user's own server these are the user's."""
        if not self.hub.shared:
            return self
        name = str(getattr(person, "username", ""))
        return replace(self, courses=self.courses.seen_by(person), person=name)

    @property
    def username(self) -> str:
        """Who acts: in a shared server who sent the request, else the hub's or the machine's user."""
        return self.person or self.hub.username or getpass.getuser()

    async def page(self, function: str, settings: CourseSettings, answer: Any, **arguments: Any) -> Any:
        """Compute a page: in a thread here, or in a child when a plug-in replaces nbgrader's exchange.

        `answer` is the type that comes back from a child.
        Raises: what the function raises.
        """
        if settings.default_exchange:
            return await asyncio.to_thread(resolve(function), settings, **arguments)
        return await self.runner.call(function, answer, settings=settings, **arguments)

    async def config(self, course: OpenCourse) -> ConfigPage:
        """Return a course's effective configuration, also of one that cannot be opened.

        Raises: Busy, InternalError.
        """
        root = course.known.root if "instructor" in course.ref.roles else None
        report = await self.runner.call(
            "config_page", _ConfigReport, root=root, work_dir=self.courses.server_root
        )
        return ConfigPage(course.ref, report.files, report.settings, report.unknown)

    async def explained(self, course: OpenCourse, detail: JobDetail) -> JobDetail:
        """Add to an ended job what could be why it failed, as things are now."""
        from hubgrade_ext.actions.fixes.catalogue import FIXES
        from hubgrade_ext.preflight.explaining import explain

        if detail.job.ended_at is None:
            return detail
        fixable = [fix.fix_id for fix in FIXES]
        findings = await asyncio.to_thread(
            explain, course.opened, course.ref, detail.job, detail.results, fixable=fixable
        )
        return structs.replace(detail, findings=findings)

    async def preflight(self, course: OpenCourse, *, slow: bool, server: ServerFacts) -> PreflightReport:
        """Check whether the course will work; slow checks only when asked. Raises: Busy, InternalError."""
        from hubgrade_ext.actions.fixes.catalogue import FIXES
        from hubgrade_ext.preflight.facts import Given
        from hubgrade_ext.preflight.isolation_facts import gather_levels
        from hubgrade_ext.preflight.notebook_facts import SourceFacts
        from hubgrade_ext.preflight.runner import run, run_configuration

        config = await self.config(course)
        if course.settings is None:
            return await asyncio.to_thread(run_configuration, course.ref, config)
        sources = levels = None
        if slow and course.settings.root is not None:
            sources, levels = await asyncio.gather(
                self.runner.call("gather_sources", SourceFacts, course=course.settings),
                asyncio.to_thread(gather_levels),
            )
        given = Given(config, self.courses.server_root, sources, server, levels)
        fixable = [fix.fix_id for fix in FIXES]
        return await asyncio.to_thread(run, course.settings, course.ref, given, fixable=fixable, slow=slow)
