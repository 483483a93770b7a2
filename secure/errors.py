"""What can be wrong with a Secure DICOM File, each kind apart (PS3.15 D.1).

CannotRead
├── SecureFileError      all that concerns one file
│   ├── NotCms           no CMS EnvelopedData
│   ├── Damaged          begins as one, then breaks off or contradicts itself
│   ├── TooMuch          asks for more work or depth than any honest file
│   │   └── Overdrawn    so do all files of its medium together
│   ├── NoRecipient      locked for others than the passwords and keys at hand
│   ├── NotDecrypted     wrong key or damaged: one message, whichever it was
│   │   ├── WrongPassword
│   │   └── WrongKey
│   ├── DigestMismatch   decrypted, but changed since its digest was taken
│   ├── SignatureInvalid decrypted, but not what the signer signed
│   ├── Unprotected      decrypted, but with nothing to check it by
│   └── NotDicom         decrypted and intact, but no DICOM File
└── KeyNotRead           a file of keys or certificates that does not open
NotSupported
└── UnknownAlgorithm     named by its object identifier
WrongUsage
├── BadPassword          a password with characters outside of ISO IR 6, or an empty one
└── BadKey               a key that does not go with its certificate or with the profile
"""

from typing import ClassVar, Self

from reporting import CannotRead, NotSupported, WrongUsage
from secure.algorithms import called

_ASK_AGAIN = "Ask the sender for the medium again"


class SecureFileError(CannotRead):
    """A Secure DICOM File that is not handed on."""


class NotCms(SecureFileError):
    """It is no CMS EnvelopedData (RFC 5652 6.1)."""

    @classmethod
    def at(cls, where: str, why: str) -> "NotCms":
        """Tell *why* it is none."""
        return cls(f"is not a Secure DICOM File ({why})", where, "Open it as what it is")


class Damaged(SecureFileError):
    """It begins as a Secure DICOM File, then breaks off or contradicts itself."""

    @classmethod
    def at(cls, where: str, why: str) -> "Damaged":
        """Tell *why* it is."""
        return cls(f"is a damaged Secure DICOM File ({why})", where, _ASK_AGAIN)


class TooMuch(SecureFileError):
    """It asks for more than any honest file does; going on could take for ever."""

    @classmethod
    def at(cls, where: str, what: str) -> "TooMuch":
        """Tell *what* there is too much of."""
        return cls(
            f"has {what}, more than is accepted", where, "Do not trust this file; ask its sender"
        )


class Overdrawn(TooMuch):
    """The files of its medium ask together for more steps of PBKDF2 than any honest medium.

    Private keys that are tried on one recipient after the other count as steps too.
    """

    @classmethod
    def of(cls, where: str, most: int) -> "Overdrawn":
        """Tell that *most* steps are used up."""
        return cls(
            f"is not opened: files before it took the {most:,} steps of key derivation that a "
            "medium may take",
            where,
            "Do not trust this medium; ask its sender. A file that you need opens when it is "
            "copied into a folder by itself",
        )


class NoRecipient(SecureFileError):
    """None of the passwords and keys at hand is among those it is locked for."""

    kinds: frozenset[str] = frozenset()  # "certificate", "password", or what else it is locked by


class NotDecrypted(SecureFileError):
    """The password or key is another one, or the file is damaged: that is not told apart."""

    @classmethod
    def at(cls, where: str) -> Self:
        """Say the one thing that is said of it."""
        return cls(cls._what, where, cls._remedy)

    _what: ClassVar[str] = "does not open, or is damaged"
    _remedy: ClassVar[str] = "Give the key or password that it was locked for, or ask the sender"


class WrongPassword(NotDecrypted):
    """As `NotDecrypted`, tried with a password."""

    _what = "does not open with this password, or is damaged"
    _remedy = "Type the password again exactly as it was given, then ask the sender"


class WrongKey(NotDecrypted):
    """As `NotDecrypted`, tried with a private key."""

    _what = "does not open with this private key, or is damaged"
    _remedy = "Give the key that belongs to the certificate it was locked for, or ask the sender"


class DigestMismatch(SecureFileError):
    """What was decrypted is not what the digest was taken of."""

    @classmethod
    def at(cls, where: str) -> "DigestMismatch":
        """Say so."""
        return cls("was changed: its content does not match its digest", where, _ASK_AGAIN)


class SignatureInvalid(SecureFileError):
    """What was decrypted is not what somebody signed."""

    @classmethod
    def at(cls, where: str, why: str) -> "SignatureInvalid":
        """Tell *why*."""
        return cls(f"has a signature that is not valid ({why})", where, _ASK_AGAIN)


class Unprotected(SecureFileError):
    """It was decrypted, but holds nothing by which a change could be seen."""

    @classmethod
    def at(cls, where: str, why: str) -> "Unprotected":
        """Tell *why* nothing can be checked."""
        return cls(
            f"cannot be checked for changes ({why})",
            where,
            "Ask the sender for it with an SHA-256 digest or an RSA signature; accept it "
            "unchecked only if you know where it comes from",
        )


class NotDicom(SecureFileError):
    """It is decrypted and intact, but what is in it is no DICOM File."""

    @classmethod
    def at(cls, where: str) -> "NotDicom":
        """Say so."""
        return cls(
            "opens and is intact, but no DICOM File is in it",
            where,
            "Ask the sender what it is meant to be",
        )

    @classmethod
    def mail(cls, where: str) -> "NotDicom":
        """Tell that it is the envelope of a mail, which is opened together with its headers."""
        return cls(
            "is the envelope of a mail (S/MIME), and not a Secure DICOM File",
            where,
            "Save the whole mail (.eml) instead of what is attached to it, and name that",
        )


class KeyNotRead(CannotRead):
    """A file of keys or certificates does not open."""


class UnknownAlgorithm(NotSupported):
    """An algorithm that is not among those of PS3.15 D.1.1."""

    @classmethod
    def at(cls, where: str, use: str, oid: str) -> "UnknownAlgorithm":
        """Name the algorithm by its object identifier; *use* is what it does there."""
        return cls(
            f"uses the {use} {called(oid)}, which is not one of PS3.15 D.1.1",
            where,
            "Ask the sender for a medium with AES, SHA-256 and RSA",
        )


class BadPassword(WrongUsage):
    """A password that cannot be one by PS3.15 D.1.1."""


class BadKey(WrongUsage):
    """A key or certificate that cannot do what it is given for."""
