"""A plugged-in exchange that is no folder tree: one "drawer" of zip files with labels for names.

It stands for exchanges over HTTP: none of nbgrader's default classes is used,
and only what nbgrader's abstract classes promise.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc
from nbgrader.utils import get_username, parse_utc
from traitlets import Unicode

SEPARATOR = "~"


class Drawer(abc.Exchange):
    drawer = Unicode("", help="Where it all lies.").tag(config=True)

    def path(self, kind: str, *parts: str) -> Path:
        Path(self.drawer).mkdir(exist_ok=True)
        return Path(self.drawer) / SEPARATOR.join([kind, self.coursedir.course_id, *parts])

    def found(self, kind: str, *parts: str) -> list[Path]:
        start = SEPARATOR.join([kind, self.coursedir.course_id, *parts])
        return sorted(p for p in Path(self.drawer).iterdir() if p.name.startswith(start))

    def pack(self, folder: Path, target: Path, **more: str) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                archive.write(path, path.relative_to(folder))
            for name, text in more.items():
                archive.writestr(name.replace("_txt", ".txt"), text)
        target.write_bytes(content.getvalue())

    def unpack(self, source: Path, folder: Path) -> None:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)

    def init_src(self) -> None:
        pass

    def init_dest(self) -> None:
        pass


class Release(Drawer, abc.ExchangeReleaseAssignment):
    def copy_files(self) -> None:
        course = self.coursedir
        target = self.path("released", course.assignment_id)
        if target.exists() and not self.force:
            self.fail("released already")
        self.pack(Path(course.format_path(course.release_directory, ".", course.assignment_id)), target)


class Fetch(Drawer, abc.ExchangeFetchAssignment):
    def copy_files(self) -> None:
        source = self.path("released", self.coursedir.assignment_id)
        if not source.exists():
            self.fail("Assignment not found: there is no such label in the drawer")
        self.unpack(source, Path(self.assignment_dir, self.coursedir.assignment_id))


class Submit(Drawer, abc.ExchangeSubmit):
    def copy_files(self) -> None:
        name = self.coursedir.assignment_id
        if not self.path("released", name).exists():
            self.fail("Assignment not found: there is no such label in the drawer")
        self.log.warning("the drawer is nearly full")
        parts = (name, get_username(), self.timestamp)
        self.pack(
            Path(self.assignment_dir, name), self.path("submitted", *parts), timestamp_txt=self.timestamp
        )


class Collect(Drawer, abc.ExchangeCollect):
    def copy_files(self) -> None:
        course = self.coursedir
        newest: dict[str, Path] = {}
        for path in self.found("submitted", course.assignment_id):
            student = path.name.split(SEPARATOR)[3]
            if course.student_id in ("*", student):
                newest[student] = path
        for student, path in newest.items():
            target = Path(course.format_path(course.submitted_directory, student, course.assignment_id))
            have = course.get_existing_timestamp(str(target)) if target.exists() else None
            new = parse_utc(path.name.split(SEPARATOR)[4])
            if not target.exists() or (self.update and (have is None or new > have)):
                self.unpack(path, target)


class List(Drawer, abc.ExchangeList):
    def start(self) -> Any:
        if os.environ.get("DRAWER_LISTS_NOTHING") and self.inbound:
            raise NotImplementedError
        if not self.inbound and not self.cached:
            return self._released()
        entries: dict[tuple[str, str], dict[str, Any]] = {}
        for path in self.found("submitted"):
            _, course_id, assignment_id, student_id, timestamp = path.name.split(SEPARATOR)
            if self.coursedir.assignment_id in ("", assignment_id):
                labels = {"course_id": course_id, "student_id": student_id, "assignment_id": assignment_id}
                entry = entries.setdefault((student_id, assignment_id), {**labels, "submissions": []})
                fed_back = self.path("feedback", assignment_id, student_id).exists()
                entry["submissions"].append(
                    {**labels, "timestamp": timestamp, "has_exchange_feedback": fed_back}
                )
        return list(entries.values())

    def _released(self) -> list[dict[str, str]]:
        found = self.found(
            "released", *([self.coursedir.assignment_id] if self.coursedir.assignment_id else [])
        )
        if self.remove:
            for path in found:
                path.unlink()
        return [{"assignment_id": path.name.split(SEPARATOR)[2], "status": "released"} for path in found]


class ReleaseFeedback(Drawer, abc.ExchangeReleaseFeedback):
    def copy_files(self) -> None:
        course = self.coursedir
        if course.student_id == "ben":
            self.fail("the drawer jams")
        folder = Path(course.format_path(course.feedback_directory, course.student_id, course.assignment_id))
        target = self.path("feedback", course.assignment_id, course.student_id)
        target.write_text(json.dumps({p.name: p.read_text() for p in folder.glob("*.html")}))


class FetchFeedback(Drawer, abc.ExchangeFetchFeedback):
    def copy_files(self) -> None:
        name = self.coursedir.assignment_id
        pages = json.loads(self.path("feedback", name, get_username()).read_text())
        folder = Path(self.assignment_dir, name, "feedback", "newest")
        folder.mkdir(parents=True)
        for page, text in pages.items():
            (folder / page).write_text(text)
