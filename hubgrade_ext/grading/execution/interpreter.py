"""Turn a fork of the warm process into an IPython kernel that looks freshly started.

What a fork cannot give: `PYTHONHASHSEED` is drawn once a zygote, so sets of strings have the same order in
all kernels of one zygote (and another in the next); what a preloaded module draws from the system as it is
imported, but for a `random.Random`, is the same in all; and thread counts of numerical libraries are read
when those are imported.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hubgrade_ext.grading.execution.protocol import StartKernel

# What a kernel imports until it has run its first cell; those that a version does not have are passed over.
WARM_MODULES = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.displayhook",
    "ipykernel.zmqshell", "ipykernel.compiler", "ipykernel.subshell_manager", "IPython.core.completer",
    "IPython.core.completerlib", "IPython.core.historyapp", "IPython.core.interactiveshell",
    "IPython.core.logger", "IPython.core.magics", "IPython.core.oinspect", "IPython.core.pylabtools",
    "IPython.core.ultratb", "IPython.extensions.storemagic", "IPython.lib.pretty",
    "IPython.utils.wildcard", "comm", "faulthandler", 
    "multiprocessing.process", "pdb", "pexpect", "resource", "sqlite3", "tempfile",
    "tornado.platform.asyncio", "traceback", "uuid",
)  # fmt: skip

_by_chance: list[random.Random] = []


@contextmanager
def shell_watched() -> Iterator[list[bool]]:
    """Give a list that is empty as long as nobody has asked for IPython's shell."""
    from IPython.core.interactiveshell import InteractiveShell

    asked: list[bool] = []

    def note(cls: type) -> bool:
        asked.append(True)
        return False

    # What it hides is inherited, so taking it away again is enough.
    setattr(InteractiveShell, "initialized", classmethod(note))  # noqa: B010  mypy takes it for a mistake
    try:
        yield asked
    finally:
        del InteractiveShell.initialized


@contextmanager
def seeds_watched() -> Iterator[None]:
    """Note which generators are seeded by chance meanwhile: each fork does it anew. Chosen seeds stay."""
    seed = random.Random.seed

    def note(self: random.Random, a: Any = None, *more: Any, **named: Any) -> None:
        seed(self, a, *more, **named)
        _by_chance[:] = [one for one in _by_chance if one is not self]
        if a is None:
            _by_chance.append(self)

    setattr(random.Random, "seed", note)  # noqa: B010  mypy takes it for a mistake
    try:
        yield
    finally:
        setattr(random.Random, "seed", seed)  # noqa: B010


def set_environment(env: Mapping[str, str]) -> None:
    """Replace the environment, and what the C library read from it."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()


def renew_random_state() -> None:
    """Draw anew what an interpreter draws once: no two kernels share it."""
    random.seed()
    for generator in _by_chance:
        generator.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]
        # It tells forks apart by their pid, which in a pid namespace is the same.
        sys.modules["tempfile"]._name_sequence = None  # type: ignore[attr-defined]
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    if "uuid" in sys.modules:
        sys.modules["uuid"]._last_timestamp = None  # type: ignore[attr-defined]


def has_direct_kernel() -> bool:
    """Say whether the installed ipykernel is one that `direct_kernel` knows."""
    from ipykernel import _version

    return _version.__version__.partition(".")[0] == "7"


def set_arguments(connection_file: str, extra_arguments: Sequence[str]) -> list[str]:
    """Make `sys.argv` that of a kernel; return its arguments."""
    import ipykernel

    launcher = Path(ipykernel.__file__).parent.parent / "ipykernel_launcher.py"
    arguments = ["-f", connection_file, *extra_arguments]
    sys.argv = [str(launcher), *arguments]
    return arguments


def run_kernel(start: StartKernel, connection_file: str, ready: int) -> None:
    """Be the kernel until it is told to end; write a byte to `ready` when its sockets are open."""
    from ipykernel.kernelapp import IPKernelApp

    arguments = set_arguments(connection_file, start.extra_arguments)
    app = IPKernelApp.instance()
    app.initialize(arguments)  # type: ignore[no-untyped-call]
    os.write(ready, b"r")
    os.close(ready)
    app.start()  # type: ignore[no-untyped-call]
