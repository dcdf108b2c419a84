"""The worker's side of a zygote and of the kernels forked from it."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hubgrade_ext.core.errors import HubgradeError, InternalError
from hubgrade_ext.grading.execution.bundle import Level
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.private_root import PLACES
from hubgrade_ext.grading.execution.protocol import (
    INTERRUPT,
    KILL,
    PACKET_BYTES,
    WAITED,
    DropScratch,
    Ended,
    Failed,
    Importing,
    NewScratch,
    Ready,
    Scratch,
    Setup,
    StartKernel,
    from_zygote,
    receive,
    reports,
    send,
)
from hubgrade_ext.grading.execution.reachable import Request
from hubgrade_ext.grading.execution.scratch import ScratchFolder

HISTORY = "--HistoryManager.hist_file=:memory:"
_START_TIMEOUT_S = 60.0
_REPLY_TIMEOUT_S = 30.0
_LAST_WORDS_BYTES = 2000
_ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
_PROGRAM = "import sys; from hubgrade_ext.grading.execution.zygote import main; main(int(sys.argv[1]))"


def base_environment(*, home: str, tmp: str) -> dict[str, str]:
    """Return an environment built from nothing: what programs need to run, and to print the same everywhere.

    Numerical libraries get one thread: forks need it, and graded side by side
    they are faster so.
    """
    path = [
        str(Path(sys.executable).parent),
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        "/usr/local/sbin",
        "/usr/sbin",
    ]
    env = {
        "PATH": os.pathsep.join(path),
        "HOME": home,
        "TMPDIR": tmp,
        "USER": "student",
        "LOGNAME": "student",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    return env | dict.fromkeys(_ONE_THREAD, "1")


class IsolationUnavailable(HubgradeError):
    """This machine does not offer the level of isolation that was demanded."""

    code = "isolation_unavailable"
    status = 422


class KernelProcess:
    """Follow one sandbox through the supervisor's reports."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self.ready = False
        self.busy = True
        self.waited_s = 0.0
        self.answers = 0
        self.ended: Ended | None = None
        self.lost = False
        self.over = asyncio.Event()
        self.on_change: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heard: asyncio.Event | None = None

    @property
    def alive(self) -> bool:
        """Say whether a process of it may be left, as far as has been heard."""
        return self.ended is None and not self.lost

    def hear(self) -> None:
        """Take in the reports that have come."""
        while self.alive:
            try:
                data = self._sock.recv(PACKET_BYTES)
            except BlockingIOError:
                return
            except ConnectionResetError:
                # It ended before it read our last order; what it said before is still there.
                continue
            except OSError:
                data = b""
            self._take(data)

    def _take(self, data: bytes) -> None:
        if not data:
            self.lost = True
        else:
            report = reports.decode(data)
            self.ready = self.ready or bool(report.ready)
            self.busy = self.busy if report.busy is None else report.busy
            if report.waited_s is not None:
                self.waited_s = report.waited_s
                self.answers += 1
            self.ended = report.ended
        if not self.alive:
            self.over.set()
            self.detach()

    def attach(self) -> None:
        """Hear reports as they come, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._loop.add_reader(self._sock.fileno(), self._readable)

    def _readable(self) -> None:
        self.hear()
        if self._heard is not None:
            self._heard.set()
        if self.on_change is not None:
            self.on_change()

    def detach(self) -> None:
        """Stop hearing by oneself."""
        if self._loop is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop = None

    async def heard(self, timeout_s: float) -> bool:
        """Wait for the next report; needs `attach`."""
        assert self._heard is not None
        self._heard.clear()
        try:
            await asyncio.wait_for(self._heard.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""
        self._order(INTERRUPT)

    def kill(self) -> None:
        """End the sandbox; `over` is set when it is done."""
        self._order(KILL)

    def ask_waited(self) -> None:
        """Ask for `waited_s`."""
        self._order(WAITED)

    def _order(self, order: bytes) -> None:
        with suppress(OSError):
            self._sock.send(order)

    def close(self) -> None:
        """Let go of the sandbox, which ends it."""
        self.detach()
        self._sock.close()


class KernelServer:
    """Run a zygote; see `zygote`. One thread at a time may ask it for something."""

    def __init__(
        self,
        level: Level,
        reach: Request,
        preload: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        *,
        warm: bool = True,
    ) -> None:
        self.level: Level = level
        self.preload = preload
        self.warm = warm and level != "bubblewrap"
        self.language_info: dict[str, Any] | None = None
        self._reach = reach
        self._env = dict(env or {})
        self._lock = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the server
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None

    def start(self) -> None:
        """Start it and wait until it is warm; leave out modules that it cannot bear.

        Raises IsolationUnavailable, InternalError.
        """
        while True:
            culprit = self._start_once()
            if not culprit:
                return
            if culprit not in self.preload:
                raise InternalError(f"The kernel server could not import {culprit}.", self._last_words())
            self.preload = tuple(module for module in self.preload if module != culprit)

    def _start_once(self) -> str:
        """Return the module because of which it must start again, or nothing."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        env = base_environment(home="/", tmp="/tmp") | self._env
        self._log.seek(0)
        self._log.truncate()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                env=env | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
                pass_fds=[theirs.fileno()],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                # Ctrl-C in a terminal is for the job, which lets what runs finish
                start_new_session=True,
            )
        self._sock = ours
        ours.settimeout(_START_TIMEOUT_S)
        # Elsewhere each kernel has folders, and so an environment, of its own.
        same = base_environment(home=PLACES["home"], tmp=PLACES["tmp"]) | self._env
        shared = same if self.level == "namespaces" else None
        send(ours, Setup(self.level, self._reach, self.preload, self.warm, (HISTORY,), shared))
        return self._hear_start(ours)

    def _hear_start(self, sock: socket.socket) -> str:
        """Wait until it is ready; return as `_start_once` does."""
        last = ""
        while True:
            data, _ = receive(sock)
            message = from_zygote.decode(data) if data else None
            if isinstance(message, Importing):
                last = message.module
            elif isinstance(message, Ready) and not message.unfit:
                sock.settimeout(_REPLY_TIMEOUT_S)
                self.language_info = message.language_info
                return ""
            else:
                self._stop()
                if isinstance(message, Failed):
                    raise IsolationUnavailable(
                        f"Isolation by {self.level} does not work here: {message.why}."
                    )
                if isinstance(message, Ready):
                    return message.unfit
                if last:
                    return last
                raise InternalError("The kernel server ended at its start.", self._last_words())

    def _last_words(self) -> str:
        self._log.seek(0)
        return self._log.read()[-_LAST_WORDS_BYTES:].decode(errors="replace")

    @property
    def alive(self) -> bool:
        """Say whether it can be asked."""
        return self._process is not None and self._process.poll() is None

    def new_scratch(self, size_bytes: int) -> ScratchFolder:
        """Make a scratch; raises InternalError when the zygote is gone."""
        with self._lock:
            assert self._sock is not None
            try:
                send(self._sock, NewScratch(secrets.token_hex(8), size_bytes))
                data, handles = receive(self._sock)
            except OSError:
                data, handles = b"", []
        message = from_zygote.decode(data) if data else None
        if isinstance(message, Failed):
            raise InternalError(f"No folder could be made for a submission: {message.why}.")
        if not isinstance(message, Scratch):
            raise InternalError("The kernel server is gone.", self._last_words())
        return ScratchFolder(message.path, handles[0])

    def drop_scratch(self, scratch: ScratchFolder) -> None:
        """Free a scratch whose kernels are over."""
        scratch.close()
        with self._lock, suppress(OSError):
            assert self._sock is not None
            send(self._sock, DropScratch(scratch.path))

    def start_kernel(
        self,
        scratch: ScratchFolder,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        limits: Limits,
        cpu_left_s: float,
        extra_arguments: tuple[str, ...] = (),
        channel: socket.socket | None = None,
    ) -> KernelProcess:
        """Start a sandbox in a scratch; no `argv`: a fork of the warm kernel, a direct one with `channel`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        disk_bytes = None if self.level == "namespaces" else limits.disk_bytes
        request = StartKernel(
            scratch.path,
            argv,
            self.kernel_environment(scratch) | dict(env),
            extra_arguments,
            limits,
            cpu_left_s,
            disk_bytes,
            channel is not None,
        )
        handles = [theirs.fileno()] + ([channel.fileno()] if channel is not None else [])
        with theirs, self._lock:
            assert self._sock is not None
            with suppress(OSError):
                send(self._sock, request, *handles)
        return KernelProcess(ours)

    def place(self, scratch: ScratchFolder, name: str) -> str:
        """Return where a kernel sees this folder of its scratch."""
        return f"{scratch.path}/{name}" if self.level == "none" else PLACES[name]

    def kernel_environment(self, scratch: ScratchFolder) -> dict[str, str]:
        """Return what every kernel's environment has."""
        env = base_environment(home=self.place(scratch, "home"), tmp=self.place(scratch, "tmp"))
        return env | self._env

    def close(self) -> None:
        """End it; kernels end when their KernelProcess is closed."""
        self._stop()
        self._log.close()

    def _stop(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._process is not None:
            try:
                self._process.wait(_REPLY_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
