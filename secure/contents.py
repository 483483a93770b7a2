"""Reads what is inside of an envelope: SignedData, DigestedData, and in them the DICOM File.

PS3.15 D.1 does not say whether a ContentInfo stands around them there. Four ways are met:

    A  content type of the envelope signedData or digestedData; the value alone
    B  the same content type; a ContentInfo around the value
    C  content type data; a ContentInfo around the value, as command line tools make it
    D  content type data; the DICOM File itself: nothing to check it by, and not conformant
"""

from collections.abc import Iterable, Iterator
from hashlib import new
from hmac import compare_digest
from typing import Final, NamedTuple

from secure import der
from secure.algorithms import DATA, DIGEST_OF_OID, DIGESTED_DATA, SIGNED_DATA
from secure.ber import BerError, BerReader, Piece
from secure.block_cipher import batches
from secure.errors import DigestMismatch, NotCms, NotDicom, UnknownAlgorithm, Unprotected
from secure.holding import Holding
from secure.keys import Keys
from secure.verifying import SignerInfo, SignerReport, check_signers, signer_info_of

BARE: Final = "bare"  # a DICOM File alone
DIGESTED: Final = "digested"
# Who looks for chains looks at every certificate for every signer.
MOST_SIGNERS: Final = 16
MOST_CERTIFICATES: Final = 100
_CERTIFICATES, _REVOKED, _SIGNERS = der.context(0), der.context(1), der.SET
_OF_MAILS: Final = (b"content-type:", b"mime-version:", b"content-transfer-encoding:")
_MAGIC_END: Final = 132  # bytes: preamble and "DICM" (PS3.10 7.1)


class Contents(NamedTuple):
    """What was found around the content; `check` tells whether it is good."""

    kind: str  # "digested", "signed" or "bare"
    variant: str  # "A" to "D"
    digests: dict[str, bytes]  # of the content, by name
    digest: bytes = b""  # as it stands in DigestedData
    signers: tuple[SignerInfo, ...] = ()
    certificates: tuple[bytes, ...] = ()  # that came along

    def check(
        self, keys: Keys, where: str, *, accept_unprotected: bool = False
    ) -> tuple[SignerReport, ...]:
        """Raise what is wrong with it; return what is to be thought of the signers.

        Raises:
            DigestMismatch, SignatureInvalid: as they say.
            Unprotected: nothing shows whether it was changed, and that is not accepted.
        """
        if self.kind == BARE:
            if accept_unprotected:
                return ()
            raise Unprotected.at(where, "it was encrypted without a digest or signature")
        if self.kind == DIGESTED:
            if not all(compare_digest(self.digest, digest) for digest in self.digests.values()):
                raise DigestMismatch.at(where)
            return ()
        return check_signers(
            self.signers,
            self.digests,
            self.certificates,
            keys,
            where,
            accept_unprotected=accept_unprotected,
        )


def is_dicom(head: bytes) -> bool:
    """Return whether *head*, 132 bytes, begins a DICOM File."""
    return head[_MAGIC_END - 4 : _MAGIC_END] == b"DICM"


def read_contents(
    plain: Iterable[Piece], content_type: str, holding: Holding, where: str
) -> Contents:
    """Read all of *plain*, and put the innermost content into *holding*.

    Args:
        plain: what was decrypted.
        content_type: that the envelope tells.
        holding: keeps the content; nobody may have it before it is checked.
        where: what errors call the file.

    Raises:
        BerError: it is malformed.
        NotDicom: it is the envelope of a mail.
        UnknownAlgorithm: content type or digest are not those of the profile.
    """
    reader = BerReader(plain)
    head = reader.octets.peek(_MAGIC_END)
    if content_type == DATA and is_dicom(head):
        return _bare(reader, holding)
    if content_type == DATA and head.lower().startswith(_OF_MAILS):
        raise NotDicom.mail(where)
    kind, variant = _enter(reader, content_type, where)
    read = _signed if kind == SIGNED_DATA else _digested
    found = read(reader, holding, variant, where)
    reader.leave()
    if variant != "A":
        reader.leave()
        reader.leave()
    if reader.octets.peek(1):
        raise BerError("something unknown behind the content")
    return found


def read_signed(
    source: Iterable[Piece],
    holding: Holding | None,
    where: str,
    detached: Iterable[Piece] | None = None,
) -> Contents:
    """Read all of *source*, a ContentInfo with SignedData.

    Args:
        source: of the SignedData.
        holding: keeps its content; nobody may have it before it is checked.
        where: what errors call it.
        detached: the content, where it lies elsewhere; it is not kept.

    Raises:
        BerError: it is malformed, or has content of its own besides what is *detached*.
        NotCms, UnknownAlgorithm: it is something else, or its content is.
    """
    reader = BerReader(source)
    reader.enter(der.SEQUENCE)
    kind = reader.value().oid()
    if kind != SIGNED_DATA:
        raise NotCms.at(where, f"its content type is {kind}")
    reader.enter(der.context(0))
    reader.enter(der.SEQUENCE)
    found = _signed(reader, holding, "C", where, detached)
    for _ in range(3):
        reader.leave()
    if reader.octets.peek(1):
        raise BerError("something unknown behind the content")
    return found


def _bare(reader: BerReader, holding: Holding) -> Contents:
    while piece := reader.octets.some(1 << 20):
        holding.write(piece)
    return Contents(BARE, "D", {})


def _enter(reader: BerReader, content_type: str, where: str) -> tuple[str, str]:
    """Go into the SignedData or DigestedData; return which of them it is, and the variant."""
    if content_type not in (DATA, SIGNED_DATA, DIGESTED_DATA):
        raise UnknownAlgorithm.at(where, "content type", content_type)
    reader.enter(der.SEQUENCE)
    if content_type != DATA and reader.next_tag() == der.INTEGER:
        return content_type, "A"
    kind = reader.value().oid()
    if kind not in (SIGNED_DATA, DIGESTED_DATA):
        raise UnknownAlgorithm.at(where, "inner content type", kind)
    reader.enter(der.context(0))
    reader.enter(der.SEQUENCE)
    return kind, "C" if content_type == DATA else "B"


def _digested(reader: BerReader, holding: Holding, variant: str, where: str) -> Contents:
    reader.value().number()  # version
    oid = reader.value().children(1)[0].oid()
    if oid not in DIGEST_OF_OID:
        raise UnknownAlgorithm.at(where, "digest", oid)
    digests = _take(_encapsulated(reader, where), {DIGEST_OF_OID[oid].name}, holding)
    return Contents(DIGESTED, variant, digests, reader.value().octets())


def _signed(
    reader: BerReader,
    holding: Holding | None,
    variant: str,
    where: str,
    detached: Iterable[Piece] | None = None,
) -> Contents:
    reader.value().number()  # version
    algorithms = reader.value().children(0, MOST_SIGNERS)
    oids = {algorithm.children(1)[0].oid() for algorithm in algorithms}
    names = {DIGEST_OF_OID[oid].name for oid in oids if oid in DIGEST_OF_OID}
    content = _encapsulated(reader, where, detached)
    digests = _take(content, names, holding)
    certificates: tuple[bytes, ...] = ()
    if reader.next_tag() == _CERTIFICATES:
        bag = reader.value().children(0, MOST_CERTIFICATES)
        certificates = tuple(one.raw for one in bag if one.tag == der.SEQUENCE)
    if reader.next_tag() == _REVOKED:
        reader.value()
    if reader.next_tag() != _SIGNERS:
        raise BerError("a SignedData has no signers")
    infos = reader.value().children(0, MOST_SIGNERS)
    signers = tuple(signer_info_of(info) for info in infos)
    return Contents("signed", variant, digests, b"", signers, certificates)


def _take(content: Iterable[Piece], names: set[str], holding: Holding | None) -> dict[str, bytes]:
    """Put *content* into *holding*, if there is one; return its digests by name."""
    digests = {name: new(name) for name in sorted(names)}
    for piece in batches(content):
        for digest in digests.values():
            digest.update(piece)
        if holding is not None:
            holding.write(piece)
    return {name: digest.digest() for name, digest in digests.items()}


def _encapsulated(
    reader: BerReader, where: str, detached: Iterable[Piece] | None = None
) -> Iterator[Piece]:
    """Yield the content of an EncapsulatedContentInfo, or what is *detached* from it."""
    reader.enter(der.SEQUENCE)
    kind = reader.value().oid()
    if kind != DATA:
        raise UnknownAlgorithm.at(where, "innermost content type", kind)
    if detached is None:
        reader.enter(der.context(0))
        yield from reader.string()
        reader.leave()
    else:
        yield from detached
    reader.leave()
