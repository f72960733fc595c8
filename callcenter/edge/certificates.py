"""A certificate of our own making, for trying TLS before there is a real one.

Browsers will warn; that is right. It is kept and reused, since a new one at every start would
make people used to clicking warnings away, and renewed when it is about to end or lacks a name.
"""

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from callcenter.edge.plan import TlsFiles

LIFE: Final = timedelta(days=397)  # Browsers take no longer one.
_RENEW_BEFORE: Final = timedelta(days=30)
_CLOCKS_DIFFER: Final = timedelta(hours=1)


def self_signed(folder: Path, names: Sequence[str], now: datetime) -> TlsFiles:
    """A certificate for these host names and addresses, made if there is none that still fits."""
    if not names:
        raise ValueError("a certificate needs at least one host name or address")
    files = TlsFiles(folder / "self-signed.crt", folder / "self-signed.key")
    if not _still_fits(files, names, now):
        folder.mkdir(parents=True, exist_ok=True)
        _make(files, names, now)
    return files


def _still_fits(files: TlsFiles, names: Sequence[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return (
        certificate.public_key() == key.public_key()
        # A machine's addresses come and go; the certificate stays while it names those there are.
        and {_alternative(name) for name in names} <= set(said)
        and now + _RENEW_BEFORE < certificate.not_valid_after_utc
    )


def _make(files: TlsFiles, names: Sequence[str], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_private(files.key, secret)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, secret: bytes) -> None:
    """Nobody else may read it, not even for the moment of writing."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
