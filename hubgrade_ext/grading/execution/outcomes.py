"""The sentence and the remedy of each outcome."""

from __future__ import annotations

import signal

from hubgrade_ext.grading.execution.bundle import Outcome
from hubgrade_ext.grading.execution.kernel_server import KernelProcess
from hubgrade_ext.grading.execution.limits import Limits

OK = Outcome("ok")
_MIB = 1024**2
# what may be too large → the limit on it
_SIZES = {"output": "output_mib", "files": "disk_mib"}


def cell_timed_out(cell: int, limits: Limits, *, stubborn: bool) -> Outcome:
    """Say that a cell took too long; `stubborn` when it could not be interrupted either."""
    seconds = "" if limits.cell_timeout_s is None else f" after {limits.cell_timeout_s:g} s"
    rest = " It could not be interrupted, so the cells after it did not run." if stubborn else ""
    return Outcome(
        "cell_timed_out",
        f"Cell {cell + 1} timed out{seconds}.{rest}",
        f"Look for an endless loop, or {_raise('cell_timeout_s')}.",
        cell,
    )


def submission_timed_out(limits: Limits, cell: int | None, *, cpu: bool) -> Outcome:
    """Say that all of it together took too long."""
    spent = f"{limits.cpu_s:g} s of CPU time" if cpu else f"{limits.submission_timeout_s:g} s"
    key = "cpu_s" if cpu else "submission_timeout_s"
    return Outcome(
        "submission_timed_out",
        f"The submission used up its {spent}{_at(cell)}.",
        f"Look for an endless loop; if its work takes that long, {_raise(key)}.",
        cell,
    )


def out_of_memory(limits: Limits, cell: int | None) -> Outcome:
    """Say that it took too much memory."""
    return Outcome(
        "out_of_memory",
        f"The submission needed more than {limits.memory_bytes // _MIB} MiB of memory{_at(cell)}.",
        f"Look at what it keeps; if its work needs that much, {_raise('memory_mib')}.",
        cell,
    )


def memory_refused(limits: Limits, cell: int) -> Outcome:
    """Say that a cell asked for more memory than it may have, got an error, and the cells after it ran."""
    return Outcome(
        "out_of_memory",
        f"Cell {cell + 1} asked for more memory than the {limits.memory_bytes // _MIB} MiB that the"
        " submission may have, and failed; the cells after it ran.",
        out_of_memory(limits, cell).remedy,
        cell,
    )


def too_large(what: str, size_bytes: int, cell: int | None) -> Outcome:
    """Say that its `output` or its `files` went beyond the limit."""
    return Outcome(
        "too_large",
        f"The submission's {what} went beyond {size_bytes / _MIB:g} MiB{_at(cell)}.",
        f"Look at what it writes; if that much makes sense, {_raise(_SIZES[what])}.",
        cell,
    )


def tests_disabled(cell: int) -> Outcome:
    """Say that a cell that must fail did not; `cell` is the one before which it ran."""
    return Outcome(
        "tests_disabled",
        f"The submission makes tests pass that must fail (noticed at cell {cell + 1}); "
        "it got no automatic points.",
        "Look at what it does to the kernel, talk to the student, and grade it by hand.",
        cell,
    )


def others_tests_disabled(notebook: str) -> Outcome:
    """Say that another notebook of the same submission switched its tests off."""
    return Outcome(
        "tests_disabled",
        f"{notebook} of the same submission makes tests pass that must fail; no test of it was counted.",
        "Look at that notebook, talk to the student, and grade it by hand.",
    )


def hidden_tests_shown(cells: list[int]) -> Outcome:
    """Say that outputs had hidden tests in them."""
    which = f"cell {cells[0] + 1}" if len(cells) == 1 else "cells " + ", ".join(str(c + 1) for c in cells[:5])
    return Outcome(
        "hidden_tests_shown",
        f"The output of {which} showed hidden tests; they were taken out of it.",
        "Look at how the submission came by them; its points were counted.",
        cells[0],
    )


def hidden_tests_written(files: list[str]) -> Outcome:
    """Say that files which the submission wrote had hidden tests in them."""
    which = ", ".join(files[:5])
    return Outcome(
        "hidden_tests_shown",
        f"It wrote hidden tests into {which}; they were taken out of it.",
        "Look at how the submission came by them; its points were counted.",
    )


def cancelled(cell: int | None) -> Outcome:
    """Say that it was ended on request."""
    return Outcome(
        "cancelled", "Grading was cancelled before the submission had run.", "Grade it again.", cell
    )


def internal_error(sentence: str, cell: int | None = None) -> Outcome:
    """Say that something went wrong that nobody foresaw."""
    return Outcome("internal_error", sentence, "Grade it again; if it happens again, report it.", cell)


def died(process: KernelProcess, limits: Limits, cell: int | None) -> Outcome:
    """Say why a kernel ended that nobody had asked to."""
    ended = process.ended
    if ended is None:
        return internal_error("The process that watches over the submission was lost.", cell)
    if ended.broken == "memory":
        return out_of_memory(limits, cell)
    if ended.broken == "cpu":
        return submission_timed_out(limits, cell, cpu=True)
    if ended.broken == "disk":
        return too_large("files", limits.disk_bytes, cell)
    remedy = "Look at what that cell does; the cells after it did not run."
    if ended.broken == "processes":
        remedy = f"Look at what that cell starts; if its work needs that many, {_raise('processes')}."
        why = f"it started more than {limits.processes} processes"
    elif ended.status == -signal.SIGKILL:
        why = "it was killed, as the system does when memory runs out"
    elif ended.status < 0:
        why = f"signal {_signal_name(-ended.status)}"
    else:
        why = f"it ended itself with status {ended.status}"
    return Outcome(
        "kernel_died",
        f"The kernel died{_at(cell)}: {why}.",
        remedy,
        cell,
    )


def _raise(limit: str) -> str:
    return f"raise {limit} for the assignment in c.HubgradeGrading.limits"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _at(cell: int | None) -> str:
    return "" if cell is None else f" at cell {cell + 1}"


def worst(outcomes: list[Outcome]) -> Outcome:
    """Return the first outcome that is not ok."""
    return next((outcome for outcome in outcomes if outcome.kind != "ok"), OK)
