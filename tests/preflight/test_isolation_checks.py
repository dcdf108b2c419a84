"""What keeps student code in, as preflight tells it."""

from __future__ import annotations

import msgspec
import pytest

from hubgrade_ext.core.models import ConfigPage, CourseRef, Setting
from hubgrade_ext.grading.execution.isolation import LEVELS, try_level
from hubgrade_ext.preflight.check import Fault, Holds, NotApplicable
from hubgrade_ext.preflight.checks.isolation import DEMANDED, LEVEL, SETTINGS
from hubgrade_ext.preflight.isolation_facts import LevelFacts, gather_levels
from hubgrade_ext.preflight.notebook_facts import SourceFacts, SourceFault

NAMESPACES = LevelFacts("namespaces", True)
NO_NAMESPACES = LevelFacts("namespaces", False, "The kernel has no Landlock.", "Get Linux 5.13.")
BUBBLEWRAP = LevelFacts("bubblewrap", True)
NO_BUBBLEWRAP = LevelFacts("bubblewrap", False, "It is not installed.", "Install it.")
NONE = LevelFacts("none", True)


def demanding(level: str) -> ConfigPage:
    setting = Setting("HubgradeGrading.isolation", repr(level), "/course/nbgrader_config.py")
    return ConfigPage(CourseRef("0" * 16, "course101", ["instructor"]), [], [setting], [])


def test_levels_are_found_out_by_trying() -> None:
    assert [(level.level, level.works) for level in gather_levels()] == [
        (level, try_level(level).works) for level in LEVELS
    ]


def test_level() -> None:
    held = LEVEL.find([NAMESPACES, NO_BUBBLEWRAP, NONE])
    assert held == Holds("Student code is walled in by Linux namespaces with Landlock.")
    weaker = LEVEL.find([NO_NAMESPACES, BUBBLEWRAP, NONE])
    assert isinstance(weaker, Fault)
    assert weaker.severity == "info"
    assert "bubblewrap" in weaker.message
    assert weaker.remedy == "Get Linux 5.13."
    nothing = LEVEL.find([NO_NAMESPACES, NO_BUBBLEWRAP, NONE])
    assert isinstance(nothing, Fault)
    assert nothing.severity is None
    assert "no Landlock" in nothing.message
    assert nothing.remedy == "Get Linux 5.13. Install it."
    same = [msgspec.structs.replace(level, remedy="Ask.") for level in (NO_NAMESPACES, NO_BUBBLEWRAP)]
    assert LEVEL.find([*same, NONE]).remedy == "Ask."  # type: ignore[union-attr]
    assert isinstance(LEVEL.find([]), NotApplicable)


def test_cells_that_nbgrader_runs() -> None:
    sources = SourceFacts([], {}, "c.HubgradeGrading.engine says so")
    for check, page in ((LEVEL, None), (DEMANDED, demanding("namespaces"))):
        fault = check.find([NAMESPACES, BUBBLEWRAP, NONE], page, sources)
        assert isinstance(fault, Fault)
        assert "engine says so" in fault.message
        assert fault.remedy
    assert isinstance(DEMANDED.find([NAMESPACES, NONE], demanding("none"), sources), NotApplicable)


def test_a_course_that_switches_it_off() -> None:
    for levels in ([NAMESPACES, BUBBLEWRAP, NONE], []):
        fault = LEVEL.find(levels, demanding("none"), SourceFacts([], {}))
        assert isinstance(fault, Fault)
        assert (fault.severity or LEVEL.severity) == "warning"
        assert "Nothing walls student code in, because the course says so" in fault.message
        assert "c.HubgradeGrading.isolation is 'none' in /course/nbgrader_config.py" in fault.message
        assert "Take that setting out" in fault.remedy
        told = DEMANDED.find(levels, demanding("none"), SourceFacts([], {}))
        assert isinstance(told, NotApplicable)
        assert "demands none" in told.message


def test_settings_that_cannot_be_used() -> None:
    broken = SourceFacts([SourceFault("grading.settings", "", "memory_mib cannot be 3.", "Correct it.")], {})
    assert SETTINGS.find(broken) == Fault("memory_mib cannot be 3.", "Correct it.")
    assert SETTINGS.find(SourceFacts([], {})) is None
    assert isinstance(SETTINGS.find(None), NotApplicable)
    for check in (LEVEL, DEMANDED):
        assert isinstance(check.find([NAMESPACES, NONE], demanding("namespaces"), broken), NotApplicable)


def test_a_cluster_sees_to_its_own_isolation() -> None:
    setting = Setting("HubgradeGrading.executor", "'dask'", "nbgrader_config.py")
    config = msgspec.structs.replace(demanding("bubblewrap"), settings=[setting])
    for check in (LEVEL, DEMANDED):
        verdict = check.find([NO_NAMESPACES, NO_BUBBLEWRAP, NONE], config)
        assert isinstance(verdict, NotApplicable)
        assert "other machines" in verdict.message


@pytest.mark.parametrize("level", ["namespaces", "bubblewrap"])
def test_demanded(level: str) -> None:
    works = [NAMESPACES, BUBBLEWRAP, NONE]
    assert isinstance(DEMANDED.find(works, demanding(level)), Holds)
    unmet = DEMANDED.find([NO_NAMESPACES, NO_BUBBLEWRAP, NONE], demanding(level))
    assert isinstance(unmet, Fault)
    assert "(c.HubgradeGrading.isolation in /course/nbgrader_config.py), which does not work" in unmet.message
    assert unmet.remedy
    empty = ConfigPage(CourseRef("0" * 16, "course101", ["instructor"]), [], [], [])
    assert isinstance(DEMANDED.find(works, empty), Holds)
