"""The file system that student code sees: an empty root with what is reachable mounted into it read-only.

/usr /lib … interpreter, libraries, kernels   read-only, as on this machine
/etc                                          a few entries; passwd and group are made up
/dev                                          null zero full random urandom; own pts and shm
/proc                                         of the sandbox's own processes
/grading/{work,home,tmp,run} /tmp /dev/shm    the bundle's scratch, of limited size
/scratch                                      the zygote's only: every bundle's scratch
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hubgrade_ext.grading.execution import syscalls
from hubgrade_ext.grading.execution.limits import kernel_release
from hubgrade_ext.grading.execution.reachable import ETC, Reach, holds

SCRATCHES = "/scratch"
# folder of a scratch -> where kernels see it
PLACES = {
    "work": "/grading/work",
    "home": "/grading/home",
    "tmp": "/grading/tmp",
    "run": "/grading/run",
    "shm": "/dev/shm",
}
DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "fd/0",
    "stdout": "fd/1",
    "stderr": "fd/2",
    "ptmx": "pts/ptmx",
}
_TMP = "/tmp"
_OLD = "/oldroot"
_SMALLEST_PID_MAX = 301
_MOST_TERMINALS = 32
_MOST_INOTIFY = 16
PROC_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")


def build_root(reach: Reach) -> None:
    """Replace this process's root; it must be alone in a new mount namespace, with all rights in it."""
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", _TMP, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=0755")
    Path(_TMP + _OLD).mkdir()
    syscalls.pivot_root(_TMP, _TMP + _OLD)
    os.chdir("/")
    for path in reach.folders:
        _bind_from_old(path)
    for link, target in reach.links.items():
        Path(link).parent.mkdir(parents=True, exist_ok=True)
        Path(link).symlink_to(target)
    _hide(reach)
    _fill_etc()
    _fill_dev()
    for place in (*PLACES.values(), SCRATCHES, _TMP, "/proc"):
        Path(place).mkdir(parents=True, exist_ok=True)
    # Fresh ones can only be mounted where one is to be seen already.
    syscalls.bind(_OLD + "/proc", "/proc")
    syscalls.unmount(_OLD)
    Path(_OLD).rmdir()


def _bind_from_old(path: str, *, read_only: bool = True) -> None:
    source, target = _OLD + path, Path(path)
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.bind(source, path, read_only=read_only)


def _hide(reach: Reach) -> None:
    for path in reach.hidden:
        if Path(path).is_dir():
            syscalls.mount(
                "tmpfs", path, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=64k,mode=0755"
            )
            for inner in reach.inner:
                if holds(path, inner):
                    _bind_from_old(inner)
            syscalls.set_mount_attributes(path, syscalls.MOUNT_ATTR_RDONLY)
        else:
            syscalls.bind(_OLD + "/dev/null", path, read_only=True)


def _fill_etc() -> None:
    for name in ETC:
        path = f"/etc/{name}"
        source = _OLD + path
        if not os.path.lexists(source):
            continue
        if Path(source).is_dir() and not Path(source).is_symlink():
            _bind_from_old(path)
            continue
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not Path(source).is_symlink():
            # Copied, not bound: every mount here is one more to copy for each kernel.
            _copy(source, path)
            continue
        # Where a link leads may lie outside of what is shown: /run/systemd's resolv.conf, for one.
        target = str(Path(source).readlink())
        real = os.path.normpath(Path(path).parent / target)
        if Path(real).exists():
            Path(path).symlink_to(target)
        else:
            _copy(_OLD + real, path)
    write_accounts(Path("/etc"))


def _copy(source: str, path: str) -> None:
    with suppress(OSError):
        Path(path).write_bytes(Path(source).read_bytes())


def write_accounts(folder: Path) -> None:
    """Write a passwd and a group that know this user, as `student`, and nobody else."""
    uid, gid = os.getuid(), os.getgid()
    home = PLACES["home"]
    (folder / "passwd").write_text(
        f"student:x:{uid}:{gid}:student:{home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    )
    (folder / "group").write_text(f"student:x:{gid}:\nnogroup:x:65534:\n")


def _fill_dev() -> None:
    Path("/dev/pts").mkdir(parents=True)
    for name in DEVICES:
        _bind_from_old("/dev/" + name, read_only=False)
    for name, target in DEVICE_LINKS.items():
        Path("/dev", name).symlink_to(target)


def make_scratch(name: str, size_bytes: int) -> str:
    """Mount a folder of limited size with the places of PLACES in it; return its path."""
    path = f"{SCRATCHES}/{name}"
    Path(path).mkdir()
    options = f"mode=0700,size={size_bytes},nr_inodes=100000"
    syscalls.mount("tmpfs", path, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)
    make_places(path)
    return path


def make_places(scratch: str) -> None:
    """Make the folders of PLACES in a scratch."""
    for name in PLACES:
        Path(scratch, name).mkdir(mode=0o700)


def drop_scratch(path: str) -> None:
    """Free a scratch."""
    syscalls.unmount(path)
    Path(path).rmdir()


def furnish(scratch: str, processes: int) -> None:
    """Give a sandbox its own folders, processes and terminals; run as its first process."""
    for name, place in PLACES.items():
        syscalls.bind(f"{scratch}/{name}", place)
    # Not empty when the interpreter itself lies in it; then TMPDIR has to do.
    if not any(Path(_TMP).iterdir()):
        syscalls.bind(f"{scratch}/tmp", _TMP)
    no_set_id = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", SCRATCHES, "tmpfs", no_set_id, "size=4k,mode=0555")
    syscalls.mount("proc", "/proc", "proc", no_set_id | syscalls.MS_NOEXEC)
    syscalls.mount(
        "devpts",
        "/dev/pts",
        "devpts",
        syscalls.MS_NOSUID,
        f"newinstance,ptmxmode=0666,mode=0620,max={_MOST_TERMINALS}",
    )
    _lower("/proc/sys/user/max_user_namespaces", 0)
    _lower("/proc/sys/user/max_inotify_instances", _MOST_INOTIFY)
    # A pid namespace's own since Linux 6.14. Before, it is the whole machine's: leave it alone.
    if kernel_release() >= (6, 14):
        _lower("/proc/sys/kernel/pid_max", max(processes + 10, _SMALLEST_PID_MAX))
    for name in PROC_READ_ONLY:
        if Path(f"/proc/{name}").exists():
            syscalls.bind(f"/proc/{name}", f"/proc/{name}", read_only=True)
    syscalls.set_mount_attributes(SCRATCHES, syscalls.MOUNT_ATTR_RDONLY)
    syscalls.set_mount_attributes("/", syscalls.MOUNT_ATTR_RDONLY)


def _lower(setting: str, value: int) -> None:
    with suppress(OSError):
        Path(setting).write_text(str(value))
