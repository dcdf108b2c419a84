"""The process that kernels are forked from: walled in first, then warmed with imports, never with a thread.

`kernel_server` runs it as `python -c "…; main(FD)"` in an environment built from nothing.
"""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hubgrade_ext.grading.execution import syscalls
from hubgrade_ext.grading.execution.bubblewrap import bubblewrap_command
from hubgrade_ext.grading.execution.confinement import (
    close_files,
    confine_kernel,
    enter_namespaces,
    first_in_line_for_memory,
)
from hubgrade_ext.grading.execution.interpreter import (
    WARM_MODULES,
    has_direct_kernel,
    renew_random_state,
    run_kernel,
    seeds_watched,
    set_arguments,
    set_environment,
    shell_watched,
)
from hubgrade_ext.grading.execution.limits import restrict_this_process
from hubgrade_ext.grading.execution.private_root import (
    PLACES,
    build_root,
    drop_scratch,
    furnish,
    make_places,
    make_scratch,
    write_accounts,
)
from hubgrade_ext.grading.execution.protocol import (
    DropScratch,
    Failed,
    Importing,
    NewScratch,
    Ready,
    Scratch,
    Setup,
    StartKernel,
    receive,
    send,
    to_zygote,
)
from hubgrade_ext.grading.execution.reachable import Reach, compute_reach
from hubgrade_ext.grading.execution.supervisor import Supervisor, prepare_supervisor

if TYPE_CHECKING:
    from hubgrade_ext.grading.execution.direct_kernel import DirectKernelApp

_SANDBOX = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
)  # and a user namespace


_NICE = 5


@dataclass(frozen=True)
class Kernel:
    """What a new kernel is told: its request, the file to write to when ready, the socket of a direct one."""

    request: StartKernel
    ready: int
    channel: int | None = None


class Zygote:
    """Serve one worker over a socket until that closes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.walled = False
        self.bubblewrapped: Reach | None = None
        self.scratches: set[str] = set()
        self.kernel_app: DirectKernelApp | None = None

    def prepare(self) -> bool:
        """Wall this process in and import; say whether forks can be served."""
        setup = to_zygote.decode(receive(self.sock)[0])
        if not isinstance(setup, Setup):
            return False
        # Where the worker was started must not decide what is imported.
        sys.path[:] = [entry for entry in sys.path if entry]
        self.walled = setup.level == "namespaces"
        try:
            if setup.level == "bubblewrap":
                self.bubblewrapped = compute_reach(setup.reach)
            if self.walled:
                reach = compute_reach(setup.reach)
                enter_namespaces(syscalls.CLONE_NEWNS)
                build_root(reach)
        except OSError as error:
            send(self.sock, Failed(str(error)))
            return False
        unfit = ""
        if setup.warm:
            self._find_home()
            unfit = self._import(WARM_MODULES) or self._import_for_students(setup.preload)
        language_info = None
        if setup.warm and not unfit and has_direct_kernel():
            language_info = self._direct_kernel(setup)
        gc.collect()
        gc.freeze()
        # Supervisors whose parent ends at once become ours, and are reaped unread.
        syscalls.become_subreaper()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        send(self.sock, Ready(unfit, language_info))
        return not unfit

    def _direct_kernel(self, setup: Setup) -> dict[str, object]:
        """Make what every fork starts with; return the language's description."""
        from hubgrade_ext.grading.execution import direct_kernel

        if setup.env is not None:
            # Just where and as a kernel will find itself.
            before = dict(os.environ)
            set_environment(setup.env)
            os.chdir(PLACES["work"])
            self.kernel_app = _new_app(PLACES["run"], setup.arguments)
            self.kernel_app.warm_up()
            os.chdir("/")
            set_environment(before)
        return direct_kernel.DirectKernel.language_info

    def _find_home(self) -> None:
        """Give what is imported a folder to write to: fonts are listed there, for one."""
        home = PLACES["home"]
        if not self.walled:
            home = tempfile.mkdtemp(prefix="hubgrade-")
            self.scratches.add(home)
        os.environ["HOME"] = home

    def _import(self, modules: tuple[str, ...]) -> str:
        """Import what there is of these; return the first that started a thread: a fork would lack it."""
        for module in modules:
            if module in sys.modules:
                continue
            send(self.sock, Importing(module))
            with suppress(ImportError):
                importlib.import_module(module)
            if len(list(Path("/proc/self/task").iterdir())) > 1:
                return module
        return ""

    def _import_for_students(self, modules: tuple[str, ...]) -> str:
        """Import these too; return the first that is not fit: it asked for IPython's shell.

        There is none yet. Such modules (ipywidgets, for one) attach themselves to
        it when they are imported, and would do nothing in the kernel.
        """
        with shell_watched() as asked, seeds_watched():
            for module in modules:
                unfit = self._import((module,))
                if unfit or asked:
                    return module
        return ""

    def serve(self) -> Kernel | None:
        """Answer requests; return in a new kernel's process with its request, or with None at the end."""
        while True:
            data, handles = receive(self.sock)
            if not data:
                self._drop_all()
                return None
            request = to_zygote.decode(data)
            if isinstance(request, NewScratch):
                self._new_scratch(request)
            elif isinstance(request, DropScratch):
                self._drop(request.path)
            elif isinstance(request, StartKernel):
                kernel = self._start(request, *handles)
                if kernel is not None:
                    return kernel
                for handle in handles:
                    os.close(handle)

    def _new_scratch(self, request: NewScratch) -> None:
        try:
            if self.walled:
                path = make_scratch(request.name, request.size_bytes)
            else:
                path = tempfile.mkdtemp(prefix="hubgrade-")
                make_places(path)
        except OSError as error:
            send(self.sock, Failed(str(error)))
            return
        if self.bubblewrapped is not None:
            Path(path, "etc").mkdir(mode=0o700)
            write_accounts(Path(path, "etc"))
        self.scratches.add(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        send(self.sock, Scratch(path), handle)
        os.close(handle)

    def _drop(self, path: str) -> None:
        self.scratches.discard(path)
        if self.walled:
            drop_scratch(path)
        else:
            # A tree can be deeper than Python's recursion, and rm needs none of our time.
            rm = shutil.which("rm") or "/bin/rm"
            os.posix_spawn(rm, ["rm", "-rf", "--", path], {})

    def _drop_all(self) -> None:
        if not self.walled:
            for path in list(self.scratches):
                self._drop(path)

    def _start(self, request: StartKernel, control: int, *channel: int) -> Kernel | None:
        """Fork a sandbox; return in its kernel, and here with None."""
        try:
            pid = os.fork()
        except OSError:
            # The worker learns it from the control socket, which closes.
            return None
        if pid:
            return None
        self.sock.detach()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        close_files(control, *channel)
        if self.walled:
            network = 0 if request.limits.network else syscalls.CLONE_NEWNET
            enter_namespaces(_SANDBOX | network)
            if os.fork():
                os._exit(0)
        return self._supervise(request, control, *channel)

    def _supervise(self, request: StartKernel, control: int, *channel: int) -> Kernel:
        prepare_supervisor(namespaced=self.walled)
        log = os.open(f"{request.scratch}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        if self.walled:
            furnish(request.scratch, request.limits.processes)
            if not request.limits.network:
                syscalls.raise_loopback()
        ready, kernel_ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            os.close(control)
            return Kernel(request, kernel_ready, *channel)
        for handle in (kernel_ready, *channel):
            os.close(handle)
        with socket.socket(fileno=control) as sock:
            Supervisor(pid, ready, sock, request, namespaced=self.walled).run()
        os._exit(0)


def _new_app(run: str, arguments: Sequence[str]) -> DirectKernelApp:
    from hubgrade_ext.grading.execution.direct_kernel import new_app

    return new_app(set_arguments(f"{run}/connection.json", arguments))


def become_kernel(kernel: Kernel, zygote: Zygote) -> None:
    """Be a kernel: of another program by starting that, of this one by going on."""
    request = kernel.request
    walled = zygote.walled
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    first_in_line_for_memory()
    # So that supervisors, the worker and the server are served first, a fork bomb or not.
    os.nice(_NICE)
    syscalls.die_with_parent(signal.SIGKILL)
    restrict_this_process(request.limits, request.cpu_left_s, own_user_namespace=walled)
    if walled:
        confine_kernel()
    os.chdir(PLACES["work"] if walled else f"{request.scratch}/work")
    set_environment(request.env)
    if zygote.bubblewrapped is not None:
        command = bubblewrap_command(zygote.bubblewrapped, request)
        os.execve(command[0], command, request.env)
    if request.argv:
        os.execvpe(request.argv[0], request.argv, request.env)
    renew_random_state()
    run = PLACES["run"] if walled else f"{request.scratch}/run"
    if kernel.channel is None:
        run_kernel(request, f"{run}/connection.json", kernel.ready)
        return
    app = zygote.kernel_app or _new_app(run, request.extra_arguments)
    app.renew()
    app.run(kernel.channel, kernel.ready)


def main(handle: int) -> None:
    """Serve the worker at the other end of this socket."""
    zygote = Zygote(socket.socket(fileno=handle))
    if not zygote.prepare():
        return
    kernel = zygote.serve()
    if kernel is not None:
        become_kernel(kernel, zygote)
