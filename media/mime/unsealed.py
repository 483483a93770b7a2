"""Takes off what protects a mail as a whole, layer by layer: S/MIME (RFC 8551, PS3.15 B.8).

Signatures stand inside of envelopes or around them, beside what they are over or around it.
Nothing is handed on before the last layer is off and every signature was checked.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from drivers import ImageFile
from media.entry import BlockReader
from media.extents import Extent, ExtentFile
from media.locked import Locked
from media.mime.headers import structured
from media.mime.parts import Head, halves, read_head
from media.mime.transfer_encoding import PLAIN, decoded_pieces, is_known
from media.spool import no_room
from reporting import CannotRead

if TYPE_CHECKING:
    from secure import Keys, SignedMail, SignerReport

_CHUNK: Final = 1 << 20  # bytes
_MOST_LAYERS: Final = 6  # an envelope and a signature are two
_LARGEST_SIGNATURE: Final = 2 << 20  # bytes of it as text
_CMS: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_BARE: Final = re.compile(rb"(?<!\r)\n")
_SEND_AGAIN: Final = "Ask for the mail to be sent again"


class MailProtection(NamedTuple):
    """What protected a mail; nothing where all is empty."""

    ciphers: tuple[str, ...] = ()  # of envelopes, from the outside, such as "aes-256-cbc"
    digests: tuple[str, ...] = ()  # of signatures that were checked, such as "sha256"
    signers: "tuple[SignerReport, ...]" = ()  # of the content: inside of all envelopes
    doubts: tuple[str, ...] = ()  # why signatures could not be checked at all
    # Who signed an envelope. Whoever meets a mail can take such a signature off, change what is
    # encrypted, which he cannot read, and sign that himself.
    senders: "tuple[SignerReport, ...]" = ()

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature of the content, and it holds."""
        return any(signer.signature == "valid" for signer in self.signers)

    @property
    def is_signed_around(self) -> bool:
        """Whether there is a signature of an envelope, and it holds."""
        return any(signer.signature == "valid" for signer in self.senders)

    @property
    def is_vouched_for(self) -> bool:
        """Whether the content is signed, or somebody who is trusted signed the envelope."""
        return self.is_signed or any(
            signer.signature == "valid" and signer.standing == "trusted" for signer in self.senders
        )


class Unsealed(NamedTuple):
    """What a mail carries, and what protected that."""

    content: BlockReader  # headers and body
    protection: MailProtection


def unsealed(
    reader: BlockReader,
    where: str,
    keys: "Keys | None",
    stack: ExitStack,
    *,
    accept_unprotected: bool = False,
) -> Unsealed:
    """Take off all that protects a mail.

    Args:
        reader: the mail.
        where: what errors call it.
        keys: what to open it with; None: nothing.
        stack: closes what is read from.
        accept_unprotected: also take what was encrypted and not signed.

    Raises:
        Locked: it is encrypted, and there are no keys.
        SecureFileError: it does not open, was changed, or is encrypted and not signed.
        UnknownAlgorithm: it is protected in a way that is not read.
        CannotWrite: there is no room for what was decrypted.
    """
    work = _Unsealing(where, keys, stack)
    for _ in range(_MOST_LAYERS + 1):
        inside = work.inside(reader)
        if inside is None:
            work.refuse_unprotected(accept=accept_unprotected)
            return Unsealed(reader, work.found)
        reader = inside
    from secure import TooMuch

    raise TooMuch.at(where, f"more than {_MOST_LAYERS} envelopes and signatures in one another")


class _Unsealing:
    """The work on one mail."""

    def __init__(self, where: str, keys: "Keys | None", stack: ExitStack) -> None:
        self.found = MailProtection()
        self._where, self._keys, self._stack = where, keys, stack

    def inside(self, reader: BlockReader) -> BlockReader | None:
        """Return what is inside of the outermost layer; None: there is none."""
        head = read_head(reader)
        if _is_signed(head):
            return self._beside(reader, head)
        if not _is_cms(head):
            return None
        from secure import cms_kind

        first = next(_decoded(reader, head, self._where), b"")
        if cms_kind(first[:64], self._where) == "signed":
            return self._around(reader, head)
        return self._decrypted(reader, head)

    def refuse_unprotected(self, *, accept: bool) -> None:
        """Raise where something was decrypted that anybody may have changed."""
        if self.found.ciphers and not self.found.is_vouched_for and not accept:
            from secure import Unprotected

            if self.found.is_signed_around:
                names = ", ".join(signer.name for signer in self.found.senders[:_MOST_LAYERS])
                raise Unprotected(
                    f"cannot be checked for changes (signed around the envelope, by {names}: that "
                    "says nothing of who wrote the content)",
                    self._where,
                    "If you trust who signed, put the certificate into a folder and say --trust "
                    "FOLDER; accept it unchecked only if you know where it comes from",
                )
            # A digest alone, of a signer whose certificate is missing, anybody can make anew.
            is_missing = self.found.signers or self.found.senders
            missing = ["the certificate of its signer is missing"] if is_missing else []
            why = "; ".join((*self.found.doubts, *missing)) or "it is encrypted and not signed"
            raise Unprotected(
                f"cannot be checked for changes ({why})",
                self._where,
                "Ask the sender for a mail that is signed with RSA and SHA-256; accept it "
                "unchecked only if you know where it comes from",
            )

    def _decrypted(self, reader: BlockReader, head: Head) -> BlockReader:
        if self._keys is None:
            raise Locked(
                "is an encrypted mail (S/MIME)",
                self._where,
                "Say --key FILE with the private key of somebody it was encrypted for",
            )
        from secure import decrypt_mail

        with _aside() as file:
            cipher = decrypt_mail(
                _decoded(reader, head, self._where), self._keys, self._where, file
            )
            # What was signed so far is the envelope.
            self.found = self.found._replace(
                ciphers=(*self.found.ciphers, cipher),
                senders=(*self.found.senders, *self.found.signers),
                signers=(),
            )
            return self._kept(file)

    def _around(self, reader: BlockReader, head: Head) -> BlockReader:
        """Check a signature that has in it what it is over."""
        from secure import check_signed

        with _aside() as file:
            content = _decoded(reader, head, self._where)
            self._add(check_signed(content, self._believed, self._where, file))
            return self._kept(file)

    def _beside(self, reader: BlockReader, head: Head) -> BlockReader:
        """Check a signature that lies beside what it is over."""
        from secure import UnknownAlgorithm

        window, signature = self._halves(reader, head)
        try:
            return self._checked(window, signature)
        except UnknownAlgorithm as error:
            self._doubt(f"it {error.what}")
            return window

    def _checked(self, window: ExtentFile, signature: bytes) -> BlockReader:
        from secure import DigestMismatch, SignatureInvalid, check_detached

        try:
            self._add(check_detached(signature, _pieces(window), self._believed, self._where))
        except (DigestMismatch, SignatureInvalid):
            with _aside() as file:
                # Lines of text end in CR LF where they are signed (RFC 8551 3.1.1), and in LF
                # where a system has saved them. What is handed on is what was signed.
                if not _write(_with_whole_line_ends(_pieces(window)), file, window.size):
                    raise
                kept = self._kept(file)
                content = _pieces(kept)
                self._add(check_detached(signature, content, self._believed, self._where))
                return kept
        return window

    def _halves(self, reader: BlockReader, head: Head) -> tuple[ExtentFile, bytes]:
        """Return what was signed, byte for byte, and the signature."""
        from secure import Damaged, TooMuch

        found = halves(reader, head)
        if found is None:
            raise Damaged("breaks off before its signature", self._where, _SEND_AGAIN)
        (start, end), (second, last) = found
        if last - second > _LARGEST_SIGNATURE:
            raise TooMuch.at(self._where, f"a signature of {last - second:,} bytes")
        name = (self._where,)
        part = ExtentFile(reader, [Extent(second, last - second)], name)
        signature = b"".join(_decoded(part, read_head(part), self._where))
        return ExtentFile(reader, [Extent(start, end - start)], name), signature

    @cached_property
    def _believed(self) -> "Keys":
        from secure import Keys

        return self._keys or Keys()

    def _doubt(self, why: str) -> None:
        """Remember that a signature is worth nothing here.

        Everybody can read the mail all the same; what was encrypted as well is refused in the end.
        """
        self.found = self.found._replace(doubts=(*self.found.doubts, why))

    def _add(self, signed: "SignedMail") -> None:
        if signed.doubt:
            self._doubt(signed.doubt)
        self.found = self.found._replace(
            signers=(*self.found.signers, *signed.signers),
            digests=(*self.found.digests, *signed.digests),
        )

    def _kept(self, file: IO[bytes]) -> ImageFile:
        """Return what was written to *file* as something to read at any place."""
        size = file.seek(0, os.SEEK_END)
        kept = ImageFile(os.dup(file.fileno()), self._where, size)
        self._stack.callback(kept.close)
        return kept


def _is_signed(head: Head) -> bool:
    protocol = head.type.parameters.get("protocol", "").lower()
    return head.type.value == "multipart/signed" and protocol in _SIGNATURES


def _is_cms(head: Head) -> bool:
    """Return whether the body is CMS, by its type or by the name it has (RFC 8551 3.9)."""
    disposition = structured(head.headers.get("content-disposition", "")).parameters
    name = head.type.parameters.get("name") or disposition.get("filename", "")
    is_unknown = head.type.value == "application/octet-stream"
    return head.type.value in _CMS or (is_unknown and name.lower().endswith(".p7m"))


def _decoded(reader: BlockReader, head: Head, where: str) -> Iterator[bytes]:
    """Yield the body that *head* tells of."""
    if head.encoding in PLAIN:
        yield from _pieces(reader, head.body)
        return
    if not is_known(head.encoding):
        raise CannotRead("is encoded in an unknown way", where, _SEND_AGAIN)
    yield from decoded_pieces(reader, head.body, reader.size, head.encoding)


def _pieces(reader: BlockReader, start: int = 0) -> Iterator[bytes]:
    for position in range(start, reader.size, _CHUNK):
        yield reader.pread(min(_CHUNK, reader.size - position), position)


def _with_whole_line_ends(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield *pieces* with CR LF wherever a line ends."""
    before = b""  # a CR that ended the piece before
    for piece in pieces:
        yield _BARE.sub(b"\r\n", before + piece)[len(before) :]
        before = piece[-1:] if piece.endswith(b"\r") else b""


@contextmanager
def _aside() -> Iterator[IO[bytes]]:
    """Hand out a file that has no name: whatever happens, nothing decrypted is left behind."""
    import tempfile  # Most mails are not encrypted.

    with ExitStack() as stack:
        try:
            file = stack.enter_context(tempfile.TemporaryFile())
        except OSError as error:
            raise no_room(error) from error
        yield file


def _write(pieces: Iterator[bytes], file: IO[bytes], size: int) -> bool:
    """Write *pieces* to *file*; return whether they have another size than *size*."""
    try:
        for piece in pieces:
            file.write(piece)
        file.flush()
    except OSError as error:
        raise no_room(error) from error
    return file.tell() != size
