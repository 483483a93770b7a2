"""The job "decrypt a medium": a plain folder with the same names, every file of it checked."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING

from dicomdir.instance import NotIndexed
from jacket import manifest
from jacket.console import amount
from jacket.decrypt_files import Decryption, Done
from jacket.decrypt_missing import missing
from jacket.decrypt_names import placed
from jacket.locked_medium import refuse_locked
from jacket.mail import opened_with, refuse_sealed, was_encrypted
from jacket.plain_medium import not_encrypted
from jacket.signed_by import SignedBy, sum_up
from jacket.single_file import open_medium_or_file
from jacket.verify_processes import Shared, cut_up, share_out
from media import Entry, Medium
from media.aside import folder_aside, not_written, refuse_occupied, refuse_without_space
from media.medium import folder_of
from reporting import CannotRead, Progress, WrongUsage, silent

if TYPE_CHECKING:
    from secure import Keys


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What became of a medium."""

    path: str
    target: str
    dry_run: bool
    decrypted: int  # files that were in envelopes
    copied: int  # files that were not
    size: int  # bytes of all these
    left_out: tuple[NotIndexed, ...]
    signers: tuple[SignedBy, ...]
    trust: bool  # somebody told which signers to trust
    remarks: tuple[str, ...]


def decrypt(
    path: str | Path,
    target: str | Path,
    keys: "Keys",
    *,
    accept_unprotected: bool = False,
    dry_run: bool = False,
    processes: int | None = None,
    progress: Progress = silent,
) -> Decrypted:
    """Make the plain folder *target* of the medium at *path*; as `decrypt_open`.

    Raises:
        CannotRead: the medium does not open.
    """
    return decrypt_open(
        open_medium_or_file(Path(path)),
        str(path),
        Path(target),
        keys,
        accept_unprotected=accept_unprotected,
        dry_run=dry_run,
        processes=processes,
        progress=progress,
    )


def decrypt_open(
    medium: Medium,
    path: str,
    target: Path,
    keys: "Keys",
    *,
    accept_unprotected: bool = False,
    dry_run: bool = False,
    processes: int | None = None,
    progress: Progress = silent,
) -> Decrypted:
    """Make a plain folder of a *medium* that is open, and close it.

    Every Secure DICOM File is opened and checked; the DICOM File in it is written under the same
    name. Other files are copied. The folder appears when it is complete and durable.

    Args:
        medium: to read.
        path: what messages call it.
        target: the folder to make; must not be there, or be empty.
        keys: what to open files with.
        accept_unprotected: also take files that were encrypted without a digest or signature.
        dry_run: open and check all, write nothing.
        processes: how many share the work; None: as many as it is worth.
        progress: told the stage "decrypting" in bytes.

    Raises:
        NothingOpens: no file opens with the keys.
        CannotRead: nothing on it is encrypted, or no file of it could be decrypted.
        CannotWrite: no space, no permission, or the target is occupied.
        WrongUsage: the target lies on the medium.
    """
    medium = opened_with(medium, keys, accept_unprotected=accept_unprotected)
    with medium:
        refuse_sealed(medium, path)
        _refuse_on_medium(Path(path), target)
        refuse_occupied(target)
        entries = list(medium.entries())
        wanted, left_out = placed(_without_manifest(medium, entries))
        own = _probed(medium, entries, keys, path)
        refuse_without_space(target, 0 if dry_run else sum(entry.size for entry in wanted))
        shared = cut_up(wanted, path, processes)
        with _folder(target, dry_run=dry_run) as folder:
            work = Decryption(medium, own, folder, accepts=accept_unprotected)
            done = _all(work, shared, progress)
            if own.is_overdrawn and shared.processes > 1:
                # Which files do not open must not hang on how the work was shared.
                own = _probed(medium, entries, keys, path)
                work = Decryption(medium, own, folder, accepts=accept_unprotected)
                done = _all(work, shared._replace(processes=1), progress)
            _refuse_nothing(done, path)
            remarks = _unprotected(done)
            if folder is not None:
                remarks += _finish(folder, done)
                left_out = [*missing(folder, medium), *left_out]
    return _told(path, target, keys, done, left_out, remarks, dry_run=dry_run)


def _probed(medium: Medium, entries: Sequence[Entry], keys: "Keys", path: str) -> "Keys":
    """Return *keys* fresh, but for what the first file that opens has used up of them."""
    fresh = keys.fresh()
    if not refuse_locked(medium, entries, fresh, path) and not was_encrypted(medium):
        raise not_encrypted(path, medium.kind)
    return fresh


def _refuse_on_medium(medium: Path, target: Path) -> None:
    with suppress(OSError, RuntimeError):  # what cannot be resolved is told where it is opened
        folder = folder_of(medium)
        if folder is not None and target.resolve().is_relative_to(folder.resolve()):
            raise WrongUsage(
                "lies on the medium", str(target), "Name a folder elsewhere for the plain files"
            )


def _without_manifest(medium: Medium, entries: Sequence[Entry]) -> list[Entry]:
    """Return *entries* without a list of digests, which are those of the envelopes."""
    return [
        entry
        for entry in entries
        if entry.name != manifest.NAME or not _lists_digests(medium, entry)
    ]


def _lists_digests(medium: Medium, entry: Entry) -> bool:
    if entry.size > manifest.LARGEST:
        return False
    try:
        with medium.open(entry) as file:
            return bool(manifest.parse_manifest(file.pread(file.size, 0))[0])
    except CannotRead:
        return False  # met again, and told


@contextmanager
def _folder(target: Path, *, dry_run: bool) -> Iterator[Path | None]:
    if dry_run:
        yield None
        return
    with folder_aside(target) as folder:
        _keep_private(folder, target)
        yield folder


def _keep_private(folder: Path, target: Path) -> None:
    """Let only its owner into *folder*, or those whom an empty *target* that is there admits."""
    with suppress(OSError):  # where it lies nothing may be known of permissions
        folder.chmod(S_IMODE(target.stat().st_mode) if target.exists() else 0o700)


def _all(work: Decryption, shared: Shared, progress: Progress) -> list[Done]:
    sizes = [sum(entry.size for entry in chunk) for chunk in shared.chunks]
    total = sum(sizes)
    results = share_out(
        shared,
        work,
        lambda: None,
        lambda number: progress("decrypting", sum(sizes[:number]), total),
    )
    progress("decrypting", total, total)
    return [Done.of(plain) for chunk in results for plain in chunk]


def _refuse_nothing(done: Sequence[Done], path: str) -> None:
    """Raise when not one file could be decrypted: a folder of texts is of no use to anybody."""
    if any(one.how == "decrypted" for one in done):
        return
    first = next((one for one in done if one.kind == "secure"), None)
    if first is not None:
        error = CannotRead(
            f"no file of it can be decrypted; the first, {first.where}, {first.reason}",
            path,
            "Ask the sender for the medium again",
        )
        error.details["left_out"] = [
            {"source": one.where, "reason": one.reason, "kind": one.kind}
            for one in done
            if one.kind
        ]
        raise error


def _finish(folder: Path, done: Sequence[Done]) -> tuple[str, ...]:
    """Take away folders that stayed empty, and write a manifest; return remarks."""
    if any(one.kind for one in done):
        for below, _, _ in os.walk(folder, topdown=False):
            if Path(below) != folder:
                with suppress(OSError):  # there is something in it
                    Path(below).rmdir()
    written = [(tuple(one.where.split("/")), one.digest) for one in done if not one.kind]
    if any(name == manifest.NAME for name, _ in written):
        return ("MANIFEST.TXT of the medium is no list of digests: it was copied as it is",)
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


def _unprotected(done: Sequence[Done]) -> tuple[str, ...]:
    """Return what is to be told of DICOM Files that lay in plain among those in envelopes."""
    found = [one.where for one in done if one.is_unprotected]
    if not found:
        return ()
    number = amount(len(found), "DICOM File")
    return (
        f"{number} lay there without encryption, such as {found[0]}: nothing shows who put that "
        "there, or changes of it",
    )


def _told(
    path: str,
    target: Path,
    keys: "Keys",
    done: Sequence[Done],
    left_out: Sequence[NotIndexed],
    remarks: tuple[str, ...],
    *,
    dry_run: bool,
) -> Decrypted:
    failed = [NotIndexed(one.where, one.reason, one.kind) for one in done if one.kind]
    return Decrypted(
        path,
        str(target),
        dry_run,
        sum(one.how == "decrypted" for one in done),
        sum(one.how == "copied" for one in done),
        sum(one.size for one in done if not one.kind),
        (*failed, *left_out),
        sum_up(one.signers for one in done),
        bool(keys.trust.certificates),
        remarks,
    )
