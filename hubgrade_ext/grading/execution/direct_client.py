"""The worker's end of a direct kernel: what nbclient needs of a manager and of a client, on one socket."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from jupyter_client.session import Session

from hubgrade_ext.grading.execution.frames import Frames, TooLarge, check_weight, frame
from hubgrade_ext.grading.execution.kernel_server import HISTORY, KernelProcess
from hubgrade_ext.grading.execution.kernels import (
    KernelStartFailed,
    Sandbox,
    SandboxedClient,
    SandboxedKernelManager,
    find_kernel,
    is_warm,
    manager_class,
)

_READ_BYTES = 1 << 18
_SLACK_BYTES = 1 << 16


class Channel:
    """Messages that have come and were not yet taken."""

    def __init__(self, client: DirectClient) -> None:
        self._client = client
        self._messages: deque[dict[str, Any]] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put(self, message: dict[str, Any]) -> None:
        """Add one."""
        self._messages.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def answered(self, timeout_s: float | None) -> bool:
        """Wait until there is one; say whether there is."""
        if self._messages:
            return True
        self._waiting = asyncio.get_running_loop().create_future()
        # not wait_for: in Python 3.11 that may take a message that comes at the same time for the answer to
        # a cancellation, and whoever waits for a kernel that has died would wait on
        await asyncio.wait({self._waiting}, timeout=timeout_s)
        return bool(self._messages)

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Take the next one; raises Empty."""
        if not await self.answered(timeout):
            raise Empty
        return self._messages.popleft()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message to the kernel, as widgets do."""
        self._client.send(message)


class DirectClient:
    """Talk to a direct kernel; nothing of what it says is trusted."""

    def __init__(
        self, sock: socket.socket, process: KernelProcess, language_info: Mapping[str, Any], most_bytes: int
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._process = process
        self._info = {"language_info": language_info}
        self._frames = Frames(most_bytes)
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._on_output: Callable[[int], None] = lambda size_bytes: None
        self._on_cut: Callable[[], None] = lambda: None
        self.session = Session()
        self.allow_stdin = False
        # a kernel answers each request once; a second answer is forged, or the first was
        self.answered_twice = False
        self._answered: set[object] = set()
        self.shell_channel = Channel(self)
        self.iopub_channel = Channel(self)

    def open(self, on_output: Callable[[int], None], on_cut: Callable[[], None]) -> None:
        """Begin to listen; tell the size of each message, and when no more are understood or come."""
        self._on_output, self._on_cut = on_output, on_cut
        self._loop.add_reader(self._sock.fileno(), self._read)

    async def greet(self, timeout_s: float) -> Mapping[str, Any]:
        """Return the kernel's info, which needs no asking."""
        return self._info

    async def is_alive(self) -> bool:
        """Say whether the kernel lives, as far as has been heard."""
        return self._process.alive

    async def answered(self, timeout_s: float) -> bool:
        """Wait for an answer on the shell channel to be there, and leave it there."""
        return await self.shell_channel.answered(timeout_s)

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        """Ask for code to be run; return the request's id. Source: jupyter_client.client (8.10)."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        identity = uuid.uuid4().hex
        header = {"msg_id": identity, "msg_type": "execute_request", "session": self.session.session}
        self.send({"header": header, "parent_header": {}, "metadata": {}, "content": content})
        return identity

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a request."""
        header = {key: value for key, value in message["header"].items() if key != "date"}
        head = {key: message.get(key) or {} for key in ("parent_header", "metadata", "content")}
        ids = {"msg_id": header["msg_id"], "msg_type": header["msg_type"]}
        buffers = message.get("buffers") or ()
        self._unsent += frame(json.dumps({"header": header, **head, **ids}).encode(), *buffers)
        self._write()

    def _write(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
        except BlockingIOError:
            self._loop.add_writer(self._sock.fileno(), self._write)
            return
        except OSError:
            # It has ended, which the supervisor tells.
            self._unsent.clear()
        self._loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            if not data:
                raise ValueError
            for head, *buffers in self._frames.feed(data):
                self._on_output(len(head) + sum(map(len, buffers)))
                check_weight(head)
                self._take(json.loads(head), buffers)
        except (TooLarge, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            self._loop.remove_reader(self._sock.fileno())
            self._on_cut()

    def _take(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        header = message["header"]
        message["msg_type"], message["msg_id"] = str(header["msg_type"]), header["msg_id"]
        header["date"] = datetime.fromisoformat(header["date"].replace("Z", "+00:00"))
        message["parent_header"].get("msg_id")
        message["buffers"] = [memoryview(part) for part in buffers]
        channel = self.shell_channel if message["channel"] == "shell" else self.iopub_channel
        if message["msg_type"] == "execute_reply":
            self.answered_twice |= message["parent_header"].get("msg_id") in self._answered
            self._answered.add(message["parent_header"].get("msg_id"))
        channel.put(message)

    def hang_up(self) -> None:
        """Hang up."""
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()


class DirectManager:
    """Start and interrupt a direct kernel."""

    def __init__(self, sandbox: Sandbox, kernel_name: str) -> None:
        self.sandbox = sandbox
        self.kernel_name = kernel_name
        self.process: KernelProcess | None = None

    async def connect(self, arguments: Sequence[str], timeout_s: float) -> DirectClient:
        """Start the kernel, and return a client to be opened when it is ready. Raises KernelStartFailed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self.process = self._start(theirs)
        self.process.attach()
        try:
            await self._until_ready(self.process, timeout_s)
        except BaseException:
            ours.close()
            raise
        info = self.sandbox.server.language_info or {}
        return DirectClient(ours, self.process, info, self.sandbox.limits.output_bytes + _SLACK_BYTES)

    def _start(self, channel: socket.socket) -> KernelProcess:
        sandbox = self.sandbox
        env = {**find_kernel(self.kernel_name, SandboxedKernelManager.known).env, **sandbox.env}
        return sandbox.server.start_kernel(
            sandbox.scratch, (), env, sandbox.limits, sandbox.cpu_left_s, (HISTORY,), channel
        )

    async def _until_ready(self, process: KernelProcess, timeout_s: float) -> None:
        deadline = self._now() + timeout_s
        while not process.ready:
            if not process.alive or self._now() > deadline:
                last = self.sandbox.scratch.log_tail().strip().splitlines()[-3:]
                raise KernelStartFailed("The kernel did not start. " + " ".join(last))
            await process.heard(max(0.0, deadline - self._now()))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def interrupt_kernel(self) -> None:
        """Interrupt what it runs."""
        assert self.process is not None
        self.process.interrupt()


def manager_for(sandbox: Sandbox, kernel_name: str, arguments: Sequence[str]) -> Manager:
    """Return what starts this kernel: a direct one where that is the same. Raises KernelMissing."""
    if kernel_name == "python":  # as jupyter_client's KernelManager has it
        kernel_name = NATIVE_KERNEL_NAME
    spec = find_kernel(kernel_name, SandboxedKernelManager.known)
    if sandbox.server.language_info is not None and is_warm(spec) and not arguments:
        return DirectManager(sandbox, kernel_name)
    return manager_class(sandbox)(kernel_name=kernel_name)


Manager = DirectManager | SandboxedKernelManager
Client = DirectClient | SandboxedClient
