"""A real `jupyter lab` on loopback (which serves Notebook 7 too), driven in Debian's Chromium.

Playwright's sync API leaves a running event loop in its thread, which breaks pytest-jupyter's fixtures in
the same process; so the browser and the bodies of these tests live in one thread of their own.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "t" * 32
QUIET = '{"fetchNews": "false", "checkForUpdates": false}'
MAKE_DEMO = "import sys, pathlib, hubgrade_ext.demo as d; d.create_demo(pathlib.Path(sys.argv[1]))"
# Notebook 7 by itself, with no extension at all, throws this on its tree and notebook pages
KNOWN_PAGE_ERRORS = ("Cannot read properties of undefined (reading 'schema')",)
THREAD = ThreadPoolExecutor(1, thread_name_prefix="playwright")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("ui")
            item.obj = _in_thread(item.obj)  # type: ignore[attr-defined]


def _in_thread(test: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(test)
    def run(**kwargs: Any) -> Any:
        return THREAD.submit(test, **kwargs).result()

    assert not inspect.iscoroutinefunction(test)
    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.fail("no Chromium: apt-get install chromium, or set CHROMIUM to its path")

    def start() -> tuple[Any, Browser]:
        driver = sync_playwright().start()
        return driver, driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)

    driver, chromium = THREAD.submit(start).result()
    yield chromium
    THREAD.submit(lambda: (chromium.close(), driver.stop())).result()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    errors: list[str] = []

    def start() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda e: errors.append(str(e)))
        return page

    page = THREAD.submit(start).result()
    yield page
    shots = os.environ.get("UI_SHOTS")  # a folder: keep the last picture of every test
    if shots:
        Path(shots).mkdir(parents=True, exist_ok=True)
        THREAD.submit(page.screenshot, path=f"{shots}/{request.node.name}.png").result()
    THREAD.submit(page.context.close).result()
    unexpected = [e for e in errors if not any(known in e for known in KNOWN_PAGE_ERRORS)]
    assert not unexpected


class Server:
    """One `jupyter lab` on a demo course; may be killed and started again on the same port."""

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
    def log(self) -> str:
        return (self.conf / "server.log").read_text()

    def page_url(self, path: str) -> str:
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def get(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}/{path}", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def environment(self) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_"))}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            env[f"JUPYTER_{name}_DIR"] = str(self.conf / name.lower())
        env["JUPYTERLAB_SETTINGS_DIR"] = str(self.conf / "settings")
        env["JUPYTERLAB_WORKSPACES_DIR"] = str(self.conf / "workspaces")
        env["HOME"] = str(self.conf)
        return env

    def start(self) -> None:
        quiet = self.conf / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True, exist_ok=True)
        (quiet / "notification.jupyterlab-settings").write_text(QUIET)
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
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("api/status")
                return
            except OSError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(30)
        self.process = None


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo course made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("template") / "demo"
    subprocess.run([sys.executable, "-c", MAKE_DEMO, str(folder)], check=True, cwd=folder.parent)
    return folder


@pytest.fixture
def server(demo_template: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(demo_template, tmp_path / "demo", symlinks=True)
    for config in (tmp_path / "demo").rglob("nbgrader_config.py"):
        config.write_text(config.read_text().replace(str(demo_template), str(tmp_path / "demo")))
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()
