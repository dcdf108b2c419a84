"""OS users made for one run of the tests, each with a home of its own; nothing of them stays."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QUIET = '{"fetchNews": "false", "checkForUpdates": false}'
BIN = Path(sys.executable).parent
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Machine:
    """A folder that every user may enter, and the users made for it; `leave` undoes it all.

    A process of its own does the undoing (`cleaner.py`), so that it happens also when the tests are killed.
    """

    def __init__(self) -> None:
        self.tag = secrets.token_hex(2)
        self.folder = Path(tempfile.mkdtemp(prefix="hubgrade-hub-"))
        self.folder.chmod(0o755)
        self._cleaner = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("cleaner.py"))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd="/",
        )
        self.remember("folder", str(self.folder))

    def remember(self, kind: str, what: str) -> None:
        """Have something undone at the end: `user`, `group`, `process` (`PID STARTED`) or `folder`."""
        assert self._cleaner.stdin is not None
        self._cleaner.stdin.write(f"{kind} {what}\n")
        self._cleaner.stdin.flush()

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Undo everything, and wait for it."""
        assert self._cleaner.stdin is not None
        self._cleaner.stdin.close()
        self._cleaner.wait(120)

    def group(self, name: str, *members: Person) -> str:
        """Make a Unix group of some users, and return its name."""
        full = f"hgt-{self.tag}-{name}"
        self.remember("group", full)
        members_list = ",".join(member.name for member in members)
        for command in (["groupadd", full], ["gpasswd", "--members", members_list, full]):
            subprocess.run(command, check=True, capture_output=True)
        return full

    def user(self, name: str, *, home_mode: int = 0o700) -> Person:
        """Make an OS user `hgt-TAG-NAME`."""
        full = f"hgt-{self.tag}-{name}"
        homes = self.folder / "homes"
        homes.mkdir(mode=0o755, exist_ok=True)
        self.remember("user", full)
        command = ["/usr/sbin/useradd", "--no-log-init", "--create-home", "--home-dir", str(homes / full)]
        command += ["--shell", "/bin/bash", full]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        person = Person(full)
        person.home.chmod(home_mode)
        apputils = "lab/user-settings/@jupyterlab/apputils-extension"
        person.write(f".jupyter/{apputils}/notification.jupyterlab-settings", QUIET)
        return person


class Person:
    """One of the OS users."""

    def __init__(self, name: str) -> None:
        self.name = name
        entry = pwd.getpwnam(name)
        self.uid, self.gid, self.home = entry.pw_uid, entry.pw_gid, Path(entry.pw_dir)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write a file below the home; it and new folders on the way are this user's."""
        file = self.home / path
        missing = [folder for folder in file.parents if not folder.exists()]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        for one in (file, *missing):
            os.chown(one, self.uid, self.gid)
        return file

    def run(
        self, *command: str | Path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, at home, with the project's programs on PATH; return what it said."""
        setpriv = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--init-groups"]
        environment = {"HOME": str(self.home), "USER": self.name, "LANG": "C.UTF-8"}
        environment |= {"PATH": f"{BIN}:{SYSTEM_PATH}", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [*setpriv, *map(str, command)],
            cwd=self.home,
            env=environment | (env or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def may(self, test: str, path: Path) -> bool:
        """Say whether `test` (as in test(1): -r, -w, -x, -e) holds for this user."""
        return self.run("/usr/bin/test", test, path).returncode == 0


def needed() -> str:
    """Return why a real hub cannot be started here; empty when it can."""
    if os.geteuid() != 0:
        return "only root can make users and start their servers"
    missing = [name for name in ("setpriv", "node") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def reachable_by(person: Person, python: Path = Path(sys.executable)) -> str:
    """Return why another user cannot run the project from where it is installed; empty when it can."""
    done = person.run(python, "-c", "import hubgrade_ext.app, nbgrader, jupyterhub.singleuser")
    return done.stderr[-1500:] if done.returncode else ""
