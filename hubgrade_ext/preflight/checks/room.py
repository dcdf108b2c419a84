"""When a file system is full, for every check that asks; what to say is the same everywhere."""

from __future__ import annotations

import errno
import os

from hubgrade_ext.preflight.check import Fault
from hubgrade_ext.preflight.folder_facts import SpaceFacts

MIB = 1 << 20
LITTLE_MIB = 100


def find_no_room(space: SpaceFacts, where: str) -> Fault | None:
    """Tell whether `where` has hardly any room left; a quota shows only in the trial reservation."""
    if space.refused in (errno.ENOSPC, errno.EDQUOT):
        return Fault(
            f"Not even 1 MiB can be written to {where}: {os.strerror(space.refused)}.", severity="error"
        )
    if space.free_bytes < LITTLE_MIB * MIB:
        return Fault(f"Only {space.free_bytes // MIB} MiB are left for {where}.")
    return None
