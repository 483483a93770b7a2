"""Opens Secure DICOM Files (PS3.15 D.1): nothing is handed on before it has been checked."""

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import IO, Self

from secure import der
from secure.algorithms import DATA
from secure.ber import BerError, BerReader, BerTooMuch, Piece
from secure.block_cipher import BadPadding
from secure.contents import DIGESTED, Contents, is_dicom, read_contents
from secure.envelope import Envelope, damage_told, decrypting, leave
from secure.errors import NotDicom, TooMuch
from secure.holding import IN_MEMORY, Holding
from secure.keys import Keys
from secure.verifying import SignerReport


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
    def shows_changes(self) -> bool:
        """Return whether a digest or signature was there, and the content is what it is over."""
        return self.kind == DIGESTED or any(signer.shows_changes for signer in self.signers)

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
    envelope, plain, failure = decrypting(reader, keys, where, _is_plausible)
    try:
        contents = read_contents(plain, envelope.content_type, holding, where)
        with damage_told(where):
            leave(reader)
        signers = contents.check(keys, where, accept_unprotected=accept_unprotected)
    except BerTooMuch as error:
        raise TooMuch.at(where, str(error)) from error
    except (BerError, BadPadding) as error:
        raise failure.at(where) from error
    if not is_dicom(holding.head(132)):
        raise NotDicom.at(where)
    return Opened(envelope, contents, signers, holding)


def _is_plausible(block: bytes, content_type: str) -> bool:
    # Another key gives anything; all that is ever in an envelope begins with a SEQUENCE, but for
    # a DICOM File without protection, which begins with anything.
    return block[0] == der.SEQUENCE or content_type == DATA
