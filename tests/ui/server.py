"""One `jupyter lab` (which serves Notebook 7 too) on a demo course, as the browser tests use it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

API = "hubgrade/api"
TOKEN = "t" * 32
QUIET = '{"fetchNews": "false", "checkForUpdates": false}'
MAKE_DEMO = "import sys, pathlib, hubgrade_ext.demo as d; d.create_demo(pathlib.Path(sys.argv[1]))"


class Server:
    """A server of its own folder; may be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "demo"
        self.conf = folder / "conf"
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def course(self) -> Path:
        return self.root / "course101"

    @property
    def gradebook(self) -> Path:
        return self.course / "gradebook.db"

    @property
    def inbound(self) -> Path:
        return self.root / "exchange" / "course101" / "inbound"

    @property
    def log(self) -> str:
        return (self.conf / "server.log").read_text()

    def page_url(self, path: str) -> str:
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def ask(self, path: str, body: object = None) -> Any:
        """GET a path of the API, or POST a body to it; return the answer."""
        request = urllib.request.Request(
            f"{self.url}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def course_key(self, course_id: str = "course101") -> str:
        """Return the key by which the API knows a course."""
        courses = self.ask(f"{API}/session")["courses"]
        return str(next(one["course_key"] for one in courses if one["course_id"] == course_id))

    def open_course(self, root: str) -> str:
        """Add a course folder, relative to the server's root, and return its key."""
        return str(self.ask(f"{API}/courses", {"root": root})["course_key"])

    def start_job(self, course_key: str, **wish: object) -> str:
        """Start a job by the API and return its id."""
        return str(self.ask(f"{API}/courses/{course_key}/jobs", wish)["job_id"])

    def job(self, course_key: str, job_id: str) -> Any:
        """Return a job with what became of each item."""
        return self.ask(f"{API}/courses/{course_key}/jobs/{job_id}")

    def job_ended(self, course_key: str, job_id: str, within_s: float = 120) -> Any:
        """Wait for the end of a job, and return it with what became of each item."""
        deadline = time.monotonic() + within_s
        while (detail := self.job(course_key, job_id))["job"]["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, detail
            time.sleep(0.2)
        return detail

    def environment(self) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_"))}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            env[f"JUPYTER_{name}_DIR"] = str(self.conf / name.lower())
        env["JUPYTERLAB_SETTINGS_DIR"] = str(self.conf / "settings")
        env["JUPYTERLAB_WORKSPACES_DIR"] = str(self.conf / "workspaces")
        env["HOME"] = str(self.conf)
        env["PYTHONFAULTHANDLER"] = "1"
        return env

    def set_theme(self, theme: str) -> None:
        """Choose Lab's theme for pages loaded from now on."""
        self._set("themes", json.dumps({"theme": theme}))

    def _set(self, name: str, text: str) -> None:
        folder = self.conf / "settings" / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jupyterlab-settings").write_text(text)

    def start(self) -> None:
        self._set("notification", QUIET)
        flags = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}"]
        flags += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
        flags += [f"--ServerApp.root_dir={self.root}", "--LabApp.extension_manager=readonly"]
        with (self.conf / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *flags],
                env=self.environment(),
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 120
        while True:
            try:
                self.ask("api/status")
                return
            except OSError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # then Python writes what each thread is at
            process.wait(60)
            raise AssertionError(f"the server did not stop:\n{self.log[-6000:]}") from None


def make_demo(folder: Path) -> None:
    """Make a demo in `folder`, in a process of its own: nbgrader stays out of this one."""
    subprocess.run([sys.executable, "-c", MAKE_DEMO, str(folder)], check=True, cwd=folder.parent)


def copy_demo(template: Path, folder: Path) -> Path:
    """Copy a demo, which may be moved."""
    return Path(shutil.copytree(template, folder, symlinks=True))
