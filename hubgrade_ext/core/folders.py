"""Where the folders of a course are: walking nbgrader's directory structure without globs.

Names on disk are taken as they are: a dot-named folder is ours (staging) or an
editor's and is passed over, nothing is a pattern, files among the folders are
passed over too.
"""

from __future__ import annotations

import fnmatch
import os
import re
import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial

from msgspec import Struct

from hubgrade_ext.core.settings import CourseSettings

Look = Callable[[str], list[str]]


class SubmissionFolder(Struct, frozen=True, gc=False):
    """One folder of one step: whose, of which assignment, and its path."""

    student_id: str
    assignment_id: str
    path: str


class Holder(Struct, frozen=True):
    """A folder that holds submissions' folders; `ids_of` says whose an entry is, or None."""

    path: str
    ids_of: Callable[[str], tuple[str, str] | None]


def list_folders(path: str | int) -> list[str]:
    """Return the names of the folders in `path` (or in an open folder), without dot-named ones.

    Names that are no text are passed over too. Empty when it cannot be read.
    """
    try:
        with os.scandir(path) as entries:
            return [
                name
                for entry in entries
                if (name := entry.name)[0] != "." and (name.isascii() or is_text(name)) and _is_folder(entry)
            ]
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_folder_name(name: str) -> bool:
    """Say whether a name that came from outside can be that of one folder: no path part, not hidden.

    Laxer than `names.check_assignment_id`: what is there already may have an odd name.
    """
    return bool(name) and name[0] != "." and "/" not in name and "\0" not in name and is_text(name)


def is_text(name: str) -> bool:
    """Say whether a name on disk is text: JSON could not carry another, and no request could name it."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def walk(
    settings: CourseSettings, step: str, student_id: str | None = None, assignment_id: str | None = None
) -> Iterator[SubmissionFolder]:
    """Yield the folders of a step (a directory name such as `submitted`), of one or all ids.

    A folder may be yielded that does not exist: only what stands in for an
    unknown id is read from disk.

    Source: nbgrader 0.9.6 `CourseDirectory.format_path`, and the globs over it.
    """
    segments, ids = _structure(settings, step)
    if student_id is not None:
        ids["student_id"] = student_id
    if assignment_id is not None:
        ids["assignment_id"] = assignment_id
    for path, found in _descend("", segments, ids):
        if "student_id" in found and "assignment_id" in found:
            yield SubmissionFolder(found["student_id"], found["assignment_id"], path)


@contextmanager
def open_root(settings: CourseSettings) -> Iterator[tuple[int | None, str]]:
    """Give the course folder, opened, and what to take off the front of a path for one relative to it.

    Thousands of looks at short paths are cheap. (None, "") where it cannot be opened.
    """
    try:
        fd = os.open(settings.root or "", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield None, ""
        return
    try:
        yield fd, f"{os.path.normpath(settings.root or '')}/"
    finally:
        os.close(fd)


def holders(settings: CourseSettings, step: str, look: Look = list_folders) -> Iterator[Holder]:
    """Yield the folders one level above a step's submissions; in `ids_of` student goes before assignment.

    `look` lists the folders in a folder.
    """
    segments, ids = _structure(settings, step)
    if segments:
        last = segments.pop()
        for path, found in _descend("", segments, ids, look):
            yield Holder(path, partial(_ids_of, last, found))


def _ids_of(segment: str, ids: dict[str, str], name: str) -> tuple[str, str] | None:
    found = _match(segment, name, _fields(segment) - ids.keys(), ids)
    if found is None or "student_id" not in found or "assignment_id" not in found:
        return None
    return found["student_id"], found["assignment_id"]


def _structure(settings: CourseSettings, step: str) -> tuple[list[str], dict[str, str]]:
    if settings.root is None:
        return [], {}
    structure = os.path.normpath(os.path.join(settings.root, settings.directory_structure))
    return structure.split("/")[1:], {"nbgrader_step": step}


def _descend(
    path: str, segments: list[str], ids: dict[str, str], look: Look = list_folders
) -> Iterator[tuple[str, dict[str, str]]]:
    for index, segment in enumerate(segments):
        unknown = _fields(segment) - ids.keys()
        if not unknown:
            name = os.path.normpath(segment.format(**ids))
            path = path if name == "." else f"{path}/{name}"
            continue
        rest = segments[index + 1 :]
        # where no id follows, what follows is the same for all: a page asks this of thousands
        is_last = all(_fields(each) <= ids.keys() for each in rest)
        tail = next(_descend("", rest, ids))[0] if is_last else ""
        for name in look(path or "/"):
            found = _match(segment, name, unknown, ids)
            if found is not None and is_last:
                yield f"{path}/{name}{tail}", found
            elif found is not None:
                yield from _descend(f"{path}/{name}", rest, found, look)
        return
    yield path, ids


@cache
def _fields(segment: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in string.Formatter().parse(segment) if field)


def _match(segment: str, name: str, unknown: frozenset[str], ids: dict[str, str]) -> dict[str, str] | None:
    if segment[0] == "{" and segment[1:-1] in unknown:
        return {**ids, segment[1:-1]: name}
    pattern = ""
    for literal, field, _, _ in string.Formatter().parse(segment):
        pattern += re.escape(literal)
        if field:
            pattern += f"(?P<{field}>.+)" if field in unknown else re.escape(ids[field])
    found = re.fullmatch(pattern, name)
    return {**ids, **found.groupdict()} if found else None


def assignment_folders(settings: CourseSettings, step: str) -> dict[str, str]:
    """Return assignment → folder for a step that has no students (source, release)."""
    return {folder.assignment_id: folder.path for folder in walk(settings, step, student_id=".")}


class FileFacts(Struct, frozen=True, gc=False):
    """What tells one file from another without reading it."""

    size_bytes: int
    mtime_ns: int


def files_below(folder: str, ignore: Sequence[str]) -> dict[str, FileFacts]:
    """Return the regular files in a tree (relative path → facts), without what nbgrader ignores.

    Links are not followed; names that match a pattern in `ignore` are left out, folders with all in them.
    """
    files: dict[str, FileFacts] = {}
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            with os.scandir(f"{folder}/{below}") as entries:
                for entry in entries:
                    if any(fnmatch.fnmatch(entry.name, pattern) for pattern in ignore):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(f"{below}{entry.name}/")
                    elif entry.is_file(follow_symlinks=False):
                        info = entry.stat(follow_symlinks=False)
                        files[below + entry.name] = FileFacts(info.st_size, info.st_mtime_ns)
        except OSError:
            continue
    return files


def server_path(path: str | os.PathLike[str], server_root: str | None) -> str | None:
    """Return `path` as the server's contents API names it, links resolved; None when it is outside.

    Relative to the server's root, with `/`; '' for the root itself.
    """
    if server_root is None:
        return None
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(server_root))
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        return None
    return "" if relative == os.curdir else relative.replace(os.sep, "/")
