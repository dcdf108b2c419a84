"""System calls that no notebook needs, and by which student code would get round a limit or a wall.

Refused: memory that belongs to no process and no file (memfd_create, memfd_secret), resources that are
counted for the whole machine or by nobody (io_setup, io_uring_setup, userfaultfd, fanotify_init, System V's
semaphores and message queues; Python's own are others), the user's keyrings,
limits of other processes (prlimit64 with a pid), and sockets to the host of a virtual machine (AF_VSOCK),
which have no namespace. Programs that try them go on without: they hear that this system has no such call.

A classic BPF program, made here: libseccomp's Python binding comes with the distribution's Python only.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from typing import NamedTuple

from hubgrade_ext.grading.execution.syscalls import syscall


class _Machine(NamedTuple):
    """An architecture's mark, and its numbers of the calls that are treated."""

    audit: int
    seccomp: int
    refused: tuple[int, ...]
    prlimit64: int
    socket: int


# from 424 on, numbers are the same on every architecture; source: Linux 6.18 `syscall_64.tbl`, `unistd.h`
_EVERYWHERE = (425, 447)  # io_uring_setup, memfd_secret
# memfd_create, io_setup, userfaultfd, fanotify_init, add_key, request_key, keyctl, semget, msgget
_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, (319, 206, 323, 300, 248, 249, 250, 64, 68, *_EVERYWHERE), 302, 41),
    "aarch64": _Machine(0xC00000B7, 277, (279, 0, 282, 262, 217, 218, 219, 190, 186, *_EVERYWHERE), 261, 198),
}
_AF_VSOCK = 40
_SET_MODE_FILTER = 1
# without it, older kernels slow the process down against an attack that is not meant here
_SPEC_ALLOW = 1 << 2
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def program() -> bytes:
    """Return the filter as `struct sock_filter`s; empty on an architecture that is not known."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return b""
    no_such_call = _step(_RETURN, _ERRNO | errno.ENOSYS)
    steps = [
        _step(_LOAD, _ARCH),
        # calls of another architecture have other numbers
        _step(_EQUAL, machine.audit, on_true=1),
        no_such_call,
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32, on_false=1),
        no_such_call,
    ]
    for number in machine.refused:
        steps += [_step(_EQUAL, number, on_false=1), no_such_call]
    steps += [
        _step(_EQUAL, machine.prlimit64, on_false=3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, 0, on_true=4),
        _step(_RETURN, _ERRNO | errno.EPERM),
        _step(_EQUAL, machine.socket, on_false=2),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, _AF_VSOCK, on_true=1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT),
    ]
    return b"".join(steps)


def confine() -> None:
    """Refuse these calls to this thread and all that it starts; after `forbid_new_privileges`."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    steps = program()
    filled = _Program(len(steps) // len(_step(0, 0)), steps)
    syscall(
        "seccomp",
        machine.seccomp,
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(_SPEC_ALLOW),
        ctypes.byref(filled),
    )


def _step(code: int, value: int, *, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, on_true, on_false, value)
