"""`site.toml`: what was asked for, kept between two runs; --from reads one that was written by hand."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from hubgrade_ext.core.errors import InvalidRequest, NotFound
from hubgrade_ext.core.small_texts import read_text
from hubgrade_ext.hub.setup.artifacts import MARK
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.site_rules import check_site

STATE_FILE = "site.toml"
MAX_BYTES = 4 << 20
_HEADER = f"{MARK}: what was asked for. Edit it, then run `hubgrade admin site` to see what follows.\n"


def read_site(path: Path) -> Site | None:
    """Return what was asked for, checked; None when there is no such file yet.

    Raises: Forbidden, InvalidRequest, InvalidName.
    """
    try:
        return read_wanted_site(path)
    except NotFound:
        return None


def read_wanted_site(path: Path) -> Site:
    """Return the site of a file that an administrator names.

    Raises: NotFound, and as `read_site`.
    """
    return parse_site(read_text(path, MAX_BYTES), str(path))


def parse_site(text: str, source: str) -> Site:
    """Return the checked site that a TOML text describes.

    Raises: InvalidRequest, InvalidName.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InvalidRequest(f"{source} is not TOML: {fault}.", "Mend the line it names.") from fault
    except RecursionError as fault:
        raise InvalidRequest(f"{source} is nested too deeply.", "Is it the right file?") from fault
    courses = data.get("courses", {})
    if isinstance(courses, dict):
        for key, course in courses.items():
            if isinstance(course, dict):
                course.setdefault("course_id", key)
    try:
        site = msgspec.convert(data, Site)
    except msgspec.ValidationError as fault:
        raise InvalidRequest(f"{source}: {fault}.", _remedy(str(fault))) from fault
    return check_site(site)


def site_toml(site: Site) -> str:
    """Return the file's text; only what differs from the defaults, and every course whole."""
    plain: dict[str, Any] = msgspec.to_builtins(site)
    default: dict[str, Any] = msgspec.to_builtins(Site())
    lines = [_line(key, value) for key, value in plain.items() if key != "courses" and value != default[key]]
    for key, course in plain["courses"].items():
        # a dot in a bare key would begin a table
        lines += ["", f"[courses.{json.dumps(key)}]"]
        lines += [_line(name, value) for name, value in course.items() if name != "course_id"]
    return _HEADER + "".join(f"{line}\n" for line in lines)


def _line(key: str, value: object) -> str:
    if isinstance(value, list | tuple):
        # one person a line: a diff then names who came and who went
        items = "".join(f"\n    {json.dumps(item)}," for item in value)
        return f"{key} = [{items}\n]" if value else f"{key} = []"
    # JSON's strings, numbers and booleans are TOML's
    return f"{key} = {json.dumps(value)}"


def _remedy(fault: str) -> str:
    unknown = re.search(r"unknown field `([^`]*)`", fault)
    if unknown is None:
        return "See `hubgrade admin site --help` for the settings."
    fields = Course.__struct_fields__ if ".courses" in fault else Site.__struct_fields__
    near = difflib.get_close_matches(unknown[1], fields, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(fields)}."
