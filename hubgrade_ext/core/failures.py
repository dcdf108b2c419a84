"""What went wrong, as one sentence and one remedy: the causes that every step of nbgrader's shares."""

from __future__ import annotations

import errno
import logging
import secrets
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader.preprocessors.execute import UnresponsiveKernelError
from sqlalchemy.exc import DBAPIError

from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.errors import HubgradeError

logger = logging.getLogger(__name__)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Explanation:
    """Why an item failed, or what to know about one that did not; fits an ItemResult."""

    code: str
    message: str
    remedy: str = ""


def explain(failure: Failure) -> Explanation | None:
    """Explain a cause that has nothing to do with the submission's content; None when it is none of them."""
    for error in causes(failure.cause):
        found = _of_system(error) or _of_gradebook(error) or _of_kernel(error, failure)
        if found:
            return found
    return None


def unexpected(failure: Failure, doing: str) -> Explanation:
    """Explain what nobody foresaw: the log gets the traceback under a reference, the user the reference.

    `doing` is a noun phrase, as in `Autograding ps1 of hans`.
    """
    reference = secrets.token_hex(4)
    logger.error("report %s: %s failed", reference, doing, exc_info=failure.cause)
    where = f" in {failure.notebook}" if failure.notebook else ""
    return Explanation(
        "internal_error",
        f"{doing} failed unexpectedly{where} ({type(failure.cause).__name__}).",
        f"Look for “report {reference}” in the job's log, and send that piece with a bug report.",
    )


def failing_cell(error: BaseException) -> int | None:
    """Return the index of the cell that was being executed when `error` arose, if one was.

    nbclient does not put it into its exceptions; it is in the frames they passed.
    """
    index: int | None = None
    trace = error.__traceback__
    while trace is not None:
        if "nbclient" in trace.tb_frame.f_code.co_filename:
            value = trace.tb_frame.f_locals.get("cell_index")
            index = value if isinstance(value, int) else index
        trace = trace.tb_next
    return index


def scored_cell(error: BaseException) -> tuple[int, str, float] | None:
    """Return the index of the cell whose result nbgrader could not take for points, the result, the points.

    The result is empty when it has no text. nbgrader's exceptions name no cell; it is in the frames that
    they passed. Source: nbgrader 0.9.6 `SaveAutoGrades.preprocess_cell`, `utils.get_partial_grade`.
    """
    frames = {frame.f_code.co_name: frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)}
    scoring, saving = frames.get("get_partial_grade"), frames.get("preprocess_cell")
    if scoring is None or saving is None:
        return None
    return saving["cell_index"], str(scoring.get("grade", "")), scoring["max_points"]


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that led to it, the outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _of_system(error: BaseException) -> Explanation | None:
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return Explanation(
            "disk_full",
            "The disk (or your quota on it) is full. What was there before is still there.",
            "Free some space, then run this again.",
        )
    if isinstance(error, OSError) and error.errno in REFUSED:
        where = f": {error.filename}" if error.filename else ""
        return Explanation(
            "not_writable",
            f"The course's folder refuses access{where}. What was there before is still there.",
            "Have its owner give you the permission to write there, then run this again.",
        )
    if isinstance(error, HubgradeError) and error.__cause__ is None:
        return Explanation(error.code, error.message, error.remedy)
    return None


def _of_gradebook(error: BaseException) -> Explanation | None:
    if not isinstance(error, DBAPIError):
        return None
    text = str(error.orig)
    if "locked" in text:
        return Explanation(
            "gradebook_locked",
            "Another program kept the gradebook locked for too long.",
            "Close what else is using it (formgrader, a terminal, a backup), then run this again.",
        )
    if "full" in text:
        return Explanation(
            "disk_full",
            "The disk (or your quota on it) is too full for the gradebook to be written.",
            "Free some space, then run this again.",
        )
    if "readonly" in text or "unable to open" in text:
        return Explanation(
            "not_writable",
            "The gradebook cannot be written: it, or the folder it is in, is read-only for you.",
            "Have its owner give you the permission to write there, then run this again.",
        )
    if error.connection_invalidated or "connection" in text:
        return Explanation(
            "gradebook_unreachable",
            "The database server that holds the gradebook cannot be reached, or went away.",
            "Check that it runs and lets you in, then run this again.",
        )
    return Explanation(
        "gradebook_broken",
        "The gradebook refused a query; it may come from another version of nbgrader, or be damaged.",
        "Keep a copy of it, then run `nbgrader db upgrade` in the course's folder.",
    )


def _of_kernel(error: BaseException, failure: Failure) -> Explanation | None:
    index = failing_cell(error)
    where = f"Cell {index + 1}" if index is not None else "A cell"
    notebook = failure.notebook or "the notebook"
    if isinstance(error, NoSuchKernel):
        return Explanation(
            "kernel_missing",
            f"The kernel {error.name!r}, which {notebook} asks for, is not installed here.",
            "Install that kernel, or choose another one in the source notebook and generate it again.",
        )
    if isinstance(error, DeadKernelError | UnresponsiveKernelError):
        return Explanation(
            "kernel_died",
            f"{where} of {notebook} made the kernel die (out of memory, or it ended its own process).",
            "Look at that cell; correct the submitted notebook to have it graded, then autograde it again.",
        )
    if isinstance(error, CellTimeoutError):
        return Explanation(
            "cell_timed_out",
            f"{where} of {notebook} ran longer than allowed, and the kernel did not stop.",
            "Look at that cell, or raise Execute.timeout in nbgrader_config.py, then autograde it again.",
        )
    return None
