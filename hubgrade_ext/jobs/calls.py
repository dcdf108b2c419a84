"""The plain functions that the server may have run in a forked child: what needs nbgrader, and is short.

Arguments and answers are JSON; each argument is converted to what the
function's annotation says. A parameter of type `Course` takes a CourseSettings
and gets the course opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.jobs.call_table import CALLS, resolve
from hubgrade_ext.jobs.reopen import reopen


def call(name: str, arguments: dict[str, Any]) -> Any:
    """Run a function of the table; raise what it raises.

    Raises: InvalidRequest (not in the table, or arguments that do not fit).
    """
    if name not in CALLS:
        raise InvalidRequest(f"There is no function {name!r} to call.")
    function = resolve(name)
    hints = get_type_hints(function)
    return function(**{key: _converted(value, hints[key]) for key, value in arguments.items()})


def _converted(value: Any, hint: Any) -> Any:
    try:
        if hint is Course:
            return reopen(msgspec.convert(value, CourseSettings))
        return msgspec.convert(value, hint, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"An argument does not fit: {error}.") from None


def _decoded(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} cannot be made of JSON")
