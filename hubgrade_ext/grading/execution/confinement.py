"""What a process gives up before student code runs in it."""

from __future__ import annotations

import os
from pathlib import Path

from hubgrade_ext.grading.execution import landlock, seccomp, syscalls
from hubgrade_ext.grading.execution.private_root import PLACES

# Closing a range is one system call, however long.
_OPEN_FILES = 1 << 20


def enter_namespaces(flags: int) -> None:
    """Enter a new user namespace, where only this user exists, and the others of `flags`."""
    uid, gid = os.getuid(), os.getgid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | flags)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def confine_kernel() -> None:
    """Give up all rights over the namespaces, and every file but what the root shows; for good.

    Call it in a process with one thread: Landlock holds for the calling thread
    and those it starts.
    """
    syscalls.leave_keyring()
    syscalls.drop_capabilities()
    syscalls.forbid_new_privileges()
    seccomp.confine()
    landlock.confine(readable=["/"], writable=[*PLACES.values(), "/tmp", "/dev"])


def first_in_line_for_memory() -> None:
    """Let the kernel end this process before the server when the machine runs out of memory."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def close_files(*keep: int) -> None:
    """Close every inherited file but the standard three and `keep`."""
    low = 3
    for handle in sorted(keep):
        os.closerange(low, handle)
        low = handle + 1
    os.closerange(low, _OPEN_FILES)
