"""What nbgrader calls today what older configuration says; needs no nbgrader."""

from __future__ import annotations

# what nbgrader 0.9.6 renames when it loads configuration, beside whole sections
_MOVED_TO_COURSE = (
    "student_id",
    "assignment_id",
    "notebook_id",
    "directory_structure",
    "source_directory",
    "release_directory",
    "submitted_directory",
    "autograded_directory",
    "feedback_directory",
    "solution_directory",
    "db_url",
    "ignore",
    "course_id",
)
_COURSE_OPTIONS = {name: name for name in _MOVED_TO_COURSE} | {"course_directory": "root"}
_TRANSFER_OPTIONS = {"exchange_directory": "root", "cache_directory": "cache"}
_NBGRADER_SECTIONS = ("NbGraderConfig", "BasicConfig", "BaseNbGraderApp", "BaseApp")
_SECTIONS = {
    "TransferApp": "Exchange",
    "BaseNbConvertApp": "BaseConverter",
    "Assign": "GenerateAssignment",
    "AssignApp": "GenerateAssignment",
    "Feedback": "GenerateFeedback",
    "FeedbackApp": "GenerateFeedback",
    "AutogradeApp": "Autograde",
    "CollectApp": "ExchangeCollect",
    "SubmitApp": "ExchangeSubmit",
    "ListApp": "ExchangeList",
    "FetchApp": "ExchangeFetchAssignment",
    "ExchangeFetch": "ExchangeFetchAssignment",
    "ReleaseApp": "ExchangeReleaseAssignment",
    "ExchangeRelease": "ExchangeReleaseAssignment",
    "DisplayAutoGrades": "Validator",
}


def replacement(section: str, trait: str) -> str | None:
    """Return what nbgrader turns an old name into, None for a name that is not old.

    Source: nbgrader 0.9.6 `NbGrader._load_config` and the `_load_config` of its commands.
    """
    renamed = "NbGrader" if section in _NBGRADER_SECTIONS else section
    if renamed == "NbGrader" and trait in _COURSE_OPTIONS:
        return f"CourseDirectory.{_COURSE_OPTIONS[trait]}"
    if (section, trait) == ("Exchange", "course_id"):
        return "CourseDirectory.course_id"
    if section == "TransferApp":
        return f"Exchange.{_TRANSFER_OPTIONS.get(trait, trait)}"
    renamed = _SECTIONS.get(renamed, renamed)
    return f"{renamed}.{trait}" if renamed != section else None
