"""The courses of this server: which are known, what their settings are, and who the user is in each.

A course is described in a child process, because its configuration is Python;
the answer is kept until one of the files it can come from changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_core.paths import jupyter_config_path

from hubgrade_ext.core.errors import CourseNotFound, Forbidden, HubgradeError, InvalidRequest, NotFound
from hubgrade_ext.core.folders import server_path
from hubgrade_ext.core.models import CourseRef, Role
from hubgrade_ext.core.registry import KnownCourse, add_course, forget_course, list_courses
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.handlers.base import forbidden
from hubgrade_ext.handlers.rights import Rights, groups_of
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


@dataclass
class _Memory:
    """What was found out, whoever asked: each with the files' stamps that it holds for."""

    places: dict[str, KnownCourse] = field(default_factory=dict)
    own_place: KnownCourse | None = None
    named_root: tuple[Stamps, str] | None = None
    described: dict[tuple[KnownCourse, bool], tuple[Stamps, CourseSettings]] = field(default_factory=dict)


class OpenCourses:
    """Know the registry's courses and the one that the server was started in."""

    def __init__(self, server_root: str, runner: JobRunner, hub: HubGroups) -> None:
        self.server_root = os.path.abspath(server_root)
        self._runner = runner
        self._hub = hub
        self._rights = Rights(hub)
        self._memory = _Memory()

    def seen_by(self, person: object) -> OpenCourses:
        """Return the same courses, with the rights of who sent a request to a server that several share."""
        seen = copy(self)
        seen._rights = Rights(self._hub, groups_of(person))
        return seen

    async def all(self) -> tuple[list[OpenCourse], str | None]:
        """Return every course that the user has a role in, and the key of the server's own one."""
        courses, own = await self._all()
        default = own.ref.course_key if own and own.ref.roles else None
        return [course for course in courses if course.ref.roles], default

    async def _all(self) -> tuple[list[OpenCourse], OpenCourse | None]:
        own = await self._own()
        courses = [own] if own else []
        for known in await asyncio.to_thread(self._listed):
            if known.root is None and known.course_id in [c.ref.course_id for c in courses]:
                continue
            course = await self._look(known)
            if course.ref.course_key not in [c.ref.course_key for c in courses]:
                courses.append(course)
        self._memory.own_place = own.known if own else None
        self._memory.places = {c.ref.course_key: c.known for c in courses}
        return courses, own

    def _listed(self) -> list[KnownCourse]:
        """Return the courses that the user opened, then those that the hub's groups name."""
        named = [KnownCourse(course_id=course_id) for course_id in self._hub.courses() or []]
        return [*list_courses(), *named]

    async def get(self, course_key: str, role: Role | None = None) -> OpenCourse:
        """Return one course, for somebody who must have `role` in it.

        Raises: CourseNotFound, Forbidden.
        """
        course = await self._found(course_key)
        if course is None:
            raise CourseNotFound("This course is not in your list.", "Open its folder again.")
        if not course.ref.roles or (role is not None and role not in course.ref.roles):
            raise forbidden()
        return course

    async def _found(self, course_key: str) -> OpenCourse | None:
        known = self._memory.places.get(course_key)
        if known is not None:
            # asking for one course must not wait for the others
            own = await self._own() if known == self._memory.own_place else None
            course = own or await self._look(known)
            still_listed = own is not None or known in await asyncio.to_thread(self._listed)
            if course.ref.course_key == course_key and still_listed:
                return course
        return next((c for c in (await self._all())[0] if c.ref.course_key == course_key), None)

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

    def check_may_create(self, course_id: str) -> None:
        """Raises: Forbidden, in a server that several share, for who is no instructor of such a course."""
        if not self._rights.may_create(course_id):
            raise Forbidden(
                f"Others use this server too, and you are not in the hub's group formgrade-{course_id}.",
                "Ask your administrator to make the group, or create the course in your own server.",
            )

    async def forget(self, course: OpenCourse) -> None:
        """Take a course off the list; its folder stays as it is. Raises: NotFound (it is not in the list)."""
        if course.known not in await asyncio.to_thread(list_courses):
            raise NotFound(
                "This course is not in the list: the server's folder, the configuration or the hub names it.",
                "Start the server in another folder, or change the configuration or the hub's group.",
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
        for folder in (self.server_root, await self._named_root()):
            if await asyncio.to_thread(_looks_like_course, folder):
                return await self._look(KnownCourse(root=folder))
        roles = self._rights.as_student()
        try:
            settings = await self._describe(KnownCourse(), student=True)
        except InvalidRequest:
            return None
        except HubgradeError as error:
            # no course is named there, or none can be: nothing to show, unless a file is broken
            return None if error.status in (400, 404) else self._broken(KnownCourse(), error, roles)
        return self._opened(KnownCourse(course_id=settings.course_id), settings, roles)

    async def _named_root(self) -> str:
        """Return the course folder that the user's or the system's configuration names, or ""."""
        stamps = await asyncio.to_thread(self._stamps, None, None)
        kept = self._memory.named_root
        if kept is None or kept[0] != stamps:
            root = await self._runner.call("named_root", str, work_dir=self.server_root)
            kept = self._memory.named_root = (stamps, root)
        return kept[1]

    async def _look(self, known: KnownCourse) -> OpenCourse:
        """Describe a course for this user: with its folder for an instructor, without for a student."""
        if known.root is None:
            return await self._as_student(known)
        try:
            settings = await self._describe(known, student=False)
        except HubgradeError as error:
            return self._broken(known, error, await asyncio.to_thread(self._rights.in_broken, known.root))
        roles = await asyncio.to_thread(self._rights.in_course, settings)
        if roles != ["student"]:
            # whoever has no role at all learns that from `get`, under the course's own key
            return self._opened(known, settings, roles)
        course = await self._as_student(KnownCourse(course_id=settings.course_id))
        return replace(course, known=known)

    async def _as_student(self, known: KnownCourse) -> OpenCourse:
        roles = self._rights.as_student()
        try:
            settings = await self._describe(known, student=True)
        except HubgradeError as error:
            return self._broken(known, error, roles)
        return self._opened(known, settings, roles)

    async def _describe(self, known: KnownCourse, *, student: bool) -> CourseSettings:
        key = (known, student)
        kept = self._memory.described.get(key)
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
            self._memory.described[key] = (after, settings)
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
    if not folder:
        return False
    names = ("nbgrader_config.py", "nbgrader_config.json", "source", "gradebook.db")
    # os.path, because Path.exists raises for a path that is too long
    return any(os.path.exists(os.path.join(folder, name)) for name in names)  # noqa: PTH110


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
