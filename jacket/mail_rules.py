"""Rules for mails that are signed and encrypted as a whole (S/MIME; PS3.15 B.8, PS3.11 L)."""

from typing import Final

from reporting import FilmjacketError, Finding, Rule, Severity
from secure.errors import DigestMismatch, SecureFileError, SignatureInvalid, UnknownAlgorithm

MAIL: Final = "mail"  # where a finding is

CLOSED: Final = Rule(
    "SEC-MAIL-CLOSED",
    Severity.ERROR,
    "The mail is encrypted, and no private key was given: it was not judged",
    "Give the private key of somebody it was encrypted for with --key FILE",
    "PS3.15 B.8",
)
DAMAGED: Final = Rule(
    "SEC-MAIL-DAMAGED",
    Severity.ERROR,
    "What encrypts or signs the mail breaks off or contradicts itself",
    "Ask for the mail to be sent again",
    "PS3.15 B.8; RFC 8551 3",
)
SIGNATURE: Final = Rule(
    "SEC-MAIL-SIGNATURE",
    Severity.ERROR,
    "A signature of the mail is not the signer's over what is in it: it was changed on the way",
    "Do not use the mail; ask who is said to have signed it",
    "PS3.15 B.8; RFC 5652 5.6",
)
ALGORITHM: Final = Rule(
    "SEC-MAIL-ALGORITHM",
    Severity.ERROR,
    "The mail is protected in a way that the security profile does not have",
    "Ask for an S/MIME mail with AES in CBC mode, SHA-256 and RSA",
    "PS3.15 B.8",
)
CIPHER: Final = Rule(
    "SEC-MAIL-CIPHER",
    Severity.ERROR,
    "The mail is encrypted with something else than AES",
    "Ask for the mail to be sent again, encrypted with AES",
    "PS3.15 B.8; PS3.11 L.3.4, L.4.6",
)
PLAIN: Final = Rule(
    "SEC-MAIL-PLAIN",
    Severity.ERROR,
    "The mail is not encrypted: everybody on its way can see the images",
    "Make the mail again with --encrypt-to and --sign",
    "PS3.15 B.8; PS3.11 L.3.4, L.4.6",
)
UNSIGNED: Final = Rule(
    "SEC-MAIL-UNSIGNED",
    Severity.ERROR,
    "The mail has no signature that can be checked: nothing shows who sent it, or changes",
    "Ask for the mail to be sent again, signed with an RSA key",
    "PS3.15 B.8; PS3.11 L.3.4, L.4.6",
)
AROUND: Final = Rule(
    "SEC-MAIL-AROUND",
    Severity.WARNING,
    "The mail is signed around the envelope: that says nothing of who wrote the content",
    "Ask for mails that are signed first and then encrypted; whoever meets this one on its way can "
    "take the signature off, change what he cannot read, and sign it as his own",
    "PS3.15 B.8; RFC 8551 3.7",
)
UNCLAIMED: Final = Rule(
    "SEC-MAIL-UNCLAIMED",
    Severity.ERROR,
    "The mail is encrypted, and the profile means one that everybody can read",
    "Claim the profile with SEC in its name",
    "PS3.11 L.1, L.3.4",
)

RULES: Final = (CLOSED, DAMAGED, SIGNATURE, ALGORITHM, CIPHER, PLAIN, UNSIGNED, AROUND, UNCLAIMED)

_BROKEN: Final[tuple[tuple[type[FilmjacketError], Rule], ...]] = (
    (DigestMismatch, SIGNATURE),
    (SignatureInvalid, SIGNATURE),
    (UnknownAlgorithm, ALGORITHM),
    (SecureFileError, DAMAGED),
)


def why_sealed(error: FilmjacketError) -> Finding:
    """Return what *error* says against a mail that stays closed; raise it where that is nothing."""
    for kind, rule in _BROKEN:
        if isinstance(error, kind):
            return rule.at(MAIL, f"The mail {error.what}")
    raise error
