"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a Unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "h0sh-h0sh"
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`; Debian keeps them off PATH."""
    found = shutil.which("initdb")
    return DEBIAN[-1] if DEBIAN else Path(found).parent if found else None


@dataclass
class Cluster:
    """A server that runs; `stop` and `start` are what an administrator would do."""

    folder: Path
    bin: Path
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://teacher:{password}@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database like `template` (an empty one), and return its address."""
        import psycopg

        connection = psycopg.connect(self.url("postgres"), autocommit=True)
        try:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            connection.close()
        return self.url(name)

    def start(self) -> None:
        options = [
            "-D", str(self.folder / "data"), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB",
        ]  # fmt: skip
        log = (self.folder / "log").open("ab")
        with log:
            command = [*_as_ordinary_user(), str(self.bin / "postgres"), *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + 60
        ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ready, check=False).returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # at once: it mends its files at the next start
            self.process.wait(30)
            self.process = None


def _as_ordinary_user() -> list[str]:
    """PostgreSQL refuses to run as root; and it is to end with the tests, however those end."""
    command = ["setpriv", "--pdeathsig", "QUIT"]
    if os.getuid() == 0:
        command += ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return [*command, "--"]


@contextmanager
def running_cluster(bin_dir: Path) -> Iterator[Cluster]:
    # the socket's path may have 107 characters, and pytest's folders are closed to other users
    folder = Path(tempfile.mkdtemp(prefix="hubgrade-pg-", dir="/tmp"))
    cluster = Cluster(folder, bin_dir)
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        subprocess.run(
            [
                *_as_ordinary_user(), str(bin_dir / "initdb"), "-D", str(folder / "data"), "-U", "teacher",
                "--pwfile", str(password), "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8",
                "--locale=C",
            ],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
