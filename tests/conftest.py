"""A real course in a temporary folder, and an environment that knows no other."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

# A job in a shell's background ignores it, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["pytest_jupyter.jupyter_server", "tests.ui.chromium"]

# Files that take longest begin first, so that no process of tests is left with one of them at the end.
LONGEST_FIRST = (
    "test_cli_cycle.py", "test_same_as_nbgrader.py", "test_lifetime.py", "test_cycle_in_chromium.py",
    "test_nbgraders_notebooks.py", "test_cli_jobs.py", "test_cli_bad_input.py", "test_packaging.py",
    "test_attacks.py", "test_killed_while_grading.py", "test_set_up.py", "test_steps.py",
)  # fmt: skip

CONFIG = """\
c = get_config()  # noqa
c.CourseDirectory.course_id = "course101"
c.Exchange.root = {exchange!r}
c.Exchange.cache = {cache!r}
# tests/grading/test_release_gate.py has it on; here it would be seconds for each release
c.HubgradeRelease.gate = "off"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put LONGEST_FIRST first, and leave the others in their order."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(autouse=True)
def isolated_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home, and Jupyter folders, of its own; return the home."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(home / f"jupyter_{name.lower()}"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    for name in [n for n in os.environ if n.startswith(("JUPYTERHUB_", "JPY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def exchange_dir(tmp_path: Path) -> Path:
    path = tmp_path / "exchange"
    path.mkdir()
    path.chmod(0o1777)
    return path


@pytest.fixture
def make_course(tmp_path: Path, exchange_dir: Path) -> Callable[..., Path]:
    """Return a function that makes a course folder with nbgrader's quickstart assignment ps1."""

    def make(name: str = "course101", assignments: tuple[str, ...] = ("ps1",), config: str = "") -> Path:
        import nbgrader

        example = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
        root = tmp_path / name
        for assignment in assignments:
            shutil.copytree(example, root / "source" / assignment, ignore=shutil.ignore_patterns("*.html"))
        text = CONFIG.format(exchange=str(exchange_dir), cache=str(tmp_path / "cache"))
        (root / "nbgrader_config.py").write_text(text.replace("course101", name) + config)
        return root

    return make


@pytest.fixture
def course_dir(make_course: Callable[..., Path]) -> Path:
    """A course folder `course101` with source/ps1 (two notebooks), nothing generated yet."""
    return make_course()


@pytest.fixture
def submit_as(exchange_dir: Path) -> Callable[..., Path]:
    """Return a function that puts a whole submission into the exchange, as nbgrader's submit lays it out.

    The files come from `files` (a folder). Needs a released course.
    """

    def submit(
        student_id: str,
        files: Path,
        *,
        course_id: str = "course101",
        assignment_id: str = "ps1",
        when: datetime | None = None,
        secret: str | None = None,
    ) -> Path:
        stamp = (when or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        inbound = exchange_dir / course_id / "inbound"
        inbound.mkdir(parents=True, exist_ok=True)
        inbound.chmod(0o2733)
        folder = inbound / f"{student_id}+{assignment_id}+{stamp}+{os.urandom(6).hex()}"
        shutil.copytree(files, folder)
        (folder / "timestamp.txt").write_text(stamp)
        (folder / "submission_secret.txt").write_text(secret or os.urandom(64).hex())
        return folder

    return submit
