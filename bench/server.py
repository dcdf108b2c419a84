"""What a running server feels: waiting meanwhile, a release from click to done, and its start."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.grading import class_of
from bench.rows import Row
from tests.ui.server import API, TOKEN, Server, make_demo

STUDENTS = 12
EVERY_S = 0.05
STARTS = 5
START = """
import sys, time
from jupyter_server.extension.manager import ExtensionManager
from jupyter_server.serverapp import ServerApp

taken = 0.0

def timed(step):
    def work(self, name, *more, **named):
        global taken
        begun = time.process_time()
        try:
            return step(self, name, *more, **named)
        finally:
            if name == sys.argv[1]:
                taken += time.process_time() - begun
    return work

for name in ("add_extension", "link_extension", "load_extension"):
    setattr(ExtensionManager, name, timed(getattr(ExtensionManager, name)))
app = ServerApp()
app.initialize(["--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1", *sys.argv[2:]])
assert sys.argv[1] in app.extension_manager.linked_extensions
print(taken)
"""
# how often the class is graded: 99 of 100 needs more than a hundred answers
AGAIN = 5
EXTENSIONS = (
    "hubgrade_ext",
    "jupyterlab",
    "notebook",
    "jupyter_lsp",
    "jupyter_server_terminals",
    "notebook_shim",
    "nbgrader.server_extensions.formgrader",
    "nbgrader.server_extensions.assignment_list",
    "nbgrader.server_extensions.course_list",
    "nbgrader.server_extensions.validate_assignment",
)
Say = Callable[[str], None]


def server_rows(folder: Path, say: Say) -> Iterator[Row]:
    """Yield the rows of one server on a demo course."""
    make_demo(folder / "demo")
    class_of(folder / "demo" / "course101", STUDENTS)
    server = Server(folder)
    server.start()
    try:
        key = server.course_key()
        say("waiting while a class is autograded")
        yield from _waiting(server, key)
        say("a release from click to done")
        yield from _release(server, key)
        say("preflight")
        yield from _preflight(server, key)
    finally:
        server.stop()
    say("the server's start")
    yield _start(folder)


def _waiting(server: Server, key: str) -> Iterator[Row]:
    size = f"{STUDENTS} submissions"
    theirs = _waits(server, lambda: _formgrader_autogrades(server))
    wish = {"verb": "autograde", "assignment_id": "ps1", "scope": "all"}

    def autograde() -> None:
        for _ in range(AGAIN):
            server.job_ended(key, server.start_job(key, **wish), 600)

    ours = _waits(server, autograde)
    size = f"{size}, asked {len(ours)} times"
    what = "GET /api/status while a class is autograded"
    yield Row(f"{what}, 99 of 100", size, _percentile(ours, 0.99), _percentile(theirs, 0.99), limit=0.1)
    yield Row(f"{what}, longest", size, max(ours), max(theirs), limit=0.5)


def _waits(server: Server, work: Callable[[], None]) -> list[float]:
    """Ask for the status 20 times a second while `work` lasts; return each wait in seconds."""
    waits: list[float] = []
    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive():
        begun = time.monotonic()
        server.ask("api/status")
        waits.append(time.monotonic() - begun)
        time.sleep(max(0.0, EVERY_S - waits[-1]))
    return waits


def _formgrader_autogrades(server: Server) -> None:
    """Do what formgrader's buttons do for two students; each request blocks its server."""
    for student in sorted(path.name for path in (server.course / "submitted").iterdir())[:2]:
        url = f"{server.url}/formgrader/api/submission/ps1/{student}/autograde"
        request = urllib.request.Request(url, data=b"", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            said = json.load(answer)
        assert said["success"], said


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _release(server: Server, key: str) -> Iterator[Row]:
    """Time releases whose verdict is known, as after each generation, and the finding out itself."""
    server.job_ended(key, server.start_job(key, verb="generate_assignment", assignment_id="ps2"))
    known = [_job_s(server, key, verb="release_assignment", scope="all") for _ in range(3)]
    gate = [_job_s(server, key, verb="check_assignment") for _ in range(3)]
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "release_assignment", "ps2", "--force"]
    begun = time.monotonic()
    subprocess.run(command, cwd=server.course, env=server.environment(), check=True, capture_output=True)
    theirs = time.monotonic() - begun
    what = "release of a small assignment, click to done (nbgrader: its command)"
    yield Row(what, "1 notebook", statistics.median(known), theirs, limit=1.0)
    what = "release gate, once after each generation: solution twice and students' version graded"
    yield Row(what, "1 notebook", statistics.median(gate))


def _job_s(server: Server, key: str, **wish: str) -> float:
    """Return the seconds from asking for a job on ps2 to its end."""
    begun = time.monotonic()
    job = server.start_job(key, assignment_id="ps2", **wish)
    while (ended := server.job(key, job)["job"])["state"] in ("queued", "running"):
        time.sleep(0.01)
    assert ended["state"] == "done", ended
    assert not ended["failed"], ended
    return time.monotonic() - begun


def _preflight(server: Server, key: str) -> Iterator[Row]:
    """Time the whole report of a session, in a running server and as a command of its own."""
    path = f"{API}/courses/{key}/preflight"
    quick = [_wait(lambda: server.ask(f"{path}?slow=0")) for _ in range(5)]
    whole = [_wait(lambda: server.ask(path)) for _ in range(5)]
    command = [sys.executable, "-W", "ignore", "-m", "hubgrade_ext.cli", "preflight", "--json"]

    def by_command() -> None:
        done = subprocess.run(
            command, cwd=server.course, env=server.environment(), check=False, capture_output=True
        )
        assert json.loads(done.stdout)["findings"], done.stderr

    alone = [_wait(by_command) for _ in range(5)]
    size = f"{STUDENTS} submissions"
    yield Row("preflight in the panel, what is shown first", size, statistics.median(quick), limit=0.5)
    yield Row("preflight, whole session report", size, statistics.median(whole), limit=2.0)
    what = "hubgrade preflight, from its start to its end"
    yield Row(what, size, statistics.median(alone), limit=2.0)


def _wait(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _start(folder: Path) -> Row:
    """Compare what a server's start takes to find, import, link and load one extension, taking turns."""
    times: dict[str, list[float]] = {"hubgrade_ext": [], "nbgrader.server_extensions.formgrader": []}
    for _ in range(STARTS):
        for extension, taken in times.items():
            taken.append(_start_s(folder, extension))
    ours, theirs = (statistics.median(taken) for taken in times.values())
    return Row("start-up time that the extension adds (CPU)", "", ours, theirs, limit=0.15)


def _start_s(folder: Path, extension: str) -> float:
    flags = [f"--ServerApp.jpserver_extensions={name}={name == extension}" for name in EXTENSIONS]
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            START,
            extension,
            *flags,
            f"--ServerApp.root_dir={folder / 'demo'}",
        ],
        cwd=folder / "demo",
        env=Server(folder).environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])
