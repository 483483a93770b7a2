"""A MANIFEST.TXT of ours kept true when the File-set beside it is updated in place."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from jacket.console import amount
from reporting import CannotRead

if TYPE_CHECKING:
    from jacket.file_set.files import FileSetFiles

FileID = tuple[str, ...]

MANIFEST = ("MANIFEST.TXT",)
_NAMED = 3  # files that are named in a remark
_DIRECTORY = ("DICOMDIR",)


class Refreshed(NamedTuple):
    """What becomes of a manifest."""

    content: bytes | None  # None: it stays as it is, or there is none
    remarks: tuple[str, ...]  # on lines of files that are gone


def manifest_of(files: "FileSetFiles") -> bytes | None:
    """Return the manifest of a File-set; None where there is none that we keep."""
    from jacket.manifest import LARGEST  # with what loads OpenSSL

    with suppress(CannotRead):  # a link in its place, or more than any manifest has
        return files.content(MANIFEST, LARGEST)
    return None


def refreshed(
    content: bytes,
    files: "FileSetFiles",
    *,
    directory: bytes | None,
    named: Iterable[FileID],
    added: Mapping[FileID, str],
    removed: Collection[FileID],
    prune: bool,
) -> Refreshed:
    """Return a manifest with the digests of the new DICOMDIR and of files that are new.

    One that does not list its DICOMDIR is left alone. Lines of other files stay as they are: if
    those files were changed, that must show.

    Args:
        content: as it stands.
        files: of the medium, as they are now.
        directory: the new DICOMDIR; None where that stays, and no digest is new.
        named: files that the DICOMDIR names and that are there.
        added: digests of files that are being added.
        removed: files that are being removed; their lines go.
        prune: drop the lines of files that are gone.

    Raises:
        CannotRead: a file of the medium cannot be read.
    """
    from hashlib import sha256

    from jacket.manifest import line_of, parse_manifest

    listed, odd, _ = parse_manifest(content)
    if odd or _DIRECTORY not in listed:
        return Refreshed(None, ())
    for name in removed:
        listed.pop(name, None)
    gone = [name for name in listed if name not in added and not files.is_taken(name)]
    if prune:
        for name in gone:
            del listed[name]
    if directory is not None:
        listed[_DIRECTORY] = sha256(directory).hexdigest()
        listed |= added
        listed |= {name: _digest(files, name) for name in named if name not in listed}
    remarks = _about(gone, prune=prune)
    if directory is None and not (prune and gone):
        return Refreshed(None, remarks)
    return Refreshed(b"".join(line_of(value, name) for name, value in listed.items()), remarks)


def _about(gone: list[FileID], *, prune: bool) -> tuple[str, ...]:
    if not gone:
        return ()
    files = f"{amount(len(gone), 'file')} that {'is' if len(gone) == 1 else 'are'} gone"
    named = ", ".join("/".join(name) for name in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
    if prune:
        return (f"MANIFEST.TXT no longer lists {files}: {named}{more}",)
    return (f"MANIFEST.TXT still lists {files}: {named}{more}; --prune drops such lines",)


def _digest(files: "FileSetFiles", name: FileID) -> str:
    from hashlib import sha256

    digest = sha256()
    try:
        for piece in files.pieces(name):
            digest.update(piece)
    except OSError as error:
        raise CannotRead(
            f"cannot be read ({error.strerror})", str(error.filename or "/".join(name)), "Check it"
        ) from error
    return digest.hexdigest()
