"""A MANIFEST.TXT of ours kept true when the DICOMDIR beside it is updated in place."""

from collections.abc import Iterable
from pathlib import Path

from dicomdir.replace_file import replace_atomically
from reporting import CannotRead


def refresh_manifest(root: Path, files: Iterable[tuple[str, ...]]) -> None:
    """Write the digests of the DICOMDIR and of *files* that are new into the manifest of *root*.

    A folder without a manifest, or with one that does not list its DICOMDIR, is left alone.
    Lines of other files stay as they are: if those files were changed, that must show.

    Raises:
        CannotRead, CannotWrite: a file cannot be read, or the manifest cannot be replaced.
    """
    path = root / "MANIFEST.TXT"
    if path.is_symlink() or not path.is_file():
        return
    from jacket.manifest import LARGEST, line_of, parse_manifest  # with what loads OpenSSL

    try:
        if path.stat().st_size > LARGEST:
            return
        listed, odd, _ = parse_manifest(path.read_bytes())
        directory = ("DICOMDIR",)
        if odd or directory not in listed:
            return
        for name in (directory, *(file for file in files if file not in listed)):
            listed[name] = _digest(root.joinpath(*name))
    except OSError as error:
        raise CannotRead(
            f"cannot be read ({error.strerror})", str(error.filename or path), "Check the disk"
        ) from error
    replace_atomically(path, b"".join(line_of(digest, name) for name, digest in listed.items()))


def _digest(path: Path) -> str:
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
