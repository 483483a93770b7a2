"""Certificates and keys of people who do not exist, made anew for every run of the tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from secure import PrivateKey, Signer

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Person:
    """A key and a certificate that somebody issued."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def private(self) -> PrivateKey:
        return PrivateKey(self.key, self.certificate)

    @property
    def signer(self) -> Signer:
        return Signer(self.key, (self.certificate,))

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Write certificate and key as PEM; return where."""
        name = f"{self.certificate.serial_number:x}"
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key


@cache
def key_of(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key; the same one for the same number."""
    return rsa.generate_private_key(65537, bits)


def issued(
    name: str,
    number: int = 0,
    *,
    by: Person | None = None,
    usage: str = "digital_signature key_encipherment",
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    authority: int | None = -1,
    days: tuple[int, int] = (-1, 30),
    bits: int = 2048,
) -> Person:
    """Return a person.

    Args:
        name: common name.
        number: of the key.
        by: who issues the certificate; None: the person.
        usage: what key usage allows, by the library's words; "": no such extension.
        extensions: more of them, and whether they are critical.
        authority: how many others may stand between it and the last one; None: any number;
            -1: it is no authority.
        days: from when to when it is valid, from now on.
        bits: of the key.
    """
    key = key_of(number, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if authority != -1:
        builder = builder.add_extension(x509.BasicConstraints(True, authority), True)
    if usage:
        builder = builder.add_extension(_key_usage(usage), True)
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return Person(key, builder.sign((by.key if by else key), hashes.SHA256()))


_USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    "key_cert_sign crl_sign encipher_only decipher_only"
)


def _key_usage(words: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in words.split() for name in _USAGES.split()})


@cache
def authority() -> Person:
    return issued("Authority", 100, usage="key_cert_sign crl_sign", authority=None)


@cache
def alice() -> Person:
    return issued("Alice", 1, by=authority())


@cache
def bob() -> Person:
    return issued("Bob", 2, by=authority())
