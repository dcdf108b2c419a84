"""Databases and certificates as their own programs make them: jupyterhub's alembic, cryptography."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# the schema of JupyterHub 5.5
OLD_SCHEMA = "4621fec11365"
MAKE = """
import shutil, sys, warnings
warnings.simplefilter("ignore")
from alembic import command
from alembic.config import Config
from jupyterhub import dbutil, orm
from sqlalchemy import create_engine
current, old, schema = sys.argv[1:]
engine = create_engine(f"sqlite:///{current}")
orm.Base.metadata.create_all(engine)
engine.dispose()
with dbutil._temp_alembic_ini(f"sqlite:///{current}") as ini:
    command.stamp(Config(ini), "head")
shutil.copy(current, old)
with dbutil._temp_alembic_ini(f"sqlite:///{old}") as ini:
    command.downgrade(Config(ini), schema)
"""


def make_databases(folder: Path) -> tuple[Path, Path]:
    """Return a database of the installed jupyterhub, and one that its own migrations took back."""
    current, old = folder / "current.sqlite", folder / "old.sqlite"
    command = [sys.executable, "-c", MAKE, str(current), str(old), OLD_SCHEMA]
    subprocess.run(command, check=True, capture_output=True)
    return current, old


def make_certificate(
    folder: Path,
    *,
    days: tuple[float, float] = (-1, 365),
    names: tuple[str, ...] = ("hub.example.org",),
    common_name: str = "hub.example.org",
    issuer: str = "Some Authority",
) -> None:
    """Write cert.pem and key.pem; `days` from now between which it is valid."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_name(n) for n in names]), critical=False
        )
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
