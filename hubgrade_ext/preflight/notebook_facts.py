"""What is wrong in the sources, by nbgrader's own rules; needs nbgrader, so a worker or the CLI gathers it.

`SourceFault.kind` is the id of the check that reports it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpecManager

    from hubgrade_ext.core.course import Course

# jupyter_client starts these with the interpreter it runs in itself
# Source: jupyter_client 8 `KernelManager.format_kernel_cmd`
OWN_PYTHON = ("python", "python3")


class SourceFault(Struct, frozen=True):
    """One fault; `where` names assignment, notebook and cell."""

    kind: str
    where: str
    message: str
    remedy: str = ""


class SourceFacts(Struct, frozen=True):
    """The faults in all sources, and of the kernels that they name those whose program is missing."""

    faults: list[SourceFault]
    kernels_without_program: dict[str, str]

    def of(self, kind: str) -> list[SourceFault]:
        """Return the faults of one kind."""
        return [fault for fault in self.faults if fault.kind == kind]


def gather_sources(course: Course) -> SourceFacts:
    """Check every assignment's source, as before generating it."""
    from jupyter_client.kernelspec import KernelSpecManager

    from hubgrade_ext.core.folders import assignment_folders
    from hubgrade_ext.grading.source_checks import check_source

    faults: list[SourceFault] = []
    used: set[str] = set()
    for assignment_id, folder in sorted(
        assignment_folders(course.settings, course.settings.source_directory).items()
    ):
        used |= _kernels(Path(folder))
        for found in check_source(course, assignment_id):
            where = found.where if found.kind == "assignment.notebooks" else f"{assignment_id}/{found.where}"
            faults.append(SourceFault(found.kind, where, found.message, found.remedy))
    return SourceFacts(faults, _without_program(KernelSpecManager(), used))


def _kernels(folder: Path) -> set[str]:
    from hubgrade_ext.core.errors import NotebookInvalid
    from hubgrade_ext.core.notebooks import notebook_files, read_notebook

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
