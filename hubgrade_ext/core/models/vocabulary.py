"""The words that every shape uses, and the body of an error."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

Role = Literal["instructor", "student"]
# verbs whose items are students
PerStudentVerb = Literal[
    "collect", "autograde", "repair", "undo_repair", "generate_feedback", "release_feedback"
]
InstructorVerb = Literal[
    "generate_assignment", "check_assignment", "release_assignment", "unrelease", PerStudentVerb
]
StudentVerb = Literal["fetch_assignment", "submit", "fetch_feedback"]
Verb = Literal[InstructorVerb, StudentVerb]
PER_STUDENT: frozenset[Verb] = frozenset(get_args(PerStudentVerb))
Scope = Literal["remaining", "all"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
StepState = Literal["none", "current", "outdated"]
ItemState = Literal["done", "failed", "skipped"]
# what walls student code in; empty where none was run
Isolation = Literal["", "namespaces", "bubblewrap", "none"]


class ErrorBody(Struct, frozen=True):
    """What went wrong and what to do; the body of every answer ≥ 400."""

    code: str
    message: str
    remedy: str = ""
    suggestion: str = ""
    report: str = ""
