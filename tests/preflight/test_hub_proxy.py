"""The proxy and the ports, with something that listens there; the command line's exit status."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubgrade_ext.core.models import Finding
from hubgrade_ext.preflight.hub_side.asking import ask_hub_side
from hubgrade_ext.preflight.hub_side.report import report
from tests.preflight.fake_hub import FakeServer, serving
from tests.preflight.hub_machine import UNIT, Machine

PROXY_TOKEN = "the-proxys-own-secret-token"
ROUTES = (200, {"/": {"target": "http://127.0.0.1:8081"}})


@pytest.fixture
def machine(place: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without a database yet and without TLS; ports are set by the tests."""
    for name in [n for n in os.environ if n.startswith(("JUPYTERHUB_", "CONFIGPROXY_"))]:
        monkeypatch.delenv(name)
    made = Machine(place, (1, 1, 1))
    made.add("del c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert")
    made.add("c.ConfigurableHTTPProxy.auth_token = '" + PROXY_TOKEN + "'")
    return made


@pytest.fixture
def proxy(machine: Machine) -> Iterator[FakeServer]:
    """A proxy's API at the address that the configuration names; it takes the hub's token."""
    with serving() as server:
        server.answers["/api/routes"] = ROUTES
        server.tokens = {PROXY_TOKEN}
        machine.add(f"c.ConfigurableHTTPProxy.api_url = '{server.url}'")
        yield server


@pytest.fixture
def hub(machine: Machine) -> Iterator[FakeServer]:
    """A hub that runs."""
    with serving() as server:
        server.answers["/hub/api/"] = (200, {"version": "6.1.1"})
        machine.add(f"c.JupyterHub.hub_bind_url = '{server.url}'")
        yield server


def look(machine: Machine) -> dict[str, Finding]:
    """As the command does, in a process of its own: threads and forks do not go together."""
    found = report(ask_hub_side(unit_folders=[str(machine.units)]))
    assert PROXY_TOKEN not in repr(found)
    return {finding.check_id: finding for finding in found.findings}


def test_a_running_hub_with_its_proxy(machine: Machine, proxy: FakeServer, hub: FakeServer) -> None:
    found = look(machine)
    wanted = {i: found[i].status for i in found if found[i].subject == "proxy"}
    assert wanted == dict.fromkeys(wanted, "ok") | {"ports.free": "skipped"}
    assert {path for path, _ in proxy.asked} == {"/api/routes"}


def test_token_refused(machine: Machine, proxy: FakeServer, hub: FakeServer) -> None:
    """Row C1: adding the proxy's route fails with 403."""
    proxy.tokens = {"another"}
    found = look(machine)["proxy.token"]
    assert found.status == "error"
    assert "c.ConfigurableHTTPProxy.auth_token" in found.message
    assert "403" in found.why
    assert "EnvironmentFile=" in found.remedy


def test_proxy_of_its_own_takes_the_token_of_the_environment(machine: Machine, proxy: FakeServer) -> None:
    machine.add("del c.ConfigurableHTTPProxy.auth_token\nc.ConfigurableHTTPProxy.should_start = False")
    found = look(machine)
    assert found["proxy.token_set"].status == "error"
    assert found["proxy.token"].status == "skipped"
    (machine.place / "secrets.env").write_text(f"CONFIGPROXY_AUTH_TOKEN={PROXY_TOKEN}\n")
    machine.write_unit(UNIT + "EnvironmentFile={place}/secrets.env\n")
    found = look(machine)
    assert (found["proxy.token_set"].status, found["proxy.token"].status) == ("ok", "ok")


def test_proxy_that_obeys_anybody(machine: Machine, proxy: FakeServer) -> None:
    proxy.tokens = None
    found = look(machine)["proxy.open"]
    assert found.status == "error"
    assert "takes any token" in found.message


def test_left_over_proxy(machine: Machine, proxy: FakeServer) -> None:
    proxy.tokens = {"of an earlier start"}
    found = look(machine)["proxy.left_over"]
    assert found.status == "error"
    assert "another token" in found.message
    assert "KillMode=mixed" in found.remedy
    # a hub that still has the pid ends it by itself
    (machine.place / "hub" / "jupyterhub-proxy.pid").write_text("1\n")
    machine.give(machine.place / "hub" / "jupyterhub-proxy.pid", 0o600)
    assert look(machine)["proxy.left_over"].status == "warning"


def test_something_else_answers(machine: Machine, proxy: FakeServer) -> None:
    proxy.answers, proxy.tokens = {}, None
    assert "no proxy of JupyterHub" in look(machine)["proxy.left_over"].message


def test_no_route_to_the_hub(machine: Machine, proxy: FakeServer, hub: FakeServer) -> None:
    proxy.answers["/api/routes"] = (200, {"/user/ada": {}})
    assert look(machine)["proxy.hub_route"].status == "error"
    # a hub below a prefix has its route there
    machine.add("c.JupyterHub.bind_url = 'http://127.0.0.1:1/jhub/'")
    hub.answers["/jhub/hub/api/"] = hub.answers["/hub/api/"]
    proxy.answers["/api/routes"] = (200, {"/jhub/": {}})
    assert look(machine)["proxy.hub_route"].status == "ok"


def test_proxy_that_is_gone(machine: Machine, hub: FakeServer) -> None:
    machine.add("c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:9'")
    found = look(machine)
    assert found["proxy.reachable"].status == "error"
    assert "nothing listens there" in found["proxy.reachable"].message
    assert found["proxy.token"].status == "skipped"


def test_taken_ports_and_an_open_interface(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        machine.add(
            f"c.JupyterHub.bind_url = 'http://127.0.0.1:{port}/'\n"
            f"c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{port}/'\n"
            "c.ConfigurableHTTPProxy.api_url = 'http://0.0.0.0:1'"
        )
        found = look(machine)
    assert found["ports.free"].status == "error"
    assert f"port {port}, for the hub" in found["ports.free"].message
    assert f"port {port}, for the public address" in found["ports.free"].message
    assert found["proxy.api_exposed"].status == "warning"


# --- the command line ---


def hubgrade(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hubgrade_ext.cli", "preflight", "--hub", *arguments]
    answer = subprocess.run(command, cwd=machine.place, capture_output=True, text=True, check=False)
    assert PROXY_TOKEN not in answer.stdout + answer.stderr
    return answer


def test_exit_status(machine: Machine, proxy: FakeServer, hub: FakeServer) -> None:
    config = ["--config", str(machine.config)]
    fine = hubgrade(machine, *config, "--json", "--only", "proxy.token", "--only", "hubconf.load")
    body = json.loads(fine.stdout)
    assert fine.returncode == 0
    assert {f["check_id"]: f["status"] for f in body["findings"]} == {
        "proxy.token": "ok",
        "hubconf.load": "ok",
    }
    assert body["config"] == str(machine.config)
    machine.add("c.JupyterHub.db_url = 'sqlite:///relative.sqlite'")
    warned = hubgrade(machine, *config, "--only", "hubdb.relative")
    assert (warned.returncode, "relative.sqlite" in warned.stdout) == (1, True)
    proxy.tokens = {"another"}
    failed = hubgrade(machine, *config)
    assert (failed.returncode, "refuses the hub's token" in failed.stdout) == (2, True)


def test_what_cannot_be_done(machine: Machine) -> None:
    unknown = hubgrade(machine, "--only", "no.such")
    assert (unknown.returncode, "no check 'no.such'" in unknown.stderr) == (2, True)
    missing = hubgrade(machine, "--config", "gone.py")
    assert (missing.returncode, "gone.py" in missing.stderr) == (2, True)
