"""Write a plan for a hub: whole files or none, backups of what they replace, no step through a user's link.

Root writes here, also into the folder of a course, whose account may try to lead it elsewhere by a link.
So every folder on the way is opened by itself; a link is followed only where root alone could have put it.
"""

from __future__ import annotations

import errno
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Conflict, Forbidden, HubgradeError
from hubgrade_ext.hub.setup.artifacts import Artifact, FileArtifact, FolderArtifact
from hubgrade_ext.hub.setup.plan import PlannedItem, on_disk, sets_owners

SYSUSERS_TIMEOUT_S = 30


class SetUpFailed(HubgradeError):
    """Something could not be written; what was written before stays, and the next run goes on."""

    code = "set_up_failed"


class Written(Struct, frozen=True):
    """What was written, and where the replaced files are kept (empty when none was)."""

    paths: list[str]
    backup: str = ""


def write_plan(artifacts: list[Artifact], items: list[PlannedItem], keep: str, prefix: Path) -> Written:
    """Write what the plan wants to create, change or adjust; `keep` is the folder for backups.

    Raises: Conflict when a file of somebody else is in the way, before anything is written;
    Forbidden without root's rights; SetUpFailed.
    """
    refused = [item for item in items if item.action == "refuse"]
    if refused:
        raise Conflict(f"{refused[0].path}: {refused[0].reason}.", "Nothing was written.")
    if os.geteuid() != 0 and prefix == Path("/"):
        wanted = [item.path for item in items if item.action != "none"]
        raise Forbidden(
            f"Only root may write {', '.join(wanted[:4])}{' …' if len(wanted) > 4 else ''}.",
            "Run the command with sudo, or look at the files below a folder of yours with --root DIR.",
        )
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    backup = f"{keep}/{stamp}"
    todo = {item.path: item.action for item in items if item.action in ("create", "change", "adjust")}
    written: list[str] = []
    for artifact in artifacts:
        if artifact.path not in todo:
            continue
        with plain_errors(f"write {artifact.path}", Path(artifact.path).parent, SetUpFailed):
            if todo[artifact.path] == "change":
                _back_up(artifact.path, backup, prefix)
            _write(artifact, todo[artifact.path], prefix)
        written.append(artifact.path)
    return Written(written, backup if "change" in todo.values() else "")


def make_accounts(accounts_file: str) -> None:
    """Make the courses' accounts from the list that was just written.

    Raises: Conflict, SetUpFailed.
    """
    program = shutil.which("systemd-sysusers")
    if program is None:
        raise Conflict(
            "systemd-sysusers is not on this machine.",
            f"Make the accounts that {accounts_file} lists with useradd, then run this again.",
        )
    command = [program, accounts_file]
    by_hand = f"Make the accounts that {accounts_file} lists with useradd, then run this again."
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SYSUSERS_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SetUpFailed(
            f"systemd-sysusers did not end within {SYSUSERS_TIMEOUT_S} seconds"
            " (does it wait for another program that changes /etc/passwd?).",
            by_hand,
        ) from error
    except OSError as error:
        raise SetUpFailed(f"systemd-sysusers cannot be run: {error.strerror}.", by_hand) from error
    if done.returncode:
        raise SetUpFailed(
            f"systemd-sysusers could not make the accounts: {done.stderr.strip()[:300]}", by_hand
        )


def _write(artifact: Artifact, action: str, prefix: Path) -> None:
    path, owners = on_disk(artifact.path, prefix), sets_owners(prefix)
    with _folder_of(path, prefix) as folder:
        if isinstance(artifact, FolderArtifact):
            _make_folder(folder, path.name, artifact, owners)
        elif action == "adjust":
            with _opened(path.name, os.O_RDONLY | os.O_NOFOLLOW, folder) as file:
                _own(file, artifact, owners)
        else:
            _make_file(folder, path.name, artifact, owners)


def _make_folder(parent: int, name: str, artifact: FolderArtifact, owners: bool) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    with _opened(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, parent) as folder:
        _own(folder, artifact, owners)


def _make_file(parent: int, name: str, artifact: FileArtifact, owners: bool) -> None:
    """Write beside and rename; what is renamed away is never opened, so a link there leads nowhere."""
    text = artifact.text
    if artifact.policy == "secret":
        text = f"CONFIGPROXY_AUTH_TOKEN={secrets.token_hex(32)}\n"
    beside = f".{name}.hubgrade-{secrets.token_hex(6)}"
    try:
        with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, parent) as file:
            _write_all(file, text.encode())
            _own(file, artifact, owners)
            os.fsync(file)
        os.rename(beside, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=parent)
        raise
    os.fsync(parent)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _own(descriptor: int, artifact: Artifact, owners: bool) -> None:
    if owners:
        account = pwd.getpwnam(artifact.owner)
        os.fchown(descriptor, account.pw_uid, account.pw_gid)
    # after the owner: a change of owner takes away special bits
    os.fchmod(descriptor, artifact.mode)


def _back_up(path: str, backup: str, prefix: Path) -> None:
    kept = on_disk(f"{backup}{path}", prefix)
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(on_disk(path, prefix), kept, follow_symlinks=False)
    kept.chmod(0o600)


@contextmanager
def _opened(name: str, flags: int, parent: int) -> Iterator[int]:
    descriptor = os.open(name, flags | os.O_CLOEXEC, 0o600, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _folder_of(path: Path, prefix: Path) -> Iterator[int]:
    """Give the open folder that holds `path`, made where it is missing.

    Raises: Conflict when a link stands on the way that somebody else may have put there.
    """
    current = os.open(prefix, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in path.parent.relative_to(prefix).parts:
            deeper = _step(current, name, path)
            os.close(current)
            current = deeper
        yield current
    finally:
        os.close(current)


def _step(parent: int, name: str, path: Path) -> int:
    """Open the next folder on the way to `path`; a new one lets everybody pass, whatever root's umask is."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
        is_new = True
    except FileExistsError:
        is_new = False
    try:
        folder = os.open(name, flags | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as fault:
        if fault.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
    else:
        if is_new:
            os.fchmod(folder, 0o755)
        return folder
    found = os.fstat(parent)
    if found.st_uid not in (0, os.geteuid()) or stat.S_IMODE(found.st_mode) & 0o022:
        raise Conflict(
            f"On the way to {path}, “{name}” is a link in a folder that others can write.",
            "Name the real folder in the settings.",
        )
    return os.open(name, flags, dir_fd=parent)
