"""A job outlives its server, and keeps it from being taken for idle."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realhub.hub import API, RealHub, eventually
from tests.realhub.site import COURSE_CONFIG, Site

# how long each student's answer sleeps: one is graded soon, the others much later
SLEEPS_S = {"s0": 0, "s1": 30, "s2": 30}
CULL_AFTER_S = 12


@pytest.fixture
def slow_course(hub: RealHub, site: Site) -> Iterator[str]:
    """The key of a course of ines's with collected submissions that each take some seconds to grade."""
    ines = hub.visitor(site.ines.name)
    root = site.ines.home / "slow"
    shutil.copytree(site.course / "source", root / "source")
    (root / "nbgrader_config.py").write_text(COURSE_CONFIG.format(root=str(root), course_id="slow"))
    for path in (root, *root.rglob("*")):
        os.chown(path, site.ines.uid, site.ines.gid)
    status, course = ines.ask("POST", f"{API}/courses", {"root": "slow"})
    assert status == 201, course
    assert ines.do(course["course_key"], "generate_assignment")["job"] == "done", ines.told
    for student, seconds in SLEEPS_S.items():
        folder = root / "submitted" / student / "ps1"
        shutil.copytree(root / "release" / "ps1", folder)
        sleep_in(folder / "problem1.ipynb", seconds)
    for path in (root / "submitted", *(root / "submitted").rglob("*")):
        os.chown(path, site.ines.uid, site.ines.gid)
    yield str(course["course_key"])
    # the other tests on this hub know nothing of it
    status, told = hub.visitor(site.ines.name).ask("DELETE", f"{API}/courses/{course['course_key']}")
    assert status == 204, told


def sleep_in(notebook: Path, seconds: int) -> None:
    content = json.loads(notebook.read_text())
    cell = next(cell for cell in content["cells"] if "def squares" in "".join(cell["source"]))
    cell["source"] = f"import time\ntime.sleep({seconds})\n" + "".join(cell["source"])
    notebook.chmod(0o644)
    notebook.write_text(json.dumps(content))


@contextlib.contextmanager
def culler(hub: RealHub, token: str) -> Iterator[None]:
    """The hub's culler, with rights on ines's server only."""
    env = {**os.environ, "JUPYTERHUB_API_TOKEN": token, "JUPYTERHUB_API_URL": f"{hub.url}/hub/api"}
    command = [str(hub.bin_dir / "jupyterhub-idle-culler")]
    command += [f"--timeout={CULL_AFTER_S}", "--cull-every=1"]
    with (hub.folder / "culler.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=hub.folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_job_goes_on_after_a_stop_and_start_and_keeps_its_server(
    hub: RealHub, site: Site, slow_course: str
) -> None:
    user = site.ines.name
    root = site.ines.home / "slow"
    ines = hub.visitor(user)
    job = ines.start_job(slow_course, "autograde")
    eventually(lambda: written(root), 120)
    hub.stop_server(user)
    before = written(root)
    assert set(before) == {"s0"}
    hub.spawn(user)
    eventually(lambda: journal(root, job)["attempt"] == 2, 120)

    # from here on nobody asks the server anything: only the job can keep it
    heard = hub.server_of(user)["last_activity"]
    eventually(lambda: hub.server_of(user)["last_activity"] > heard, 60)
    began = time.monotonic()
    with culler(hub, site.culler_token):
        eventually(lambda: journal(root, job)["state"] not in ("queued", "running"), 180)
        took = time.monotonic() - began
        assert hub.server_of(user), "culled although a job ran"
        assert took > CULL_AFTER_S + 2, "the job was too short to show anything"
        eventually(lambda: not hub.server_of(user), 90, lambda: culled(hub))

    assert journal(root, job)["state"] == "done"
    after = written(root)
    assert after.keys() == SLEEPS_S.keys()
    assert before.items() <= after.items()  # what was graded before was not graded again
    hub.spawn(user)
    detail = hub.visitor(user).get(f"/courses/{slow_course}/jobs/{job}")
    assert detail["job"]["attempt"] == 2
    assert sorted(one["item"] for one in detail["results"]) == sorted(SLEEPS_S)


def written(root: Path) -> dict[str, int]:
    """Return when each student's autograded folder was put into place, in ns."""
    folders = (root / "autograded").glob("[!.]*/ps1")
    return {folder.parent.name: folder.stat().st_ctime_ns for folder in folders}


def journal(root: Path, job: str) -> dict[str, object]:
    """Return a job as the journal on disk has it."""
    path = root / ".hubgrade" / "journal.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as opened:
        (text,) = opened.execute("SELECT job FROM jobs WHERE job_id = ?", (job,)).fetchone()
    return dict(json.loads(text))


def culled(hub: RealHub) -> str:
    return (hub.folder / "culler.log").read_text()[-3000:]
