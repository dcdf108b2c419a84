"""What the server, the zygote and the workers say to each other: JSON, one object a message or line.

server → zygote   Start (with three file descriptors: task, pipe, log), Stop
zygote → server   Ready, Started, Ended
worker → server   ProgressLine, AnswerLine, EndLine on the private pipe
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.models import ErrorBody, JobRequest, Progress
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.core.stopping import GRACE_S


class JobTask(Struct, frozen=True, tag="job"):
    """Carry out one verb; `skip` are items that an earlier attempt finished.

    `hub_courses` are those that the hub's groups name for the user, None when it was not asked.
    `cancel_grace_s`: for how long what is under way may go on when the job is to stop.
    """

    settings: CourseSettings
    request: JobRequest
    skip: list[str]
    hub_courses: list[str] | None = None
    cancel_grace_s: float = GRACE_S


class CallTask(Struct, frozen=True, tag="call"):
    """Run one function of the allow-list with JSON arguments."""

    function: str
    arguments: dict[str, Any]


class Start(Struct, frozen=True, tag="start"):
    """Fork a child for the task in the first file descriptor."""

    task_id: str
    log_limit_bytes: int


class Stop(Struct, frozen=True, tag="stop"):
    """Ask a child to stop now, and kill it with all its descendants after `grace_s`."""

    task_id: str
    grace_s: float


class Ready(Struct, frozen=True, tag="ready"):
    """The zygote has imported everything and will fork."""

    pid: int


class Started(Struct, frozen=True, tag="started"):
    """A child runs."""

    task_id: str
    pid: int


class Ended(Struct, frozen=True, tag="ended"):
    """A child and everything it left behind is gone; `status` is negative for a signal."""

    task_id: str
    status: int


class ProgressLine(Struct, frozen=True, tag="progress"):
    """One Progress of the verb."""

    progress: Progress


class AnswerLine(Struct, frozen=True, tag="answer"):
    """What a called function returned."""

    value: msgspec.Raw


class EndLine(Struct, frozen=True, tag="end"):
    """How the child ended by itself; without one it died."""

    state: Literal["done", "failed", "stopped"]
    error: ErrorBody | None = None
    status: int = 500


Task = JobTask | CallTask
ToZygote = Start | Stop
FromZygote = Ready | Started | Ended
Line = ProgressLine | AnswerLine | EndLine


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is no JSON")


encode = msgspec.json.Encoder(enc_hook=_plain).encode
decode_task = msgspec.json.Decoder(Task).decode
decode_to_zygote = msgspec.json.Decoder(ToZygote).decode
decode_from_zygote = msgspec.json.Decoder(FromZygote).decode
decode_line = msgspec.json.Decoder(Line).decode


def error_body(error: HubgradeError, report: str = "") -> ErrorBody:
    """Return an error in its wire shape."""
    return ErrorBody(
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        suggestion=getattr(error, "suggestion", ""),
        report=report,
    )


class RemoteError(HubgradeError):
    """An error that another process reported, with the code and status it had there."""

    def __init__(self, body: ErrorBody, status: int) -> None:
        super().__init__(body.message, body.remedy)
        self.code = body.code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]
        self.suggestion = body.suggestion
