"""Media of Secure DICOM Files, made of plain ones in whatever way a test wants."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cms_kinds import PHRASE, by_password, sealed
from cms_people import Person

from media import open_medium
from secure import Sealer

Seal = Callable[[bytes], bytes]


def with_password(**options: object) -> Seal:
    """Seal with `PHRASE`; the options are those of `secure.prepare`."""
    return by_seal(by_password(**options))


def by_seal(sealer: Sealer) -> Seal:
    return lambda content: sealed(sealer, content)


def secure_folder(plain: Path, target: Path, seal: Seal, *, listed: bool = True) -> Path:
    """Make a medium like the one at *plain*, every DICOM file of it in an envelope.

    Args:
        plain: a medium with plain files.
        target: a new folder.
        seal: makes the envelope of one file.
        listed: MANIFEST.TXT lists the envelopes; else there is none.
    """
    lines = []
    with open_medium(plain) as medium:
        for entry in medium.entries():
            if entry.name == ("MANIFEST.TXT",):
                continue
            with medium.open(entry) as file:
                content = file.pread(file.size, 0)
            if content[128:132] == b"DICM":
                content = seal(content)
            path = target.joinpath(*entry.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            lines.append(f"{sha256(content).hexdigest()} *{'/'.join(entry.name)}\n")
    if listed:
        (target / "MANIFEST.TXT").write_text("".join(lines))
    return target


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below *folder* by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def trusting(folder: Path, *people: Person) -> Path:
    """Make a folder of certificates."""
    folder.mkdir()
    for person in people:
        person.files(folder)[1].unlink()  # keys have no place there
    return folder


def word(folder: Path, password: str = PHRASE, name: str = "password") -> Path:
    """Write a password into a file."""
    path = folder / f"{name}.txt"
    path.write_text(f"{password}\n")
    return path
