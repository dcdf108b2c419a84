"""What the processes of a sandbox use together: memory, CPU, their number, and the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_BLOCK_BYTES = 512


class Usage(msgspec.Struct):
    """Hold a moment's sums; `cpu_s` is that of living processes and the children they waited for."""

    memory_bytes: int = 0
    cpu_s: float = 0.0


def other_processes(*, own_pid_namespace: bool) -> list[int]:
    """Return this sandbox's processes but the caller, who is their common ancestor."""
    if own_pid_namespace:
        return [
            int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and path.name != "1"
        ]
    return [child.pid for child in psutil.Process().children(recursive=True)]


def measure(pids: list[int]) -> Usage:
    """Return what these processes use; those that end meanwhile are left out."""
    usage = Usage()
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            usage.cpu_s += sum(int(field) for field in fields[11:15]) / _TICKS_PER_S
            usage.memory_bytes += private_bytes(pid) + _unmapped_bytes(pid)
    return usage


def private_bytes(pid: int | str) -> int:
    """Return a process's memory that no file backs."""
    total = 0
    for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
        if line.startswith((b"RssAnon:", b"RssShmem:")):
            total += int(line.split()[1]) * 1024
    return total


def _unmapped_bytes(pid: int) -> int:
    """Return what a process keeps in memory files, which count nowhere else."""
    total = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).startswith("/memfd:"):
                total += link.stat().st_blocks * _BLOCK_BYTES
    return total


def exceeds_disk(scratch: str, size_bytes: int) -> bool:
    """Say whether the files of a scratch take more than this."""
    total = 0
    for used in _blocks(scratch):
        total += used
        if total > size_bytes:
            return True
    return False


def _blocks(folder: str) -> Iterator[int]:
    for base, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield os.lstat(os.path.join(base, name)).st_blocks * _BLOCK_BYTES


def waited_s(pid: int) -> float:
    """Return how long a process's main thread stood in line for a CPU so far."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
