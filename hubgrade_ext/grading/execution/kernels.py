"""jupyter_client's view of sandboxed kernels: nbclient, and nbgrader's Execute, work with them unchanged.

Execute(kernel_manager_class=manager_class(Sandbox(server, scratch, limits)))
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty
from typing import Any, ClassVar, cast

import msgspec
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.connect import channel_socket_types
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Type

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.grading.execution.frames import check_weight
from hubgrade_ext.grading.execution.kernel_server import HISTORY, KernelProcess, KernelServer
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.scratch import ScratchFolder

_CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
_SLACK_BYTES = 1 << 16
_NUDGE_S = 0.1
_NEVER_MS = 7 * 24 * 3600 * 1000

Programs = tuple[tuple[str, ...], ...]


class KernelMissing(HubgradeError):
    """No kernel of this name is installed here."""

    code = "kernel_missing"
    status = 422


class KernelStartFailed(HubgradeError):
    """The kernel ended, or said nothing, before it was ready; the message has its last words."""

    code = "kernel_start_failed"


class Sandbox(msgspec.Struct):
    """Hold what kernels of one bundle are started with; `cpu_left_s` is counted down by the caller.

    `context` None: each manager makes its own, and ends it with the kernel.
    """

    server: KernelServer
    scratch: ScratchFolder
    limits: Limits = Limits()
    env: dict[str, str] = {}
    cpu_left_s: float = 3600.0
    context: zmq.asyncio.Context | None = None


def find_kernel(name: str, known: dict[str, KernelSpec]) -> KernelSpec:
    """Return the kernelspec of this name, from `known` when it is there; raises KernelMissing."""
    if name not in known:
        try:
            known[name] = KernelSpecManager().get_kernel_spec(name)
        except NoSuchKernel as error:
            raise KernelMissing(
                f"The notebook asks for the kernel {name!r}, which is not installed here.",
                "Install it, or set the assignment's kernel.",
            ) from error
    return known[name]


def is_warm(spec: KernelSpec) -> bool:
    """Say whether this is the IPython kernel of our own interpreter, of which a warm one can be forked."""
    program, *rest = spec.argv
    own = {sys.executable, "python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
    same = program in own or os.path.normpath(program) == os.path.normpath(sys.executable)
    return same and rest == ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


def _command(spec: KernelSpec, connection_file: str, extra: list[str]) -> tuple[str, ...]:
    """Source: jupyter_client.manager.KernelManager.format_kernel_cmd (8.10)."""
    argv = [*spec.argv, *extra]
    if argv[0] in {"python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"}:
        argv[0] = sys.executable
    values = {"connection_file": connection_file, "prefix": sys.prefix, "resource_dir": spec.resource_dir}
    return tuple(re.sub(r"\{([A-Za-z0-9_]+)\}", lambda m: values.get(m[1], m[0]), arg) for arg in argv)


class SandboxProvisioner(KernelProvisionerBase):
    """Start, signal and follow one kernel through its supervisor."""

    process: KernelProcess | None = None

    @property
    def has_process(self) -> bool:
        """Say whether a kernel was started that `wait` has not seen the end of."""
        return self.process is not None

    async def poll(self) -> int | None:
        """Return None while the kernel lives, else its status."""
        if self.process is None:
            return 0
        self.process.hear()
        if self.process.alive:
            return None
        return self.process.ended.status if self.process.ended else -signal.SIGKILL

    async def wait(self) -> int | None:
        """Return the status when no process of the sandbox is left: an earlier answer would let the caller
        remove the folder under a living kernel."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.01)
        if self.process is not None:
            self.process.close()
            self.process = None
        return status

    async def send_signal(self, signum: int) -> None:
        """Interrupt; every other signal ends the sandbox."""
        if self.process is None or signum == 0:
            return
        if signum == signal.SIGINT:
            self.process.interrupt()
        else:
            self.process.kill()

    async def kill(self, restart: bool = False) -> None:
        """End the sandbox."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """End the sandbox."""
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the sandbox."""
        if self.process is not None:
            self.process.close()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel and return its connection when its sockets are open."""
        manager = cast(SandboxedKernelManager, self.parent)
        sandbox = manager.sandbox
        argv = tuple(cmd)
        self.process = sandbox.server.start_kernel(
            sandbox.scratch,
            argv,
            {**(manager.kernel_spec.env if manager.kernel_spec else {}), **sandbox.env},
            sandbox.limits,
            sandbox.cpu_left_s,
            tuple(kwargs.get("extra_arguments", ())),
        )
        await self._until_ready(manager, bool(argv))
        return manager.get_connection_info()

    async def _until_ready(self, manager: SandboxedKernelManager, foreign: bool) -> None:
        assert self.process is not None
        deadline = time.monotonic() + manager.start_timeout_s
        pause_s = 0.002
        while True:
            self.process.hear()
            if self.process.ready or (foreign and manager.sockets_open()):
                return
            if not self.process.alive or time.monotonic() > deadline:
                last = manager.sandbox.scratch.log_tail().strip().splitlines()[-3:]
                raise KernelStartFailed("The kernel did not start. " + " ".join(last))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.02)


class CountingChannel(AsyncZMQSocketChannel):
    """Tell `on_bytes` how large each message is, wanted or not."""

    on_bytes: Callable[[int], None] | None = None

    async def _recv(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        frames = await self.socket.recv_multipart(**kwargs)
        if self.on_bytes is not None:
            self.on_bytes(sum(len(frame) for frame in frames))
        for part in frames:
            check_weight(part)
        message: dict[str, Any] = self.session.deserialize(self.session.feed_identities(frames)[1])
        return message


class SandboxedClient(AsyncKernelClient):
    """Talk to a kernel that is not trusted: bounded messages, one connection a channel, never a second."""

    iopub_channel_class = Type(CountingChannel)
    most_bytes = 0
    on_output: Callable[[int], None] | None = None
    _watch: asyncio.Task[None] | None = None

    def open(self, on_output: Callable[[int], None], on_cut: Callable[[], None]) -> None:
        """Open the channels; tell the size of each output, and when iopub's connection is cut.

        It is when a message is larger than allowed, and when the kernel ends.
        """
        self.on_output = on_output
        self.start_channels()
        self._watch = asyncio.ensure_future(self._watch_connection(on_cut))

    async def _watch_connection(self, on_cut: Callable[[], None]) -> None:
        with self.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            await monitor.recv_multipart()
        on_cut()

    def hang_up(self) -> None:
        """Close the channels."""
        if self._watch is not None:
            self._watch.cancel()
        self.iopub_channel.socket.disable_monitor()
        self.stop_channels()

    async def answered(self, timeout_s: float) -> bool:
        """Wait for an answer on the shell channel to be there, and leave it there."""
        return bool(await self.shell_channel.socket.poll(timeout_s * 1000, zmq.POLLIN))

    def start_channels(
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = True,
        hb: bool = True,
        control: bool = True,
    ) -> None:
        """Open shell and iopub only; the supervisor is the heartbeat, and nobody can be asked for input."""
        super().start_channels(shell=shell, iopub=iopub, stdin=False, hb=False, control=False)
        self.iopub_channel.on_bytes = self.on_output

    def stop_channels(self) -> None:
        """Close what was opened."""
        for channel in (self._shell_channel, self._iopub_channel, self._control_channel):
            if channel is not None and channel.is_alive():
                channel.stop()

    def _create_connected_socket(self, channel: str, identity: bytes | None = None) -> Any:
        """Source: jupyter_client.connect.ConnectionFileMixin._create_connected_socket (8.10)."""
        sock = self.context.socket(channel_socket_types[channel])
        sock.linger = 0
        # A dead kernel's socket could be replaced by a link to somebody else's. Never is a long time,
        # not -1: with that, libzmq 4.3 aborts this process when a kernel dies in the middle of a message.
        sock.reconnect_ivl = _NEVER_MS
        if self.most_bytes:
            sock.maxmsgsize = self.most_bytes
        if identity:
            sock.identity = identity
        sock.connect(self._make_url(channel))
        return sock

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until requests are answered and the answers' side effects are heard on iopub."""
        await self.greet(timeout or 60.0)

    async def greet(self, timeout_s: float) -> Mapping[str, Any]:
        """Return the kernel's info; as `wait_for_ready`. Raises KernelStartFailed."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.kernel_info()
            info = await self._message(self.shell_channel, 1.0)
            if info is not None and info["msg_type"] == "kernel_info_reply":
                # Heard nothing: our subscription came after the message; ask again.
                if await self._message(self.iopub_channel, _NUDGE_S) is not None:
                    self._handle_kernel_info_reply(info)
                    content: Mapping[str, Any] = info["content"]
                    return content
            elif not await self.is_alive():
                break
        raise KernelStartFailed("The kernel started and did not answer.")

    async def _message(self, channel: Any, timeout_s: float) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=timeout_s)
        except Empty:
            return None
        return message


class SandboxedKernelManager(AsyncKernelManager):
    """Manage one kernel in a sandbox; `sandbox` is set by `manager_class`."""

    sandbox: Sandbox
    start_timeout_s = 60.0
    known: ClassVar[dict[str, KernelSpec]] = {}

    def __init__(self, **kwargs: Any) -> None:
        if self.sandbox.context is not None:
            kwargs.setdefault("context", self.sandbox.context)
        super().__init__(**kwargs)
        self.client_factory = SandboxedClient
        self.transport = "ipc"
        self.sandbox.scratch.kernels += 1
        self._socket_name = f"k{self.sandbox.scratch.kernels}"
        self.ip = self.sandbox.scratch.socket_path(self._socket_name)
        for number, channel in enumerate(_CHANNELS, start=1):
            setattr(self, f"{channel}_port", number)
        self._connection_file_written = True

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return the kernelspec; raises KernelMissing."""
        return find_kernel(self.kernel_name, self.known)

    @property
    def process(self) -> KernelProcess | None:
        """Return the kernel, once it is started."""
        return cast(SandboxProvisioner, self.provisioner).process if self.provisioner is not None else None

    async def connect(self, arguments: Sequence[str], timeout_s: float) -> SandboxedClient:
        """Start the kernel and return a client to be opened."""
        self.start_timeout_s = timeout_s
        await self.start_kernel(extra_arguments=list(arguments))
        assert self.process is not None
        self.process.attach()
        return self.client()

    async def _async_pre_start_kernel(self, **kwargs: Any) -> tuple[list[str], dict[str, Any]]:
        spec = self.kernel_spec
        run = self.sandbox.server.place(self.sandbox.scratch, "run")
        info = {
            **self.get_connection_info(),
            "ip": f"{run}/{self._socket_name}",
            "key": self.session.key.decode(),
            "kernel_name": self.kernel_name,
        }
        self.sandbox.scratch.write("run/connection.json", json.dumps(info).encode())
        self._launch_args = kwargs.copy()
        self.kernel_id = self.kernel_id or self._socket_name
        self.provisioner = SandboxProvisioner(parent=self, kernel_id=self.kernel_id, kernel_spec=spec)
        extra = list(kwargs.get("extra_arguments") or ())
        if is_warm(spec) and not any(arg.startswith("--HistoryManager.hist_file") for arg in extra):
            extra.append(HISTORY)
        server = self.sandbox.server
        if is_warm(spec) and server.warm and server.language_info is None:
            return [], {"extra_arguments": extra}
        # Forks of a direct kernel have no channels; with channels it is one that starts by itself.
        return list(_command(spec, f"{run}/connection.json", extra)), {}

    async def _async_post_start_kernel(self, **kwargs: Any) -> None:
        """Open no control socket before it is needed."""

    def _reconcile_connection_info(self, info: Any) -> None:
        """Keep ours: the kernel has no say in it."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write nothing: the file lies in the scratch."""

    def cleanup_connection_file(self) -> None:
        """Leave it to the scratch's end."""

    def cleanup_ipc_files(self) -> None:
        """Leave them to the scratch's end."""

    def sockets_open(self) -> bool:
        """Say whether the kernel has opened its channels, which one that is not ours cannot tell us."""
        for number in range(1, len(_CHANNELS) + 1):
            with suppress(OSError):
                if stat.S_ISSOCK(os.lstat(f"{self.ip}-{number}").st_mode):
                    continue
            return False
        return True

    def client(self, **kwargs: Any) -> SandboxedClient:  # type: ignore[override]
        """Return a client whose messages are as large as the limits allow, and no larger."""
        client = cast(SandboxedClient, super().client(context=self.context, **kwargs))
        client.most_bytes = self.sandbox.limits.output_bytes + _SLACK_BYTES
        return client


def manager_class(sandbox: Sandbox) -> type[SandboxedKernelManager]:
    """Return a kernel manager class whose kernels run in this sandbox."""
    return type("BoundKernelManager", (SandboxedKernelManager,), {"sandbox": sandbox})


def installed_programs() -> Programs:
    """Return the command of every kernel that is installed here, each preceded by nothing but its program."""
    found = KernelSpecManager().get_all_specs()
    return tuple(tuple(entry["spec"]["argv"]) for entry in found.values())
