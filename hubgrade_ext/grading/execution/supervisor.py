"""The first process of a sandbox: starts the kernel, holds it to its limits, and ends all of it.

It is the ancestor of everything that student code starts (in its own pid namespace as process 1, else as
a child subreaper), so when it reports the end, no process is left. When the worker is gone, so is it.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from hubgrade_ext.grading.execution import syscalls
from hubgrade_ext.grading.execution.protocol import (
    INTERRUPT,
    KILL,
    WAITED,
    Broken,
    Ended,
    Report,
    StartKernel,
    send,
)
from hubgrade_ext.grading.execution.watch import (
    Meter,
    exceeds_disk,
    fair_bytes,
    living,
    other_processes,
    private_bytes,
    system_v_bytes,
    waited_s,
)

_TICK_S = 0.25
_DISK_EVERY = 4
_BUSY_SHARE = 0.5
_PATIENCE_S = 10.0
# So that children that end one after the other, or signals that say so, do not keep us busy.
_REAP_PAUSE_S = 0.005
# Dead processes that nobody waited for are none, but take a place in the machine's table.
_DEAD_TOO = 4
# Looking closely at memory takes at most a fifth of our time.
_CLOSE_LOOK_PAUSE = 4
_NORMAL_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)


class Supervisor:
    """Watch one kernel, the child `pid`, until it ends or has to."""

    def __init__(
        self, pid: int, ready: int, control: socket.socket, start: StartKernel, *, namespaced: bool
    ) -> None:
        self.pid = pid
        self.ready = ready
        self.control = control
        self.start = start
        self.namespaced = namespaced
        self.baseline_bytes = private_bytes("self")
        self.meter = Meter()
        self.next_close_look = 0.0
        self.busy = True
        self.cpu_s = 0.0
        self.ticks = 0

    def run(self) -> None:
        """Return when no process of the sandbox is left and the worker has been told."""
        handle = os.pidfd_open(self.pid)
        deaths = _tell_deaths()
        poller = select.poll()
        for file in (handle, self.ready, self.control.fileno(), deaths):
            poller.register(file, select.POLLIN)
        next_tick = time.monotonic() + _TICK_S
        while True:
            events = {file for file, _ in poller.poll(max(0.0, next_tick - time.monotonic()) * 1000)}
            if self.ready in events:
                poller.unregister(self.ready)
                if os.read(self.ready, 1):
                    self._report(Report(ready=True))
            if handle in events:
                return self._end(None)
            if self.control.fileno() in events and self._obey():
                return self._end(None)
            if deaths in events:
                os.read(deaths, select.PIPE_BUF)
                self._reap()
                time.sleep(_REAP_PAUSE_S)
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + _TICK_S
                try:
                    broken = self._tick()
                except OSError as error:
                    if error.errno != errno.EMFILE:
                        raise
                    # We open few: who lowered our limit does not want to be watched.
                    return self._end(None, died_of=signal.SIGSYS)
                if broken:
                    return self._end(broken)

    def _obey(self) -> bool:
        """Do what the worker asks; say whether that is to end."""
        try:
            order = self.control.recv(16)
        except OSError:
            return True
        if order == INTERRUPT:
            self._interrupt()
        elif order == WAITED:
            kernel = self._kernel()
            if kernel is not None:
                self._report(Report(waited_s=waited_s(kernel)))
        return order in (KILL, b"")

    def _kernel(self) -> int | None:
        """Return the kernel's process: our child, or with bubblewrap the first that is not bubblewrap."""
        if self.namespaced:
            return self.pid
        for child in other_processes(own_pid_namespace=False):
            with suppress(OSError):
                if Path(f"/proc/{child}/exe").readlink().name != "bwrap":
                    return child
        return None

    def _interrupt(self) -> None:
        """Send SIGINT to the kernel and what it runs in the foreground, as jupyter_client does."""
        kernel = self._kernel()
        with suppress(ProcessLookupError):
            if kernel is not None:
                os.killpg(os.getpgid(kernel), signal.SIGINT)

    def _reap(self) -> None:
        """Wait for the dead whose parents are gone, but not for the kernel: `_kill_all` tells its status."""
        with suppress(ChildProcessError):
            for _ in range(self.start.limits.processes):
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if dead is None or dead.si_pid == self.pid:
                    return
                os.waitpid(dead.si_pid, 0)

    def _tick(self) -> Broken | None:
        self.ticks += 1
        start = self.start
        pids = other_processes(own_pid_namespace=self.namespaced)
        if self._too_many(pids):
            # Before anything that takes time: a fork bomb grows meanwhile.
            return "processes"
        usage = self.meter.look(pids)
        busy = usage.cpu_s - self.cpu_s > _BUSY_SHARE * _TICK_S
        self.cpu_s = usage.cpu_s
        if busy != self.busy:
            self.busy = busy
            self._report(Report(busy=busy))
        if start.disk_bytes is not None and self.ticks % _DISK_EVERY == 0:  # noqa: SIM102  a walk through all files
            if exceeds_disk(start.scratch, start.disk_bytes):
                return "disk"
        if self._too_large(pids, usage.memory_bytes):
            return "memory"
        return "cpu" if usage.cpu_s > start.cpu_left_s else None

    def _too_many(self, pids: list[int]) -> bool:
        most = self.start.limits.processes
        return len(pids) > most and (len(pids) > _DEAD_TOO * most or living(pids) > most)

    def _too_large(self, pids: list[int], memory_bytes: int) -> bool:
        """Say whether memory is over the limit, also when what forks share is not counted for each."""
        most = self.baseline_bytes + self.start.limits.memory_bytes
        if self.namespaced:
            most -= system_v_bytes()
        if memory_bytes <= most or time.monotonic() < self.next_close_look:
            return False
        before_s = time.process_time()
        too_large = fair_bytes(pids) > most
        took_s = time.process_time() - before_s
        self.next_close_look = time.monotonic() + _CLOSE_LOOK_PAUSE * took_s
        return too_large

    def _end(self, broken: Broken | None, *, died_of: signal.Signals | None = None) -> None:
        """Kill what is left and report; `died_of` is the kernel's status where ours would say little."""
        # bubblewrap's own first process takes what its children used with it, so look before.
        with suppress(OSError):
            self.cpu_s = self.meter.look(other_processes(own_pid_namespace=self.namespaced)).cpu_s
        status = self._kill_all()
        cpu_s = max(self.cpu_s, self.meter.look([]).cpu_s)
        if died_of is not None:
            status = -died_of
        if broken is None and (status == -signal.SIGXCPU or cpu_s > self.start.cpu_left_s):
            broken = "cpu"
        self._report(Report(ended=Ended(status, broken, cpu_s)))

    def _kill_all(self) -> int:
        """Kill every process of the sandbox; return the kernel's status."""
        status = -signal.SIGKILL
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            # What the kernel died of is only known before we kill it.
            try:
                pid, code = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == self.pid:
                status = os.waitstatus_to_exitcode(code)
            if pid:
                continue
            if self.namespaced:
                with suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            else:
                # With bubblewrap, the first one's end is that of all.
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
                with suppress(OSError):
                    self._kill_others()
            time.sleep(0.002)
        return status

    def _kill_others(self) -> None:
        for child in other_processes(own_pid_namespace=False):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _report(self, report: Report) -> None:
        with suppress(OSError):
            send(self.control, report)


def _tell_deaths() -> int:
    """Return a file that can be read when a child of this process has ended."""
    readable, writable = os.pipe()
    for file in (readable, writable):
        os.set_blocking(file, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return readable


def prepare_supervisor(*, namespaced: bool) -> None:
    """Make this process fit to be a sandbox's first."""
    for number in _NORMAL_SIGNALS:
        # As process 1 the default means: cannot be ended by those inside.
        signal.signal(number, signal.SIG_DFL if namespaced else signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not namespaced:
        syscalls.become_subreaper()
