"""Run every attack as this user at one level, and tell what came of it: `attack_program.py LEVEL FOLDER`.

Prints one line of JSON. A program of its own, because it must also run as an ordinary user.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from nbformat.v4 import new_code_cell, new_notebook

sys.path.insert(0, str(Path(__file__).parent))
import attacks

from hubgrade_ext.grading.execution.bundle import Bundle, BundleFile, BundleResult, ExecuteOptions
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.limits import Limits

MIB = 1024**2
TOKEN = "token-of-the-hub-4711"
SMALL = Limits(
    cell_timeout_s=20,
    submission_timeout_s=40,
    memory_bytes=150 * MIB,
    processes=48,
    file_size_bytes=10 * MIB,
    disk_bytes=30 * MIB,
    output_bytes=MIB,
)


# Gives the process, and its children, a name by which they are found from outside.
NAME = "import ctypes\nctypes.CDLL(None).prctl(15, b'hg-{label}')\ndel ctypes\n"


def bundle(label: str, first: str, *cells: str, limits: Limits = SMALL) -> Bundle:
    sources = [NAME.format(label=label) + first, *cells]
    content = json.dumps(new_notebook(cells=[new_code_cell(source) for source in sources])).encode()
    options = ExecuteOptions(iopub_timeout_s=1)
    return Bundle(label, (BundleFile("n.ipynb", content),), ("n.ipynb",), limits=limits, options=options)


def furnish(base: Path) -> dict[str, Any]:
    """Make a course, an exchange, a home, a library and three servers; return where they are."""
    course = base / "course"
    places = {
        "course": course,
        "gradebook": course / "gradebook.db",
        "source": course / "source" / "ps1" / "p.ipynb",
        "other": course / "submitted" / "bob" / "ps1" / "p.ipynb",
        "exchange": base / "exchange" / "x" / "f",
        "home_secret": base / "home" / ".ssh" / "id",
        "library": base / "library",
        "masked": base / "library" / "private" / "key",
        "log": base / "worker.log",
    }
    for name in ("gradebook", "source", "other", "exchange", "home_secret", "masked", "log"):
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_text("hidden")
    facts: dict[str, Any] = {name: str(path) for name, path in places.items()}
    server = socket.create_server(("127.0.0.1", 0))
    facts |= {"port": server.getsockname()[1], "abstract": f"hubgrade-{os.getpid()}", "unix": str(base / "s")}
    servers = [server]
    for address in ("\0" + facts["abstract"], facts["unix"]):
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(address)
        unix.listen()
        servers.append(unix)
    for each in servers:
        threading.Thread(target=lambda s=each: [s.accept() for _ in iter(int, 1)], daemon=True).start()
    # The token is written backwards, so that the attack's own text is not what it finds.
    facts |= {"token": TOKEN[::-1], "pid": os.getpid(), "socket": server.fileno()}
    return facts | {"file": os.open(facts["log"], os.O_WRONLY), "pipe": os.pipe()[1]}


def outputs(result: BundleResult) -> str:
    cells = json.loads(result.notebooks[0].notebook or b'{"cells": []}')["cells"]
    return "\n".join(
        str(output.get("text", output.get("ename", ""))) for c in cells for output in c["outputs"]
    )


def marked(label: str) -> list[int]:
    """Return the processes of this machine that belong to a submission."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == f"hg-{label}":
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def open_files(pid: int) -> set[str]:
    """Return what a process holds open, as the links in /proc name it; nothing of one that has ended."""
    found = set()
    with suppress(FileNotFoundError, PermissionError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(path.readlink()))
    return found


def describe(result: BundleResult) -> dict[str, Any]:
    return {
        "kind": result.outcome.kind,
        "cell": result.outcome.cell,
        "sentence": result.outcome.sentence,
        "said": outputs(result),
        "wall_s": result.wall_s,
        "files": [f.path for f in result.files],
        "left_out": list(result.left_out),
    }


def steal(executor: LocalExecutor, facts: dict[str, Any]) -> dict[str, Any]:
    """Try each attack outside and, all in one submission, inside."""
    tries = attacks.ATTACKS | (attacks.ROOT_ATTACKS if os.getuid() == 0 else {})
    sources = {name: source.format(**facts) for name, source in tries.items()}
    running = {
        name: subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for name, source in sources.items()
    }
    outside = {name: b"GOT" in process.communicate()[0] for name, process in running.items()}
    result = executor.submit(execute_bundle, bundle("steal", "", *sources.values())).result(90)
    cells = json.loads(result.notebooks[0].notebook or b"")["cells"][1:]
    inside = {
        name: "".join(str(o.get("text", o.get("evalue"))) for o in cell["outputs"])
        for name, cell in zip(sources, cells, strict=True)
    }
    return {"outside": outside, "inside": inside, "kind": result.outcome.kind}


def spy(executor: LocalExecutor) -> dict[str, Any]:
    """Look for a running submission from outside, where it is found, and from another one."""
    # of its own name: it is signalled, and another run of these tests has one too
    name, patient = f"victim{os.getpid() % 100_000}", Limits(cell_timeout_s=60)
    victim = executor.submit(execute_bundle, bundle(name, attacks.VICTIM, limits=patient))
    last = "root/grading/work/victim-socket"
    while not (pids := [pid for pid in marked(name) if Path(f"/proc/{pid}", last).exists()]):
        assert not victim.done(), victim.result()
        time.sleep(0.05)
    roots = [f"/proc/{pid}/root" for pid in pids]
    source = attacks.SPY.format(pids=pids, others=(), tops=roots)
    outside = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, check=True)
    # only now: a process has one tracer at most
    source = attacks.SPY.format(pids=pids, others=range(2, 70_000), tops=["", *roots])
    thief = executor.submit(execute_bundle, bundle("spy", source))
    files = executor.submit(execute_bundle, bundle("files", attacks.OPEN_FILES))
    detached = executor.submit(execute_bundle, bundle("detach", attacks.DETACH))
    held: set[str] = set()
    seen = 0
    while not (thief.done() and detached.done() and files.done()):
        seen = max(seen, len(marked("detach")))
        if marked("files"):
            # its own have been handed over by now
            children = [child.pid for child in psutil.Process().children()]
            held = held.union(*map(open_files, [os.getpid(), *children, *pids]))
        time.sleep(0.1)
    answer = {"outside": outside.stdout, "detached": seen, "held": sorted(held)}
    for pid in pids:
        os.kill(pid, signal.SIGUSR1)
    runs = {"victim": victim, "spy": thief, "files": files, "detach": detached}
    answer |= {name: describe(run.result()) for name, run in runs.items()}
    return answer | {"left": marked("detach")}


def main() -> None:
    level, base = sys.argv[1], Path(sys.argv[2])
    os.environ |= {"HOME": str(base / "home"), "JUPYTERHUB_API_TOKEN": TOKEN}
    facts = furnish(base)
    # An environment can only be seen by others in a process that was started with it.
    holder = subprocess.Popen(["sleep", "300"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = ExecutorSettings(
        level=level,  # type: ignore[arg-type]
        readable=(facts["library"],),
        hidden=(facts["course"], str(base / "exchange"), str(base / "library" / "private")),
        cores=2,
    )
    quick = Limits(cell_timeout_s=1, submission_timeout_s=30)
    bundles = [
        bundle("bomb", attacks.FORK_BOMB, limits=Limits(cell_timeout_s=3, processes=48)),
        bundle("list", attacks.BIG_LIST),
        bundle("shared", attacks.SHARED_MEMORY),
        bundle("memfd", attacks.MEMORY_FILES),
        bundle("disk", attacks.FILL_DISK),
        bundle("file", attacks.BIG_FILE),
        bundle("exit", "1", attacks.EXIT, "2"),
        bundle("endless", "1", attacks.ENDLESS, "2", limits=quick),
        bundle("loop", "1", attacks.INTERRUPTIBLE, "print('after')", limits=quick),
        bundle("supervisor", attacks.KILL_SUPERVISOR, "print('alive')"),
        bundle("flood", attacks.FLOOD),
        bundle("big", attacks.ONE_BIG_OUTPUT),
        bundle("interfaces", attacks.INTERFACES),
        bundle("link", attacks.LINK_BACK),
        bundle("landlock", attacks.ONLY_LANDLOCK),
    ]
    with LocalExecutor(settings) as executor:
        told = {"steal": steal(executor, facts), "spy": spy(executor)}
        told |= {result.bundle_id: describe(result) for result in executor.run_all(bundles)}
        told["after"] = describe(executor.submit(execute_bundle, bundle("after", "print(6 * 7)")).result(60))
    told["left"] = {each.bundle_id: marked(each.bundle_id) for each in bundles}
    holder.kill()
    holder.wait()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
