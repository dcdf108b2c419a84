"""A Jupyter server as a process of its own, also as another user of the machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

TOKEN = "test-token"
TESTS = Path(__file__).parents[1]


class Server:
    """`place` is the server's root; home and Jupyter's folders are in `place`/.home."""

    def __init__(self, place: Path, *, user: int | None = None, verbs: str = "slow_verbs:VERBS") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home = place / ".home"
        self.home.mkdir(exist_ok=True)
        if user is not None:
            os.chown(self.home, user, user)
        self.log = place / f"server-{self.port}.log"
        command = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={self.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={place}", "--ServerApp.jpserver_extensions={'hubgrade_ext': True}",
            f"--HubgradeExtension.verb_table={verbs}", "--HubgradeExtension.worker_start_delay_s=0.1",
        ]  # fmt: skip
        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=self._environ(), stdout=log, stderr=log, cwd=place, start_new_session=True, **who
            )
        self._wait()

    def _environ(self) -> dict[str, str]:
        folders = {f"JUPYTER_{n}_DIR": str(self.home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}
        python = os.pathsep.join([str(TESTS / "jobs"), str(TESTS.parent)])
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": python, **folders}

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                if self.ask("GET", "/session")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask hubgrade's API; return status and decoded body."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/hubgrade/api{path}",
            data=json.dumps(body).encode() if body is not None else (b"" if method == "POST" else None),
            method=method,
            headers={"Authorization": f"token {TOKEN}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def family(self) -> list[psutil.Process]:
        """The processes that the server started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


def gone(processes: list[psutil.Process], timeout_s: float = 10) -> bool:
    """Wait for the end of processes that are not our children; say whether it came."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]:
            return True
        time.sleep(0.05)
    return False
