"""The second level: Debian's and Fedora's `bwrap` builds the same root around any kernel's command."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hubgrade_ext.grading.execution import seccomp
from hubgrade_ext.grading.execution.private_root import PLACES, PROC_READ_ONLY
from hubgrade_ext.grading.execution.protocol import StartKernel
from hubgrade_ext.grading.execution.reachable import ETC, Reach, holds


def bubblewrap_command(reach: Reach, start: StartKernel) -> list[str]:
    """Return the command that runs `start.argv` in a sandbox; the program is at index 0.

    Raises FileNotFoundError when bubblewrap is not installed.
    """
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin") or ""
    if not program:
        raise FileNotFoundError("bubblewrap (the program bwrap) is not installed")
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if filter_program := seccomp.program():
        command += ["--seccomp", str(_readable(filter_program))]
    if start.limits.network:
        command.append("--share-net")
    for folder in reach.folders:
        command += ["--ro-bind", folder, folder]
    for link, target in reach.links.items():
        command += ["--symlink", target, link]
    for hidden in reach.hidden:
        command += _mask(hidden, reach.inner)
    command += _etc(start.scratch)
    command += ["--dev", "/dev", "--proc", "/proc"]
    # The machine's settings are files of root's, and root's kernels are root there.
    for name in PROC_READ_ONLY:
        command += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for name, place in PLACES.items():
        command += ["--bind", f"{start.scratch}/{name}", place]
    if not any(holds("/tmp", folder) for folder in reach.folders):
        command += ["--bind", f"{start.scratch}/tmp", "/tmp"]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", PLACES["work"], "--"]
    return [*command, *_counted(start)]


def _readable(data: bytes) -> int:
    """Return a descriptor from which bwrap, which takes the place of this process, reads these few bytes."""
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    os.set_inheritable(ours, True)
    return ours


def _mask(hidden: str, inner: tuple[str, ...]) -> list[str]:
    if not Path(hidden).is_dir():
        return ["--ro-bind", "/dev/null", hidden]
    command = ["--tmpfs", hidden]
    for folder in inner:
        if holds(hidden, folder):
            command += ["--ro-bind", folder, folder]
    return [*command, "--remount-ro", hidden]


def _etc(scratch: str) -> list[str]:
    command: list[str] = []
    for name in ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name in ("passwd", "group"):
        command += ["--ro-bind", f"{scratch}/etc/{name}", f"/etc/{name}"]
    return command


def _counted(start: StartKernel) -> list[str]:
    """Limit the processes from inside, where the user's other ones do not count."""
    prlimit = shutil.which("prlimit", path="/usr/bin:/bin")
    return [prlimit, f"--nproc={start.limits.processes}", "--", *start.argv] if prlimit else list(start.argv)
