"""Rules for Secure DICOM Files that are opened on the way (PS3.15 D.1)."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jacket.signed_by import PlainSigner
from reporting import FilmjacketError, Finding, Rule, Severity
from secure.errors import (
    Damaged,
    DigestMismatch,
    NoRecipient,
    NotCms,
    NotDecrypted,
    NotDicom,
    SignatureInvalid,
    TooMuch,
    UnknownAlgorithm,
    Unprotected,
)

if TYPE_CHECKING:
    from secure import Opened

CLOSED: Final = Rule(
    "SEC-CLOSED",
    Severity.ERROR,
    "The directory is encrypted, and no password or key was given: the medium was not judged",
    "Give its password with --password-file FILE, or a private key with --key FILE",
    "PS3.15 D.1",
)
LOCKED: Final = Rule(
    "SEC-LOCKED",
    Severity.ERROR,
    "A Secure DICOM File that none of the passwords and keys at hand opens, or that is damaged",
    "Give the password or key that it was encrypted for, too; if there is none, ask for the medium "
    "to be made again",
    "PS3.15 D.1.1",
)
DAMAGED: Final = Rule(
    "SEC-DAMAGED",
    Severity.ERROR,
    "A Secure DICOM File that breaks off or contradicts itself",
    "Ask for the medium to be made again",
    "PS3.15 D.1; RFC 5652 6",
)
DIGEST: Final = Rule(
    "SEC-DIGEST",
    Severity.ERROR,
    "What was decrypted is not what the digest in it was taken of: it was changed or is damaged",
    "Do not use the file; ask for the medium to be made again",
    "PS3.15 D.1; RFC 5652 7",
)
SIGNATURE: Final = Rule(
    "SEC-SIGNATURE",
    Severity.ERROR,
    "A signature in a Secure DICOM File is not the signer's over this content",
    "Do not use the file; ask who is said to have signed it",
    "PS3.15 D.1; RFC 5652 5.6",
)
UNPROTECTED: Final = Rule(
    "SEC-UNPROTECTED",
    Severity.ERROR,
    "A DICOM File was encrypted without a digest or signature: nothing shows changes",
    "Ask for the medium to be made again, with a digest or a signature in every file",
    "PS3.15 D.1",
)
ALGORITHM: Final = Rule(
    "SEC-ALGORITHM",
    Severity.ERROR,
    "A Secure DICOM File uses an algorithm that the security profile does not have",
    "Ask for the medium to be made again with AES, SHA-256 and RSA",
    "PS3.15 D.1.1",
)
CONTENT: Final = Rule(
    "SEC-CONTENT",
    Severity.ERROR,
    "What is in an encrypted file is no DICOM File",
    "Ask the sender what it is meant to be; what is not DICOM needs no Secure DICOM File",
    "PS3.15 D.1; PS3.10 7.1",
)
WRAPPED: Final = Rule(
    "SEC-WRAPPED",
    Severity.WARNING,
    "What is encrypted is a ContentInfo and not the SignedData or DigestedData itself",
    "Nothing needs to be done if all who are to read it can; else make the medium again",
    "PS3.15 D.1; RFC 5652 6.1",
)
SIGNER: Final = Rule(
    "SEC-SIGNER",
    Severity.WARNING,
    "Who signed is not trusted",
    "Find out who signed; put the certificate of an authority that you trust into the folder of "
    "--trust",
    "PS3.15 D.1; RFC 5280 6",
)
NOT_JUDGED: Final = Rule(
    "SEC-SIGNER-NOT-JUDGED",
    Severity.NOTE,
    "Files are signed, and the signatures hold; whether to trust who signed was not judged",
    "Name a folder with the certificates that you trust: --trust DIR",
    "PS3.15 D.1",
)
WEAK: Final = Rule(
    "SEC-WEAK",
    Severity.NOTE,
    "An algorithm that readers must know and that new media should not use",
    "Make new media with AES-256 and SHA-256",
    "PS3.15 D.1.1",
)

RULES: Final = (
    CLOSED,
    LOCKED,
    DAMAGED,
    DIGEST,
    SIGNATURE,
    UNPROTECTED,
    ALGORITHM,
    CONTENT,
    WRAPPED,
    SIGNER,
    NOT_JUDGED,
    WEAK,
)

_BROKEN: Final[tuple[tuple[type[FilmjacketError], Rule], ...]] = (
    (NotCms, DAMAGED),
    (Damaged, DAMAGED),
    (TooMuch, DAMAGED),
    (NoRecipient, LOCKED),
    (NotDecrypted, LOCKED),
    (DigestMismatch, DIGEST),
    (SignatureInvalid, SIGNATURE),
    (Unprotected, UNPROTECTED),
    (NotDicom, CONTENT),
    (UnknownAlgorithm, ALGORITHM),
)
_SIGN_ANEW: Final = (
    "Ask the sender to sign with a certificate that is valid, is for signing, and has an RSA key "
    "of 2,048 bits or more"
)
_REMEDIES: Final = dict.fromkeys(  # by standing, where to trust somebody more changes nothing
    (
        *("expired", "not yet valid", "wrong usage", "weak key"),
        "not checked: unknown algorithm",
    ),
    _SIGN_ANEW,
)
_WEAK_NAMES: Final = {"sha1": "SHA-1", "des-ede3-cbc": "Triple-DES"}
_WAYS: Final = {
    "B": "of the content type that the profile asks for",
    "C": "of the content type data, as command-line tools make it",
}


def why_closed(error: FilmjacketError, where: str) -> Finding | None:
    """Return what *error* says against the file at *where*; None: nothing of the file itself."""
    rules = (rule for kind, rule in _BROKEN if isinstance(error, kind))
    rule = next(rules, None)
    return None if rule is None else rule.at(where, f"The file {error.what}")


def about_opened(
    opened: "Opened", signers: tuple[PlainSigner, ...], where: str, *, judges: bool
) -> Iterator[Finding]:
    """Yield what is to be said of a file that opened and is intact.

    Args:
        opened: the file.
        signers: of it.
        where: its File ID.
        judges: somebody told whom to trust.
    """
    if not opened.shows_changes:
        yield UNPROTECTED.at(where)
    if opened.variant in _WAYS:
        yield WRAPPED.at(where, f"What is encrypted is a ContentInfo, {_WAYS[opened.variant]}")
    yield from about_algorithms((opened.cipher, *opened.digests), where)
    for signer in opened.signers:
        if signer.signature == "unknown algorithm":
            yield ALGORITHM.at(where, f"By {signer.name} {signer.why_unchecked}")
    yield from about_signers(signers, where, judges=judges)


def about_algorithms(names: Iterable[str], where: str) -> Iterator[Finding]:
    """Yield what is to be said of the algorithms of these *names*."""
    weak = [_WEAK_NAMES[name] for name in dict.fromkeys(names) if name in _WEAK_NAMES]
    if weak:
        yield WEAK.at(where, f"{' and '.join(weak)}: readers must know it, and it is weak")


def about_signers(signers: Iterable[PlainSigner], where: str, *, judges: bool) -> Iterator[Finding]:
    """Yield who signed and is not trusted, where somebody told whom to trust (*judges*)."""
    for signer in signers:
        if signer.doubt and (judges or not signer.checked):
            finding = SIGNER.at(where, f"Signed by {signer.name}: {signer.doubt}")
            yield finding._replace(remedy=_REMEDIES.get(signer.standing, finding.remedy))
