"""How much a submission may use, and how a process is held to it."""

from __future__ import annotations

import platform
import resource
import signal
from pathlib import Path

import msgspec

_KIB, _MIB, _GIB = 1024, 1024**2, 1024**3
# Sockets and pipes keep the machine's memory, up to half a MiB each, which is nobody's.
_OPEN_FILES = 1024


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what one submission may use; all its notebooks and processes together unless said otherwise.

    `cell_timeout_s` is wall clock a cell (None: none), nbgrader's `Execute.timeout`.
    `submission_timeout_s` is wall clock from the first kernel's start.
    `memory_bytes` is private and shared memory, beyond what the warm kernel has from the start; what
    several processes share counts once.
    `processes` counts threads too where the system can (a kernel has about ten).
    `file_size_bytes` is one file's; `disk_bytes` all that is written, beyond the bundle's own files.
    `output_bytes` is what one notebook's kernel may send; `returned_bytes` the files that come back.
    """

    cell_timeout_s: float | None = 30.0
    submission_timeout_s: float = 1800.0
    cpu_s: float = 1800.0
    memory_bytes: int = 2 * _GIB
    processes: int = 128
    file_size_bytes: int = 256 * _MIB
    disk_bytes: int = 256 * _MIB
    output_bytes: int = 20 * _MIB
    returned_bytes: int = 64 * _MIB
    network: bool = False


def kernel_release() -> tuple[int, ...]:
    """Return Linux's version as (major, minor)."""
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2] if part.isdigit())


def _data_bytes() -> int:
    """Return how much private memory this process has mapped already."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    return pages * resource.getpagesize()


def restrict_this_process(limits: Limits, cpu_left_s: float, *, own_user_namespace: bool) -> None:
    """Set the resource limits of this process and all that it starts.

    They are each process's own, so the supervisor watches the sums. Processes
    are counted per user namespace since Linux 5.14; before, or without one of
    our own, the user's other processes would count, so there only the
    supervisor does.
    """
    data = limits.memory_bytes + _data_bytes()
    cpu = max(1, int(cpu_left_s) + 1)
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (limits.file_size_bytes, limits.file_size_bytes),
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_DATA: (data, data),
        resource.RLIMIT_NOFILE: (_OPEN_FILES, _OPEN_FILES),
    }
    if own_user_namespace and kernel_release() >= (5, 14):
        wanted[resource.RLIMIT_NPROC] = (limits.processes, limits.processes)
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(kind, (soft, hard))
    # Writing past the file size is an OSError in Python, and should be one in what it starts.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
