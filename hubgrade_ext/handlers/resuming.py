"""At the server's start: carry on the jobs of every known course that a dead process left behind."""

from __future__ import annotations

import logging

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.handlers.services import Services

log = logging.getLogger("hubgrade.jobs")


async def resume_all(services: Services) -> None:
    """Open every course of the list; one that cannot be opened is passed over."""
    try:
        courses, _ = await services.courses.all()
        for course in courses:
            if course.settings is not None:
                await services.runner.open(course.settings)
    except HubgradeError as error:
        log.warning("Interrupted jobs were not looked for: %s", error.message)
