"""The zygote: one warm process that forks a child for each task, and buries what the child leaves.

It imports nbgrader and the verb table once, stays single-threaded, and listens
on a Unix socket that only the server holds the other end of. When that end
closes, however the server ended, it ends every task's tree and exits.

    listening ── Start ──► child forked ── child ends ──► strays killed ──► Ended sent
                                └── Stop: SIGTERM, after the grace SIGKILL ──┘
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from hubgrade_ext.core.late_imports import late_imports
from hubgrade_ext.jobs.messages import (
    Ended,
    FromZygote,
    Ready,
    Start,
    Started,
    Stop,
    decode_to_zygote,
    encode,
)
from hubgrade_ext.jobs.process_tree import become_subreaper, die_with_parent, kill_strays, send_signal

# what a child does with its task, pipe and log; it returns the exit status
DoTask = Callable[[int, int, int], int]
TICK_S = 0.25
FAREWELL_S = 4.5
MESSAGE_BYTES = 1 << 16
NOT_FORKED = 71
LOG_CUT = b"\n[the log was cut here: it reached its size limit]\n"


@dataclass
class _Child:
    task_id: str
    pid: int
    log_fd: int
    log_limit_bytes: int
    kill_at: float | None = None


class Zygote:
    """Fork, watch and bury the children of one server."""

    def __init__(self, channel: socket.socket, do_task: DoTask) -> None:
        self.channel = channel
        self.do_task = do_task
        self.children: dict[int, _Child] = {}
        self.leaving = False
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_read, False)
        os.set_blocking(self.wake_write, False)

    def serve(self) -> None:
        """Answer the server until its end of the socket closes or SIGTERM comes."""
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._leave)
        self._send(Ready(os.getpid()))
        while not self.leaving:
            ends = [self.channel.fileno(), self.wake_read]
            ready, _, _ = select.select(ends, [], [], TICK_S if self.children else None)
            if self.wake_read in ready:
                self._drain_wakeups()
            if ends[0] in ready and not self._receive():
                break
            self._bury()
            self._enforce()
        self._end_all()

    def _leave(self, signum: int, frame: object) -> None:
        self.leaving = True

    def _drain_wakeups(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self.wake_read, 512):
                pass

    def _receive(self) -> bool:
        try:
            message, fds, _, _ = socket.recv_fds(self.channel, MESSAGE_BYTES, 3)
        except ConnectionError:
            return False
        if not message:
            return False
        order = decode_to_zygote(message)
        if not isinstance(order, Start):
            self._stop(order)
        elif len(fds) == 3:
            self._fork(order, *fds)
        else:
            # no room for more open files
            self._refuse(order, fds)
        return True

    def _refuse(self, order: Start, fds: Sequence[int]) -> None:
        """Say that one task came to nothing; the others must not end with it."""
        for fd in fds:
            os.close(fd)
        self._send(Ended(order.task_id, NOT_FORKED))

    def _fork(self, order: Start, task_fd: int, pipe_fd: int, log_fd: int) -> None:
        parent = os.getpid()
        # a request to stop that comes before the child can take it must wait, not get lost
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            pid = os.fork()
        except OSError:
            self._refuse(order, (task_fd, pipe_fd, log_fd))
            return
        finally:
            if os.getpid() == parent:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if pid == 0:
            self._be_child(parent, task_fd, pipe_fd, log_fd)
        os.close(task_fd)
        os.close(pipe_fd)
        self.children[pid] = _Child(order.task_id, pid, log_fd, order.log_limit_bytes)
        self._send(Started(order.task_id, pid))

    def _be_child(self, parent: int, task_fd: int, pipe_fd: int, log_fd: int) -> NoReturn:
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            die_with_parent(signal.SIGTERM)
            become_subreaper()
            self.channel.close()
            for fd in (self.wake_read, self.wake_write, *(c.log_fd for c in self.children.values())):
                os.close(fd)
            if os.getppid() == parent:
                status = self.do_task(task_fd, pipe_fd, log_fd)
        finally:
            # skips atexit handlers and buffers that belong to the zygote
            os._exit(status)

    def _stop(self, order: Stop) -> None:
        for child in self.children.values():
            if child.task_id == order.task_id:
                send_signal(child.pid, signal.SIGTERM)
                child.kill_at = time.monotonic() + order.grace_s

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is not None:
                kill_strays(self.children.keys())
                self._bound_log(child)
                os.close(child.log_fd)
                self._send(Ended(child.task_id, os.waitstatus_to_exitcode(status)))

    def _enforce(self) -> None:
        for child in self.children.values():
            self._bound_log(child)
            if child.kill_at is not None and time.monotonic() > child.kill_at:
                send_signal(child.pid, signal.SIGKILL)

    def _bound_log(self, child: _Child) -> None:
        # every writer has the file open for appending, so cutting it short leaves no hole
        if os.fstat(child.log_fd).st_size > child.log_limit_bytes + len(LOG_CUT):
            os.ftruncate(child.log_fd, child.log_limit_bytes)
            os.write(child.log_fd, LOG_CUT)

    def _send(self, message: FromZygote) -> None:
        # a server that is gone is noticed by the next receive
        with contextlib.suppress(OSError):
            self.channel.send(encode(message))

    def _end_all(self) -> None:
        for pid in self.children:
            send_signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + FAREWELL_S
        while self.children and time.monotonic() < deadline:
            self._bury()
            time.sleep(0.02)
        self.children.clear()
        kill_strays(())


def main(arguments: list[str] | None = None) -> int:
    """Run a zygote on an inherited socket."""
    parser = argparse.ArgumentParser(prog="python -m hubgrade_ext.jobs.zygote")
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--verbs", required=True)
    options = parser.parse_args(arguments)
    os.set_inheritable(options.socket, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(options.nice)
    become_subreaper()
    channel = socket.socket(fileno=options.socket)
    with late_imports():
        from hubgrade_ext.jobs import worker

        verbs = worker.load_verbs(options.verbs)
    zygote = Zygote(channel, functools.partial(worker.main, verbs=verbs))
    gc.freeze()
    zygote.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
