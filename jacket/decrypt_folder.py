"""What a folder of decrypted files gets when all are there: a manifest, and no remains."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jacket import manifest
from jacket.decrypt_files import Done
from media.aside import not_written


def finish(folder: Path, done: Sequence[Done]) -> tuple[str, ...]:
    """Take away folders that stayed empty, and write a manifest; return remarks.

    Raises:
        CannotWrite: there is no room for it.
    """
    if any(one.kind for one in done):
        for below, _, _ in os.walk(folder, topdown=False):
            if Path(below) != folder:
                with suppress(OSError):  # there is something in it
                    Path(below).rmdir()
    written = [(tuple(one.where.split("/")), one.digest) for one in done if not one.kind]
    # Names that differ only in case are one on many systems.
    if any((name[0].upper(),) == manifest.NAME for name, _ in written):
        return ("MANIFEST.TXT of the medium is no list of digests: it was taken over as it is",)
    # A name of other characters or with a line feed in it would make the list unreadable.
    if not all("/".join(name).isascii() and "/".join(name).isprintable() for name, _ in written):
        return ("there is no MANIFEST.TXT: names of files have characters that it cannot list",)
    content = b"".join(manifest.line_of(digest, name) for name, digest in written)
    path = folder.joinpath(*manifest.NAME)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise not_written(error, str(path)) from error
    return ()
