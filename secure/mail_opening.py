"""Opens the CMS of mails: what is encrypted, and what is signed (S/MIME: RFC 8551, PS3.15 B.8).

What comes out is MIME again, with a layer less around it. Whether that may be used is decided by
who takes off the layers, when the last one is off.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final, NamedTuple

from secure import der
from secure.algorithms import ENVELOPED_DATA, SIGNED_DATA
from secure.ber import BerError, BerReader, Piece
from secure.block_cipher import BadPadding
from secure.contents import read_signed
from secure.envelope import damage_told, decrypting, leave
from secure.errors import Damaged, NotCms, UnknownAlgorithm
from secure.holding import Holding
from secure.keys import Keys
from secure.verifying import Signature, SignerReport, why_unchecked

ENVELOPED: Final = "enveloped"
SIGNED: Final = "signed"
HEAD: Final = 64  # bytes that tell what a CMS is
_KINDS: Final = {ENVELOPED_DATA: ENVELOPED, SIGNED_DATA: SIGNED}
_OTHERS: Final = {
    "1.2.840.113549.1.7.5": "DigestedData",
    "1.2.840.113549.1.7.6": "EncryptedData",
    "1.2.840.113549.1.9.16.1.2": "AuthenticatedData",
    "1.2.840.113549.1.9.16.1.9": "CompressedData",  # RFC 3274
    "1.2.840.113549.1.9.16.1.23": "AuthEnvelopedData",  # RFC 5083
}
_SEND_AGAIN: Final = "Ask for the mail to be sent again"
_TEXT: Final = frozenset(b"\t\r\n" + bytes(range(32, 127)))


class SignedMail(NamedTuple):
    """What was found out of a signature that holds, or that nobody can check."""

    signers: tuple[SignerReport, ...]
    digests: tuple[str, ...]  # names, such as "sha256"
    doubt: str = ""  # why nobody can check it; then the rest is empty


def cms_kind(head: bytes, where: str) -> str:
    """Return whether a CMS is `ENVELOPED` or `SIGNED`, by its first `HEAD` bytes.

    Raises:
        NotCms: it is none.
        UnknownAlgorithm: it is another, which is named.
    """
    reader = BerReader([head])
    with _of_mail():
        try:
            reader.enter(der.SEQUENCE)
            oid = reader.value().oid()
        except BerError as error:
            raise NotCms.at(where, str(error)) from error
    if oid in _KINDS:
        return _KINDS[oid]
    raise UnknownAlgorithm(
        f"is {_OTHERS.get(oid, oid)}, which is not read: PS3.15 B.8 knows EnvelopedData with AES "
        "and SignedData",
        where,
        "Ask the sender for an S/MIME mail that is encrypted with AES in CBC mode",
    )


def decrypt_mail(source: Iterable[Piece], keys: Keys, where: str, file: IO[bytes]) -> str:
    """Decrypt all of an EnvelopedData into *file*; return the name of the cipher.

    Nothing tells yet whether it was changed.

    Args:
        source: of the ContentInfo.
        keys: what to open it with.
        where: what errors call it.
        file: empty, and under no name; it is emptied again when this does not come to its end.

    Raises:
        SecureFileError: one of the classes of `secure.errors`, which tell what is wrong.
        UnknownAlgorithm: it uses one that is not read.
        CannotWrite: there is no room for the content.
    """
    holding = Holding(file)
    reader = BerReader(source)
    with _of_mail(), _dropped(holding):
        found = decrypting(reader, keys, where, _is_text)
        try:
            for piece in found.plain:
                holding.write(piece)
            with damage_told(where):
                leave(reader)
        except (BerError, BadPadding) as error:
            raise found.failure.at(where) from error
    file.flush()
    return found.envelope.cipher.name


def _is_text(block: bytes, _: str) -> bool:
    # Another key gives anything; MIME begins with a header, or an empty line.
    return _TEXT.issuperset(block)


def check_signed(source: Iterable[Piece], keys: Keys, where: str, file: IO[bytes]) -> SignedMail:
    """Put the content of a SignedData into *file*, and check who signed it.

    Args:
        source: of the ContentInfo.
        keys: whom to believe.
        where: what errors call it.
        file: empty, and under no name; it is emptied again when the content is not good.

    Raises:
        SecureFileError: it is damaged, was changed, or a signature does not hold.
        UnknownAlgorithm: it signs something else than data.
        CannotWrite: there is no room for the content.
    """
    holding = Holding(file)
    with _dropped(holding):
        found = _checked(source, holding, keys, where)
    file.flush()
    return found


def check_detached(
    signature: bytes, content: Iterable[Piece], keys: Keys, where: str
) -> SignedMail:
    """Check who signed *content*: the octets over which *signature*, a ContentInfo, was made.

    Raises:
        SecureFileError, UnknownAlgorithm: as `check_signed`.
    """
    return _checked([signature], None, keys, where, content)


def _checked(
    source: Iterable[Piece],
    holding: Holding | None,
    keys: Keys,
    where: str,
    detached: Iterable[Piece] | None = None,
) -> SignedMail:
    with _of_mail(), damage_told(where):
        contents = read_signed(source, holding, where, detached)
        # What it is worth is for who takes off the layers, who knows of the others.
        signers = contents.check(keys, where, accept_unprotected=True)
    if not signers:
        return SignedMail((), (), "nobody has signed it")
    if all(one.signature is Signature.UNKNOWN_ALGORITHM for one in signers):
        return SignedMail((), (), f"it is {why_unchecked(signers)}")
    return SignedMail(signers, tuple(contents.digests))


@contextmanager
def _dropped(holding: Holding) -> Iterator[None]:
    """Let go of what is held when it is not good."""
    try:
        yield
    except BaseException:
        holding.drop()
        raise


@contextmanager
def _of_mail() -> Iterator[None]:
    """Call what is wrong with a mail by its name."""
    try:
        yield
    except (Damaged, NotCms) as error:
        what = error.what.replace("a Secure DICOM File", "an S/MIME mail")
        what = what.replace("Secure DICOM File", "S/MIME mail")
        raise type(error)(what, error.where, _SEND_AGAIN) from error
