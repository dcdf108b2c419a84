"""One JupyterHub with its proxy on loopback, as an administrator runs it, asked by its REST API."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.realhub.people import SYSTEM_PATH, Machine

ROOT = Path(__file__).parents[2]
PROXY = ROOT / ".proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
PASSWORD = "a password for all of them"
API = "/hubgrade/api"
START_S, SPAWN_S, STOP_S = 180, 120, 120
STARTS = 3
Found = TypeVar("Found")

# what every hub of the tests has; nothing of it touches what a hub allows or forbids
BEFORE = """\
c = get_config()  # noqa
c.JupyterHub.bind_url = {bind_url!r}
c.JupyterHub.hub_bind_url = {hub_bind_url!r}
c.JupyterHub.db_url = {db_url!r}
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = {proxy_api_url!r}
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Authenticator.allowed_users = set({users!r})
c.Spawner.cmd = [{singleuser!r}]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {environment!r}
c.Spawner.http_timeout = c.Spawner.start_timeout = {spawn_s}
"""
# the tests' own way in; appended, whatever the configuration under test sets
AFTER = """
c.JupyterHub.services.append({{"name": "tests", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "tests",
    "services": ["tests"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers", "access:services",
               "read:services", "list:services", "admin:groups", "read:hub", "read:roles"],
}})
"""


class RealHub:
    """A hub with a configuration of the test's.

    `config` is the piece of jupyterhub_config.py under test, `site_config` the nbgrader_config.py for
    everybody. `users` may log in, all with PASSWORD. The hub's folder is `folder/hub`, mode 0700.
    """

    bin_dir = Path(sys.executable).parent

    def __init__(
        self,
        machine: Machine,
        config: str,
        users: list[str],
        *,
        site_config: str = "",
        base_url: str = "/",
        scheme: str = "http",
        bin_dir: Path = bin_dir,
        environment: dict[str, str] | None = None,
        internal_ssl: bool = False,
        ca: Path | None = None,
    ) -> None:
        self.machine = machine
        self.bin_dir = bin_dir
        self.token = secrets.token_hex(16)
        self.folder = machine.folder / "hub"
        self.folder.mkdir(mode=0o700)
        site = machine.folder / "site"
        site.mkdir()
        (site / "nbgrader_config.py").write_text(site_config)
        port, hub_port, proxy_port = free_ports(3)
        self.origin = f"{scheme}://127.0.0.1:{port}"
        self.url = self.origin + base_url.rstrip("/")
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        inner = "https" if internal_ssl else "http"
        spawned = {"PATH": f"{bin_dir}:{SYSTEM_PATH}", "JUPYTER_CONFIG_PATH": str(site)}
        before = BEFORE.format(
            bind_url=f"{self.origin}{base_url}",
            hub_bind_url=f"{inner}://127.0.0.1:{hub_port}",
            db_url=f"sqlite:///{self.folder}/jupyterhub.sqlite",
            proxy=str(PROXY),
            proxy_api_url=f"{inner}://127.0.0.1:{proxy_port}",
            password=PASSWORD,
            users=users,
            singleuser=str(bin_dir / "jupyterhub-singleuser"),
            environment=spawned | (environment or {}),
            spawn_s=SPAWN_S,
        )
        self.config = self.folder / "jupyterhub_config.py"
        self.config.write_text(before + config + AFTER.format(token=self.token))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text(errors="replace")

    @property
    def story(self) -> str:
        """The end of the log, without what the proxy says."""
        lines = [line for line in self.log.splitlines() if line.startswith(("[", "  ", "Traceback"))]
        return "\n".join(lines[-60:])

    def __enter__(self) -> RealHub:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the hub, and wait until it and its proxy answer; again when it gave up, as systemd would.

        A hub ends when one of its services is not up in time.
        """
        assert PROXY.exists(), (
            "the proxy is not installed: scripts/test does it, or `ensure_proxy` in scripts/setup.sh"
        )
        for _ in range(STARTS):
            process = self.process = self._launch()
            eventually(functools.partial(self._settled, process), START_S, lambda: self.story)
            if process.poll() is None:
                break
        assert self._answers(), self.story
        self._remember(int((self.folder / "jupyterhub-proxy.pid").read_text()))

    def _launch(self) -> subprocess.Popen[bytes]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_", "CONFIGPROXY"))}
        env |= {"PATH": f"{self.bin_dir}:{env['PATH']}", "HOME": str(self.folder)}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        with (self.folder / "hub.log").open("ab") as log:
            process = subprocess.Popen(
                [str(self.bin_dir / "jupyterhub"), "-f", str(self.config)],
                cwd=self.folder,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._remember(process.pid)
        return process

    def _settled(self, process: subprocess.Popen[bytes]) -> bool:
        """Say whether the hub answers, or has given up."""
        return process.poll() is not None or self._answers()

    def stop(self) -> None:
        """Stop the hub; it stops its proxy, services and servers."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.terminate()
        process.wait(STOP_S)

    def api(self, method: str, path: str, body: object = None, *, token: str = "") -> tuple[int, Any]:
        """Call the hub's REST API; as the tests' own service, or with another token."""
        return request(
            method, f"{self.url}/hub/api{path}", body, token=token or self.token, context=self.context
        )

    def spawn(self, *users: str) -> None:
        """Start users' servers, and wait until they are ready."""
        for user in users:
            self.api("POST", f"/users/{user}")  # 409: the hub knows this user already
            status, told = self.api("POST", f"/users/{user}/server")
            assert status in (201, 202), (told, self.story)
        for user in users:
            eventually(functools.partial(self._ready, user), SPAWN_S, lambda: self.story)

    def stop_server(self, user: str) -> None:
        """Stop a user's server, and wait until the hub has none."""
        status, told = self.api("DELETE", f"/users/{user}/server")
        assert status in (202, 204), told
        eventually(lambda: not self.server_of(user), STOP_S, lambda: self.story)

    def server_of(self, user: str) -> Any:
        """Return what the hub says of a user's server; nothing when it has none."""
        return self.api("GET", f"/users/{user}")[1]["servers"].get("")

    def visitor(self, user: str, place: str = "") -> Visitor:
        """Return a client with all rights of a user, at her own server or at `place` (`/services/x`)."""
        self.api("POST", f"/users/{user}")
        status, told = self.api("POST", f"/users/{user}/tokens", {"note": "tests"})
        assert status == 201, told
        return Visitor(self, place or f"/user/{user}", told["token"])

    def _ready(self, user: str) -> bool:
        server = self.server_of(user)
        assert server, f"{user}'s server did not start:\n{self.story}"
        return bool(server["ready"])

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.story
        with contextlib.suppress(OSError):
            return self.api("GET", "/info")[0] == 200
        return False

    def _remember(self, pid: int) -> None:
        self.machine.remember("process", f"{pid} {psutil.Process(pid).create_time()}")


class Visitor:
    """What one user's token may do at one server."""

    def __init__(self, hub: RealHub, place: str, token: str) -> None:
        self.hub, self.url, self.token = hub, hub.url + place, token
        self.told: Any = None  # the last job that ended, with its results

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request; return the status and the answer."""
        return request(method, self.url + path, body, token=self.token, context=self.hub.context)

    def get(self, path: str) -> Any:
        """Return what hubgrade's API answers, which must be fine."""
        status, body = self.ask("GET", API + path)
        assert status == 200, (path, status, body)
        return body

    def roles(self) -> dict[str, list[str]]:
        """Return the courses of the session, with the roles in each."""
        return {course["course_id"]: course["roles"] for course in self.get("/session")["courses"]}

    def course_key(self, course_id: str) -> str:
        """Return the key by which the API knows a course."""
        courses = self.get("/session")["courses"]
        return str(next(course["course_key"] for course in courses if course["course_id"] == course_id))

    def start_job(self, course_key: str, verb: str, assignment_id: str = "ps1", **wish: object) -> str:
        """Start a job, and return its id."""
        request = {"verb": verb, "assignment_id": assignment_id, **wish}
        status, job = self.ask("POST", f"{API}/courses/{course_key}/jobs", request)
        assert status == 202, job
        return str(job["job_id"])

    def do(self, course_key: str, verb: str, assignment_id: str = "ps1", **wish: object) -> dict[str, str]:
        """Do a job and wait for its end; return as `ended`."""
        return self.ended(course_key, self.start_job(course_key, verb, assignment_id, **wish))

    def ended(self, course_key: str, job_id: str, within_s: float = 120) -> dict[str, str]:
        """Wait for the end of a job; return each item with its state, and `job` with that of the job."""

        def look() -> Any:
            detail = self.get(f"/courses/{course_key}/jobs/{job_id}")
            return detail if detail["job"]["state"] not in ("queued", "running") else None

        detail = eventually(look, within_s)
        self.told = detail
        return {"job": detail["job"]["state"], **{one["item"]: one["state"] for one in detail["results"]}}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def request(
    method: str, url: str, body: object = None, *, token: str, context: ssl.SSLContext | None = None
) -> tuple[int, Any]:
    """Send JSON, follow no redirect, and return the status with the answer: JSON when it is some."""
    asked = urllib.request.Request(url, method=method, headers={"Authorization": f"token {token}"})
    if body is not None:
        asked.data = json.dumps(body).encode()
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()]
    try:
        with urllib.request.build_opener(*handlers).open(asked, timeout=120) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def eventually(find: Callable[[], Found], within_s: float, told: Callable[[], object] = lambda: "") -> Found:
    """Call `find` until it returns something true, and return that."""
    deadline = time.monotonic() + within_s
    while not (found := find()):
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)
    return found


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
