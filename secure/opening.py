"""Opens Secure DICOM Files (PS3.15 D.1): nothing is handed on before it has been checked."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from os import PathLike
from typing import IO, NamedTuple, Self

from secure import der
from secure.algorithms import DATA, ENVELOPED_DATA, CipherRow
from secure.ber import BerError, BerReader, BerTooMuch, Piece
from secure.block_cipher import BadPadding, decrypted, decryptor
from secure.contents import BARE, Contents, is_dicom, read_contents
from secure.errors import Damaged, NotCms, NotDecrypted, NotDicom, TooMuch
from secure.holding import IN_MEMORY, Holding
from secure.keys import Keys
from secure.pwri import cipher_of
from secure.unlocking import Recipient, content_keys, recipients_of
from secure.verifying import SignerReport

_ENCRYPTED = der.context(0, is_constructed=False)
_VERSIONS = range(5)  # RFC 5652 6.1
_SMALL = 4096  # bytes of a value that is an identifier or an algorithm


class Envelope(NamedTuple):
    """What an envelope tells before it is opened."""

    recipients: tuple[Recipient, ...]
    content_type: str
    cipher: CipherRow
    iv: bytes


class Opened:
    """A Secure DICOM File whose content was decrypted and checked; a context that lets go of it."""

    def __init__(
        self,
        envelope: Envelope,
        contents: Contents,
        signers: tuple[SignerReport, ...],
        holding: Holding,
    ) -> None:
        """Be what `open_secure_file` opened."""
        self.size = holding.size  # bytes of the DICOM File
        self.kind = contents.kind  # "signed", "digested", or "bare": without anything to check
        self.variant = contents.variant  # "A" to "D": see `secure.contents`
        self.digests = tuple(contents.digests)  # names, such as "sha256"
        self.signers = signers
        self.cipher = envelope.cipher.name
        self.recipients = envelope.recipients
        self._holding = holding

    @property
    def conforms(self) -> bool:
        """Return whether the content is in SignedData or DigestedData, as PS3.15 D.1 wants it."""
        return self.kind != BARE

    def pieces(self) -> Iterator[bytes]:
        """Yield the DICOM File, in order; as often as wanted."""
        return self._holding.pieces()

    def read(self) -> bytes:
        """Return the DICOM File."""
        return b"".join(self.pieces())

    def close(self) -> None:
        """Let go of the content."""
        self._holding.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_secure_file(
    source: Iterable[Piece],
    keys: Keys,
    where: str,
    *,
    accept_unprotected: bool = False,
    file: IO[bytes] | None = None,
    folder: "str | PathLike[str] | None" = None,
    in_memory: int = IN_MEMORY,
) -> Opened:
    """Decrypt a Secure DICOM File and check it. It is read once, from front to back.

    Args:
        source: the file in pieces.
        keys: what to open it with; keep them for the whole medium.
        where: what errors call it.
        accept_unprotected: also take a DICOM File that was encrypted without a digest or
            signature. Whoever had the file in hand may have changed it, and nothing shows it.
        file: an empty file under no name that anybody looks for, open for writing and reading:
            takes the content. It is emptied again when the content is not good.
        folder: where a file without a name holds what is larger than *in_memory* bytes.
        in_memory: see there.

    Raises:
        SecureFileError: one of the classes of `secure.errors`, which tell what is wrong.
        UnknownAlgorithm: it uses one that is not of the profile.
        CannotRead: what *source* raises.
        CannotWrite: there is no room for the content.
    """
    holding = Holding(file, folder, in_memory)
    try:
        return _opened(source, keys, where, holding, accept_unprotected=accept_unprotected)
    except BaseException:
        holding.drop()
        raise


def _opened(
    source: Iterable[Piece],
    keys: Keys,
    where: str,
    holding: Holding,
    *,
    accept_unprotected: bool,
) -> Opened:
    reader = BerReader(source)
    envelope = _envelope(reader, where)
    encrypted = _encrypted(reader, where)
    first = b"".join(_first_block(encrypted, envelope.cipher.block_size))
    key, failure = _content_key(envelope, first, keys, where)
    plain = decrypted(envelope.cipher, key, envelope.iv, chain((first,), encrypted))
    signers: tuple[SignerReport, ...] = ()
    try:
        contents = read_contents(plain, envelope.content_type, holding, where)
        with _damage_told(where):
            _leave(reader)
        if contents.kind != BARE or not accept_unprotected:
            signers = contents.check(keys, where)
    except BerTooMuch as error:
        raise TooMuch.at(where, str(error)) from error
    except (BerError, BadPadding) as error:
        raise failure.at(where) from error
    if not is_dicom(holding.head(132)):
        raise NotDicom.at(where)
    return Opened(envelope, contents, signers, holding)


@contextmanager
def _damage_told(where: str) -> Iterator[None]:
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
    if kind != ENVELOPED_DATA:
        raise NotCms.at(where, f"its content type is {kind}")
    with _damage_told(where):
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
    with _damage_told(where):
        yield from reader.string(_ENCRYPTED)


def _leave(reader: BerReader) -> None:
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
    envelope: Envelope, first: bytes, keys: Keys, where: str
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
        # Another key gives anything; all that is ever in an envelope begins with a SEQUENCE,
        # but for a DICOM File without protection, which begins with anything.
        if block[0] == der.SEQUENCE or envelope.content_type == DATA:
            return candidate.key, failure
    raise failure.at(where)
