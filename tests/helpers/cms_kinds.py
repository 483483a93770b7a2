"""Secure DICOM Files of all kinds that are met, small, made by our own writer and by hand."""

from secure import Sealer, der, prepare
from secure.algorithms import (
    CIPHER_OF_NAME,
    DATA,
    DIGEST_OF_NAME,
    DIGESTED_DATA,
    ENVELOPED_DATA,
    PRF_OF_DIGEST,
)
from secure.block_cipher import encryptor, padding_of
from secure.password import octets_of
from secure.pwri import Derivation
from secure.recipients import PasswordRecipient
from secure.signers import Digested

PHRASE = "a phrase of several words"
DERIVATION = Derivation(bytes(16), 1000, PRF_OF_DIGEST["sha256"])


def sealed(sealer: Sealer, content: bytes) -> bytes:
    return b"".join(sealer.seal(len(content)).pieces([content]))


def by_password(**options: object) -> Sealer:
    return prepare(password=PHRASE, iterations=1000, **options)  # type: ignore[arg-type]


def digested(content: bytes, name: str = "sha256") -> bytes:
    """Return a DigestedData."""
    from hashlib import new

    inner = Digested(DIGEST_OF_NAME[name])
    layers = inner.layers()
    encapsulated = der.octet_string(content)
    for tag, before in reversed(layers[1:-1]):
        encapsulated = der.value(tag, before, encapsulated)
    return der.value(*layers[0], encapsulated, inner.tail(new(name, content).digest()))


def in_content_info(inner: bytes, kind: str = DIGESTED_DATA) -> bytes:
    return der.sequence(der.oid(kind), der.value(der.context(0), inner))


def enveloped(
    plain: bytes,
    content_type: str = DIGESTED_DATA,
    *,
    derivation: Derivation = DERIVATION,
    recipients: bytes | None = None,
    padding: bytes | None = None,
    cipher: str = "aes-256-cbc",
) -> bytes:
    """Return an envelope around anything, opened by `PHRASE`."""
    row = CIPHER_OF_NAME[cipher]
    key, iv = b"k" * row.key_size, b"i" * row.block_size
    if recipients is None:
        recipient = PasswordRecipient(octets_of(PHRASE), derivation, row, bytes)
        recipients = der.set_of([recipient.encoded(key)])
    tail = padding_of(row, len(plain)) if padding is None else padding
    encrypted = encryptor(row, key, iv).update(plain + tail)
    algorithm = der.sequence(der.oid(row.oid), der.octet_string(iv))
    info = der.sequence(der.oid(content_type), algorithm, der.value(0x80, encrypted))
    envelope = der.sequence(der.integer(3), recipients, info)
    return in_content_info(envelope, ENVELOPED_DATA)


def variants(content: bytes) -> dict[str, bytes]:
    """Return one of each variant."""
    return {
        "A": enveloped(digested(content)),
        "B": enveloped(in_content_info(digested(content))),
        "C": enveloped(in_content_info(digested(content)), DATA),
        "D": enveloped(content, DATA),
    }
