"""The certificate and key that the hub's proxy shows; neither is printed."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import structs

from hubgrade_ext.preflight.hub_side.facts import CertificateFacts
from hubgrade_ext.preflight.hub_side.files import look_at_file
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def certificate_facts(config: LoadedConfig) -> CertificateFacts:
    """Return the facts of `c.JupyterHub.ssl_cert` and `ssl_key`."""
    certificate = config.text("JupyterHub", "ssl_cert")
    key = config.text("JupyterHub", "ssl_key")
    if not certificate or not key:
        only = "ssl_cert" if certificate else "ssl_key" if key else ""
        return CertificateFacts(configured=bool(only), only=only)
    found = CertificateFacts(
        configured=True,
        certificate=look_at_file(certificate),
        key=look_at_file(key),
        host=urlsplit(config.text("JupyterHub", "public_url")).hostname or "",
    )
    if not (found.certificate.readable and found.key.readable):
        return found
    return _read(structs.replace(found, match_problem=_match_problem(certificate, key)))


def _match_problem(certificate: str, key: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # a key with a passphrase must not ask on the terminal
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key belongs to another certificate"
        return f"they cannot be used ({error.reason or 'no PEM files'})"
    except (OSError, ValueError):
        return "they cannot be used (no PEM files, or a passphrase)"
    return ""


def _read(found: CertificateFacts) -> CertificateFacts:
    if find_spec("cryptography") is None:
        return structs.replace(found, read_problem="the Python package cryptography is not installed")
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(Path(found.certificate.path).read_bytes())
    except (OSError, ValueError):
        return structs.replace(found, read_problem="the file holds no certificate")
    return structs.replace(
        found,
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        names=_names(certificate),
        common_name=_common_name(certificate),
        self_signed=certificate.issuer == certificate.subject,
    )


def _names(certificate: Certificate) -> list[str]:
    """Return the host names and addresses of the extension that clients look at."""
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def _common_name(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else ""
