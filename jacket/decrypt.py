"""The job "decrypt a medium": a plain folder with the same names, every file of it checked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, NamedTuple

from dicomdir.instance import NotIndexed
from jacket.console import amount
from jacket.decrypt_about import told_about
from jacket.decrypt_files import Decryption, Done
from jacket.decrypt_folder import finish
from jacket.decrypt_missing import hidden, missing
from jacket.decrypt_names import placed
from jacket.locked_medium import refuse_locked
from jacket.mail import (
    around_in_words,
    mail_in_words,
    opened_with,
    refuse_sealed,
    signed_by_mail,
    was_encrypted,
)
from jacket.plain_medium import not_encrypted
from jacket.signed_by import SignedBy, sum_up
from jacket.single_file import open_medium_or_file
from jacket.unlocked_medium import UnlockedMedium
from jacket.verify_processes import Shared, cut_up, share_out
from media import Entry, Medium
from media.aside import folder_aside, refuse_occupied, refuse_without_space, remove_leftovers
from media.medium import folder_of
from media.source import Name
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
    unchecked: int  # of these, without a digest or signature that shows changes
    copied: int  # files that were not
    size: int  # bytes of all these
    left_out: tuple[NotIndexed, ...]
    signers: tuple[SignedBy, ...]
    trust: bool  # somebody told which signers to trust
    remarks: tuple[str, ...]
    mail: str = ""  # how the mail was protected that was encrypted as a whole; "": none was
    differs: tuple[str, ...] = ()  # files that are not as MANIFEST.TXT lists them, or not there

    @property
    def is_clean(self) -> bool:
        """Whether all came out, as it was when the medium was made."""
        return not self.left_out and not self.differs


class _Found(NamedTuple):
    """What is to be told besides what became of each file."""

    files: int  # on the medium
    dry_run: bool
    left_out: Sequence[NotIndexed]
    gone: tuple[str, ...]  # files that MANIFEST.TXT lists, and that are not there
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
        if not dry_run:
            remove_leftovers(target)  # decrypted, and in the way of what has to have room there
        entries = list(medium.entries())
        about = told_about(medium, entries)
        wanted, left_out = placed(about.without(entries))
        own = _probed(medium, entries, keys, path)
        refuse_without_space(target, 0 if dry_run else sum(entry.size for entry in wanted))
        shared = cut_up(wanted, path, processes)
        with _folder(target, dry_run=dry_run) as folder:
            listed = about.digests
            work = Decryption(medium, own, folder, listed, accepts=accept_unprotected)
            done = _all(work, shared, progress)
            if own.is_overdrawn and shared.processes > 1:
                # Which files do not open must not hang on how the work was shared.
                own = _probed(medium, entries, keys, path)
                work = Decryption(medium, own, folder, listed, accepts=accept_unprotected)
                done = _all(work, shared._replace(processes=1), progress)
            _refuse_nothing(done, path)
            remarks = about.remarks + _unlisted(about.digests, done) + _unprotected(done)
            if folder is not None:
                remarks += finish(folder, done, about.expected)
            inside = UnlockedMedium(medium, own, path, accept_unprotected=accept_unprotected)
            left_out = [*missing(inside, folder), *hidden(medium), *left_out]
        found = _Found(len(entries), dry_run, left_out, tuple(map("/".join, about.gone)), remarks)
        return _told(medium, path, target, keys, done, found)


def _probed(medium: Medium, entries: Sequence[Entry], keys: "Keys", path: str) -> "Keys":
    """Return *keys* fresh, but for what the first file that opens has used up of them."""
    fresh = keys.fresh()
    if not refuse_locked(medium, entries, fresh, path) and not was_encrypted(medium):
        raise not_encrypted(path, medium)
    return fresh


def _refuse_on_medium(medium: Path, target: Path) -> None:
    with suppress(OSError, RuntimeError):  # what cannot be resolved is told where it is opened
        folder = folder_of(medium)
        if folder is not None and target.resolve().is_relative_to(folder.resolve()):
            raise WrongUsage(
                "lies on the medium", str(target), "Name a folder elsewhere for the plain files"
            )


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
            first.remedy,
        )
        error.details["left_out"] = [
            {"source": one.where, "reason": one.reason, "kind": one.kind}
            for one in done
            if one.kind
        ]
        raise error


def _unlisted(digests: Mapping[Name, str], done: Sequence[Done]) -> tuple[str, ...]:
    """Return what is to be told where nobody has written down which files there must be."""
    if digests or len(done) == 1:  # a file alone
        return ()
    return (
        "there is no MANIFEST.TXT on the medium: files that were added or exchanged do not show",
    )


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
    medium: Medium, path: str, target: Path, keys: "Keys", done: Sequence[Done], found: _Found
) -> Decrypted:
    failed = [NotIndexed(one.where, one.reason, one.kind) for one in done if one.kind]
    judged = bool(keys.trust.certificates)
    left_out = (*failed, *found.left_out)
    told = {item.source for item in left_out}
    around = around_in_words(medium, judged=judged)
    return Decrypted(
        path,
        str(target),
        found.dry_run,
        sum(one.how == "decrypted" for one in done),
        sum(one.is_unchecked for one in done),
        sum(one.how == "copied" for one in done),
        sum(one.size for one in done if not one.kind),
        left_out,
        (*signed_by_mail(medium, found.files), *sum_up(one.signers for one in done)),
        judged,
        (*([f"the mail is {around}"] if around else []), *found.remarks),
        mail_in_words(medium) if was_encrypted(medium) else "",
        (
            *(one.where for one in done if one.differs),
            *(name for name in found.gone if name not in told),
        ),
    )
