"""Checks signatures of SignedData (RFC 5652 5.3 to 5.6)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple

from secure import der
from secure.algorithms import (
    CONTENT_TYPE,
    DATA,
    DIGEST_OF_OID,
    MESSAGE_DIGEST,
    SIGNATURES,
    SIGNING_TIME,
    DigestRow,
    called,
)
from secure.ber import BerError, Value
from secure.certificates import certificate_of, identity_of, name_of, rsa_key_of
from secure.errors import DigestMismatch, SignatureInvalid, Unprotected
from secure.keys import Keys
from secure.signers import hash_of
from secure.trust import Judgement, Standing, Use, judge

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ATTRIBUTES: Final = der.context(0)
_KEY_ID: Final = der.context(0, is_constructed=False)


class Signature(StrEnum):
    """Whether a signature holds. One that does not is an error and never comes this far."""

    VALID = "valid"
    # It cannot be checked; whether the digest of the content can is another matter:
    NO_CERTIFICATE = "no certificate"
    UNKNOWN_ALGORITHM = "unknown algorithm"


class SignerReport(NamedTuple):
    """One who signed, and what is to be thought of it."""

    signature: Signature
    name: str  # subject of the certificate; serial number or key identifier where there is none
    algorithm: str  # of the digest; its object identifier where it is not known
    standing: Standing  # of the certificate
    reasons: tuple[str, ...]  # for that
    signing_time: datetime | None  # as the signer says
    certificate: "Certificate | None"
    shows_changes: bool  # the content is what the signer's digest was taken of

    @property
    def why_unchecked(self) -> str:
        """Return why the signature shows nothing, whoever is believed; "" where it holds."""
        return "" if self.signature is Signature.VALID else "; ".join(self.reasons)


class SignerInfo(NamedTuple):
    """A SignerInfo as it was read."""

    identifier: Value
    digest_oid: str
    attributes: Value | None
    signature_oid: str
    signature: bytes


def signer_info_of(info: Value) -> SignerInfo:
    """Read one SignerInfo.

    Raises:
        BerError: it is malformed.
    """
    _, identifier, digest, *others = info.children(5, 7)
    attributes = others.pop(0) if others[0].tag == _ATTRIBUTES else None
    if len(others) < 2:
        raise BerError("a SignerInfo has no signature")
    oid = others[0].children(1)[0].oid()
    return SignerInfo(identifier, digest.children(1)[0].oid(), attributes, oid, others[1].octets())


def check_signers(
    infos: Sequence[SignerInfo],
    digests: Mapping[str, bytes],
    bag: Sequence[bytes],
    keys: Keys,
    where: str,
    *,
    accept_unprotected: bool = False,
) -> tuple[SignerReport, ...]:
    """Check what every signer has signed.

    Args:
        infos: all of them.
        digests: of the content, by name; those that were announced.
        bag: certificates that came along, in DER.
        keys: whom to believe.
        where: what errors call the file.
        accept_unprotected: there need not be one that can be checked.

    Raises:
        DigestMismatch: the content is not what a signer's digest was taken of.
        SignatureInvalid: a signature does not hold.
        Unprotected: there is not one digest or signature that could be checked.
    """
    came = [certificate for data in bag if (certificate := _readable(data)) is not None]
    check = _Check(digests, came, keys, where)
    found = tuple(check.report(info) for info in infos)
    if not accept_unprotected and not any(report.shows_changes for report in found):
        raise Unprotected.at(where, why_unchecked(found))
    return found


def why_unchecked(reports: Iterable[SignerReport]) -> str:
    """Say why not one of the signatures can be checked."""
    reasons = dict.fromkeys(report.why_unchecked for report in reports)
    return "; ".join(filter(None, reasons)) or "nobody has signed it"


def _readable(data: bytes) -> "Certificate | None":
    try:
        return certificate_of(data)
    except BerError:
        return None  # One more that nobody needs, or its signer will be found to lack it.


class _Check:
    """What all signers of a file are checked with."""

    def __init__(
        self,
        digests: Mapping[str, bytes],
        came: "Sequence[Certificate]",
        keys: Keys,
        where: str,
    ) -> None:
        self._digests, self._came, self._keys, self._where = digests, came, keys, where

    def report(self, info: SignerInfo) -> SignerReport:
        """Return what was found."""
        row = DIGEST_OF_OID.get(info.digest_oid)
        digest = None if row is None else self._digests.get(row.name)
        if digest is not None and info.attributes is not None:
            self._refuse_other_content(info.attributes, digest)
        shows_changes = digest is not None and info.attributes is not None
        certificate = self._certificate(info.identifier)
        name = info.identifier.content[-20:].hex() if certificate is None else name_of(certificate)
        signature, algorithm, judged = Signature.VALID, info.digest_oid, _NO_CERTIFICATE
        if row is None or digest is None or not _fits(info.signature_oid, row):
            signature, judged = Signature.UNKNOWN_ALGORITHM, _unknown(info)
        elif certificate is None:
            signature, algorithm = Signature.NO_CERTIFICATE, row.name
        else:
            self._refuse_invalid(info, row, digest, certificate)
            shows_changes, algorithm, judged = True, row.name, self._judged(certificate)
        time = _signing_time(info.attributes)
        return SignerReport(signature, name, algorithm, *judged, time, certificate, shows_changes)

    def _judged(self, certificate: "Certificate") -> Judgement:
        keys = self._keys
        others = (*self._came, *keys.certificates)
        return judge(certificate, keys.at, Use.SIGN, keys.trust, others)

    def _certificate(self, identifier: Value) -> "Certificate | None":
        for certificate in (*self._came, *self._keys.certificates):
            identity = identity_of(certificate)
            named = identity.key_id if identifier.tag == _KEY_ID else None
            if identifier.content in (identity.issuer + identity.serial, named):
                return certificate
        return None

    def _refuse_other_content(self, attributes: Value, digest: bytes) -> None:
        found = _single_values(attributes)
        signed = found.get(MESSAGE_DIGEST)
        kind = found.get(CONTENT_TYPE)
        if signed is None or kind is None or kind.oid() != DATA:
            raise SignatureInvalid.at(self._where, "what it has to tell is missing")
        if not compare_digest(signed.octets(), digest):
            raise DigestMismatch.at(self._where)

    def _refuse_invalid(
        self, info: SignerInfo, row: DigestRow, digest: bytes, certificate: "Certificate"
    ) -> None:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

        key = rsa_key_of(certificate)
        if key is None:
            raise SignatureInvalid.at(self._where, "the certificate of its signer has no RSA key")
        algorithm = hash_of(row)
        for data in _signed_octets(info.attributes):
            try:
                if data is None:
                    key.verify(info.signature, digest, PKCS1v15(), Prehashed(algorithm))
                else:
                    key.verify(info.signature, data, PKCS1v15(), algorithm)
            except (InvalidSignature, UnsupportedAlgorithm, ValueError):
                continue
            return
        raise SignatureInvalid.at(self._where, "it is not the signer's over this content")


_NO_CERTIFICATE: Final = Judgement(
    Standing.MISSING, ("the certificate of its signer did not come along",)
)


def _unknown(info: SignerInfo) -> Judgement:
    """Say that nothing is known of a signer whose algorithms are not those of the profile."""
    names = (info.digest_oid, info.signature_oid)
    unknown = [oid for oid in names if oid not in DIGEST_OF_OID and oid not in SIGNATURES]
    what = ", ".join(called(oid) for oid in unknown or names)
    return Judgement(Standing.MISSING, (f"signed with {what}, which is not of PS3.15 D.1.1",))


def _fits(oid: str, row: DigestRow) -> bool:
    """Return whether the signature algorithm is known, and takes this digest."""
    return oid in SIGNATURES and SIGNATURES[oid] in (None, row.name)


def _signed_octets(attributes: Value | None) -> tuple[bytes | None, ...]:
    """Return what may have been signed: attributes as a SET OF, as they stand and in DER."""
    if attributes is None:
        return (None,)
    as_set = bytes((der.SET,))
    return (as_set + attributes.raw[1:], as_set + attributes.der()[1:])


def _single_values(attributes: Value) -> dict[str, Value]:
    """Return attributes that stand there once, with one value, by identifier."""
    found: dict[str, Value] = {}
    several = set()
    for attribute in attributes.children(0, 100):
        name, values = attribute.children(2, 2)
        oid = name.oid()
        inside = values.children(0, 100)
        if oid in found or len(inside) != 1:
            several.add(oid)
        else:
            found[oid] = inside[0]
    return {oid: one for oid, one in found.items() if oid not in several}


def _signing_time(attributes: Value | None) -> datetime | None:
    """Return what the signer says; None where that is nothing, or nothing sensible."""
    if attributes is None:
        return None
    try:
        said = _single_values(attributes)[SIGNING_TIME]
        text = said.octets().decode("ascii")
        form = "%y%m%d%H%M%SZ" if said.tag == der.UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None
