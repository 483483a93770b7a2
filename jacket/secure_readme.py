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
    in_a_shell,
    in_powershell,
)

NAME: Final = ("README.TXT",)
_TITLE: Final = "Encrypted medical images (DICOM)"
_WIDTH: Final = 78  # characters; a line of 80 with its end fits every editor and printer
_INDENT: Final = "    "  # of a line to type
Step = tuple[str, Iterable[str]]  # what to do, and the lines to type

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
        f"Every image on this {_kind(medium)}{named} is encrypted, and so is its directory, the "
        "file DICOMDIR. Each of them is a Secure DICOM File (DICOM PS3.15, Basic DICOM Media "
        "Security Profile), and programs that do not know these cannot show it. Files whose names "
        "have an ending, such as this one, are not encrypted."
    )
    answer = "signed, and" if medium.signers else "protected by a digest, and"
    yield from _paragraph(
        f"For experts: the content is {answer} encrypted by {medium.cipher.upper()}; digest "
        f"{_NAMES[medium.digest]}; CMS EnvelopedData (RFC 5652)."
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
    words = ["jacket decrypt DISC --to FOLDER --password-file PASSWORD.txt"] * medium.has_password
    words += ["jacket decrypt DISC --to FOLDER --key KEY.pem"] * bool(medium.certificates)
    yield f"DISC is where the {_kind(medium)} is, FOLDER a new folder for the images."
    yield from _to_type(*words)


def _with_openssl(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("With OpenSSL, version 1.1.1 or newer")
    yield from _paragraph(
        "The lines below open all files into a new folder. Any DICOM viewer shows what is in it: "
        "let it open the file DICOMDIR there. Each file is checked on the way; one that was "
        "damaged or changed is named and left out. Whoever can read that folder can see the "
        "images: remove it when it is not needed any more."
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
            "-noverify is replaced by -CAfile CA.pem -purpose any, where CA.pem is the certificate "
            "of the authority that you trust to know the signer."
        )
    if medium.certificates:
        yield from _paragraph(
            "A private key and its certificate are needed in PEM, as key.pem and cert.pem in your "
            "home folder. Out of a PKCS#12 file (.p12 or .pfx) these lines take them; for an old "
            "file OpenSSL 3 needs -legacy at their ends."
        )
        yield from list(_to_type(*PKCS12))[1:]


def _in_a_shell(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("OpenSSL on Linux, macOS, or Windows with Git Bash")
    # Without remarks: the shell of macOS takes them for words of a command.
    places = "DISC=/media/cdrom", 'OUT="$HOME/images"'
    loop = in_a_shell(is_signed=bool(medium.signers), is_wrapped=medium.is_wrapped)
    yield from _numbered(
        (_places(medium), places),
        *_keys(medium, SHELL_PASSWORD, SHELL_KEY),
        (
            "Open the files. For one alone, write its name in the place of the dot behind find, "
            "such as ./DICOMDIR.",
            loop,
        ),
    )


def _in_powershell(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("OpenSSL on Windows with PowerShell")
    if medium.has_password:
        yield from _paragraph(
            "A password with a quotation mark or a backslash needs PowerShell 7.3 or newer."
        )
    places = "$Disc = 'D:\\'", '$Out = "$HOME\\images"'
    loop = in_powershell(is_signed=bool(medium.signers), is_wrapped=medium.is_wrapped)
    yield from _numbered(
        (_places(medium), places),
        *_keys(medium, POWERSHELL_PASSWORD, POWERSHELL_KEY),
        ("Open the files.", loop),
    )


def _places(medium: SecureMedium) -> str:
    return f"Say where the {_kind(medium)} is, and name a new folder for the images."


def _keys(medium: SecureMedium, password: str, key: str) -> Iterator[Step]:
    """Yield the steps that name what opens the files; one of them is to be taken."""
    is_choice = medium.has_password and medium.certificates
    if medium.has_password:
        only = "Who has the password: press" if is_choice else "Press"
        yield (
            f"{only} Enter after this line, then type the password and press Enter again.",
            (password,),
        )
    if medium.certificates:
        only = "Who has a private key: name" if is_choice else "Name"
        yield f"{only} the files of the key and of its certificate.", (key,)


def _foot(medium: SecureMedium) -> Iterator[str]:
    yield from _heading("About")
    yield from _paragraph(
        "In the root of the medium is DICOMDIR, the directory of all images. Opened, they are a "
        "DICOM File-set as before."
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
