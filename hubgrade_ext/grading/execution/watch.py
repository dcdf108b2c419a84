"""What the processes of a sandbox use together: memory, CPU, their number, and the disk."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_BLOCK_BYTES = 512
_OWN = (b"RssAnon:", b"RssShmem:", b"VmSwap:")
_SHARE = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")
_DEAD = (b"Z", b"X")


class Usage(msgspec.Struct):
    """Hold a moment's sums; memory that several processes share counts once for each."""

    memory_bytes: int = 0
    cpu_s: float = 0.0


class Meter:
    """Add up what a sandbox's processes use, and what those used that are gone.

    The CPU time of a dead process becomes its parent's when that waits for it,
    and nobody's when the parent ignores its children. So what was last seen of
    each counts where that is more. What nobody waits for and no look met is lost.
    """

    def __init__(self) -> None:
        self._own: dict[tuple[int, int], int] = {}
        self._vanished = 0
        self._gone_s = 0.0

    def look(self, pids: list[int]) -> Usage:
        """Return what these processes use, and the dead ones before; those that end meanwhile are dead."""
        listed = set(pids)
        own: dict[tuple[int, int], int] = {}
        waited = 0
        # Parents first: a child that ends meanwhile must not count as itself and as its parent's.
        for pid in sorted(listed.union(pid for pid, _ in self._own)):
            with suppress(OSError, IndexError, ValueError):
                fields = _fields(pid)
                process = pid, int(fields[19])
                if pid in listed or process in self._own:
                    own[process] = int(fields[11]) + int(fields[12])
                    waited += int(fields[13]) + int(fields[14])
        self._vanished += sum(ticks for process, ticks in self._own.items() if process not in own)
        self._own = own
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        waited_s = waited / _TICKS_PER_S + used.ru_utime + used.ru_stime
        self._gone_s = max(self._gone_s, waited_s, self._vanished / _TICKS_PER_S)
        memory_bytes = sum(map(private_bytes, pids)) + _unmapped_bytes(pids)
        return Usage(memory_bytes, sum(own.values()) / _TICKS_PER_S + self._gone_s)


def other_processes(*, own_pid_namespace: bool) -> list[int]:
    """Return this sandbox's processes, dead ones too, but the caller, who is their common ancestor.

    Raises OSError when this process may open no more files.
    """
    if own_pid_namespace:
        names = os.listdir("/proc")  # noqa: PTH208  a Path takes twice the time
        return [int(name) for name in names if name.isdigit() and name != "1"]
    return [child.pid for child in psutil.Process().children(recursive=True)]


def living(pids: list[int]) -> int:
    """Return how many of these are more than an entry that nobody has waited for."""
    total = 0
    for pid in pids:
        with suppress(OSError, IndexError):
            total += _fields(pid)[0] not in _DEAD
    return total


def _fields(pid: int) -> list[bytes]:
    """Return /proc/PID/stat from the third field, the state, on."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def private_bytes(pid: int | str) -> int:
    """Return a process's memory that no file backs, what it shares with forks included; 0 if it is gone."""
    with suppress(OSError):
        return _sum_kib(Path(f"/proc/{pid}/status"), _OWN) or 0
    return 0


def fair_bytes(pids: list[int]) -> int:
    """Return these processes' memory, with what they share counted once. Takes 1 ms for 100 MiB or so.

    A process that does not let us look counts in full. What a fork shares with
    the warm kernel outside counts in part only, but never so that the sum is
    less than what the largest of them has.
    """
    largest = max(map(private_bytes, pids), default=0)
    return max(largest, sum(map(_share_bytes, pids))) + _unmapped_bytes(pids)


def _share_bytes(pid: int) -> int:
    share = None
    with suppress(OSError):
        share = _sum_kib(Path(f"/proc/{pid}/smaps_rollup"), _SHARE)
    return private_bytes(pid) if share is None else share


def _sum_kib(path: Path, names: tuple[bytes, ...]) -> int | None:
    """Return the sum of these lines in bytes, None if there is none of them. Raises OSError."""
    found = [int(line.split()[1]) for line in path.read_bytes().splitlines() if line.startswith(names)]
    return sum(found) * 1024 if found else None


def system_v_bytes() -> int:
    """Return the System V shared memory of this process's namespace, mapped or not, so some counts twice."""
    with suppress(OSError):
        segments = Path("/proc/sysvipc/shm").read_bytes().splitlines()[1:]
        return sum(int(field) for segment in segments for field in segment.split()[14:16])
    return 0


def _unmapped_bytes(pids: list[int]) -> int:
    """Return what processes keep in memory files, which count nowhere else."""
    files: dict[int, int] = {}
    for link in _open_files(pids):
        with suppress(OSError):
            if os.readlink(link.path).startswith("/memfd:"):  # noqa: PTH115  a Path takes twice the time
                found = link.stat()
                files[found.st_ino] = found.st_blocks * _BLOCK_BYTES
    return sum(files.values())


def _open_files(pids: list[int]) -> Iterator[os.DirEntry[str]]:
    for pid in pids:
        with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as links:
            yield from links


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
