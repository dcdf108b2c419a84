"""Messages between the worker, the zygote and the supervisors: JSON, one a packet.

worker → zygote      Setup, then NewScratch (answered by Scratch and the folder's descriptor), DropScratch,
                     StartKernel (with one end of the control socket)
zygote → worker      Importing…, then Ready or Failed
worker → supervisor  Signal: b"I" interrupt, b"K" kill, b"W" tell how long the kernel waited for a CPU
supervisor → worker  Report: ready, busy, waited_s, at last ended
"""

from __future__ import annotations

import socket
from typing import Any, Literal

import msgspec

from hubgrade_ext.grading.execution.bundle import Level
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.reachable import Request

PACKET_BYTES = 1 << 18

INTERRUPT, KILL, WAITED = b"I", b"K", b"W"

Broken = Literal["memory", "cpu", "processes", "disk"]


class Setup(msgspec.Struct, tag=True, frozen=True):
    """Make the zygote: wall itself in, and import the kernel (`warm`) and `preload`.

    `arguments` are those of every direct kernel. With `env`, which all of them
    have, it is made here, once, and each fork is one already.
    """

    level: Level
    reach: Request
    preload: tuple[str, ...]
    warm: bool
    arguments: tuple[str, ...] = ()
    env: dict[str, str] | None = None


class NewScratch(msgspec.Struct, tag=True, frozen=True):
    """Make a scratch of this size."""

    name: str
    size_bytes: int


class DropScratch(msgspec.Struct, tag=True, frozen=True):
    """Free a scratch, whose sandboxes are gone."""

    path: str


class StartKernel(msgspec.Struct, tag=True, frozen=True):
    """Start a kernel; no `argv`: fork the warm one. `disk_bytes` None: the scratch limits itself.

    A `direct` one has its socket to the worker as the second descriptor.
    """

    scratch: str
    argv: tuple[str, ...]
    env: dict[str, str]
    extra_arguments: tuple[str, ...]
    limits: Limits
    cpu_left_s: float
    disk_bytes: int | None
    direct: bool = False


class Importing(msgspec.Struct, tag=True, frozen=True):
    """Say what is imported next; a zygote that ends now could not bear it."""

    module: str


class Ready(msgspec.Struct, tag=True, frozen=True):
    """Say that forks can be asked for, unless there is a module, `unfit`, that does not bear them.

    With `language_info`, kernels can be direct.
    """

    unfit: str = ""
    language_info: dict[str, Any] | None = None


class Failed(msgspec.Struct, tag=True, frozen=True):
    """Say why there will be no zygote, or no scratch."""

    why: str


class Scratch(msgspec.Struct, tag=True, frozen=True):
    """Answer with the scratch's path as the zygote sees it."""

    path: str


class Ended(msgspec.Struct, frozen=True):
    """Say how a sandbox ended, after the last of its processes is gone.

    `status` is the kernel's exit status, negative for a signal; `broken` the
    limit for which it was ended.
    """

    status: int
    broken: Broken | None = None
    cpu_s: float = 0.0


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tell the worker about one kernel; what is None has not changed."""

    ready: bool | None = None
    busy: bool | None = None
    waited_s: float | None = None
    ended: Ended | None = None


ToZygote = Setup | NewScratch | DropScratch | StartKernel
FromZygote = Importing | Ready | Failed | Scratch

to_zygote = msgspec.json.Decoder(ToZygote)
from_zygote = msgspec.json.Decoder(FromZygote)
reports = msgspec.json.Decoder(Report)


def send(sock: socket.socket, message: msgspec.Struct, *handles: int) -> None:
    """Send one packet, with file descriptors."""
    data = msgspec.json.encode(message)
    if handles:
        socket.send_fds(sock, [data], list(handles))
    else:
        sock.send(data)


def receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    """Wait for one packet; empty when the other side is gone."""
    data, handles, _, _ = socket.recv_fds(sock, PACKET_BYTES, 4)
    return data, handles
