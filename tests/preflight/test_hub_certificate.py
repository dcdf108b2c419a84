"""The certificate of the hub's proxy: real ones, good and bad."""

from __future__ import annotations

import pytest

from tests.preflight.hub_databases import make_certificate
from tests.preflight.hub_machine import Machine


@pytest.mark.parametrize(
    ("days", "status", "said"),
    [
        ((-400, -1), "error", "expired on"),
        ((-1, 10), "warning", "expires in 9 days"),
        ((1, 300), "error", "from"),
    ],
)
def test_dates(machine: Machine, days: tuple[float, float], status: str, said: str) -> None:
    make_certificate(machine.place / "tls", days=days)
    machine.give(machine.place / "tls" / "key.pem", 0o600)
    machine.assert_fault("tls.expiry", status, said)


def test_names(machine: Machine) -> None:
    tls = machine.place / "tls"
    make_certificate(tls, names=("other.example.org", "127.0.0.1"))
    machine.give(tls / "key.pem", 0o600)
    machine.assert_fault("tls.san", "error", "other.example.org", "hub.example.org")
    make_certificate(tls, names=("*.example.org",))
    assert machine.finding("tls.san").status == "ok"
    # what the openssl line of 2015 makes
    make_certificate(tls, names=(), issuer="hub.example.org")
    machine.assert_fault("tls.san", "warning", "CN only", "subjectAltName")
    machine.assert_fault("tls.self_signed", "warning", "signed by itself")


def test_key(machine: Machine) -> None:
    tls = machine.place / "tls"
    (tls / "key.pem").chmod(0o644)
    machine.assert_fault("tls.key_perms", "error", "644", "chmod 600")
    certificate = (tls / "cert.pem").read_bytes()
    make_certificate(tls)
    machine.give(tls / "key.pem", 0o600)
    (tls / "cert.pem").write_bytes(certificate)
    machine.assert_fault("tls.match", "error", "belongs to another certificate")
    (tls / "cert.pem").write_text("no certificate")
    machine.assert_fault("tls.match", "error", "cannot be used")
    (tls / "key.pem").unlink()
    machine.assert_fault("tls.files", "error", "key.pem is missing")
    machine.add("del c.JupyterHub.ssl_key")
    machine.assert_fault("tls.files", "error", "ssl_cert is set, c.JupyterHub.ssl_key is not")
    machine.add("del c.JupyterHub.ssl_cert")
    assert machine.finding("tls.files").status == "skipped"
