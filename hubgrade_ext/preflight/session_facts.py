"""The session itself: its home, its limits, its environment, what is installed in it."""

from __future__ import annotations

import json
import os
import resource
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_core.paths import (
    jupyter_config_dir,
    jupyter_config_path,
    jupyter_data_dir,
    jupyter_path,
    jupyter_runtime_dir,
)
from msgspec import Struct

from hubgrade_ext.preflight.folder_facts import FolderFacts, SpaceFacts, look_at, measure_space

# JPY_API_TOKEN is none of them: JupyterHub 5 and 6 still give each server its own token under that name too
SECRETS = ("CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_CRYPT_KEY")
FRONT_END = "hubgrade-ext"
NBGRADER_FRONT_END = "@jupyter/nbgrader"


class SessionFacts(Struct, frozen=True):
    """This session; sizes are None where they cannot be told.

    `secrets` are names of variables, never their values. `memory_bytes` is what
    may still be had: the machine's, or less where the session's group has less.
    """

    home: FolderFacts
    home_space: SpaceFacts | None
    tmp: FolderFacts
    tmp_space: SpaceFacts | None
    jupyter_folders: list[FolderFacts]
    umask: int | None
    secrets: list[str]
    memory_bytes: int | None
    open_files: int
    processes: int
    file_size: int
    uid: int


class InstalledFacts(Struct, frozen=True):
    """Versions of both ends; None where there is none. `disabled` are front ends that are switched off."""

    nbgrader: str | None
    back_end: str | None
    front_end: str | None
    nbgrader_front_end: str | None
    disabled: list[str]


def gather_session() -> SessionFacts:
    """Return the facts of this session."""
    home = look_at(str(Path.home()))
    tmp = look_at(tempfile.gettempdir())
    return SessionFacts(
        home=home,
        home_space=_space(home),
        tmp=tmp,
        tmp_space=_space(tmp),
        jupyter_folders=[look_at(f()) for f in (jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir)],
        umask=_umask(),
        secrets=[name for name in SECRETS if os.environ.get(name)],
        memory_bytes=_memory(),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        processes=resource.getrlimit(resource.RLIMIT_NPROC)[0],
        file_size=resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        uid=os.getuid(),
    )


def gather_installed() -> InstalledFacts:
    """Return what is installed where this session finds it."""
    folders = [Path(place) / "labextensions" for place in jupyter_path()]
    return InstalledFacts(
        nbgrader=_version("nbgrader"),
        back_end=_version("hubgrade-ext"),
        front_end=_front_end(folders, FRONT_END),
        nbgrader_front_end=_front_end(folders, NBGRADER_FRONT_END),
        disabled=_disabled(),
    )


def _space(folder: FolderFacts) -> SpaceFacts | None:
    return measure_space(folder.path) if folder.kind == "folder" else None


def _umask() -> int | None:
    # os.umask() would change it for a moment, and with it the files of other threads
    with suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    return None


def _memory() -> int | None:
    found = [value for value in (_memory_of_machine(), _memory_of_group()) if value is not None]
    return min(found, default=None)


def _memory_of_machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(text.partition("MemAvailable:")[2].split()[0]) * 1024
    return None


def _memory_of_group() -> int | None:
    """Return what a control group leaves; Source: Linux cgroup v2, memory.max and memory.current."""
    with suppress(OSError, ValueError, IndexError):
        below = Path("/proc/self/cgroup").read_text(encoding="ascii").strip().rpartition("::")[2]
        group = Path("/sys/fs/cgroup") / below.lstrip("/")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            return int(limit) - int((group / "memory.current").read_text(encoding="ascii"))
    return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _front_end(folders: list[Path], name: str) -> str | None:
    """Return the version of the front end that the browser gets: the first on Jupyter's path."""
    for folder in folders:
        with suppress(OSError, ValueError):
            found = json.loads((folder / name / "package.json").read_text(encoding="utf-8"))
            return str(found["version"]) if isinstance(found, dict) and "version" in found else None
    return None


def _disabled() -> list[str]:
    """Return which of both front ends, or parts of them, a page_config.json switches off.

    Source: jupyterlab_server 2.28 `config.get_page_config`: any level may disable.
    """
    found: set[str] = set()
    for place in map(Path, jupyter_config_path()):
        with suppress(OSError, ValueError):
            page = json.loads((place / "labconfig" / "page_config.json").read_text(encoding="utf-8"))
            switched = page.get("disabledExtensions", {}) if isinstance(page, dict) else {}
            names = [n for n, off in switched.items() if off] if isinstance(switched, dict) else switched
            found.update(
                n for n in names if isinstance(n, str) and n.startswith((FRONT_END, NBGRADER_FRONT_END))
            )
    return sorted(found)
