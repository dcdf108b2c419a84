"""A Dask scheduler and workers as processes of their own, as an administrator would start them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_PATIENCE_S = 120


@dataclass
class DaskProcesses:
    """A scheduler's address, and the processes; each worker has a nanny, which starts it again."""

    address: str
    scheduler: psutil.Process
    nannies: psutil.Process

    def workers(self) -> list[psutil.Process]:
        found = self.nannies.children(recursive=True)
        return [p for p in found if "spawn_main" in _command(p) and p.parent() == self.nannies]

    def worker_at(self, address: str) -> psutil.Process:
        """Return the worker that listens at `tcp://127.0.0.1:PORT`."""
        port = int(address.rpartition(":")[2])
        for worker in self.workers():
            if any(c.laddr.port == port for c in worker.net_connections() if c.status == "LISTEN"):
                return worker
        raise AssertionError(f"no worker listens at {address}")


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def dask_processes(
    folder: Path, workers: int, *options: str, protocol: str = "tcp"
) -> Iterator[DaskProcesses]:
    folder.mkdir(parents=True, exist_ok=True)
    where, log = folder / "scheduler.json", folder / "log"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    dask = [sys.executable, "-W", "ignore", "-m", "dask"]
    common = [*options, "--scheduler-file", str(where), "--no-dashboard", "--protocol", protocol]
    started: list[psutil.Popen] = []
    try:
        with log.open("wb") as file:
            for arguments in (
                ["scheduler", "--host", "127.0.0.1", "--port", "0", *common],
                [
                    "worker", *common, "--host", "127.0.0.1", "--nworkers", str(workers), "--nthreads", "1",
                    "--local-directory", str(folder),
                ],
            ):  # fmt: skip
                command = [*dask, *arguments]
                started.append(psutil.Popen(command, env=environment, cwd=folder, stdout=file, stderr=file))
        deadline = time.monotonic() + _PATIENCE_S
        while log.read_text().count("Registered to:") < workers:
            assert time.monotonic() < deadline, log.read_text()
            assert all(process.is_running() for process in started), log.read_text()
            time.sleep(0.05)
        yield DaskProcesses(json.loads(where.read_text())["address"], *started)
    finally:
        for process in reversed(started):
            for child in [*process.children(recursive=True), process]:
                try:
                    child.kill()
                except psutil.NoSuchProcess:
                    continue
            process.wait(30)
