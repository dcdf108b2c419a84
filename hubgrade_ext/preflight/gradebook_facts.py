"""What the gradebook is, learned without opening it in this process.

stat, access ──────────────┐
/proc/locks, twice ────────┼─► GradebookFacts
child: gradebook_probe ────┘   (mode=ro, half a second of patience)
a database server: server_probe alone
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from hubgrade_ext.core.secrets_masked import mask_urls

PROBE_S = 1.6
SAMPLE_GAP_S = 0.25
# SQLite's lock bytes: PENDING, RESERVED, then 510 of SHARED
# Source: sqlite3 os.h PENDING_BYTE
PENDING_BYTE = 0x40000000


class Probe(Struct, frozen=True):
    """What the child saw: `problem` is one of ok, locked, hot_journal, corrupt, unreadable, timeout.

    `versions` are the rows of alembic_version; None when that table is missing.
    `writable` says whether a database server would let this role write; `students`
    are None where they were not asked for. `wal`: SQLite's mode in which the newest changes are in a file
    of their own. `complete`: the tables have what the
    newest schema added, for a gradebook without a version may be of any age.
    """

    problem: str
    detail: str = ""
    has_tables: bool = False
    versions: list[str] | None = None
    empty: bool = False
    writable: bool = True
    complete: bool = False
    wal: bool = False
    students: list[str] | None = None


class GradebookFacts(Struct, frozen=True):
    """The gradebook's file; `path` is None when it is in a database server, whose address is `server`.

    Of a server only `empty`, `probe`, `head` and `known` mean something.

    `locked_by` is the process that held a writing lock for a quarter of a
    second, as `pid 12 (name)`; `head` is nbgrader's newest schema version,
    `known` all of them.
    """

    path: str | None
    exists: bool = False
    empty: bool = False
    readable: bool = False
    writable: bool = False
    folder_writable: bool = False
    locked_by: str | None = None
    probe: Probe | None = None
    head: str = ""
    known: list[str] = []
    server: str = ""

    @property
    def name(self) -> str:
        """Name the gradebook in a sentence."""
        return self.path or self.server


def gather_gradebook(db_url: str) -> GradebookFacts:
    """Return the facts of the gradebook at `db_url`; never creates it."""
    path = sqlite_path(db_url)
    if path is None:
        return _gather_server(db_url)
    folder_writable = os.access(Path(path).parent, os.W_OK | os.X_OK)
    if not Path(path).exists():
        return GradebookFacts(path, folder_writable=folder_writable)
    readable = os.access(path, os.R_OK)
    head, known = schema_versions()
    return GradebookFacts(
        path,
        exists=True,
        empty=Path(path).stat().st_size == 0,
        readable=readable,
        writable=os.access(path, os.W_OK),
        folder_writable=folder_writable,
        locked_by=lock_holder(path),
        probe=ask_child(path) if readable else None,
        head=head,
        known=known,
    )


def _gather_server(db_url: str) -> GradebookFacts:
    from hubgrade_ext.preflight.server_probe import probe_server

    head, known = schema_versions()
    probe = probe_server(db_url)
    return GradebookFacts(
        None, empty=probe.empty, probe=probe, head=head, known=known, server=mask_urls(db_url)
    )


def sqlite_path(db_url: str) -> str | None:
    """Return the absolute path of an SQLite URL's file, or None for any other database."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", db_url)
    return os.path.abspath(unquote(match[1])) if match else None


def ask_child(path: str) -> Probe:
    """Return what a short-lived child process reads from the database."""
    command = [sys.executable, "-P", "-m", "hubgrade_ext.preflight.gradebook_probe", path]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=PROBE_S, check=True)
    except subprocess.TimeoutExpired:
        return Probe("timeout")
    return msgspec.json.decode(answer.stdout, type=Probe)


def schema_versions(package: str = "nbgrader") -> tuple[str, list[str]]:
    """Return the newest schema version of an installed package, and all it knows, without importing it.

    Source: nbgrader 0.9.6 and JupyterHub 6.1, folder `alembic/versions`.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return "", []
    revisions: set[str] = set()
    parents: set[str] = set()
    for script in (Path(spec.origin).parent / "alembic" / "versions").glob("*.py"):
        text = script.read_text(encoding="utf-8")
        revisions.update(re.findall(r"^revision\s*=\s*['\"](\w+)['\"]", text, re.MULTILINE))
        parents.update(re.findall(r"^down_revision\s*=\s*['\"](\w+)['\"]", text, re.MULTILINE))
    heads = sorted(revisions - parents)
    return (heads[0] if heads else ""), sorted(revisions)


def lock_holder(path: str) -> str | None:
    """Return who keeps others from writing; None when nobody does for a quarter of a second."""
    first = _writers(path)
    if not first:
        return None
    time.sleep(SAMPLE_GAP_S)
    lasting = sorted(first & _writers(path))
    return f"process {lasting[0]} ({_command(lasting[0])})" if lasting else None


def _writers(path: str) -> set[int]:
    """Return the processes with a WRITE lock on SQLite's lock bytes of this file."""
    found = Path(path).stat()
    wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return set()
    pids = set()
    for line in lines:
        # 1: POSIX  ADVISORY  WRITE 4711 08:01:1234 1073741825 1073741825
        fields = line.split()
        if len(fields) < 8 or "->" in fields or fields[3] != "WRITE" or fields[5] != wanted:
            continue
        if int(fields[6]) >= PENDING_BYTE:
            pids.add(int(fields[4]))
    return pids


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "of another user"
    # arguments may carry secrets: the program's name is enough
    return Path(words[0].decode("utf-8", "replace")).name or "unknown"
