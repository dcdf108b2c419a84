"""Fixes: show what one would change, carry it out, list and undo those carried out."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from hubgrade_ext.core.models import ApplyFix, FixesPage, FixPlan, FixRecord, UndoFix
from hubgrade_ext.handlers.base import Handler

# a large gradebook on a slow disk is copied, upgraded and verified
FIX_TIMEOUT_S = 600.0


class FixesHandler(Handler):
    """GET …/fixes."""

    @authenticated
    @authorized
    async def get(self, course_key: str) -> None:
        """List the fixes carried out, newest first."""
        course = await self.services.courses.get(course_key, "instructor")
        found = await self.services.runner.call("list_fixes", list[FixRecord], settings=course.opened)
        self.answer(FixesPage(course.ref, found))


class FixHandler(Handler):
    """GET and POST …/fixes/{fix_id}."""

    @authenticated
    @authorized
    async def get(self, course_key: str, fix_id: str) -> None:
        """Show exactly what a fix would change."""
        course = await self.services.courses.get(course_key, "instructor")
        call = self.services.runner.call
        self.answer(await call("plan_fix", FixPlan, settings=course.opened, fix_id=fix_id))

    @authenticated
    @authorized
    async def post(self, course_key: str, fix_id: str) -> None:
        """Carry a fix out as it was shown."""
        course = await self.services.courses.get(course_key, "instructor")
        digest, by = self.decode(ApplyFix).digest, self.services.username
        record = await self.services.runner.call(
            "apply_fix",
            FixRecord,
            timeout_s=FIX_TIMEOUT_S,
            settings=course.opened,
            fix_id=fix_id,
            digest=digest,
            by=by,
        )
        self.answer(record)


class UndoFixHandler(Handler):
    """POST …/undo-fix."""

    @authenticated
    @authorized
    async def post(self, course_key: str) -> None:
        """Take a fix back."""
        course = await self.services.courses.get(course_key, "instructor")
        wanted = {"settings": course.opened, "record_id": self.decode(UndoFix).record_id}
        call = self.services.runner.call
        self.answer(await call("undo_fix", FixRecord, timeout_s=FIX_TIMEOUT_S, **wanted))
