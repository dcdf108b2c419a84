"""The wire shapes: what pages, jobs and errors look like as JSON.

Every struct here is one object on the wire (snake_case on both sides); the
OpenAPI description and the TypeScript types are generated from them. Times are
aware UTC (`datetime`), ISO 8601 with `Z` in JSON; durations are seconds in
fields ending in `_s`; scores are points.
"""

from __future__ import annotations

from hubgrade_ext.core.models.assignments import (
    AssignmentRow,
    AssignmentsPage,
    EditAssignment,
    FormgraderLink,
    NewAssignment,
    NextStep,
    NotebookRef,
    Preview,
    Step,
    StepCount,
)
from hubgrade_ext.core.models.courses import (
    ConfigFile,
    ConfigPage,
    ConfigValue,
    CourseRef,
    NewCourse,
    OpenCourse,
    Session,
    Setting,
    UnknownSetting,
)
from hubgrade_ext.core.models.gate import Gate, GateFinding, GateMode, GateVerdict
from hubgrade_ext.core.models.jobs import (
    ItemResult,
    Job,
    JobDetail,
    JobLog,
    JobRequest,
    JobsPage,
    NotebookOutcome,
    Plan,
    Progress,
)
from hubgrade_ext.core.models.preflight import (
    ApplyFix,
    Finding,
    FixChange,
    FixesPage,
    FixPlan,
    FixRecord,
    PreflightReport,
    UndoFix,
)
from hubgrade_ext.core.models.student import (
    OwnSubmission,
    Receipt,
    StudentAssignment,
    StudentPage,
)
from hubgrade_ext.core.models.submissions import (
    NotebookScore,
    Outcome,
    StudentRow,
    StudentsPage,
    SubmissionRow,
    SubmissionsPage,
)
from hubgrade_ext.core.models.vocabulary import (
    ErrorBody,
    InstructorVerb,
    Isolation,
    ItemState,
    JobState,
    Role,
    Scope,
    StepState,
    StudentVerb,
    Verb,
)

__all__ = [
    "ApplyFix",
    "AssignmentRow",
    "AssignmentsPage",
    "ConfigFile",
    "ConfigPage",
    "ConfigValue",
    "CourseRef",
    "EditAssignment",
    "ErrorBody",
    "Finding",
    "FixChange",
    "FixPlan",
    "FixRecord",
    "FixesPage",
    "FormgraderLink",
    "Gate",
    "GateFinding",
    "GateMode",
    "GateVerdict",
    "InstructorVerb",
    "Isolation",
    "ItemResult",
    "ItemState",
    "Job",
    "JobDetail",
    "JobLog",
    "JobRequest",
    "JobState",
    "JobsPage",
    "NewAssignment",
    "NewCourse",
    "NextStep",
    "NotebookOutcome",
    "NotebookRef",
    "NotebookScore",
    "OpenCourse",
    "Outcome",
    "OwnSubmission",
    "Plan",
    "PreflightReport",
    "Preview",
    "Progress",
    "Receipt",
    "Role",
    "Scope",
    "Session",
    "Setting",
    "Step",
    "StepCount",
    "StepState",
    "StudentAssignment",
    "StudentPage",
    "StudentRow",
    "StudentVerb",
    "StudentsPage",
    "SubmissionRow",
    "SubmissionsPage",
    "UndoFix",
    "UnknownSetting",
    "Verb",
]
