"""Checks of grading: what keeps student code away from everything that is not the student's own."""

from __future__ import annotations

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.preflight.check import Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.notebooks import NOT_READ
from hubgrade_ext.preflight.isolation_facts import (
    SETTING,
    LevelFacts,
    demanded_level,
    demanded_where,
    runs_elsewhere,
)
from hubgrade_ext.preflight.notebook_facts import GRADING_SETTINGS, SourceFacts

_NAMES = {"namespaces": "Linux namespaces with Landlock", "bubblewrap": "bubblewrap"}
_UNTOLD = NotApplicable("This could not be tried here.")
_UNUSABLE = NotApplicable("First the settings of hubgrade's grading must be usable.")
_ELSEWHERE = NotApplicable("Submissions run on other machines (HubgradeGrading.executor); each sees to it.")


def find_refused_settings(sources: SourceFacts | None) -> Verdict:
    """Say which value in c.HubgradeGrading, or in nbgrader's Execute, cannot be used."""
    if sources is None:
        return NOT_READ
    refused = sources.of(GRADING_SETTINGS)
    return Fault(refused[0].message, refused[0].remedy) if refused else None


def find_no_isolation(
    isolation_levels: list[LevelFacts], config: ConfigPage | None = None, sources: SourceFacts | None = None
) -> Verdict:
    """Tell whether nothing walls student code in, or not the strongest that there is."""
    if _refused(sources):
        return _UNUSABLE
    if sources is not None and sources.not_sandboxed:
        return Fault(
            f"Nothing walls student code in: nbgrader runs the cells, with your rights, since"
            f" {sources.not_sandboxed}.",
            "Take that setting out of nbgrader_config.py, unless the course needs it.",
        )
    if config is not None and demanded_level(config) == "none":
        return Fault(
            f"Nothing walls student code in, because the course says so: c.{SETTING} is 'none' in"
            f" {demanded_where(config)}. A submission can read all that you can, and change grades.",
            "Take that setting out of the file, unless the course needs it: the strongest isolation that"
            " works here is then taken.",
        )
    if runs_elsewhere(config):
        return _ELSEWHERE
    if not isolation_levels:
        return _UNTOLD
    missing = [level for level in isolation_levels if not level.works]
    best = next((level.level for level in isolation_levels if level.works and level.level != "none"), None)
    why = " ".join(f"{_NAMES.get(level.level, level.level)}: {level.why}" for level in missing)
    remedy = " ".join(dict.fromkeys(level.remedy for level in missing if level.remedy))
    if best is None:
        return Fault(f"Nothing walls student code in: it could read all that you can. {why}", remedy)
    if missing and isolation_levels.index(missing[0]) == 0:
        message = f"Student code is walled in by {_NAMES[best]}; the faster way does not work here. {why}"
        return Fault(message, remedy, "info")
    return Holds(f"Student code is walled in by {_NAMES[best]}.")


def find_demand_unmet(
    isolation_levels: list[LevelFacts], config: ConfigPage | None, sources: SourceFacts | None = None
) -> Verdict:
    """Tell whether the course demands an isolation that does not work here."""
    if _refused(sources):
        return _UNUSABLE
    demanded = demanded_level(config) if config is not None else ""
    if config is not None and demanded == "none":
        return NotApplicable(f"The course demands none: c.{SETTING} in {demanded_where(config)}.")
    if demanded and sources is not None and sources.not_sandboxed:
        return Fault(
            f"The course demands {_NAMES.get(demanded, demanded)}, but nbgrader runs its cells, without any,"
            f" since {sources.not_sandboxed}.",
            "Take one of the two settings out of nbgrader_config.py.",
        )
    if runs_elsewhere(config):
        return _ELSEWHERE
    if not isolation_levels or config is None:
        return _UNTOLD
    if not demanded:
        return Holds("The course takes the strongest isolation that works.")
    found = next((level for level in isolation_levels if level.level == demanded), None)
    if found is None or found.works:
        return Holds(f"The course demands {_NAMES.get(demanded, demanded)}, and that works.")
    message = (
        f"The course demands {_NAMES.get(demanded, demanded)} (c.{SETTING} in {demanded_where(config)}),"
        f" which does not work here: {found.why}"
    )
    return Fault(message, found.remedy)


def _refused(sources: SourceFacts | None) -> bool:
    return sources is not None and bool(sources.of(GRADING_SETTINGS))


SETTINGS = Check(
    check_id=GRADING_SETTINGS,
    title="The settings of hubgrade's grading can be used",
    subject="grading",
    severity="error",
    why="Grading refuses to start with a value that cannot be meant, and so do the release gate and"
    " `hubgrade limits`.",
    remedy="Correct c.HubgradeGrading in nbgrader_config.py.",
    find=find_refused_settings,
    slow=True,
)
LEVEL = Check(
    check_id="isolation.level",
    title="Student code is walled in when it is graded",
    subject="grading",
    severity="warning",
    why="What a submission runs has your rights unless something takes them away: it could read hidden tests"
    " and other submissions, and change grades.",
    remedy="Allow unprivileged user namespaces on a Linux with Landlock, or install bubblewrap.",
    find=find_no_isolation,
    slow=True,
)
DEMANDED = Check(
    check_id="isolation.demanded",
    title="The isolation that the course demands works here",
    subject="grading",
    severity="error",
    why="Grading refuses to start without it.",
    remedy="Make it work, or take c.HubgradeGrading.isolation out of nbgrader_config.py.",
    find=find_demand_unmet,
    slow=True,
)
