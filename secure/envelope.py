"""Reads CMS EnvelopedData (RFC 5652 6.1): finds the content key and decrypts, in one pass.

What comes out is not to be trusted: whoever calls checks it before anybody may have it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from secure import der
from secure.algorithms import AUTH_ENVELOPED_DATA, ENVELOPED_DATA, CipherRow
from secure.ber import BerError, BerReader, BerTooMuch, Piece
from secure.block_cipher import decrypted, decryptor
from secure.errors import Damaged, NotCms, NotDecrypted, TooMuch, UnknownAlgorithm
from secure.keys import Keys
from secure.pwri import cipher_of
from secure.unlocking import Recipient, content_keys, recipients_of

_ENCRYPTED = der.context(0, is_constructed=False)
_VERSIONS = range(5)  # RFC 5652 6.1
_SMALL = 4096  # bytes of a value that is an identifier or an algorithm

# Whether a first block can be that of what is looked for, in content of this type.
Plausible = Callable[[bytes, str], bool]


class Envelope(NamedTuple):
    """What an envelope tells before it is opened."""

    recipients: tuple[Recipient, ...]
    content_type: str
    cipher: CipherRow
    iv: bytes


class Decrypting(NamedTuple):
    """An envelope whose content is decrypted as it is taken."""

    envelope: Envelope
    plain: Iterator[Piece]
    failure: type[NotDecrypted]  # what it is when the content turns out to be none


def decrypting(reader: BerReader, keys: Keys, where: str, is_plausible: Plausible) -> Decrypting:
    """Open an envelope; go on with `leave` when all of it was taken.

    Args:
        reader: at the beginning of the ContentInfo.
        keys: what to open it with.
        where: what errors call it.
        is_plausible: tells by the first block whether a key is the right one.

    Raises:
        SecureFileError: it does not open, or is damaged.
        UnknownAlgorithm: it uses one that is not read.
    """
    envelope = _envelope(reader, where)
    encrypted = _encrypted(reader, where)
    first = b"".join(_first_block(encrypted, envelope.cipher.block_size))
    key, failure = _content_key(envelope, first, keys, where, is_plausible)
    plain = decrypted(envelope.cipher, key, envelope.iv, chain((first,), encrypted))
    return Decrypting(envelope, plain, failure)


@contextmanager
def damage_told(where: str) -> Iterator[None]:
    """Make what the envelope itself has against BER an error of the file."""
    try:
        yield
    except BerTooMuch as error:
        raise TooMuch.at(where, str(error)) from error
    except BerError as error:
        raise Damaged.at(where, str(error)) from error


def _envelope(reader: BerReader, where: str) -> Envelope:
    """Read what stands before the encrypted content."""
    try:
        reader.enter(der.SEQUENCE)
        kind = reader.value(_SMALL).oid()
    except BerError as error:
        raise NotCms.at(where, str(error)) from error
    if kind == AUTH_ENVELOPED_DATA:
        raise UnknownAlgorithm.at(where, "content type", kind)
    if kind != ENVELOPED_DATA:
        raise NotCms.at(where, f"its content type is {kind}")
    with damage_told(where):
        reader.enter(der.context(0))
        reader.enter(der.SEQUENCE)
        if reader.value(_SMALL).number() not in _VERSIONS:
            raise BerError("a version of EnvelopedData that does not exist")
        if reader.next_tag() == der.context(0):
            reader.value()  # originatorInfo: certificates that key agreement needs
        if reader.next_tag() != der.SET:
            raise BerError("no recipients")
        recipients = recipients_of(reader.value(), where)
        reader.enter(der.SEQUENCE)
        content_type = reader.value(_SMALL).oid()
        cipher, iv = cipher_of(reader.value(_SMALL), "content encryption", where)
        if reader.next_tag() not in (_ENCRYPTED, _ENCRYPTED | der.CONSTRUCTED):
            raise BerError("no encrypted content")
        return Envelope(tuple(recipients), content_type, cipher, iv)


def _encrypted(reader: BerReader, where: str) -> Iterator[memoryview]:
    with damage_told(where):
        yield from reader.string(_ENCRYPTED)


def leave(reader: BerReader) -> None:
    """Go out of all values around the encrypted content."""
    reader.leave()
    if reader.next_tag() == der.context(1):
        reader.value()  # unprotectedAttrs, which nobody answers for
    for _ in range(3):
        reader.leave()


def _first_block(pieces: Iterator[memoryview], size: int) -> Iterator[memoryview]:
    """Take pieces until there is a whole block."""
    while size > 0 and (piece := next(pieces, None)) is not None:
        size -= len(piece)
        yield piece


def _content_key(
    envelope: Envelope, first: bytes, keys: Keys, where: str, is_plausible: Plausible
) -> tuple[bytes, type[NotDecrypted]]:
    """Return the content key, and what it is when it turns out to be none."""
    cipher = envelope.cipher
    failure: type[NotDecrypted] = NotDecrypted
    for candidate in content_keys(envelope.recipients, keys, where):
        failure = candidate.failure
        if len(candidate.key) != cipher.key_size or len(first) < cipher.block_size:
            continue
        context = decryptor(cipher, candidate.key, envelope.iv)
        block = context.update(first[: cipher.block_size])
        if is_plausible(block, envelope.content_type):
            return candidate.key, failure
    raise failure.at(where)
