"""The server's end of the zygote: start it, hand tasks to it, hear how they end, start another if it died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from hubgrade_ext.core.errors import Busy, InternalError
from hubgrade_ext.jobs.environment import worker_environment
from hubgrade_ext.jobs.messages import (
    AnswerLine,
    CallTask,
    Ended,
    EndLine,
    Line,
    Ready,
    RemoteError,
    Start,
    Started,
    Stop,
    Task,
    ToZygote,
    decode_from_zygote,
    decode_line,
    encode,
)

MESSAGE_BYTES = 1 << 16
LINE_BYTES = 1 << 26
START_TIMEOUT_S = 60.0
FAREWELL_S = 6.0
PIPE_PATIENCE_S = 2.0
ORPHAN_PATIENCE_S = 5.0
CALL_TIMEOUT_S = 60.0
CALL_LOG_BYTES = 1 << 20
log = logging.getLogger("hubgrade.zygote")


class ZygoteDied(Exception):
    """The zygote ended while it had this task; nothing is known about the task's end."""


@dataclass
class _Running:
    """A task that the zygote has: `ended` gives the child's exit status."""

    on_start: Callable[[int], None]
    ended: asyncio.Future[int]


@dataclass
class Ending:
    """How a task ended: `status` is the child's (negative: a signal), `line` its own word, if it had one."""

    status: int
    line: EndLine | None


@dataclass
class _Life:
    """One zygote from its start to its end."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: asyncio.Future[None]
    tasks: dict[str, _Running] = field(default_factory=dict)


class ZygoteClient:
    """Run tasks in children of a zygote that is started when first needed."""

    def __init__(self, *, verbs: str, niceness: int) -> None:
        self.verbs = verbs
        self.niceness = niceness
        self._life: _Life | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The zygote's process, None while there is none."""
        return self._life.process.pid if self._life else None

    async def start(self) -> None:
        """Have a zygote ready, unless one is. Raises: InternalError (it cannot start), Busy."""
        await self._living()

    async def run(
        self,
        task: Task,
        *,
        log_fd: int,
        log_limit_bytes: int,
        task_id: str,
        on_line: Callable[[Line], None],
        on_start: Callable[[int], None] = lambda pid: None,
    ) -> Ending:
        """Fork a child for the task and follow it to its end; `on_line` gets all it says.

        Raises: ZygoteDied; InternalError, Busy as `start`.
        """
        life = await self._living()
        read_fd, write_fd = os.pipe()
        reader, transport = await _reader(read_fd)
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        life.tasks[task_id] = _Running(on_start, ended)
        last: list[EndLine] = []

        def take(line: Line) -> None:
            if isinstance(line, EndLine):
                last.append(line)
            on_line(line)

        following = asyncio.create_task(_follow(reader, take))
        try:
            await self._hand_over(life, task, Start(task_id, log_limit_bytes), write_fd, log_fd)
            status = await _outlived(ended, following)
            return Ending(status, last[-1] if last else None)
        finally:
            life.tasks.pop(task_id, None)
            following.cancel()
            await asyncio.wait({following})
            transport.close()

    async def call(
        self, function: str, *, timeout_s: float = CALL_TIMEOUT_S, **arguments: object
    ) -> msgspec.Raw:
        """Run one function of the allow-list in a child of its own; return its answer as JSON.

        Raises: what the function raised; Busy (took too long), InternalError.
        """
        answers: list[msgspec.Raw] = []

        def on_line(line: Line) -> None:
            if isinstance(line, AnswerLine):
                answers.append(line.value)

        ending = await self._call(CallTask(function, arguments), timeout_s, on_line)
        if ending.line and ending.line.error:
            raise RemoteError(ending.line.error, ending.line.status)
        if not answers or ending.status != 0:
            raise InternalError(
                f"hubgrade's helper process ended unexpectedly (status {ending.status}).",
                "Try again; if it happens again, look into the server's log.",
            )
        return answers[-1]

    async def _call(self, task: CallTask, timeout_s: float, on_line: Callable[[Line], None]) -> Ending:
        task_id = f"call-{secrets.token_hex(6)}"
        log_fd = os.memfd_create("hubgrade-call-log", os.MFD_CLOEXEC)
        os.set_blocking(log_fd, False)
        try:
            async with asyncio.timeout(timeout_s):
                ending = await self.run(
                    task, log_fd=log_fd, log_limit_bytes=CALL_LOG_BYTES, task_id=task_id, on_line=on_line
                )
            if ending.line is None or ending.line.state == "failed":
                log.warning("%s: %s", task.function, os.pread(log_fd, 1 << 14, 0).decode(errors="replace"))
            return ending
        except TimeoutError:
            await self.stop_task(task_id, 0.5)
            raise Busy(
                f"hubgrade waited {timeout_s:.0f} s for an answer about the course and gave up.",
                "The file system may be slow; try again in a moment.",
            ) from None
        except ZygoteDied:
            raise InternalError("hubgrade's helper process was ended from outside.", "Try again.") from None
        finally:
            os.close(log_fd)

    async def stop_task(self, task_id: str, grace_s: float) -> None:
        """Ask a task to stop; after `grace_s` it is killed with all it started. Unknown ones are ignored."""
        if self._life is not None:
            with contextlib.suppress(OSError):
                await _send(self._life.channel, Stop(task_id, grace_s), [])

    async def close(self) -> None:
        """End the zygote with every task; returns when they are gone."""
        self._closed = True
        life = self._life
        if life is None:
            return
        life.process.terminate()
        deadline = asyncio.get_running_loop().time() + FAREWELL_S
        while life.process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                life.process.kill()
            await asyncio.sleep(0.02)
        self._bury(life)

    async def _living(self) -> _Life:
        async with self._starting:
            if self._closed:
                raise Busy("The server is stopping.", "Try again when it is back.")
            if self._life is None:
                try:
                    self._life = _spawn(self.verbs, self.niceness)
                except OSError as error:
                    raise InternalError(
                        f"hubgrade's helper process cannot be started: {error.strerror or error}.",
                        "The machine may be short of memory, processes or open files; free some.",
                    ) from error
                asyncio.get_running_loop().add_reader(self._life.channel, self._hear, self._life)
            life = self._life
        try:
            await asyncio.wait_for(asyncio.shield(life.ready), START_TIMEOUT_S)
        except (ZygoteDied, TimeoutError):
            raise InternalError(
                "hubgrade's helper process, which runs nbgrader, cannot start.",
                "Look into the server's log: nbgrader may not be importable in this environment.",
            ) from None
        return life

    async def _hand_over(self, life: _Life, task: Task, order: Start, pipe_fd: int, log_fd: int) -> None:
        """Send the task to the zygote; closes `pipe_fd`, the child's end of the pipe. Raises: ZygoteDied."""
        task_fd = os.memfd_create("hubgrade-task", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(task_fd), "wb") as file:
                file.write(encode(task))
            os.lseek(task_fd, 0, os.SEEK_SET)
            await _send(life.channel, order, [task_fd, pipe_fd, log_fd])
        except OSError as error:
            raise ZygoteDied from error
        finally:
            os.close(task_fd)
            os.close(pipe_fd)

    def _hear(self, life: _Life) -> None:
        try:
            message = life.channel.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._bury(life)
            return
        news = decode_from_zygote(message)
        if isinstance(news, Ready):
            if not life.ready.done():
                life.ready.set_result(None)
            return
        running = life.tasks.get(news.task_id)
        if running is None:
            return
        if isinstance(news, Started):
            running.on_start(news.pid)
        elif isinstance(news, Ended) and not running.ended.done():
            running.ended.set_result(news.status)

    def _bury(self, life: _Life) -> None:
        """Forget a zygote that is gone, and tell those who wait for it."""
        if life.channel.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(life.channel)
        life.channel.close()
        if self._life is life:
            self._life = None
        # its end of the channel closed: it is ending, if it has not already
        with contextlib.suppress(subprocess.TimeoutExpired):
            life.process.wait(1)
        if not life.ready.done():
            life.ready.set_exception(ZygoteDied())
            life.ready.exception()
        for running in life.tasks.values():
            if not running.ended.done():
                running.ended.set_exception(ZygoteDied())


def _spawn(verbs: str, niceness: int) -> _Life:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with theirs:
        process = subprocess.Popen(
            [
                sys.executable, "-P", "-m", "hubgrade_ext.jobs.zygote",
                f"--socket={theirs.fileno()}", f"--nice={niceness}", f"--verbs={verbs}",
            ],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=worker_environment(os.environ),
            start_new_session=True,
        )  # fmt: skip
    return _Life(process, ours, asyncio.get_running_loop().create_future())


async def _send(channel: socket.socket, message: ToZygote, fds: list[int]) -> None:
    while True:
        try:
            socket.send_fds(channel, [encode(message)], fds)
        except BlockingIOError:
            await asyncio.sleep(0.02)
        else:
            return


async def _reader(read_fd: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb", buffering=0)
    )
    return reader, transport


async def _outlived(ended: asyncio.Future[int], following: asyncio.Task[None]) -> int:
    """Wait for a child's end, then for what it still said; return its status. Raises: ZygoteDied."""
    try:
        status = await ended
    except ZygoteDied:
        # the child was told to stop by its parent's death; what it still says is worth having
        await asyncio.wait({following}, timeout=ORPHAN_PATIENCE_S)
        raise
    # what the child wrote before its end is in the pipe; nobody is left to hold it open
    await asyncio.wait({following}, timeout=PIPE_PATIENCE_S)
    return status


async def _follow(reader: asyncio.StreamReader, take: Callable[[Line], None]) -> None:
    while line := await reader.readline():
        try:
            take(decode_line(line))
        except msgspec.MsgspecError:
            # only hubgrade's own worker has the other end; a line cut by its death is no message
            log.warning("A line of %d bytes from a worker was no message.", len(line))
