"""The courses of this server: which are known, what their settings are, and who the user is in each.

A course is described in a child process, because its configuration is Python;
the answer is kept until one of the files it can come from changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_core.paths import jupyter_config_path

from hubgrade_ext.core.errors import CourseNotFound, Forbidden, HubgradeError, InvalidRequest, NotFound
from hubgrade_ext.core.folders import server_path
from hubgrade_ext.core.models import CourseRef, Role
from hubgrade_ext.core.registry import KnownCourse, add_course, forget_course, list_courses
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.base import forbidden
from hubgrade_ext.hub.groups import HubGroups
from hubgrade_ext.jobs.messages import error_body
from hubgrade_ext.jobs.runner import JobRunner

_STEMS = ("jupyter_config", "nbgrader_config")
_SUFFIXES = (".py", ".json")
_LONGEST_PATH = 4096
Stamps = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class OpenCourse:
    """A known course as it is now: `settings` is None when it cannot be opened, for the reason in `error`."""

    known: KnownCourse
    ref: CourseRef
    settings: CourseSettings | None
    error: HubgradeError | None = None

    @property
    def opened(self) -> CourseSettings:
        """The settings. Raises: why the course cannot be opened."""
        if self.settings is None:
            raise self.error or CourseNotFound("This course cannot be opened.")
        return self.settings


class OpenCourses:
    """Know the registry's courses and the one that the server was started in."""

    def __init__(self, server_root: str, runner: JobRunner, hub: HubGroups) -> None:
        self.server_root = os.path.abspath(server_root)
        self._runner = runner
        self._hub = hub
        self._places: dict[str, KnownCourse] = {}
        self._own_place: KnownCourse | None = None
        self._described: dict[tuple[KnownCourse, bool], tuple[Stamps, CourseSettings]] = {}

    async def all(self) -> tuple[list[OpenCourse], str | None]:
        """Return every known course, and the key of the one that the server was started in."""
        own = await self._own()
        courses = [own] if own else []
        for known in await asyncio.to_thread(list_courses):
            course = await self._look(known)
            if course.ref.course_key not in [c.ref.course_key for c in courses]:
                courses.append(course)
        self._own_place = own.known if own else None
        self._places = {c.ref.course_key: c.known for c in courses}
        return courses, own.ref.course_key if own else None

    async def get(self, course_key: str, role: Role | None = None) -> OpenCourse:
        """Return one course, for somebody who must have `role` in it.

        Raises: CourseNotFound, Forbidden.
        """
        course = await self._found(course_key)
        if course is None:
            raise CourseNotFound("This course is not in your list.", "Open its folder again.")
        if role is not None and role not in course.ref.roles:
            raise forbidden()
        return course

    async def _found(self, course_key: str) -> OpenCourse | None:
        known = self._places.get(course_key)
        if known is not None:
            # asking for one course must not wait for the others
            own = await self._own() if known == self._own_place else None
            course = own or await self._look(known)
            still_listed = own is not None or known in await asyncio.to_thread(list_courses)
            if course.ref.course_key == course_key and still_listed:
                return course
        courses, _ = await self.all()
        return next((c for c in courses if c.ref.course_key == course_key), None)

    async def add(self, root: str) -> OpenCourse:
        """Add an existing folder (relative: below the server's root) to the list.

        Raises: InvalidRequest, CourseNotFound, Forbidden, ConfigBroken.
        """
        folder = self.absolute(root)
        if not await asyncio.to_thread(_looks_like_course, folder):
            raise CourseNotFound(
                f"{folder} is no course folder: it has neither nbgrader_config.py nor source.",
                "Choose the folder that holds the course, or create a new course there.",
            )
        known = KnownCourse(root=folder)
        course = await self._look(known)
        if "instructor" not in course.ref.roles:
            raise Forbidden(
                f"You may not write to {folder}.",
                "Ask the course's owner for the permission, if you teach it.",
            )
        course.opened  # noqa: B018  a course that cannot be opened is not added
        await asyncio.to_thread(add_course, known)
        return course

    async def forget(self, course: OpenCourse) -> None:
        """Take a course off the list; its folder stays as it is. Raises: NotFound (it is not in the list)."""
        if course.known not in await asyncio.to_thread(list_courses):
            raise NotFound(
                "The course is there because the server was started in its folder; it is not in the list.",
                "Start the server in another folder.",
            )
        await asyncio.to_thread(forget_course, course.known)

    def absolute(self, folder: str) -> str:
        """Return a folder's absolute path; a relative one is below the server's root, ~ the user's home.

        Raises: InvalidRequest (no file system takes such a path).
        """
        if len(folder) > _LONGEST_PATH or "\0" in folder:
            raise InvalidRequest("This is no path of a folder.", "Choose a folder.")
        # unlike Path.expanduser, this leaves the home of nobody as it is written
        return os.path.normpath(os.path.join(self.server_root, os.path.expanduser(folder)))  # noqa: PTH111

    def below_root(self, path: str | os.PathLike[str]) -> str | None:
        """Return a path as the server's contents API names it; None when it lies outside."""
        return server_path(path, self.server_root)

    async def _own(self) -> OpenCourse | None:
        if await asyncio.to_thread(_looks_like_course, self.server_root):
            return await self._look(KnownCourse(root=self.server_root))
        try:
            settings = await self._describe(KnownCourse(), student=True)
        except InvalidRequest:
            return None
        except HubgradeError as error:
            # no course is named there, or none can be: nothing to show, unless a file is broken
            return None if error.status in (400, 404) else self._broken(KnownCourse(), error, ["student"])
        return self._opened(KnownCourse(course_id=settings.course_id), settings, ["student"])

    async def _look(self, known: KnownCourse) -> OpenCourse:
        """Describe a course for this user: with its folder for an instructor, without for a student."""
        if known.root is None:
            return await self._as_student(known)
        writable = await asyncio.to_thread(_may_write, known.root)
        try:
            settings = await self._describe(known, student=False)
        except HubgradeError as error:
            return self._broken(known, error, ["instructor", "student"] if writable else ["student"])
        if await asyncio.to_thread(self._teaches, settings):
            return self._opened(known, settings, ["instructor", "student"])
        course = await self._as_student(KnownCourse(course_id=settings.course_id))
        return replace(course, known=known)

    async def _as_student(self, known: KnownCourse) -> OpenCourse:
        try:
            settings = await self._describe(known, student=True)
        except HubgradeError as error:
            return self._broken(known, error, ["student"])
        return self._opened(known, settings, ["student"])

    def _teaches(self, settings: CourseSettings) -> bool:
        if settings.root is None:
            return False
        gradebook = Path(settings.db_url.removeprefix("sqlite:///"))
        may_grade = not gradebook.exists() or os.access(gradebook, os.W_OK, effective_ids=True)
        return (_may_write(settings.root) and may_grade) or self._hub.teaches(settings.course_id)

    async def _describe(self, known: KnownCourse, *, student: bool) -> CourseSettings:
        key = (known, student)
        kept = self._described.get(key)
        if kept and kept[0] == await asyncio.to_thread(self._stamps, known.root, kept[1].root):
            return kept[1]
        before = await asyncio.to_thread(self._stamps, known.root, None)
        settings = await self._runner.call(
            "describe_course",
            CourseSettings,
            root=None if student else known.root,
            work_dir=self.server_root,
            course_id=known.course_id,
        )
        # a root that the configuration names has files of its own; a file that changed meanwhile differs
        own = settings.root if settings.root != known.root else None
        after = await asyncio.to_thread(self._stamps, known.root, own)
        if after[: len(before)] == before:
            self._described[key] = (after, settings)
        return settings

    def _stamps(self, root: str | None, other: str | None) -> Stamps:
        last = [other] if other and other != root else []
        folders = [*jupyter_config_path(), self.server_root, *([root] if root else []), *last]
        return tuple(
            _stamp(os.path.join(folder, stem + suffix))
            for folder in dict.fromkeys(folders)
            for stem in _STEMS
            for suffix in _SUFFIXES
        )

    def _opened(self, known: KnownCourse, settings: CourseSettings, roles: list[Role]) -> OpenCourse:
        ref = CourseRef(
            course_key=settings.course_key,
            course_id=settings.course_id,
            roles=roles,
            root=settings.root,
            server_path=self.below_root(settings.root) if settings.root else None,
        )
        return OpenCourse(known, ref, settings)

    def _broken(self, known: KnownCourse, error: HubgradeError, roles: list[Role]) -> OpenCourse:
        where = os.path.realpath(known.root) if known.root else f"\0{known.course_id}"
        ref = CourseRef(
            course_key=hashlib.sha256(where.encode()).hexdigest()[:16],
            course_id=known.course_id or Path(known.root or "").name,
            roles=roles,
            root=known.root,
            server_path=self.below_root(known.root) if known.root else None,
            problem=error_body(error),
        )
        return OpenCourse(known, ref, None, error)


def _looks_like_course(folder: str) -> bool:
    names = ("nbgrader_config.py", "nbgrader_config.json", "source", "gradebook.db")
    # os.path, because Path.exists raises for a path that is too long
    return any(os.path.exists(os.path.join(folder, name)) for name in names)  # noqa: PTH110


def _may_write(folder: str) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
