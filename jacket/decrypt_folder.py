"""What a folder of decrypted files gets when all are there: a manifest, and no remains."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from jacket import manifest
from jacket.decrypt_files import Done
from media.aside import not_written
from media.source import Name

# In the place of a digest that nobody knows: no file has it, so that every check stumbles over it.
UNKNOWN: Final = "0" * 64
_DOUBTFUL: Final = (
    "MANIFEST.TXT of the folder lists what was exchanged, changed or lost with a digest of zeros, "
    "so that a check of the folder finds it again"
)


def finish(folder: Path, done: Sequence[Done], listed: Collection[Name]) -> tuple[str, ...]:
    """Take away folders that stayed empty, and write a manifest; return remarks.

    What is not as the medium's own manifest has it shall not become genuine by being written down
    anew: it is listed, with a digest that it has not.

    Args:
        folder: with what was decrypted.
        done: what became of each file.
        listed: names that the manifest of the medium lists, and that should have come out.

    Raises:
        CannotWrite: there is no room for it.
    """
    if any(one.kind for one in done):
        for below, _, _ in os.walk(folder, topdown=False):
            if Path(below) != folder:
                with suppress(OSError):  # there is something in it
                    Path(below).rmdir()
    written = {
        tuple(one.where.split("/")): UNKNOWN if one.differs else one.digest
        for one in done
        if not one.kind
    }
    lost = [name for name in listed if name not in written and _can_be_listed(name)]
    # Names that differ only in case are one on many systems.
    if any((name[0].upper(),) == manifest.NAME for name in written):
        return ("MANIFEST.TXT of the medium is no list of digests: it was taken over as it is",)
    # A name of other characters or with a line feed in it would make the list unreadable.
    if not all(map(_can_be_listed, written)):
        return ("there is no MANIFEST.TXT: names of files have characters that it cannot list",)
    lines = (
        manifest.line_of(digest, name)
        for name, digest in (written | dict.fromkeys(lost, UNKNOWN)).items()
    )
    path = folder.joinpath(*manifest.NAME)
    try:
        path.write_bytes(b"".join(lines))
    except OSError as error:
        raise not_written(error, str(path)) from error
    return (_DOUBTFUL,) if lost or UNKNOWN in written.values() else ()


def _can_be_listed(name: Name) -> bool:
    text = "/".join(name)
    # Whoever checks the list is not led out of the folder by a medium's own.
    return text.isascii() and text.isprintable() and not {".", ".."}.intersection(name)
