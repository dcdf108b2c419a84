"""Show configuration values as Python would write them, with passwords and tokens masked."""

from __future__ import annotations

import re

MASK = "********"
MAX_CHARACTERS = 2000
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|api_?key|(^|[._-])(key|keys|keyfile|cert|certfile|auth)($|[._-])",
    re.I,
)
_SECRET_LINE = re.compile(
    r"passw|passphrase|secret\b|secrets?['\"]?\s*[:=]|tokens?\b|credential|api_?key", re.I
)
# a path says where a secret is, not what; nor does a key between brackets
_QUOTED = re.compile(r"""(?<!\w\[)(['"])(?!/|\./)(?:(?!\1).)+\1""")
_ANY_QUOTED = re.compile(r"""(['"])(?:\\.|(?!\1).)*\1""")
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+._-]*://[^\s:/@'\"]*):[^\s'\"]*@", re.I)
_QUERY_SECRET = re.compile(r"([?&;][^=&\s'\"]*(?:passw|secret|token|key)[^=&\s'\"]*=)[^&;\s'\"]+", re.I)


def show(name: str, value: object) -> str:
    """Return `value` of the setting `name` as text; at most 2,000 characters, secrets masked."""
    text = _render(name, value)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def mask_urls(text: str) -> str:
    """Mask the passwords of URLs in a text."""
    return _QUERY_SECRET.sub(rf"\g<1>{MASK}", _URL_PASSWORD.sub(rf"\g<1>:{MASK}@", text))


def mask_lines(text: str) -> str:
    """Mask quoted values in lines of configuration that name a secret, up to its last bracket; paths stay."""
    masked, depth = [], 0
    for line in mask_urls(text).split("\n"):
        if depth or _SECRET_LINE.search(line):
            depth = _depth_after(line, depth)
            line = _QUOTED.sub(lambda m: f"{m[1]}{MASK}{m[1]}", line)
        masked.append(line)
    return "\n".join(masked)


def _depth_after(line: str, depth: int) -> int:
    """Return how many brackets are open after a line, which may be a setting in a comment."""
    code = _ANY_QUOTED.sub("", line).lstrip("# ").partition("#")[0]
    if not depth and "=" not in code:
        return 0
    return max(0, depth + sum(map(code.count, "([{")) - sum(map(code.count, ")]}")))


def _render(name: str, value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_render(str(k), v)}" for k, v in value.items()) + "}"
    if value not in (None, "", b"") and not isinstance(value, bool) and _SECRET_NAME.search(name):
        return repr(MASK)
    if isinstance(value, list):
        return "[" + ", ".join(_render("", item) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(_render("", item) + ", " for item in value).strip() + ")"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(_render("", item) for item in value)) + "}" if value else "set()"
    if callable(value) and hasattr(value, "__qualname__"):
        return repr(f"{value.__module__}.{value.__qualname__}")
    # an object of the instructor's own may hold anything in its repr
    return mask_urls(repr(value))
