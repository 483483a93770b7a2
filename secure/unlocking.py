"""Finds the content key of an envelope among its recipients (RFC 5652 6.2)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from secure import der
from secure.algorithms import RSA_ENCRYPTION
from secure.ber import BerTooMuch, Value
from secure.errors import (
    NoRecipient,
    NotDecrypted,
    TooMuch,
    UnknownAlgorithm,
    WrongKey,
    WrongPassword,
)
from secure.keys import Keys
from secure.pwri import Derivation, Wrapping, derivation_of, wrapping_of

if TYPE_CHECKING:
    from secure.certificates import Identity, PrivateKey

MOST_RECIPIENTS: Final = 1000
MOST_ITERATIONS: Final = 10_000_000  # of PBKDF2 for one file, all recipients together; some 4 s

_FREE_TRIES: Final = 20  # of private keys on recipients of one file; more are counted by `Keys`

_KEY_TRANSPORT, _PASSWORD = der.SEQUENCE, der.context(3)
_OTHERS: Final = {
    der.context(1): "key agreement",
    der.context(2): "a key that was shared before",
    der.context(4): "another kind of recipient",
}
_GIVE: Final[dict[tuple[str, ...], str]] = {
    ("certificate",): "Give the private key of one of those it is for: there is no password",
    ("password",): "Give the password",
}
_KEY_ID: Final = der.context(0, is_constructed=False)


class Recipient(NamedTuple):
    """Somebody for whom a file is locked."""

    kind: str  # "certificate", "password", or what else
    name: str  # serial number or key identifier in hexadecimal; the derivation of a password
    identifier: bytes = b""  # IssuerAndSerialNumber or subject key identifier, as encoded
    key: bytes = b""  # encrypted
    password: "tuple[Derivation, Wrapping] | None" = None
    algorithm: str = ""  # of a kind that is not read, or by which the key is encrypted

    def is_for(self, identity: "Identity") -> bool:
        """Return whether it means the owner of the certificate of *identity*."""
        return self.identifier in (identity.issuer + identity.serial, identity.key_id)


class Candidate(NamedTuple):
    """What may be the content key, and what it was found with."""

    key: bytes
    failure: type[NotDecrypted]  # what it is when it is not the key


def recipients_of(infos: Value, where: str) -> list[Recipient]:
    """Read the RecipientInfos of an envelope.

    Raises:
        BerError: they are malformed.
        TooMuch: there are more than `MOST_RECIPIENTS`.
    """
    try:
        found = infos.children(0, MOST_RECIPIENTS)
    except BerTooMuch as error:
        raise TooMuch.at(where, f"more than {MOST_RECIPIENTS:,} recipients") from error
    return [_recipient(info, where) for info in found]


def _recipient(info: Value, where: str) -> Recipient:
    if info.tag == _KEY_TRANSPORT:
        _, identifier, algorithm, key = info.children(4, 4)
        is_key_id = identifier.tag == _KEY_ID
        name = (identifier if is_key_id else identifier.children(2, 2)[1]).content.hex()
        oid = algorithm.children(1)[0].oid()
        return Recipient("certificate", name, identifier.content, key.octets(), algorithm=oid)
    if info.tag == _PASSWORD:
        return _password_recipient(info, where)
    return Recipient(_OTHERS.get(info.tag, f"tag {info.tag:02X}H"), "")


def _password_recipient(info: Value, where: str) -> Recipient:
    _, *fields, algorithm, key = info.children(3, 4)
    try:
        wrapping = wrapping_of(algorithm, where)
        if not fields:
            raise UnknownAlgorithm.at(where, "key derivation", "that is not named")
        derivation = derivation_of(fields[0], wrapping.cipher.key_size, where)
    except UnknownAlgorithm as error:
        # There may be other recipients; it is only wrong when none of them opens.
        return Recipient("password", "", algorithm=error.what)
    name = f"PBKDF2 {derivation.prf.digest}, {derivation.iterations:,} iterations"
    return Recipient("password", name, b"", key.octets(), (derivation, wrapping))


def content_keys(recipients: Sequence[Recipient], keys: Keys, where: str) -> Iterator[Candidate]:
    """Yield what may be the content key, most likely the only one first.

    Raises:
        NoRecipient: it is locked for others.
        WrongPassword: none of the passwords opens it, and no private key is among those it is for.
        WrongKey: as well, the other way round.
        TooMuch: the passwords would have to be derived, or private keys tried, for longer than
            is accepted, for this file or (Overdrawn) for all files of its medium.
        UnknownAlgorithm: it is locked only in ways that are not read.
    """
    failure: type[WrongPassword | WrongKey] | None = None
    found = False
    for key in _by_private_keys(recipients, keys, where):
        failure = WrongKey
        if key:
            found = True
            yield Candidate(key, WrongKey)
    for key in _by_passwords(recipients, keys, where):
        failure = failure or WrongPassword
        if key:
            found = True
            yield Candidate(key, WrongPassword)
    if not found:
        raise failure.at(where) if failure else _nobody(recipients, keys, where)


def _by_private_keys(
    recipients: Sequence[Recipient], keys: Keys, where: str
) -> Iterator[bytes | None]:
    """Yield a key, or None, for every try."""
    tries = 0
    for recipient in recipients:
        if recipient.algorithm == RSA_ENCRYPTION:
            for owner, identity in keys.owners:
                if identity is None or recipient.is_for(identity):
                    tries += 1
                    if tries > _FREE_TRIES:
                        keys.spend_a_try(where)
                    yield _transported(owner, recipient.key)


def _transported(owner: "PrivateKey", encrypted: bytes) -> bytes | None:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        # With another key this may give a wrong one instead of failing, on purpose
        # (implicit rejection); whoever uses it finds out.
        return owner.key.decrypt(encrypted, PKCS1v15())
    except ValueError:
        return None


def _by_passwords(
    recipients: Sequence[Recipient], keys: Keys, where: str
) -> Iterator[bytes | None]:
    """Yield a key, or None, for every try."""
    left = MOST_ITERATIONS
    for recipient in recipients:
        if recipient.password is None:
            continue
        derivation, wrapping = recipient.password
        size = wrapping.cipher.key_size
        for password in keys.passwords:
            if not keys.knows(derivation, password, size):
                left -= derivation.iterations
                if left < 0:
                    what = f"a password that is derived in {derivation.iterations:,} steps"
                    raise TooMuch.at(where, what)
            yield wrapping.unwrap(keys.derive(derivation, password, size, where), recipient.key)


def _nobody(
    recipients: Sequence[Recipient], keys: Keys, where: str
) -> NoRecipient | UnknownAlgorithm:
    """Return what to say where nothing at hand fits."""
    for recipient in recipients:
        if recipient.kind == "password" and recipient.password is None and keys.passwords:
            return UnknownAlgorithm(
                recipient.algorithm, where, "Ask the sender for a medium that follows PS3.15 D.1.1"
            )
        if _is_transported_otherwise(recipient, keys):
            return UnknownAlgorithm.at(where, "key transport", recipient.algorithm)
    kinds = sorted({recipient.kind for recipient in recipients})
    counts = [f"{sum(r.kind == kind for r in recipients)} by {kind}" for kind in kinds]
    error = NoRecipient(
        "is locked for others (" + (", ".join(counts) or "nobody") + ")",
        where,
        _GIVE.get(tuple(kinds), "Give the password, or the private key of one of those it is for"),
    )
    error.kinds = frozenset(kinds)
    error.details["recipients"] = [[one.kind, one.name] for one in recipients[:20]]
    return error


def _is_transported_otherwise(recipient: Recipient, keys: Keys) -> bool:
    """Return whether a private key at hand may be the right one, and another algorithm is used."""
    if recipient.kind != "certificate" or recipient.algorithm == RSA_ENCRYPTION:
        return False
    return any(identity is None or recipient.is_for(identity) for _, identity in keys.owners)
