"""How a course wants its submissions autograded: `c.HubgradeGrading.…` in nbgrader_config.py."""

from __future__ import annotations

import concurrent.futures
import difflib
from typing import Any

from traitlets import Bool, Dict, Enum, Float, HasTraits, Integer, TraitError, Type, Unicode, Union
from traitlets.config import Config, Configurable

from hubgrade_ext.core.errors import ConfigBroken


class SubmissionLimits(HasTraits):
    """What one submission may use; each can be set for the course, and for one assignment in `limits`."""

    cell_timeout_s = Float(
        None,
        allow_none=True,
        min=1.0,
        help="Seconds that one cell may take. None (the default): as nbgrader's Execute.timeout says.",
    ).tag(config=True)

    submission_timeout_s = Float(
        1800.0,
        min=1.0,
        help="Seconds that one submission may take in all. Change when notebooks legitimately run longer.",
    ).tag(config=True)

    cpu_s = Float(
        None,
        allow_none=True,
        min=1.0,
        help="Seconds of CPU time that one submission may use. None (the default): as submission_timeout_s.",
    ).tag(config=True)

    memory_mib = Integer(
        2048,
        min=64,
        help="MiB of memory that one submission may use. Change when notebooks load large data.",
    ).tag(config=True)

    processes = Integer(
        128,
        min=32,
        help="Processes and threads that one submission may have at a time (default 128; a kernel has about"
        " ten). Change when notebooks start many.",
    ).tag(config=True)

    file_size_mib = Integer(
        256,
        min=1,
        help="MiB that one file may have (default 256). Change when notebooks write large files.",
    ).tag(config=True)

    disk_mib = Integer(
        256,
        min=1,
        help="MiB that all files together may take (default 256). Change when notebooks write much data.",
    ).tag(config=True)

    output_mib = Integer(
        20,
        min=1,
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
    try:
        options = HubgradeGrading(config=config)
    except TraitError as error:
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
    try:
        return SubmissionLimits(**{name: getattr(options, name) for name in LIMITS} | own)
    except TraitError as error:
        # traitlets speaks of a trait of an instance of a class
        raise _broken(f"in the limits of {assignment_id}, {_plain(str(error), own)}") from None


def _plain(said: str, own: dict[str, Any]) -> str:
    for name in own:
        if repr(name) in said or f"'{name}'" in said:
            value = own[name]
            return f"{name} cannot be {value!r}: {SubmissionLimits.class_traits()[name].help.split('. ')[0]}"
    return said


def _broken(fault: str, remedy: str = "") -> ConfigBroken:
    return ConfigBroken(
        f"The course's configuration of hubgrade's grading cannot be used: {fault}.",
        remedy or "Correct c.HubgradeGrading in nbgrader_config.py.",
    )
