"""Looks at a certificate before it is put to use: can it be read, does the key fit, how long it lasts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callcenter.cli.wording import said


class CertificateUnusable(Exception):
    """Says which file, what is wrong, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a certificate says about itself."""

    names: tuple[str, ...]
    not_after: datetime


def read_certificate(path: Path) -> Shown:
    """Raises: CertificateUnusable."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(_bytes(path))
    except ValueError:
        raise CertificateUnusable(
            said(
                f"{path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
                f"{path} 不是 PEM 证书（-----BEGIN CERTIFICATE-----）",
            )
        ) from None
    try:
        kind = x509.SubjectAlternativeName
        names = certificate.extensions.get_extension_for_class(kind).value
        known = [str(name.value) for name in names]
    except x509.ExtensionNotFound:
        known = []
    return Shown(tuple(known), certificate.not_valid_after_utc)


def read_pair(certificate: Path, key: Path) -> Shown:
    """A certificate and its key. Raises: CertificateUnusable, for an expired one too."""
    shown = read_fitting(certificate, key)
    if shown.not_after < datetime.now(UTC):
        raise CertificateUnusable(
            said(
                f"{certificate} expired on {shown.not_after:%Y-%m-%d}; get a new one",
                f"{certificate} 已于 {shown.not_after:%Y-%m-%d} 过期，请更换",
            )
        )
    return shown


def read_fitting(certificate: Path, key: Path) -> Shown:
    """A certificate and its key, whatever the day. Raises: CertificateUnusable."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    shown = read_certificate(certificate)
    try:
        private = load_pem_private_key(_bytes(key), password=None)
    except (ValueError, TypeError):
        raise CertificateUnusable(
            said(
                f"{key} holds no private key in PEM without a passphrase",
                f"{key} 不是无口令的 PEM 私钥",
            )
        ) from None
    public = x509.load_pem_x509_certificate(_bytes(certificate)).public_key()
    if private.public_key() != public:
        raise CertificateUnusable(
            said(f"{key} is not the key of {certificate}", f"{key} 与 {certificate} 不匹配")
        )
    return shown


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CertificateUnusable(
            said(f"{path} cannot be read: {reason}", f"无法读取 {path}：{reason}")
        ) from None
