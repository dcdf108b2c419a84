"""Instructor and student as different users, with the exchange's real permissions; needs root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import ItemResult
from tests.exchange.acting import generate, run

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user reaches; pytest's own are closed to others."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root, with setpriv, may act as another user")
    path = Path(tempfile.mkdtemp(prefix="hubgrade-two-users-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def as_nobody(verb: str, home: Path) -> ItemResult:
    """Run a student's verb as the user nobody, who works in `home`."""
    nobody = pwd.getpwnam("nobody")
    command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    command += [sys.executable, "-m", "tests.exchange.verb_child", verb, str(home), "course101"]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment)
    if "Permission denied" in done.stderr and str(REPOSITORY) in done.stderr:
        pytest.skip("another user cannot read this repository")
    assert done.returncode == 0, done.stderr
    (result,) = msgspec.json.decode(done.stdout, type=list[ItemResult])
    return result


def test_student_cannot_list_inbound_and_submits_all_the_same(
    make_course: Callable[..., Path], empty_gradebook: Path, shared: Path
) -> None:
    root = make_course(config=f"\nc.Exchange.root = {str(shared / 'exchange')!r}\n")
    course = open_course(root)
    generate(course, empty_gradebook, "ps1")
    run(release_assignment, course)
    home = shared / "home"
    home.mkdir()
    (home / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {str(shared / 'exchange')!r}\n"
    )
    shutil.chown(home, "nobody")
    inbound = shared / "exchange" / "course101" / "inbound"
    shutil.chown(inbound, group="games")
    inbound.chmod(0o2733)
    assert as_nobody("fetch_assignment", home).state == "done"
    result = as_nobody("submit", home)
    assert (result.state, "receipt" in result.message) == ("done", True)
    (folder,) = inbound.iterdir()
    assert folder.name.startswith("nobody+ps1+")
    assert folder.owner() == "nobody"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777
    # the group comes from inbound, as when nbgrader copies straight into it
    assert {path.group() for path in [folder, *folder.glob("*.ipynb")]} == {"games"}
    (collected,) = run(collect, course)
    assert (collected.item, collected.state, collected.message) == ("nobody", "done", "")
    assert as_nobody("fetch_feedback", home).state == "failed"
