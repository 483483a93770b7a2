"""A MANIFEST.TXT of ours kept true when the DICOMDIR beside it is updated in place."""

from collections.abc import Iterable
from os.path import lexists
from pathlib import Path

from dicomdir.replace_file import replace_atomically
from jacket.console import amount
from reporting import CannotRead

_NAMED = 3  # files that are named in a remark


def refresh_manifest(
    root: Path, files: Iterable[tuple[str, ...]], *, changed: bool, prune: bool
) -> tuple[str, ...]:
    """Write the digests of the DICOMDIR and of *files* that are new into the manifest of *root*.

    A folder without a manifest, or with one that does not list its DICOMDIR, is left alone.
    Lines of other files stay as they are: if those files were changed, that must show.

    Args:
        root: of the File-set.
        files: that the DICOMDIR names.
        changed: the DICOMDIR was written; otherwise no digest is new.
        prune: drop the lines of files that are gone.

    Returns:
        Remarks on lines of files that are gone.

    Raises:
        CannotRead, CannotWrite: a file cannot be read, or the manifest cannot be replaced.
    """
    path = root / "MANIFEST.TXT"
    if path.is_symlink() or not path.is_file():
        return ()
    from jacket.manifest import LARGEST, line_of, parse_manifest  # with what loads OpenSSL

    try:
        if path.stat().st_size > LARGEST:
            return ()
        listed, odd, _ = parse_manifest(path.read_bytes())
        directory = ("DICOMDIR",)
        if odd or directory not in listed:
            return ()
        gone = [name for name in listed if not lexists(root.joinpath(*name))]
        if prune:
            for name in gone:
                del listed[name]
        if changed:
            for name in (directory, *(file for file in files if file not in listed)):
                listed[name] = _digest(root.joinpath(*name))
    except OSError as error:
        raise CannotRead(
            f"cannot be read ({error.strerror})", str(error.filename or path), "Check the disk"
        ) from error
    if changed or (prune and gone):
        lines = (line_of(digest, name) for name, digest in listed.items())
        replace_atomically(path, b"".join(lines))
    return _about(gone, prune=prune)


def _about(gone: list[tuple[str, ...]], *, prune: bool) -> tuple[str, ...]:
    if not gone:
        return ()
    files = f"{amount(len(gone), 'file')} that {'is' if len(gone) == 1 else 'are'} gone"
    named = ", ".join("/".join(name) for name in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
    if prune:
        return (f"MANIFEST.TXT no longer lists {files}: {named}{more}",)
    return (f"MANIFEST.TXT still lists {files}: {named}{more}; --prune drops such lines",)


def _digest(path: Path) -> str:
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
