"""Limits are numbers that a machine can keep to; others are refused by name, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config

from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.grading_options import LIMITS, SubmissionLimits, assignment_limits, grading_options

NAN, INFINITE = float("nan"), float("inf")
NONSENSE = [
    ("cell_timeout_s", NAN, "nan: Seconds that one cell may take, from 1 to 604800"),
    ("cell_timeout_s", INFINITE, "inf"),
    ("cell_timeout_s", 10**400, "100000"),
    ("submission_timeout_s", NAN, "nan"),
    ("submission_timeout_s", 604_801, "from 1 to 604800"),
    ("cpu_s", 1e300, "1e+300"),
    ("memory_mib", 10**20, "from 64 to 1073741824"),
    ("file_size_mib", 10**20, "from 1 to 1073741824"),
    ("disk_mib", 2**30 + 1, "1073741825"),
    ("output_mib", -1, "-1"),
    ("processes", 10**8, "from 32 to 4194304"),
    ("network", "no", "Whether submissions may use the network"),
]


def options_of(**values: object) -> Config:
    return Config({"HubgradeGrading": values})


@pytest.mark.parametrize(("name", "value", "said"), NONSENSE)
def test_nonsense_is_refused_for_the_course_and_for_an_assignment(name: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigBroken) as of_course:
        grading_options(options_of(**{name: value}))
    with pytest.raises(ConfigBroken) as of_one:
        grading_options(options_of(limits={"ps1": {name: value}}))
    for told in (of_course.value, of_one.value):
        assert f"{name} cannot be " in told.message
        assert said in told.message
        assert len(told.message) < 300
        assert told.remedy
    assert "in the limits of ps1, " in of_one.value.message


def test_the_largest_that_can_be_meant_passes() -> None:
    traits = SubmissionLimits.class_traits()
    largest = {name: traits[name].max for name in LIMITS if name != "network"}  # type: ignore[attr-defined]
    own = assignment_limits(grading_options(options_of(limits={"ps1": largest})), "ps1")
    assert {name: getattr(own, name) for name in largest} == largest


def test_none_is_no_limit_of_its_own_where_it_may_be() -> None:
    options = grading_options(options_of(cell_timeout_s=None, cpu_s=None))
    assert (options.cell_timeout_s, options.cpu_s) == (None, None)
    with pytest.raises(ConfigBroken, match="memory_mib cannot be None"):
        grading_options(options_of(memory_mib=None))


def test_a_limit_that_is_only_looked_at_stays_as_it_is() -> None:
    config = options_of(processes=64)
    assert config.HubgradeGrading.memory_mib is not None
    assert grading_options(config).memory_mib == 2048


@pytest.mark.parametrize("cores", [0, 10**20])
def test_cores_that_no_machine_has_are_refused(cores: int) -> None:
    with pytest.raises(ConfigBroken) as told:
        grading_options(options_of(cores=cores))
    assert told.value.remedy


# beyond 4,300 digits Python does not write a number down
@pytest.mark.parametrize("name", ["memory_mib", "cpu_s", "cores"])
def test_a_number_too_long_to_be_shown_is_refused_too(name: str) -> None:
    with pytest.raises(ConfigBroken) as told:
        grading_options(options_of(**{name: 10**5000}))
    assert told.value.remedy
    assert name == "cores" or f"{name} cannot be a number of thousands of digits" in told.value.message
