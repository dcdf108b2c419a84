"""How a course wants its submissions autograded: `c.HubgradeGrading.…` in nbgrader_config.py."""

from __future__ import annotations

import concurrent.futures
import difflib
import math
from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Dict, Enum, Float, HasTraits, Integer, TraitError, Type, Unicode, Union
from traitlets.config import Config, Configurable
from traitlets.config.loader import LazyConfigValue

from hubgrade_ext.core.errors import ConfigBroken

_WEEK_S = 7 * 24 * 3600.0
_PIB_IN_MIB = 2**30
# Source: Linux `PID_MAX_LIMIT` on 64 bits
_MOST_PROCESSES = 2**22
# Source: Linux `NR_CPUS`, the largest that a kernel can be built for
_MOST_CORES = 8192
# what traitlets raises for a value: not meant so, too large for a float, with too many digits to be shown
_REFUSED = (TraitError, OverflowError, ValueError)


class _Seconds(Float):  # type: ignore[type-arg]
    """A number of seconds, from one to a week's."""

    def __init__(self, default: float | None, **options: Any) -> None:
        super().__init__(default, min=1.0, max=_WEEK_S, **options)

    def validate(self, obj: Any, value: Any) -> float:
        """Return the value as a float. Raises: TraitError (also for NaN, which no bound keeps out)."""
        seconds: float = super().validate(obj, value)
        if math.isnan(seconds):
            self.error(obj, value)
        return seconds


class SubmissionLimits(HasTraits):
    """What one submission may use; each can be set for the course, and for one assignment in `limits`."""

    cell_timeout_s = _Seconds(
        None,
        allow_none=True,
        help="Seconds that one cell may take. None (the default): as nbgrader's Execute.timeout says.",
    ).tag(config=True)

    submission_timeout_s = _Seconds(
        1800.0,
        help="Seconds that one submission may take in all. Change when notebooks legitimately run longer.",
    ).tag(config=True)

    cpu_s = _Seconds(
        None,
        allow_none=True,
        help="Seconds of CPU time that one submission may use. None (the default): as submission_timeout_s.",
    ).tag(config=True)

    memory_mib = Integer(
        2048,
        min=64,
        max=_PIB_IN_MIB,
        help="MiB of memory that one submission may use. Change when notebooks load large data.",
    ).tag(config=True)

    processes = Integer(
        128,
        min=32,
        max=_MOST_PROCESSES,
        help="Processes and threads that one submission may have at a time (default 128; a kernel has about"
        " ten). Change when notebooks start many.",
    ).tag(config=True)

    file_size_mib = Integer(
        256,
        min=1,
        max=_PIB_IN_MIB,
        help="MiB that one file may have (default 256). Change when notebooks write large files.",
    ).tag(config=True)

    disk_mib = Integer(
        256,
        min=1,
        max=_PIB_IN_MIB,
        help="MiB that all files together may take (default 256). Change when notebooks write much data.",
    ).tag(config=True)

    output_mib = Integer(
        20,
        min=1,
        max=_PIB_IN_MIB,
        help="MiB of output that one notebook may have (default 20). Change when notebooks draw a lot.",
    ).tag(config=True)

    network = Bool(
        False,
        help="Whether submissions may use the network (default: no). Change when notebooks download data.",
    ).tag(config=True)


LIMITS = tuple(SubmissionLimits.class_trait_names(config=True))


class HubgradeGrading(SubmissionLimits, Configurable):
    """Configure hubgrade's autograding; nbgrader itself never reads this section."""

    engine = Enum(
        ["sandboxed", "nbgrader"],
        "sandboxed",
        help="""
        Who runs the cells. `sandboxed`: hubgrade, several submissions at once, away from everything that is
        not the student's. `nbgrader`: nbgrader's own Autograde, one submission after the other, with the
        instructor's rights; for notebooks that need more than a sandbox gives. A course that configures other
        preprocessors than nbgrader's Execute to run cells always gets `nbgrader`.
        """,
    ).tag(config=True)

    isolation = Enum(
        [None, "namespaces", "bubblewrap", "none"],
        None,
        allow_none=True,
        help="""
        The isolation that grading must have; it refuses to start without it. None (the default) takes the
        strongest that works on this machine.
        """,
    ).tag(config=True)

    cores = Integer(
        None,
        allow_none=True,
        min=1,
        max=_MOST_CORES,
        help="Processor cores to use. None (the default): all that the server may use.",
    ).tag(config=True)

    executor = Union(
        [Enum(["local", "dask"]), Type(klass=concurrent.futures.Executor)],
        default_value="local",
        help="""
        Where the cells run. `local` (the default): on this machine. `dask`: on a Dask cluster (HubgradeDask),
        when one machine is too small. Or a class of your own, or its name (`package.module.Class`), with the
        face of concurrent.futures.Executor.
        """,
    ).tag(config=True)

    limits = Dict(
        key_trait=Unicode(),
        value_trait=Dict(key_trait=Unicode()),
        help="""
        Other limits for single assignments (default: none): assignment → limit → value, as in
        {"ps3": {"cell_timeout_s": 120, "memory_mib": 4096, "network": True}}. Change when one assignment
        needs more, or should get less, than the others.
        """,
    ).tag(config=True)

    canaries = Bool(
        True,
        help="""
        Whether each notebook gets cells that must fail (default: yes), unseen, to find out whether the
        submission has switched its tests off. Change when tests rely on being the only code that runs.
        """,
    ).tag(config=True)

    redact_hidden_tests = Bool(
        True,
        help="""
        Whether hidden tests are taken out of what a submission printed (default: yes). Change when graders
        need such outputs as they were; students then read them in their feedback.
        """,
    ).tag(config=True)

    forget_deleted_tests = Bool(
        True,
        help="""
        Whether a test that a submission lacks loses the automatic points of an earlier attempt (default:
        yes). Change to keep them, as nbgrader does.
        """,
    ).tag(config=True)


def grading_options(config: Config) -> HubgradeGrading:
    """Return the course's options, with every assignment's limits checked.

    Raises: ConfigBroken.
    """
    given = config.get(HubgradeGrading.__name__, {})
    # a lazy value was only looked at
    _check({n: given[n] for n in LIMITS if n in given and not isinstance(given[n], LazyConfigValue)})
    try:
        options = HubgradeGrading(config=config)
    except _REFUSED as error:
        raise _broken(str(error)) from None
    for assignment_id in options.limits:
        assignment_limits(options, assignment_id)
    return options


def assignment_limits(options: HubgradeGrading, assignment_id: str) -> SubmissionLimits:
    """Return what a submission of this assignment may use: the course's limits, but for its own.

    Raises: ConfigBroken.
    """
    own: dict[str, Any] = options.limits.get(assignment_id, {})
    unknown = sorted(set(own) - set(LIMITS))
    if unknown:
        near = difflib.get_close_matches(unknown[0], LIMITS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(LIMITS)}."
        raise _broken(f"the limits of {assignment_id} have no {unknown[0]!r}", hint)
    _check(own, f"in the limits of {assignment_id}, ")
    return SubmissionLimits(**{name: getattr(options, name) for name in LIMITS} | own)


def _check(limits: Mapping[str, Any], where: str = "") -> None:
    """Refuse a limit that cannot be meant, each by itself: traitlets' own words name no assignment."""
    for name, value in limits.items():
        try:
            SubmissionLimits(**{name: value})
        except _REFUSED:
            raise _broken(f"{where}{name} cannot be {_shown(value)}: {_meaning(name)}") from None


def _shown(value: object) -> str:
    try:
        return repr(value)[:60]
    except ValueError:
        return "a number of thousands of digits"


def _meaning(name: str) -> str:
    trait = SubmissionLimits.class_traits()[name]
    what: str = trait.help.split(". ")[0].rstrip(".")
    return f"{what}, from {trait.min:.0f} to {trait.max:.0f}" if isinstance(trait, Float | Integer) else what


def _broken(fault: str, remedy: str = "") -> ConfigBroken:
    return ConfigBroken(
        f"The course's configuration of hubgrade's grading cannot be used: {fault.rstrip('.')}.",
        remedy or "Correct c.HubgradeGrading in nbgrader_config.py.",
    )
