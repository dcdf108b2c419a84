"""Which process a job belongs to, and whether that process still lives."""

from __future__ import annotations

import functools
import os
import socket
import time
from pathlib import Path

import psutil
from msgspec import Struct

HEARTBEAT_DEAD_S = 60.0
_CLOCK_SLACK_S = 2.0


class Owner(Struct, frozen=True):
    """A process: `host` tells machines, boots and containers apart, `started` is Unix time."""

    host: str
    pid: int
    started: float

    def is_alive(self, heartbeat: float) -> bool:
        """Say whether the process lives; on another host, whether it was heard within 60 s.

        `heartbeat` is the Unix time of its last sign of life.
        """
        if self.host != this_host():
            return time.time() - heartbeat < HEARTBEAT_DEAD_S
        return process_is(self.pid, self.started)


def this_process() -> Owner:
    """Return this process as an owner."""
    pid = os.getpid()
    return Owner(this_host(), pid, process_started(pid) or 0.0)


@functools.cache
def this_host() -> str:
    """Name the room in which process numbers mean something: host, boot and process namespace."""
    parts = [socket.gethostname()]
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    if boot_id.exists():
        parts.append(boot_id.read_text().strip())
    if namespace.exists():
        parts.append(str(namespace.stat().st_ino))
    return ":".join(parts)


def process_started(pid: int) -> float | None:
    """Return when a process began, as Unix time; None when there is no such process (or it is dead)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def process_is(pid: int, started: float) -> bool:
    """Say whether the process `pid` lives and is the one that began at `started`."""
    now = process_started(pid)
    return now is not None and abs(now - started) < _CLOCK_SLACK_S
