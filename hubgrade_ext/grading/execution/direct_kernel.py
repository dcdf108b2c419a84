"""ipykernel's kernel with one socket to the worker in place of five ZeroMQ channels and their threads.

Shell, display hook, output streams and request handling are ipykernel's own, so what a cell prints is what it
prints anywhere; only the way out differs. Everything up to the streams can be built before the fork.

Runs in the sandbox, and in the zygote that it is forked from. Source: ipykernel 7.
"""

from __future__ import annotations

import asyncio
import fcntl
import heapq
import json
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from ipykernel.iostream import BackgroundSocket, IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.utils import _async_in_context
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from tornado import ioloop
from traitlets import Type, default
from traitlets.log import get_logger

from hubgrade_ext.grading.execution.cheap_tracebacks import (
    CellCompiler,
    make_tracebacks_cheap,
    render_once,
)
from hubgrade_ext.grading.execution.frames import Frames, frame

_INLINE = "module://matplotlib_inline.backend_inline"


class Pipe:
    """Send frames to the worker, each whole, whoever sends and whatever interrupts."""

    def __init__(self) -> None:
        self.pid = 0
        self._handle = -1
        self._lock = threading.RLock()
        self._between = -1
        self._has_forked = False
        self._late: list[bytes] = []
        self._interrupted = False

    def open(self, handle: int) -> None:
        """Begin to send; what was sent before is lost."""
        self._handle = handle
        self.pid = os.getpid()
        self._between = _nameless_file()
        # nothing of these is Python code, where an interrupt would be lost
        os.register_at_fork(before=partial(setattr, self, "_has_forked", True))
        os.register_at_fork(after_in_child=self._lock._at_fork_reinit)  # type: ignore[attr-defined]
        os.register_at_fork(after_in_child=self._late.clear)

    def _note_interrupt(self, number: int, stack: FrameType | None) -> None:
        self._interrupted = True

    def send(self, data: bytes) -> None:
        """Send one frame; an interrupt waits until it is sent."""
        if self._handle < 0:
            return
        if threading.current_thread() is not threading.main_thread():
            self._put(data)
            return
        handler = signal.signal(signal.SIGINT, self._note_interrupt)
        self._put(data)
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if self._interrupted:
            self._interrupted = False
            signal.raise_signal(signal.SIGINT)

    def _put(self, data: bytes) -> None:
        with self._lock:
            self._late.append(data)
            # A signal handler of the student's may print while we write.
            if len(self._late) == 1:
                self._write_all()

    def _write_all(self) -> None:
        if self._has_forked:
            fcntl.lockf(self._between, fcntl.LOCK_EX)
        while self._late:
            left = memoryview(self._late[0])
            while left:
                left = left[os.write(self._handle, left) :]
            del self._late[0]
        if self._has_forked:
            fcntl.lockf(self._between, fcntl.LOCK_UN)


def _nameless_file() -> int:
    """Open a file of nobody else's, for a lock: in a sandbox of its own the working folder has such."""
    try:
        return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.memfd_create("lock")


class PipeSession(Session):
    """Give messages to the pipe; those of the shell channel have no stream."""

    pipe: Pipe

    def send(  # type: ignore[override]
        self,
        stream: object,
        msg_or_type: Any,
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: object = None,
        buffers: list[bytes] | None = None,
        track: bool = False,
        header: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """Source: jupyter_client.session.Session.send (8.10)."""
        if isinstance(msg_or_type, str):
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        else:
            message = dict(msg_or_type)
            buffers = buffers or message.get("buffers")
        # What a cell forks may print, but not answer for the kernel.
        if self.check_pid and os.getpid() != (self.pipe.pid if stream is None else self.pid):
            get_logger().warning("WARNING: attempted to send message from fork\n%s", message)
            return None
        head = message["header"]
        said = {
            "channel": "shell" if stream is None else "iopub",
            "header": {key: head[key] for key in ("msg_id", "msg_type", "date")},
            "parent_header": {"msg_id": (message["parent_header"] or {}).get("msg_id")},
            "metadata": message["metadata"],
            "content": message["content"],
        }
        try:
            packed = self.pack(said)
        except UnicodeEncodeError:
            # half of a surrogate pair is a string in Python, and must not cost the cell its reply
            packed = json.dumps(said, default=json_default).encode()
        self.pipe.send(frame(packed, *(buffers or ())))
        return message

    def feed_identities(self, msg_list: Any, copy: bool = True) -> Any:
        """Leave the message as it is: it came without."""
        return [], msg_list

    def deserialize(self, msg_list: Any, content: bool = True, copy: bool = True) -> Any:
        """Leave the message as it is: it was read already."""
        return msg_list


class Later:
    """Call functions after a while, in a thread of its own that starts when there is one to call."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._number = 0
        self._changed = threading.Condition()
        self._started = False

    def call_later(self, delay_s: float, function: Callable[[], object]) -> None:
        """Call it after this time."""
        with self._changed:
            self._number += 1
            call = (time.monotonic() + delay_s, self._number, function)
            heapq.heappush(self._calls, call)
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="IOPub", daemon=True).start()
            elif self._calls[0] is call:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls or self._calls[0][0] > time.monotonic():
                    left_s = self._calls[0][0] - time.monotonic() if self._calls else None
                    self._changed.wait(left_s if left_s is None else max(0.0, left_s))
                _, _, function = heapq.heappop(self._calls)
            function()


class DirectPub(IOPubThread):
    """Stand for ipykernel's publishing thread: there is none, and everything is done at once."""

    thread: Any = None
    closed = False

    def __init__(self) -> None:
        self.io_loop: Any = Later()
        self.background_socket = BackgroundSocket(self)  # type: ignore[no-untyped-call]

    def schedule(self, f: Callable[[], object]) -> None:
        """Call it now."""
        f()


class DirectKernel(IPythonKernel):
    """ipykernel's kernel, with one shell and nothing to abort."""

    _supports_kernel_subshells = False
    compiler_class = Type(CellCompiler)

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Abort nothing: the worker asks for one cell at a time."""


class _MainThread:
    """What ipykernel asks its shell thread for."""

    parent_thread = threading.main_thread()


class DirectKernelApp(IPKernelApp):
    """ipykernel's application without channels; `initialize` once, then `run` in a fork."""

    kernel: DirectKernel

    @default("session")
    def _default_session(self) -> PipeSession:
        session = PipeSession(parent=self)
        session.pipe = Pipe()
        return session

    def init_connection_file(self) -> None:
        """Need none."""

    def init_sockets(self) -> None:
        """Make what stands for them."""
        self.configure_tornado_logger()  # type: ignore[no-untyped-call]
        self.iopub_thread = DirectPub()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """Need none: the supervisor sees whether it lives."""

    def write_connection_file(self, **kwargs: object) -> None:
        """Need none."""

    def log_connection_info(self) -> None:
        """Need none."""

    def init_io(self) -> None:
        """Wait for the fork: output streams have threads."""

    def init_signal(self) -> None:
        """Wait for the fork."""

    def init_kernel(self) -> None:
        """Make the kernel and its shell."""
        self.kernel = DirectKernel.instance(
            parent=self,
            session=self.session,
            shell_channel_thread=_MainThread(),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )

    def warm_up(self) -> None:
        """Do once what the first cell of each kernel would do: compile patterns, import, fill caches."""
        shell = self.shell
        assert shell is not None
        shell.run_cell("1", silent=True, store_history=False)
        shell.display_formatter.format(1)
        try:
            raise ValueError
        except ValueError as error:
            shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
        shell.InteractiveTB.tb = None
        shell.last_execution_result = None

    def renew(self) -> None:
        """Become, in a fork, what a kernel started here and now would be."""
        shell = self.shell
        assert shell is not None
        self.session.pid = os.getpid()
        self.session.session = str(uuid.uuid4())
        self.kernel.ident = str(uuid.uuid4())
        render_once(shell)
        shell.init_environment()
        os.environ.setdefault("MPLBACKEND", _INLINE)
        shell.starting_dir = str(Path.cwd())
        shell.history_manager.dir_hist[:] = [Path.cwd()]
        profile = self.profile_dir
        assert profile is not None
        Path(profile.location).mkdir(parents=True, exist_ok=True)
        profile.check_dirs()  # type: ignore[no-untyped-call]

    def run(self, handle: int, ready: int) -> None:
        """Open the output streams, say so, and serve the worker until it hangs up."""
        super().init_io()  # type: ignore[no-untyped-call]
        super().init_signal()  # type: ignore[no-untyped-call]
        kernel = self.kernel
        self.displayhook.get_execution_count = lambda: kernel.execution_count
        kernel._stdout, kernel._stderr = sys.stdout, sys.stderr
        self.session.pipe.open(handle)
        self.io_loop = kernel.io_loop = ioloop.IOLoop.current()
        assert self.shell is not None
        self.shell.exit_now = False
        requests = _Requests(socket.socket(fileno=os.dup(handle)), kernel)
        asyncio.get_event_loop_policy().get_event_loop().add_reader(handle, requests.read)
        os.write(ready, b"r")
        os.close(ready)
        with suppress(KeyboardInterrupt):
            self.io_loop.start()


class _Requests:
    """Hand requests to the kernel as they come."""

    def __init__(self, sock: socket.socket, kernel: DirectKernel) -> None:
        self._sock = sock
        self._frames = Frames(1 << 30)
        self._dispatch = _async_in_context(partial(kernel.shell_main, None))
        self._pid = os.getpid()
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self) -> None:
        """Read what is there; end with the worker."""
        data = self._sock.recv(1 << 16, socket.MSG_DONTWAIT)
        if not data:
            os._exit(0)
        for part, *buffers in self._frames.feed(data):
            message = json.loads(part)
            message["buffers"] = buffers
            task = asyncio.get_running_loop().create_task(self._dispatch(message))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if os.getpid() != self._pid:
            # The cell has forked: there must be no second kernel at this socket.
            os._exit(0)


def new_app(arguments: list[str]) -> DirectKernelApp:
    """Return an application whose kernel and shell are made, as ipykernel makes them from these arguments."""
    make_tracebacks_cheap()
    app = DirectKernelApp.instance()
    app.initialize(arguments)  # type: ignore[no-untyped-call]
    return app
