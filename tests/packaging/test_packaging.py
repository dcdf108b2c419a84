"""The package as a person gets it: a wheel from a checkout, installed without Node, switched off, removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NO_NODE = "/usr/sbin:/sbin"


def run(*command: str | Path, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if path is not None:
        env["PATH"] = path
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the project as they are, without what is built."""
    folder = tmp_path_factory.mktemp("checkout") / "hubgrade"
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, names.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    """A wheel, built as pip does it; node_modules are lent, so that nothing is downloaded twice."""
    if (ROOT / "js" / "node_modules").exists():
        shutil.copytree(
            ROOT / "js" / "node_modules",
            checkout / "js" / "node_modules",
            symlinks=True,
            copy_function=os.link,
        )
    done = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "dist", ".", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = (checkout / "dist").glob("*.whl")
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A virtual environment that borrows the dependencies of ours, but not the project."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_without_node_the_build_says_so(checkout: Path) -> None:
    done = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "none", ".", cwd=checkout, path=NO_NODE
    )
    assert done.returncode != 0
    assert "needs Node 20 or newer" in done.stdout + done.stderr


def test_wheel_holds_the_labextension_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any("share/jupyter/labextensions/hubgrade-ext/package.json" in name for name in names)
    assert any("etc/jupyter/jupyter_server_config.d/hubgrade_ext.json" in name for name in names)
    assert not [name for name in names if name.startswith("hubgrade_ext/labextension/")]
    assert not [name for name in names if "build_log" in name]


def test_installed_listed_switched_and_removed(wheel: Path, place: Path) -> None:
    before = {path for path in place.rglob("*") if "__pycache__" not in path.parts}
    python = place / "bin" / "python"
    # no Node on the PATH: a wheel needs none
    path = f"{place / 'bin'}:{NO_NODE}"
    done = run(
        python,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        wheel,
        cwd=place,
        path=path,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    def server(verb: str) -> str:
        code = "from jupyter_server.extension.serverextension import main; main()"
        done = run(
            python,
            "-c",
            code,
            verb,
            *([] if verb == "list" else ["--sys-prefix", "hubgrade_ext"]),
            cwd=place,
            path=path,
        )
        return done.stdout + done.stderr

    assert "hubgrade_ext 0" in server("list").replace("\x1b[32m", "")
    done = run(python, "-m", "jupyterlab.labextensions", "list", cwd=place, path=path)
    listed = done.stdout + done.stderr
    (line,) = [line for line in listed.splitlines() if "hubgrade-ext" in line]
    assert "enabled" in line
    assert "OK" in line
    assert "disabled" in server("disable").lower()
    assert "hubgrade_ext \x1b[31mdisabled" in server("list") or "hubgrade_ext disabled" in server("list")
    assert "enabled" in server("enable").lower()
    removed = run(python, "-m", "pip", "uninstall", "-y", "hubgrade-ext", cwd=place, path=path)
    assert removed.returncode == 0, removed.stderr
    after = {path for path in place.rglob("*") if "__pycache__" not in path.parts}
    # switching off and on writes a setting of the user's, which is the user's
    settings = {path for path in after if path.name == "jupyter_server_config.json"}
    assert {path for path in after - before - settings if path.is_file()} == set()
