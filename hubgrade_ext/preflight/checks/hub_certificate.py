"""Checks of the certificate that the hub's proxy shows."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_side.facts import CertificateFacts

NO_TLS = NotApplicable("The hub's proxy speaks no TLS; a proxy in front of it may.")
SOON_S = 21 * 86400.0
SAN_COMMAND = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem "
    '-subj "/CN=HOST" -addext "subjectAltName=DNS:HOST"'
)


def find_no_files(certificate: CertificateFacts) -> Verdict:
    """Tell whether one of the two files is not there, or not for the hub's user."""
    if not certificate.configured:
        return NO_TLS
    if certificate.only:
        other = "ssl_key" if certificate.only == "ssl_cert" else "ssl_cert"
        return Fault(f"c.JupyterHub.{certificate.only} is set, c.JupyterHub.{other} is not.")
    for file in (certificate.certificate, certificate.key):
        if file.blocked_at:
            return Fault(f"The hub's user cannot pass {file.blocked_at}, above {file.path}.")
        if not file.readable:
            return Fault(
                f"{file.path} is missing." if file.kind == "missing" else f"{file.path} may not be read."
            )
    return None


def find_open_key(certificate: CertificateFacts) -> Verdict:
    """Tell whether others may read the key."""
    if not certificate.key.mode & 0o077:
        return None
    return Fault(
        f"The key {certificate.key.path} has mode {certificate.key.mode:o}.",
        f"chmod 600 {certificate.key.path}",
    )


def find_mismatch(certificate: CertificateFacts) -> Verdict:
    """Tell whether certificate and key do not belong together."""
    if not certificate.match_problem:
        return None
    return Fault(f"{certificate.certificate.path} and {certificate.key.path}: {certificate.match_problem}.")


def find_out_of_date(certificate: CertificateFacts) -> Verdict:
    """Tell whether the certificate is not valid now, or not for long."""
    if certificate.read_problem:
        return NotApplicable(f"The certificate cannot be read: {certificate.read_problem}.")
    now = time.time()
    if now < certificate.not_before:
        return Fault(f"The certificate is valid from {_day(certificate.not_before)} only.")
    if now > certificate.not_after:
        return Fault(f"The certificate expired on {_day(certificate.not_after)}.")
    if certificate.not_after - now < SOON_S:
        days = int((certificate.not_after - now) // 86400)
        return Fault(
            f"The certificate expires in {days} days, on {_day(certificate.not_after)}.", severity="warning"
        )
    return None


def find_other_name(certificate: CertificateFacts) -> Verdict:
    """Tell whether browsers will not find the hub's name in the certificate."""
    if certificate.read_problem:
        return NotApplicable(f"The certificate cannot be read: {certificate.read_problem}.")
    if not certificate.names:
        return Fault(
            f"The certificate has {certificate.common_name or 'no name'} in its CN only, where nobody looks.",
            severity="warning",
        )
    if certificate.host and not any(_matches(name, certificate.host) for name in certificate.names):
        return Fault(
            f"The certificate is for {', '.join(certificate.names)}, "
            f"the hub's public address is {certificate.host}."
        )
    return None


def find_self_signed(certificate: CertificateFacts) -> Verdict:
    """Tell whether nobody vouches for the certificate."""
    if certificate.read_problem:
        return NotApplicable(f"The certificate cannot be read: {certificate.read_problem}.")
    return Fault("The certificate is signed by itself.") if certificate.self_signed else None


def _matches(name: str, host: str) -> bool:
    """Compare as browsers do: a star stands for one label."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y}"


FILES = Check(
    "tls.files",
    "Certificate and key are there",
    "certificate",
    "error",
    "The proxy stops at once, and the hub with it.",
    "Set both, to files that the hub's user may read.",
    find_no_files,
    needs=("hubconf.load",),
)
KEY_PERMS = Check(
    "tls.key_perms",
    "Only its owner may read the certificate's key",
    "certificate",
    "error",
    "The proxy takes it without a word; whoever reads it can pass for the hub.",
    "chmod 600 on the key.",
    find_open_key,
    needs=("tls.files",),
)
MATCH = Check(
    "tls.match",
    "Certificate and key belong together",
    "certificate",
    "error",
    "The proxy stops at once, and the hub with it.",
    "Take both from the same order; the certificate's file begins with the hub's own, then those above it.",
    find_mismatch,
    needs=("tls.files",),
)
EXPIRY = Check(
    "tls.expiry",
    "The certificate is valid now, and for three weeks",
    "certificate",
    "error",
    "Browsers warn everybody away, and sessions cannot reach the hub's public address.",
    "Renew it, and restart the proxy.",
    find_out_of_date,
    needs=("tls.match",),
)
NAME = Check(
    "tls.san",
    "The certificate has the hub's name",
    "certificate",
    "error",
    "Browsers look at the subjectAltName and refuse anything else. The openssl line of 2015 wrote none.",
    f"Order one with the hub's name; for trying out: {SAN_COMMAND}",
    find_other_name,
    needs=("tls.match",),
)
SELF_SIGNED = Check(
    "tls.self_signed",
    "Somebody vouches for the certificate",
    "certificate",
    "warning",
    "Browsers warn everybody, and nbgrader's course list fails: the session does not trust the hub.",
    "Take one from an authority (Let's Encrypt gives them), or set SSL_CERT_FILE for the sessions.",
    find_self_signed,
    needs=("tls.match",),
)
