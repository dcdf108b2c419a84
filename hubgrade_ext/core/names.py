"""The names that come from outside: which of them nbgrader, the exchange and the file system can bear.

Every check returns the name to use or raises InvalidName with a suggestion that
would pass. A name that passed is one folder name: it holds no path part.
"""

from __future__ import annotations

import re
import unicodedata

from hubgrade_ext.core.errors import InvalidName

# nbgrader's gradebook has ids as String(128)
MAX_CHARACTERS = 128
# a file name holds 255 bytes; the exchange adds the student, a time and a key to some of them
MAX_BYTES = 200
_PUNCTUATION = " _-."
# what nbgrader reads as a pattern: the ids go into `glob` there
_GLOB = "*?[]"


def check_assignment_id(name: str) -> str:
    """Return a new assignment's name, NFC-normalised: letters, digits, space and `_ - .` only.

    Raises: InvalidName.
    """
    return _check_strict(name, "assignment name", "assignment")


def check_new_course_id(name: str) -> str:
    """Return the id for a course to be created; the same rules as an assignment's.

    Raises: InvalidName.
    """
    return _check_strict(name, "course id", "course")


def check_course_id(name: str) -> str:
    """Return the id of a course that exists already: whatever is one folder name and no pattern.

    Raises: InvalidName.
    """
    return _check_lax(name, "course id", "course", forbidden="/" + _GLOB)


def check_student_id(name: str) -> str:
    """Return a student's id unchanged: a user's name, and so whatever is one folder name and no pattern.

    `+` passes: nbgrader splits a submission's name from the right.

    Raises: InvalidName.
    Source: nbgrader 0.9.6 `ExchangeCollect._path_to_record`.
    """
    return _check_lax(name, "student id", "student", forbidden="/" + _GLOB)


def check_notebook_pattern(pattern: str) -> str:
    """Return a glob on notebook names (without `.ipynb`); it reaches no other folder.

    Raises: InvalidName.
    """
    return _check_lax(pattern, "notebook pattern", "*", forbidden="/")


def _check_strict(name: str, what: str, fallback: str) -> str:
    normal = unicodedata.normalize("NFC", name)
    fault = _fault(normal, what) or _strict_fault(normal)
    if not fault:
        return normal
    allowed = "".join(c if _is_plain(c) else "-" for c in _spaced(normal))
    raise _invalid(what, fault, _fitting(re.sub(r"-{2,}", "-", allowed).strip("-. "), fallback))


def _check_lax(name: str, what: str, fallback: str, forbidden: str) -> str:
    fault = _fault(name, what)
    if not fault and (bad := next((c for c in name if c in forbidden), "")):
        fault = f"contains {_shown(bad)}"
    if not fault:
        return name
    allowed = "".join("-" if c in forbidden or not _is_text(c) else c for c in _spaced(name))
    raise _invalid(what, fault, _fitting(re.sub(r"-{2,}", "-", allowed).strip("-. "), fallback))


def _fault(name: str, what: str) -> str:
    """Say what is wrong with a name under any rules, or return ''."""
    if not name.strip():
        return "is empty"
    if bad := next((c for c in name if not _is_text(c)), ""):
        return f"contains {_shown(bad)}"
    if name != name.strip():
        return "begins or ends with a blank"
    if name.startswith(".") and what != "notebook pattern":
        return "begins with a dot"
    if name in (".", ".."):
        return "names a folder, not a notebook"
    if len(name) > MAX_CHARACTERS or len(name.encode()) > MAX_BYTES:
        return f"is longer than {MAX_CHARACTERS} characters ({MAX_BYTES} bytes)"
    return ""


def _strict_fault(name: str) -> str:
    if bad := next((c for c in name if not _is_plain(c)), ""):
        return f"contains {_shown(bad)}"
    if unicodedata.category(name[0]).startswith("M"):
        return "begins with a combining mark"
    return ""


def _is_plain(character: str) -> bool:
    kind = unicodedata.category(character)
    return character in _PUNCTUATION or kind[0] in "LM" or kind == "Nd"


def _is_text(character: str) -> bool:
    """Refuse control characters, line ends, reversed writing, and bytes that are no character."""
    kind = unicodedata.category(character)
    turning = 0x202A <= ord(character) <= 0x202E or 0x2066 <= ord(character) <= 0x2069
    return kind not in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp") and not turning


def _spaced(name: str) -> str:
    return re.sub(r"\s+", " ", name)


def _fitting(name: str, fallback: str) -> str:
    """Cut a name of allowed characters so that it passes; `fallback` when nothing is left."""
    name = unicodedata.normalize("NFC", name)[:MAX_CHARACTERS]
    name = name.encode()[:MAX_BYTES].decode(errors="ignore")
    while name and (name[0] in ". " or name[-1] == " " or unicodedata.category(name[0])[0] == "M"):
        name = name.strip(" ").lstrip(".")
        if name and unicodedata.category(name[0])[0] == "M":
            name = name[1:]
    return name or fallback


def _shown(character: str) -> str:
    if character == " " or not character.isprintable():
        return f"the character U+{ord(character):04X}"
    return f"“{character}”"


def _invalid(what: str, fault: str, suggestion: str) -> InvalidName:
    rules = {
        "student id": "A student id may not contain / * ? [ ] or begin with a dot.",
        "notebook pattern": "A pattern is part of a notebook's name with * and ?, without folders.",
    }.get(what, "Use letters, digits, spaces and _ - . only.")
    return InvalidName(f"The {what} {fault}.", f"{rules} For example: {suggestion}", suggestion)
