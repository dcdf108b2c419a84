"""The CPU time of a program with all that it starts, counted by a control group: as root only.

A virtual machine's speed changes within minutes. Where two programs that ran minutes apart are compared, a
`Yardstick` tells how fast the machine was during each.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_EVERY_S = 0.5
CPUACCT = Path("/sys/fs/cgroup/cpuacct")


@contextmanager
def control_group() -> Iterator[Path | None]:
    """Give a new control group that counts the CPU time of what is put into it; None where there is none.

    What is still in it at the end goes back to where it was.
    """
    if os.getuid() != 0 or not (CPUACCT / "tasks").exists():
        yield None
        return
    group = CPUACCT / f"hubgrade-bench-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    try:
        yield group
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            with suppress(OSError):  # it has ended meanwhile
                (CPUACCT / "cgroup.procs").write_text(pid)
        group.rmdir()


class Yardstick:
    """Takes the CPU time of one and the same piece of work, again and again while the context lasts."""

    def __init__(self) -> None:
        self._took: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> Yardstick:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def cpu_s(self) -> float:
        """Return the mean CPU seconds of the piece of work."""
        return statistics.fmean(self._took)

    def _measure(self) -> None:
        while True:
            begun = time.thread_time()
            sorted(str(number) for number in range(20_000))
            self._took.append(time.thread_time() - begun)
            if self._over.wait(_EVERY_S):
                return


def cpu_s_of(group: Path) -> float:
    """Return the CPU seconds that a control group has counted."""
    return int((group / "cpuacct.usage").read_text()) / 1e9
