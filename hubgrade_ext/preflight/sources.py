"""Check the sources of all assignments; needs nbgrader, so a worker or the command line does it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import ConfigBroken, NotebookInvalid
from hubgrade_ext.core.folders import assignment_folders
from hubgrade_ext.core.notebooks import notebook_files, read_notebook
from hubgrade_ext.grading.source_checks import check_source
from hubgrade_ext.grading.two_stage import why_not_sandboxed
from hubgrade_ext.preflight.notebook_facts import GRADING_SETTINGS, SourceFacts, SourceFault

# jupyter_client starts these with the interpreter it runs in itself
# Source: jupyter_client 8 `KernelManager.format_kernel_cmd`
OWN_PYTHON = ("python", "python3")


def gather_sources(course: Course) -> SourceFacts:
    """Check every assignment's source, as before generating it, and grading's settings, as before grading."""
    faults: list[SourceFault] = []
    used: set[str] = set()
    with _told(faults):
        _check_all(course, faults, used)
    not_sandboxed = ""
    with _told(faults):
        not_sandboxed = why_not_sandboxed(course)
    return SourceFacts(faults, _without_program(KernelSpecManager(), used), not_sandboxed)


@contextmanager
def _told(faults: list[SourceFault]) -> Iterator[None]:
    """Make a fault of a setting that nbgrader refuses, once."""
    try:
        yield
    except ConfigBroken as error:
        fault = SourceFault(GRADING_SETTINGS, "", error.message, error.remedy)
        if fault not in faults:
            faults.append(fault)


def _check_all(course: Course, faults: list[SourceFault], used: set[str]) -> None:
    for assignment_id, folder in sorted(
        assignment_folders(course.settings, course.settings.source_directory).items()
    ):
        used |= _kernels(Path(folder))
        for found in check_source(course, assignment_id):
            where = found.where if found.kind == "assignment.notebooks" else f"{assignment_id}/{found.where}"
            faults.append(SourceFault(found.kind, where, found.message, found.remedy))


def _kernels(folder: Path) -> set[str]:
    names = set()
    for path in notebook_files(folder) if folder.is_dir() else []:
        try:
            names.add(read_notebook(path).kernel_name)
        except NotebookInvalid:
            continue
    return names


def _without_program(manager: KernelSpecManager, names: set[str]) -> dict[str, str]:
    """Return kernel → program for kernels that are installed but cannot be started."""
    known = manager.find_kernel_specs()
    missing = {}
    for name in sorted(names & known.keys()):
        program = manager.get_kernel_spec(name).argv[0]
        if program in OWN_PYTHON or program.startswith("python3."):
            continue
        there = os.access(program, os.X_OK) if Path(program).is_absolute() else shutil.which(program)
        if not there:
            missing[name] = program
    return missing
