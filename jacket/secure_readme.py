"""README.TXT of an encrypted medium: how to open it, for who has nothing but a text editor.

The lines to type are meant to be right word for word; the tests run them as they stand.
"""

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Final, NamedTuple

from jacket import __version__
from jacket.fitting_text import fitted
from jacket.openssl_lines import (
    PKCS12,
    POWERSHELL_KEY,
    POWERSHELL_PASSWORD,
    SHELL_KEY,
    SHELL_PASSWORD,
    ended,
    in_a_shell,
    in_powershell,
)

NAME: Final = ("README.TXT",)
_TITLE: Final = "Encrypted medical images (DICOM)"
_WIDTH: Final = 78  # characters; a line of 80 with its end fits every editor and printer
_INDENT: Final = "    "  # of a line to type
Step = tuple[str, Iterable[str]]  # what to do, and the lines to type
_PLACES: Final = "Say where the {kind} is, and where a new folder for the images is to be."

_NAMES: Final = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


class SecureMedium(NamedTuple):
    """What is to be told of an encrypted medium. Nothing of a patient, and no password."""

    label: str
    has_password: bool
    certificates: tuple[str, ...] = ()  # subjects of those whose private keys open it
    signers: tuple[str, ...] = ()  # subjects; none: a digest stands inside
    digest: str = "sha256"
    cipher: str = "aes-256-cbc"
    kind: str = "disc"  # what people call it: disc, stick, file
    viewer: str = ""  # the page or program on the medium that asks for the password
    contact: tuple[str, ...] = ()  # lines: who made the medium, and where they are reached
    # Each envelope holds a ContentInfo, as command-line tools write it, and not the bare value,
    # as PS3.15 D.1 has it.
    is_wrapped: bool = False


def render_readme(medium: SecureMedium) -> bytes:
    """Return README.TXT: ISO 646 alone, lines of at most 78 characters that end with CR LF.

    Raises:
        ValueError: nobody could open the medium.
    """
    if not medium.has_password and not medium.certificates:
        raise ValueError("there is neither a password nor a certificate")
    sections = (
        _head(medium),
        _what_opens(medium),
        _with_programs(medium),
        _with_openssl(medium),
        _in_a_shell(medium),
        _in_powershell(medium),
        _foot(medium),
    )
    lines = [line for section in sections for line in section]
    return "\r\n".join([*lines, ""]).encode("ascii")


def is_own_readme(content: bytes) -> bool:
    """Return whether a README.TXT is one of `render_readme`, behind the list of a set or alone."""
    title = _TITLE.upper().encode("ascii")
    return title in content.splitlines() and b"Made by Filmjacket, version " in content


def _head(medium: SecureMedium) -> Iterator[str]:
    label = fitted(medium.label, "ascii")
    named = f" {label}" if label else ""
    yield from _heading(_TITLE)
    yield from _paragraph(
        f"The images on this {_kind(medium)}{named} are encrypted, so that nobody sees them who "
        "finds it. They are opened once, into a folder on your computer; then any DICOM viewer "
        "shows them. If what is said below means nothing to you, give this text to the people "
        "who look after your computer."
    )


def _what_opens(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("What opens the images")
    if medium.has_password:
        yield from _paragraph(
            f"The password. It comes to you apart from the {_kind(medium)}. Type it exactly as it "
            "was given: small and capital letters differ, and spaces count."
        )
    if medium.certificates:
        word = "Or, without it, a" if medium.has_password else "A"
        yield from _paragraph(f"{word} private key that belongs to the certificate of")
        yield from _list(medium.certificates)


def _with_programs(medium: SecureMedium) -> Iterator[str]:
    if medium.viewer:
        yield from _heading(f"With the viewer on this {_kind(medium)}")
        yield from _paragraph(f"Open {fitted(medium.viewer, 'ascii')}, and do as it says.")
    yield from _heading("With Filmjacket")
    yield from _paragraph(
        f"Filmjacket is the program that made this {_kind(medium)}: those who gave it to you have "
        "it. It needs Python 3.11 or newer, and its own README.md tells how it is set up. DISC is "
        f"where the {_kind(medium)} is, FOLDER a new folder for the images."
    )
    words = list[str]()
    if medium.has_password:
        which = "The first" if medium.certificates else "This"
        yield from _paragraph(f"{which} line asks for the password.")
        words.append("jacket decrypt DISC --to FOLDER")
    if medium.certificates:
        words.append("jacket decrypt DISC --to FOLDER --key KEY.pem")
    yield from list(_to_type(*words))[1:]


def _with_openssl(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("With OpenSSL, version 1.1.1 or newer")
    yield from _paragraph(
        "OpenSSL is a free program for encryption. Most computers with Linux have it. On Windows, "
        "Git for Windows brings it along: start the program Git Bash. What a Mac has under its "
        "name is LibreSSL, another program, with which these lines are not tried. Where else "
        "OpenSSL comes from is told at openssl.org."
    )
    yield from _paragraph(
        "The lines further down open all files into a new folder. Let a DICOM viewer open the "
        "file DICOMDIR in it. Each file is checked on the way: one that was damaged or changed, "
        "or has no room in the folder, is called NOT OPENED and left out. One that is not as "
        "MANIFEST.TXT lists it is called CHANGED, and one that is not there MISSING: ask those who "
        f"gave you the {_kind(medium)} before you rely on what is in the folder. Whoever can read "
        "the folder can see the images: remove it when it is not needed any more."
    )
    if medium.has_password:
        yield from _paragraph(
            "While OpenSSL runs, others who work on the same computer could see the password."
        )
    if medium.signers:
        yield from _paragraph("The files are signed by")
        yield from _list(medium.signers)
        yield from _paragraph(
            "The lines find every change since then. They find out who has signed only when "
            '-noverify is replaced by -CAfile "$HOME/CA.pem" -purpose any, where CA.pem in your '
            "home folder is the certificate of the authority that you trust to know the signer."
        )
    if medium.certificates:
        yield from _paragraph(
            "A private key and its certificate are needed in PEM, as dicom-key.pem and "
            "dicom-cert.pem in your home folder. Keep others from reading that key, and remove "
            "what is not needed any more."
        )


def _in_a_shell(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("OpenSSL on Linux, macOS, or Windows with Git Bash")
    yield from _paragraph(
        "Copy the lines of each step into the terminal and press Enter. What they end with, : #, "
        "does nothing; leave it out when you type."
    )
    # Without remarks: the shell of macOS takes them for words of a command.
    places = 'DISC="/media/cdrom"', 'OUT="$HOME/images"'
    loop = in_a_shell(
        _refusal(medium), is_signed=bool(medium.signers), is_wrapped=medium.is_wrapped
    )
    where = (
        f"{_PLACES.format(kind=_kind(medium))} A Mac has discs and sticks in /Volumes; in Git Bash "
        "/d stands for drive D:."
    )
    yield from _numbered(
        (where, ended(places)),
        *_keys(medium, ended(SHELL_PASSWORD), ended([SHELL_KEY]), ended(PKCS12)),
        (f"Open the files. {_doubt(medium, '-iname')}", ended(loop)),
    )


def _in_powershell(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("OpenSSL on Windows with PowerShell")
    yield from _paragraph("PowerShell has to find the command openssl; Git Bash is easier.")
    if medium.has_password:
        yield from _paragraph(
            "A password with a quotation mark or a backslash needs PowerShell 7.3 or newer."
        )
    places = "$Disc = 'D:\\'", '$Out = "$HOME\\images"'
    loop = in_powershell(
        _refusal(medium), is_signed=bool(medium.signers), is_wrapped=medium.is_wrapped
    )
    yield from _numbered(
        (_PLACES.format(kind=_kind(medium)), places),
        *_keys(medium, POWERSHELL_PASSWORD, [POWERSHELL_KEY], PKCS12),
        (f"Open the files. {_doubt(medium, '-Filter')}", loop),
    )


def _refusal(medium: SecureMedium) -> str:
    """Return what is said where nothing opens: the first of `_keys` is the second step."""
    ways = ["PASSWORD"] * medium.has_password + ["KEY"] * bool(medium.certificates)
    return f"THE {' OR '.join(ways)} DOES NOT FIT. Go back to step 2."


def _doubt(medium: SecureMedium, option: str) -> str:
    what = "password" if medium.has_password else "key"
    return (
        f"The DICOMDIR is tried first, and when it does not open nothing is. If the {what} is "
        "right all the same, the DICOMDIR is damaged: write I0000001 in its place behind "
        f"{option}."
    )


def _keys(
    medium: SecureMedium, password: Iterable[str], key: Iterable[str], pkcs12: Iterable[str]
) -> Iterator[Step]:
    """Yield the steps that name what opens the files; one of them is to be taken."""
    is_choice = medium.has_password and medium.certificates
    if medium.has_password:
        only = "Who has the password: press" if is_choice else "Press"
        yield (
            f"{only} Enter after this, then type the password and press Enter again.",
            password,
        )
    if medium.certificates:
        yield (
            "Only where the key and its certificate are in a PKCS#12 file (.p12 or .pfx): take "
            "them out of it. What has the names of the new files is lost. For an old file OpenSSL "
            "3 needs -legacy behind the word pkcs12.",
            pkcs12,
        )
        only = "Who has a private key: name" if is_choice else "Name"
        yield f"{only} the files of the key and of its certificate.", key


def _foot(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("About")
    yield from _paragraph(
        "In the root of the medium is DICOMDIR, the directory of all images. Opened, they are a "
        "DICOM File-set as before. Files whose names have an ending, such as this one, are not "
        "encrypted."
    )
    answer = "signed" if medium.signers else "protected by a digest"
    yield from _paragraph(
        "For experts: each file is a Secure DICOM File (DICOM PS3.15, Basic DICOM Media Security "
        f"Profile), the content {answer} and encrypted by {medium.cipher.upper()}; digest "
        f"{_NAMES[medium.digest]}; CMS EnvelopedData (RFC 5652)."
    )
    yield f"Made by Filmjacket, version {__version__}."
    for line in medium.contact:
        yield from wrap(fitted(line, "ascii"), _WIDTH)


def _kind(medium: SecureMedium) -> str:
    return fitted(medium.kind, "ascii")


def _heading(text: str) -> tuple[str, ...]:
    return text.upper(), "-" * len(text)


def _paragraph(text: str) -> Iterator[str]:
    yield from wrap(text, _WIDTH, break_on_hyphens=False)
    yield ""


def _list(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        text = fitted(word, "ascii")
        yield from wrap(text, _WIDTH, initial_indent="  * ", subsequent_indent="    ")
    yield ""


def _numbered(*steps: Step) -> Iterator[str]:
    for number, (text, lines) in enumerate(steps, 1):
        yield from wrap(f"{number}. {text}", _WIDTH, subsequent_indent="   ")
        yield from _to_type(*lines)


def _to_type(*lines: str) -> Iterator[str]:
    yield ""
    yield from (_INDENT + line for line in lines)
    yield ""
