"""Check the sources of all assignments; needs nbgrader, so a worker or the command line does it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import NotebookInvalid
from hubgrade_ext.core.folders import assignment_folders
from hubgrade_ext.core.notebooks import notebook_files, read_notebook
from hubgrade_ext.grading.source_checks import check_source
from hubgrade_ext.grading.two_stage import why_not_sandboxed
from hubgrade_ext.preflight.notebook_facts import SourceFacts, SourceFault

# jupyter_client starts these with the interpreter it runs in itself
# Source: jupyter_client 8 `KernelManager.format_kernel_cmd`
OWN_PYTHON = ("python", "python3")


def gather_sources(course: Course) -> SourceFacts:
    """Check every assignment's source, as before generating it."""
    faults: list[SourceFault] = []
    used: set[str] = set()
    for assignment_id, folder in sorted(
        assignment_folders(course.settings, course.settings.source_directory).items()
    ):
        used |= _kernels(Path(folder))
        for found in check_source(course, assignment_id):
            where = found.where if found.kind == "assignment.notebooks" else f"{assignment_id}/{found.where}"
            faults.append(SourceFault(found.kind, where, found.message, found.remedy))
    without = _without_program(KernelSpecManager(), used)
    return SourceFacts(faults, without, why_not_sandboxed(course))


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
