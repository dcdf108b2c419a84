"""How student code is walled in: the levels, and which of them works here, found out by trying.

namespaces   own root, processes, network, users; Landlock; no capability. Kernels are forks: fast
bubblewrap   the same root by the program bwrap; kernels start cold
none         a clean environment and limits only: student code can read what the instructor can
"""

from __future__ import annotations

import asyncio
import errno
import functools
import json
import os
import re
import socket
import sys
import tempfile
from pathlib import Path

import msgspec

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.grading.execution import landlock
from hubgrade_ext.grading.execution.bundle import Level
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable, KernelServer
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.reachable import Request

LEVELS: tuple[Level, ...] = ("namespaces", "bubblewrap", "none")
_ALLOW = (
    "unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container a seccomp profile that allows them)."
)
_REMEDY: dict[Level, str] = {
    "namespaces": f"It needs Linux 5.13 with Landlock and {_ALLOW}",
    "bubblewrap": f"Ask the administrator to allow what the program bwrap needs: {_ALLOW}",
    "none": "",
}
_INSTALL = "Install the package bubblewrap."
_MORE = (
    "Ask the administrator to raise the number of user namespaces "
    "(sysctl user.max_user_namespaces, /proc/sys/user/max_user_namespaces)."
)
# what a program in Python puts before the system's own words
_PREFIX = re.compile(r".*\[Errno \d+\] |\w+Error: ", re.DOTALL)
_NO_MORE = re.compile(f"(unshare|namespace).*({os.strerror(errno.ENOSPC)}|ENOSPC)")
_NOT_ALLOWED = re.compile(f"{os.strerror(errno.EPERM)}|{os.strerror(errno.EACCES)}|[Nn]o permissions")
_PROBE_TIMEOUT_S = 20.0

# Runs in the sandbox; what it could do goes to probe.json.
_PROBE = r"""
import json, os, socket, sys
secret, pid, port, marker = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
def can(action):
    try:
        action()
    except (OSError, ValueError):
        return False
    return True
def write(path):
    with open(path, "w") as stream:
        stream.write("x")
def connect():
    socket.create_connection(("127.0.0.1", port), 2).close()
def environ():
    if marker not in open(f"/proc/{pid}/environ").read():
        raise ValueError
result = {
    "reads a file outside": can(lambda: open(secret).read()),
    "changes a file's mode outside": can(lambda: os.chmod(secret, 0o644)),
    "writes to the interpreter's folder": can(lambda: write(os.path.join(sys.prefix, "hubgrade-probe"))),
    "reads the environment of another process": can(environ),
    "signals another process": pid != os.getpid() and can(lambda: os.kill(pid, 0)) and os.path.exists(secret),
    "connects to this machine": can(connect),
}
with open("probe.json", "w") as stream:
    json.dump(result, stream)
"""


class Verdict(msgspec.Struct, frozen=True):
    """Say whether a level works here; `why` not, and what to do about it, are sentences."""

    level: Level
    works: bool
    why: str = ""
    remedy: str = ""


def choose(demanded: Level | None = None) -> Level:
    """Return the strongest level that works here, or the one demanded.

    Raises IsolationUnavailable when that one does not work.
    """
    for level in LEVELS if demanded is None else (demanded,):
        verdict = try_level(level)
        if verdict.works:
            return level
    raise IsolationUnavailable(
        f"The course demands isolation by {demanded} (c.HubgradeGrading.isolation), which does not work here:"
        f" {verdict.why}",
        verdict.remedy,
    )


@functools.cache
def try_level(level: Level) -> Verdict:
    """Run a child at this level and see what it is refused; cached for this process."""
    if level == "none":
        return Verdict(level, True)
    if not sys.platform.startswith("linux"):
        return Verdict(level, False, "It exists on Linux only.", "Grade on a Linux machine.")
    if level == "namespaces" and landlock.abi() < 1:
        return Verdict(level, False, "The kernel has no Landlock, or it is switched off.", _REMEDY[level])
    try:
        could = asyncio.run(_probe(level))
    except (HubgradeError, OSError) as error:
        return _refused(level, str(error))
    broken = [what for what, did in could.items() if did]
    if broken:
        return Verdict(level, False, f"A test child {' and '.join(broken)}.", _REMEDY[level])
    return Verdict(level, True)


def _refused(level: Level, said: str) -> Verdict:
    """Return the verdict for what the system or bubblewrap said when a child was to be started."""
    plain = _PREFIX.sub("", said, count=1).rstrip(".")
    if "is not installed" in plain:
        return Verdict(level, False, f"{plain}.", _INSTALL)
    if _NO_MORE.search(plain):
        return Verdict(level, False, f"Linux makes no more user namespaces ({plain}).", _MORE)
    if _NOT_ALLOWED.search(plain):
        remedy = f"Ask the administrator to allow {_ALLOW}"
        return Verdict(level, False, f"Linux does not allow it ({plain}).", remedy)
    return Verdict(level, False, f"{plain}.", _REMEDY[level])


async def _probe(level: Level) -> dict[str, bool]:
    """Return what a child at this level can do of what it must not."""
    server = KernelServer(level, Request(home=str(Path.home())), warm=False)
    server.start()
    try:
        with tempfile.TemporaryDirectory(prefix="hubgrade-") as outside, socket.socket() as listener:
            secret = Path(outside, "secret")
            secret.write_text("secret")
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            marker = next(iter(os.environ), "PATH")
            facts = [str(secret), str(os.getpid()), str(listener.getsockname()[1]), marker]
            return await _run_probe(server, facts)
    finally:
        server.close()


async def _run_probe(server: KernelServer, facts: list[str]) -> dict[str, bool]:
    scratch = server.new_scratch(1 << 20)
    argv = (sys.executable, "-I", "-c", _PROBE, *facts)
    process = server.start_kernel(scratch, argv, {}, Limits(), _PROBE_TIMEOUT_S)
    try:
        process.attach()
        await asyncio.wait_for(process.over.wait(), _PROBE_TIMEOUT_S)
        told = Path(f"/proc/self/fd/{scratch.handle}/work/probe.json").read_text(encoding="utf-8")
        could: dict[str, bool] = json.loads(told)
        return could
    except (OSError, ValueError) as error:
        why = scratch.log_tail().strip().splitlines()
        raise IsolationUnavailable(why[-1] if why else f"the test child did not run ({error})") from error
    finally:
        process.close()
        server.drop_scratch(scratch)


def main() -> int:
    """Try every level, and print what came of it as JSON."""
    sys.stdout.write(msgspec.json.encode([try_level(level) for level in LEVELS]).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
