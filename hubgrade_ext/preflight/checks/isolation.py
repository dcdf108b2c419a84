"""Checks of grading: what keeps student code away from everything that is not the student's own."""

from __future__ import annotations

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.preflight.check import Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.isolation_facts import LevelFacts, demanded_level, runs_elsewhere
from hubgrade_ext.preflight.notebook_facts import SourceFacts

_NAMES = {"namespaces": "Linux namespaces with Landlock", "bubblewrap": "bubblewrap"}
_UNTOLD = NotApplicable("This could not be tried here.")
_ELSEWHERE = NotApplicable("Submissions run on other machines (HubgradeGrading.executor); each sees to it.")


def find_no_isolation(
    isolation_levels: list[LevelFacts], config: ConfigPage | None = None, sources: SourceFacts | None = None
) -> Verdict:
    """Tell whether nothing walls student code in, or not the strongest that there is."""
    if sources is not None and sources.not_sandboxed:
        return Fault(
            f"Nothing walls student code in: nbgrader runs the cells, with your rights, since"
            f" {sources.not_sandboxed}.",
            "Take that setting out of nbgrader_config.py, unless the course needs it.",
        )
    if runs_elsewhere(config):
        return _ELSEWHERE
    if not isolation_levels:
        return _UNTOLD
    missing = [level for level in isolation_levels if not level.works]
    best = next((level.level for level in isolation_levels if level.works and level.level != "none"), None)
    why = " ".join(f"{_NAMES.get(level.level, level.level)}: {level.why}" for level in missing)
    remedy = " ".join(level.remedy for level in missing if level.remedy)
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
    demanded = demanded_level(config) if config is not None else ""
    if demanded not in ("", "none") and sources is not None and sources.not_sandboxed:
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
    message = f"The course demands {_NAMES.get(demanded, demanded)}, which does not work here: {found.why}"
    return Fault(message, found.remedy)


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
