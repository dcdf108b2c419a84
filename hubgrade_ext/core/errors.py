"""The one tree of errors; every layer raises these and nothing else.

HubgradeError
├── InvalidRequest            400  the caller sent something that cannot be meant
│   ├── InvalidName           400  a name that nbgrader or the file system would choke on
│   └── ConfirmationRequired  409  what destroys asks for the assignment's name
├── Forbidden                 403  the user's role does not allow it
├── NotFound                  404
│   ├── CourseNotFound
│   ├── AssignmentNotFound
│   └── JobNotFound
├── Conflict                  409  the course's state does not allow it now
├── CourseBroken              422  the course cannot be worked on until it is mended
│   ├── ConfigBroken          422  a configuration file cannot be read
│   ├── GradebookBroken       422
│   ├── ExchangeBroken        422
│   ├── NotebookInvalid       422  nbgrader's rules are broken; says notebook and cell
│   └── GateFailed            422  the instructor's own solution does not pass; says where
├── CheckUnfinished           500  the release gate came to no verdict; says why
├── Busy                      503  a lock or a queue; try again
└── InternalError             500  ours; carries a report to copy
"""

from __future__ import annotations

from typing import ClassVar


class HubgradeError(Exception):
    """Say what is wrong, and what to do next.

    `message` names the thing and the fault in one sentence; `remedy` is the
    next step in one sentence, or empty when there is none to offer.
    """

    code: ClassVar[str] = "hubgrade_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class InvalidRequest(HubgradeError):
    """The caller sent something that cannot be meant."""

    code = "invalid_request"
    status = 400


class InvalidName(InvalidRequest):
    """A name that nbgrader or the file system would choke on; `suggestion` would pass."""

    code = "invalid_name"

    def __init__(self, message: str, remedy: str = "", suggestion: str = "") -> None:
        super().__init__(message, remedy)
        self.suggestion = suggestion


class ConfirmationRequired(InvalidRequest):
    """What destroys is done only when the assignment's name came with it."""

    code = "confirmation_required"
    status = 409


class Forbidden(HubgradeError):
    """The user's role does not allow it."""

    code = "forbidden"
    status = 403


class NotFound(HubgradeError):
    """It is not there."""

    code = "not_found"
    status = 404


class CourseNotFound(NotFound):
    """No course with this key is known to this user."""

    code = "course_not_found"


class AssignmentNotFound(NotFound):
    """The course has no such assignment."""

    code = "assignment_not_found"


class JobNotFound(NotFound):
    """The course's journal has no such job."""

    code = "job_not_found"


class Conflict(HubgradeError):
    """The course's state does not allow it now."""

    code = "conflict"
    status = 409


class CourseBroken(HubgradeError):
    """The course cannot be worked on until it is mended."""

    code = "course_broken"
    status = 422


class ConfigBroken(CourseBroken):
    """A configuration file cannot be read."""

    code = "config_broken"


class GradebookBroken(CourseBroken):
    """The gradebook cannot be opened or is not one."""

    code = "gradebook_broken"


class ExchangeBroken(CourseBroken):
    """The exchange is missing, refuses access, or is full."""

    code = "exchange_broken"


class NotebookInvalid(CourseBroken):
    """A notebook breaks nbgrader's rules; the message names notebook and cell."""

    code = "notebook_invalid"


class GateFailed(CourseBroken):
    """The release gate holds an assignment back; the message names notebooks and cells."""

    code = "gate_failed"


class CheckUnfinished(HubgradeError):
    """Trying an assignment's solution came to no verdict, for a reason that is not the solution's."""

    code = "check_unfinished"
    status = 500


class Busy(HubgradeError):
    """A lock or a full queue; the same call may succeed later."""

    code = "busy"
    status = 503


class InternalError(HubgradeError):
    """A fault of hubgrade's own; the job's log has the report."""

    code = "internal_error"
    status = 500
