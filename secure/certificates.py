"""Certificates and private keys: from files, and what CMS needs to know of them.

PEM, DER and PKCS#12 are read. Keys are RSA: PS3.15 D.1.1 knows no others.
"""

from os import PathLike
from typing import TYPE_CHECKING, Final, NamedTuple

from secure.ber import BerError, single
from secure.der import context, sequence
from secure.errors import BadKey, KeyNotRead

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.x509 import Certificate, Name

_LARGEST: Final = 4 << 20  # bytes of a file of keys or certificates
_BEGIN: Final = b"-----BEGIN "
# What people call attributes of names for which the library has no word (RFC 4519, RFC 2985 5.2).
_CALLED: Final = {
    "1.2.840.113549.1.9.1": "emailAddress",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.12": "title",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "givenName",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
}


class Identity(NamedTuple):
    """By what CMS names the owner of a certificate (RFC 5652 5.3, 6.2.1), as encoded there."""

    issuer: bytes  # a whole Name
    serial: bytes  # a whole INTEGER
    key_id: bytes | None  # subject key identifier

    def encoded(self) -> bytes:
        """Return it as an IssuerAndSerialNumber."""
        return sequence(self.issuer, self.serial)


class PrivateKey(NamedTuple):
    """A private key, and the certificates that came with it."""

    key: "RSAPrivateKey"
    certificate: "Certificate | None" = None  # its own
    others: tuple["Certificate", ...] = ()  # of those who issued it


def name_of(certificate: "Certificate") -> str:
    """Return whose certificate it is (RFC 4514), attributes by the names that people know."""
    return told_name(certificate.subject)


def told_name(name: "Name") -> str:
    """Return *name* as a line (RFC 4514)."""
    from cryptography.x509 import ObjectIdentifier

    return name.rfc4514_string({ObjectIdentifier(oid): word for oid, word in _CALLED.items()})


def identity_of(certificate: "Certificate") -> Identity:
    """Return by what CMS names the owner of *certificate*."""
    from cryptography.x509 import ExtensionNotFound, SubjectKeyIdentifier

    # Byte for byte as it stands there: names are compared so.
    fields = single(encoded(certificate)).children(1)[0].children(4)
    if fields[0].tag == context(0):  # version
        del fields[0]
    try:
        extension = certificate.extensions.get_extension_for_class(SubjectKeyIdentifier)
    except ExtensionNotFound:
        return Identity(fields[2].raw, fields[0].raw, None)
    return Identity(fields[2].raw, fields[0].raw, extension.value.digest)


def refuse_malformed(certificate: "Certificate") -> "Certificate":
    """Return *certificate* when all that is ever asked of it can be read.

    The library reads most of it only when asked, and then raises many things; a certificate comes
    from a stranger.

    Raises:
        BerError: something in it cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import DuplicateExtension, UnsupportedGeneralNameType

    try:
        told_name(certificate.subject)
        told_name(certificate.issuer)
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        rsa_key_of(certificate)
        identity_of(certificate)  # reads all extensions
    except (
        DuplicateExtension,
        TypeError,
        UnsupportedAlgorithm,
        UnsupportedGeneralNameType,
        ValueError,
    ) as error:
        raise BerError("a certificate is malformed") from error
    return certificate


def encoded(certificate: "Certificate") -> bytes:
    """Return *certificate* in DER."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def certificate_of(data: bytes) -> "Certificate":
    """Return the certificate that is *data* in DER.

    Raises:
        BerError: it is none.
    """
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        return refuse_malformed(load_der_x509_certificate(data))
    except (ValueError, InvalidVersion) as error:
        raise BerError("a certificate is malformed") from error


def rsa_key_of(certificate: "Certificate") -> "RSAPublicKey | None":
    """Return the public key in *certificate*; None when it is not RSA or cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def belong_together(key: "RSAPrivateKey", certificate: "Certificate") -> bool:
    """Return whether *certificate* is one of *key*."""
    public = rsa_key_of(certificate)
    return public is not None and public.public_numbers() == key.public_key().public_numbers()


def load_certificates(path: "str | PathLike[str]") -> tuple["Certificate", ...]:
    """Return all certificates in a file, PEM or DER.

    Raises:
        KeyNotRead: it does not open, or holds none.
    """
    from cryptography.x509 import InvalidVersion, load_pem_x509_certificates

    data = _content(path)
    try:
        if _BEGIN in data:
            return tuple(map(refuse_malformed, load_pem_x509_certificates(data)))
        return (certificate_of(data),)
    except (ValueError, InvalidVersion) as error:
        raise KeyNotRead(
            "holds no certificate", str(path), "Give a certificate in PEM or DER"
        ) from error


def load_private_key(
    path: "str | PathLike[str]",
    password: str | None = None,
    certificate: "str | PathLike[str] | None" = None,
) -> PrivateKey:
    """Return the private key in a file, PEM, DER or PKCS#12, with the certificates beside it.

    Args:
        path: of the key; certificates that are in the same file are taken too.
        password: that the file is protected with.
        certificate: a file of the certificate that belongs to it, perhaps with its issuers.

    Raises:
        KeyNotRead: it does not open, or not with this password.
        BadKey: it is not RSA, or the certificate belongs to another key.
    """
    data = _content(path)
    secret = None if password is None else password.encode()
    try:
        key, found = (_from_pem if _BEGIN in data else _from_der)(data, secret)
    except (ValueError, TypeError) as error:  # TypeError: a password too many, or none
        raise KeyNotRead(
            "holds no private key that opens with this password"
            if password is not None
            else "holds no private key that opens without a password",
            str(path),
            "Give a private key in PEM or PKCS#12, and the password that protects it",
        ) from error
    if certificate is not None:
        found = (*load_certificates(certificate), *found)
    return _paired(key, found, str(path), None if certificate is None else str(certificate))


def _from_pem(data: bytes, secret: bytes | None) -> tuple[object, tuple["Certificate", ...]]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    has_certificates = _BEGIN + b"CERTIFICATE" in data
    certificates = load_pem_x509_certificates(data) if has_certificates else []
    starts = [at for kind in _KEYS if (at := data.find(_BEGIN + kind)) >= 0]
    return load_pem_private_key(data[min(starts, default=0) :], secret), tuple(certificates)


_KEYS: Final = (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY")


def _from_der(data: bytes, secret: bytes | None) -> tuple[object, tuple["Certificate", ...]]:
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    try:
        key, own, others = load_key_and_certificates(data, secret)
    except ValueError:
        return load_der_private_key(data, secret), ()
    return key, (*(() if own is None else (own,)), *others)


def _paired(
    key: object, found: tuple["Certificate", ...], path: str, certificate: str | None
) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise BadKey("is not an RSA key", path, "Give an RSA key: PS3.15 D.1.1 knows no other")
    own = next((one for one in found if belong_together(key, one)), None)
    if own is None and certificate is not None:
        raise BadKey(
            "belongs to another private key", certificate, "Give the certificate of the key"
        )
    return PrivateKey(key, own, tuple(one for one in found if one is not own))


def _content(path: "str | PathLike[str]") -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (pathlib costs more than all else here)
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise KeyNotRead(
            f"cannot be read ({error.strerror})", str(path), "Look whether the file is there"
        ) from error
    if len(data) > _LARGEST:
        raise KeyNotRead(
            f"has more than {_LARGEST:,} bytes", str(path), "Give a file of keys or certificates"
        )
    return data
