"""Whether a certificate is to be believed: chain, validity and key usage (RFC 5280 6, in part).

Revocation is not looked up: the appliance is offline.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from secure.certificates import load_certificates, rsa_key_of
from secure.errors import KeyNotRead

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, KeyUsage

_LONGEST_CHAIN: Final = 8  # certificates
_MOST_TRIED: Final = 200  # signatures that are looked at for one certificate
_SHORTEST_KEY: Final = 2048  # bits of RSA (RFC 8551 4.2); shorter ones are for the past alone
_MOST_FILES: Final = 10_000  # in a folder of certificates
_EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
_DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"  # RFC 9336
_CLIENT_AUTHENTICATION: Final = "1.3.6.1.5.5.7.3.2"  # what a device has to sign in with
_ANY_USAGE: Final = "2.5.29.37.0"
_USAGES: Final = {_EMAIL_PROTECTION, _DOCUMENT_SIGNING, _CLIENT_AUTHENTICATION, _ANY_USAGE}
_FORGED: Final = ("md5", "sha1")  # digests of certificates that nobody believes any more
# Critical extensions that are understood here: key usage, basic constraints, extended key usage,
# and names, which nothing is derived from.
_UNDERSTOOD: Final = {"2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17"}


class Use(StrEnum):
    """What a certificate is to be good for."""

    SIGN = "sign"
    RECEIVE = "receive"


class Standing(StrEnum):
    """What is to be thought of a certificate; the gravest that applies."""

    TRUSTED = "trusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    WEAK_KEY = "weak key"
    WRONG_USAGE = "wrong usage"
    UNTRUSTED = "untrusted"
    MISSING = "missing"  # nobody has the certificate


class Judgement(NamedTuple):
    """What is to be thought of a certificate, and all the reasons."""

    standing: Standing
    reasons: tuple[str, ...] = ()


class TrustStore:
    """Certificates that are believed, together with all that they have issued."""

    def __init__(self, certificates: "Sequence[Certificate]" = ()) -> None:
        """Believe *certificates*."""
        self.certificates = tuple(certificates)

    @classmethod
    def from_folder(cls, folder: "str | PathLike[str]") -> "TrustStore":
        """Believe the certificates in the files of *folder*, PEM or DER; other files are left out.

        Raises:
            KeyNotRead: it is no folder, or holds no certificate.
        """
        found: list[Certificate] = []
        try:
            paths = sorted(path for path in Path(folder).iterdir() if path.is_file())
        except OSError as error:
            raise KeyNotRead(
                f"cannot be read ({error.strerror})", str(folder), "Give a folder of certificates"
            ) from error
        for path in paths[:_MOST_FILES]:
            try:
                found += load_certificates(path)
            except KeyNotRead:
                continue
        if not found:
            raise KeyNotRead(
                "holds no certificates",
                str(folder),
                "Put the certificates there that you trust, in PEM or DER",
            )
        return cls(found)


def judge(
    certificate: "Certificate",
    at: datetime,
    use: Use,
    store: TrustStore | None = None,
    others: "Sequence[Certificate]" = (),
) -> Judgement:
    """Say what is to be thought of *certificate*.

    Args:
        certificate: of a signer or a recipient.
        at: the time to judge for, aware.
        use: what it is to be good for.
        store: what is believed; None: nothing is.
        others: that came along and may stand between it and what is believed.
    """
    chain = _Search(store or TrustStore(), others, at).chain(certificate)
    found = []
    if chain is None:
        found.append((Standing.UNTRUSTED, _why_untrusted(certificate)))
    found += _against_use(certificate, use)
    found += [pair for one in chain or (certificate,) for pair in _against_key(one)]
    found += [pair for one in chain or (certificate,) for pair in _against_time(one, at)]
    standings = [standing for standing, _ in found]
    gravest = next((one for one in _GRAVEST_FIRST if one in standings), Standing.TRUSTED)
    return Judgement(gravest, tuple(reason for _, reason in found))


_GRAVEST_FIRST: Final = (
    Standing.UNTRUSTED,
    Standing.WEAK_KEY,
    Standing.WRONG_USAGE,
    Standing.EXPIRED,
    Standing.NOT_YET_VALID,
)


def _why_untrusted(certificate: "Certificate") -> str:
    from cryptography.exceptions import UnsupportedAlgorithm

    with suppress(UnsupportedAlgorithm):
        algorithm = certificate.signature_hash_algorithm
        if algorithm is not None and algorithm.name in _FORGED:
            return f"it was issued with {algorithm.name.upper()}, which can be forged"
    return "nobody who is trusted has issued it"


def _against_key(certificate: "Certificate") -> "Iterator[tuple[Standing, str]]":
    key = rsa_key_of(certificate)
    if key is not None and key.key_size < _SHORTEST_KEY:
        yield (
            Standing.WEAK_KEY,
            f"an RSA key of {key.key_size:,} bits can be broken: {_SHORTEST_KEY:,} are needed",
        )


def _against_time(certificate: "Certificate", at: datetime) -> "Iterator[tuple[Standing, str]]":
    if at > certificate.not_valid_after_utc:
        yield Standing.EXPIRED, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    elif at < certificate.not_valid_before_utc:
        start = certificate.not_valid_before_utc
        yield Standing.NOT_YET_VALID, f"not yet valid: from {start:%Y-%m-%d} on"


def _against_use(certificate: "Certificate", use: Use) -> "Iterator[tuple[Standing, str]]":
    usage, purposes = _key_usage(certificate), _purposes(certificate)
    if usage is not None and not (
        usage.key_encipherment
        if use is Use.RECEIVE
        else usage.digital_signature or usage.content_commitment
    ):
        yield Standing.WRONG_USAGE, f"its key usage does not allow to {_DOING[use]}"
    if purposes is not None and not purposes & _USAGES:
        yield Standing.WRONG_USAGE, "its extended key usage is for something else"


_DOING: Final = {Use.SIGN: "sign content", Use.RECEIVE: "encrypt content keys"}


def _key_usage(certificate: "Certificate") -> "KeyUsage | None":
    from cryptography.x509 import ExtensionNotFound, KeyUsage

    try:
        return certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        return None


def _purposes(certificate: "Certificate") -> set[str] | None:
    from cryptography.x509 import ExtendedKeyUsage, ExtensionNotFound

    try:
        extension = certificate.extensions.get_extension_for_class(ExtendedKeyUsage)
    except ExtensionNotFound:
        return None
    return {purpose.dotted_string for purpose in extension.value}


class _Search:
    """Looks for a chain from a certificate to one that is believed; gives up in time."""

    def __init__(self, store: TrustStore, others: "Sequence[Certificate]", at: datetime) -> None:
        self._believed = set(store.certificates)
        # An authority that has a new certificate lends its name and key to the old one, too.
        issuers = (*store.certificates, *others)
        self._issuers = sorted(issuers, key=lambda one: any(_against_time(one, at)))
        self._tries = _MOST_TRIED

    def chain(
        self, certificate: "Certificate", below: "tuple[Certificate, ...]" = ()
    ) -> "tuple[Certificate, ...] | None":
        """Return it and those above it up to one that is believed; None when there is no way."""
        chain = (*below, certificate)
        if _has_unknown_demands(certificate):
            return None
        if certificate in self._believed:
            return chain
        if len(chain) == _LONGEST_CHAIN:
            return None
        for issuer in self._issuers:
            if issuer not in chain and self._has_issued(issuer, certificate, len(below)):
                found = self.chain(issuer, chain)
                if found is not None:
                    return found
        return None

    def _has_issued(self, issuer: "Certificate", certificate: "Certificate", between: int) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        if issuer.subject != certificate.issuer or not _may_issue(issuer, between):
            return False
        if not self._tries:
            return False
        self._tries -= 1
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True


def _may_issue(certificate: "Certificate", between: int) -> bool:
    """Return whether it is of an authority, with *between* others between it and the last one."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        basic = certificate.extensions.get_extension_for_class(BasicConstraints).value
    except ExtensionNotFound:
        return False
    usage = _key_usage(certificate)
    within = basic.path_length is None or between <= basic.path_length
    return basic.ca and within and (usage is None or usage.key_cert_sign)


def _has_unknown_demands(certificate: "Certificate") -> bool:
    return any(
        extension.critical and extension.oid.dotted_string not in _UNDERSTOOD
        for extension in certificate.extensions
    )
