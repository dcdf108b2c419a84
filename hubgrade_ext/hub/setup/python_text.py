"""Values as a person would type them into Python: one item a line where a line would not do."""

from __future__ import annotations

import json

WIDTH = 100


class Name(str):
    """A piece of Python that stands for itself, such as a variable."""


def python_text(value: object, indent: int = 0, room: int = WIDTH) -> str:
    """Return the text of strings, numbers, lists and dictionaries.

    `indent` is that of its first line, `room` the characters that this line has for it.
    """
    inline = _inline(value)
    if len(inline) + indent <= min(WIDTH, room + indent) or not isinstance(value, dict | list) or not value:
        return inline
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(k)}: {python_text(v, indent + 4)},\n" for k, v in value.items()]
        return "{\n" + "".join(lines) + " " * indent + "}"
    lines = [f"{inner}{python_text(item, indent + 4)},\n" for item in value]
    return "[\n" + "".join(lines) + " " * indent + "]"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, str) and not isinstance(value, Name):
        return json.dumps(value)
    return str(value)
