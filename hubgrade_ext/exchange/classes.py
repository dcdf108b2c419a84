"""nbgrader's exchange classes, as the course configures them, driven so that what they leave is whole.

nbgrader's own classes keep their paths in attributes between `init_dest` and
`copy_files`; a subclass made on the fly leads these into a staging folder. A
plug-in's class is run as it is, in a course root or working folder that is
staged. Needs nbgrader.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from traitlets import TraitError

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import AssignmentNotFound, Conflict, ExchangeBroken, Forbidden, HubgradeError

LOG = logging.getLogger("hubgrade.exchange")

# What nbgrader's classes say, and what to do about it; the first that fits.
_REMEDIES: list[tuple[str, type[HubgradeError], str]] = [
    ("generate_assignment", Conflict, "Generate the assignment first."),
    (
        "missing notebooks",
        Conflict,
        "Fetch the assignment again, which puts them back; then submit.",
    ),
    ("do not have access", Forbidden, "Ask your instructor to add you to the course."),
    (
        "Assignment not found",
        AssignmentNotFound,
        "Check the assignment's name, and that it has been released.",
    ),
    (
        "Could not change permissions",
        ExchangeBroken,
        "nbgrader wants the exchange to be open to all: ask its owner for mode 1777.",
    ),
    ("You don't own", ExchangeBroken, "Have its owner do it, or let the owner share it with your group."),
    ("Unwritable directory", ExchangeBroken, "Ask whoever runs the exchange to create it with mode 1777."),
    ("write permissions", ExchangeBroken, "Ask whoever runs the exchange to give you that permission."),
    ("read permissions", ExchangeBroken, "Ask whoever runs the exchange to give you that permission."),
    ("permission denied", ExchangeBroken, "Ask whoever runs the exchange to give you that permission."),
    ("No course id", Conflict, "Set CourseDirectory.course_id in nbgrader_config.py."),
    ("too big", Conflict, "Remove large files that are not needed, or raise CourseDirectory.max_dir_size."),
]


class Collected(logging.Handler):
    """Keep what an exchange class warned of, in order, beside passing it on to the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message, on one line."""
        self.messages.append(" ".join(record.getMessage().split()))


@contextmanager
def warnings_of_exchange() -> Iterator[list[str]]:
    """Give the list that the exchange classes' warnings go to while the block runs."""
    handler = Collected()
    LOG.addHandler(handler)
    try:
        yield handler.messages
    finally:
        LOG.removeHandler(handler)


@contextmanager
def exchange_errors(course: Course, doing: str, folder: Path) -> Iterator[None]:
    """Turn what nbgrader's or a plug-in's classes raise into our errors; `doing` completes "Could not …".

    `folder` is named when the disk refuses. A plug-in may raise whatever its
    network library does; of nbgrader's classes it is known.
    """
    faults: tuple[type[Exception], ...] = (ExchangeError, RuntimeError, ValueError, LookupError, TraitError)
    if not course.settings.default_exchange:
        faults = (Exception,)
    try:
        with plain_errors(doing, folder, ExchangeBroken):
            yield
    except HubgradeError:
        raise
    except faults as fault:
        LOG.debug("could not %s", doing, exc_info=fault)
        text = " ".join(str(fault).split()).rstrip(".") or type(fault).__name__
        for words, error, remedy in _REMEDIES:
            if words in text:
                raise error(f"Could not {doing}: {text}.", remedy) from fault
        remedy = "The job's log has more; ask whoever runs the exchange."
        raise ExchangeBroken(f"Could not {doing}: {text}.", remedy) from fault


def is_nbgraders(cls: type, original: type, *methods: str) -> bool:
    """Say whether `cls` is nbgrader's class or inherits these methods of it unchanged."""
    return issubclass(cls, original) and all(getattr(cls, m) is getattr(original, m) for m in methods)


def build(
    course: Course,
    cls: type,
    coursedir: CourseDirectory,
    overrides: dict[str, Callable[..., Any]] | None = None,
    **traits: object,
) -> Any:
    """Return an instance of an exchange class with some traits and methods of it replaced.

    The name of the subclass is none that a configuration could name, so that
    the class's own section is applied once.
    """
    if overrides:
        cls = type(cls)(f"Staged{cls.__name__}", (cls,), dict(overrides))
    return cls(
        coursedir=coursedir, authenticator=course.authenticator(), config=course.config, log=LOG, **traits
    )


def staged_coursedir(course: Course, stage: Path, **overrides: object) -> CourseDirectory:
    """Return the course's directory object with its folders below `stage`, and its gradebook where it is."""
    structure = course.settings.directory_structure
    if Path(structure).is_absolute():
        # a format string: braces in our own path must be doubled
        escaped = str(stage).replace("{", "{{").replace("}", "}}")
        overrides["directory_structure"] = f"{escaped}/{{nbgrader_step}}/{{student_id}}/{{assignment_id}}"
    return course.coursedir(root=str(stage), db_url=course.settings.db_url, **overrides)
