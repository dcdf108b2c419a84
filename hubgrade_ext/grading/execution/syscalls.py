"""Linux system calls that the standard library lacks, as functions that raise OSError."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from contextlib import suppress

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MNT_DETACH = 2
# Numbers from 424 on are the same on every architecture.
_SYS_MOUNT_SETATTR = 442
_SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}

_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_PDEATHSIG = 1
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(what: str, number: int, *args: object) -> int:
    """Make the system call with this number; `what` names it in the error."""
    return _checked(_libc.syscall(ctypes.c_long(number), *args), what)


def _prctl(option: int, first: int = 0, second: int = 0) -> int:
    unsigned = ctypes.c_ulong
    return _checked(
        _libc.prctl(ctypes.c_int(option), unsigned(first), unsigned(second), unsigned(0), unsigned(0)),
        "prctl",
    )


def unshare(flags: int) -> None:
    """Move this process into new namespaces (a pid namespace: its children)."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """Mount; errors name the target."""
    _checked(
        _libc.mount(
            source.encode(),
            os.fsencode(target),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        f"mount {target}",
    )


def bind(source: str, target: str, *, read_only: bool = False) -> None:
    """Make `source` (with what is mounted below it) appear at `target`, which must exist."""
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        set_mount_attributes(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, recursive=True)


def set_mount_attributes(target: str, attributes: int, *, recursive: bool = False) -> None:
    """Add attributes to a mount, leaving the others as they are (Linux 5.12)."""
    attr = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    syscall(
        f"mount_setattr {target}",
        _SYS_MOUNT_SETATTR,
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
        attr,
        ctypes.c_size_t(32),
    )


def unmount(target: str) -> None:
    """Take the mount away now, and free it when its last user is gone."""
    _checked(_libc.umount2(os.fsencode(target), _MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, old_root: str) -> None:
    """Make `new_root` this mount namespace's root and put the old one at `old_root` below it."""
    _checked(_libc.pivot_root(os.fsencode(new_root), os.fsencode(old_root)), "pivot_root")


def become_subreaper() -> None:
    """Become the parent of descendants whose own parent ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Get this signal when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def forbid_new_privileges() -> None:
    """Make setuid programs powerless in this process and those it starts."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability, for programs started later too."""
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            break
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(header, nothing), "capset")


def leave_keyring() -> None:
    """Take a new session keyring, so that Kerberos tickets kept in the old one are out of reach.

    Where the call is forbidden, so is the use of keyrings.
    """
    number = _SYS_KEYCTL.get(platform.machine())
    if number is not None:
        join_session_keyring = 1
        with suppress(OSError):
            syscall("keyctl", number, ctypes.c_int(join_session_keyring), None, None, None, None)


def raise_loopback() -> None:
    """Bring up `lo` in this network namespace, so that programs can talk to themselves."""
    siocgifflags, siocsifflags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(sock, siocgifflags, request))[1]
        fcntl.ioctl(sock, siocsifflags, struct.pack("16sH14s", b"lo", flags | up, b""))
