"""What is done with each file of a medium that is decrypted, in whichever process that happens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from errno import EILSEQ, EINVAL, ENAMETOOLONG
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from jacket.decrypt_names import NO_NAME
from jacket.entry_index import begins_as_dicom
from jacket.locked_medium import is_secure
from jacket.mail import was_encrypted
from jacket.secure_file import pieces_of
from jacket.signed_by import PlainSigner, signers_of
from media import Entry, FileReader, Medium
from media.aside import not_written
from media.folder.write import digest_of
from media.source import Name
from reporting import CannotRead, CannotWrite
from secure.errors import SecureFileError, UnknownAlgorithm

if TYPE_CHECKING:
    from secure import Keys, Opened

PlainSigners = tuple[tuple[object, ...], ...]
PlainDone = tuple[str, str, int, str, str, str, PlainSigners, bool, bool, str, bool]
_NOTHING: Final = "nothing"
_OF_NAMES: Final = (ENAMETOOLONG, EILSEQ, EINVAL)  # what systems have against a name


class Done(NamedTuple):
    """What became of one file. A plain tuple of it is handed from process to process."""

    where: str
    how: str  # "decrypted", "copied", or "nothing"
    size: int = 0  # bytes that were written
    digest: str = ""  # SHA-256 of these
    reason: str = ""  # why it was left out
    kind: str = ""  # of that, as `dicomdir.instance.KINDS`; empty where it was not
    signers: tuple[PlainSigner, ...] = ()
    is_unprotected: bool = False  # a DICOM File that was in no envelope
    differs: bool = False  # what lay on the medium has another digest than MANIFEST.TXT lists
    remedy: str = ""  # for the reason
    is_unchecked: bool = False  # it came out of its envelope, and nothing shows changes of it

    def plain(self) -> PlainDone:
        """Return it as marshal takes it."""
        return (*self[:6], tuple(tuple(signer) for signer in self.signers), *self[7:])

    @classmethod
    def of(cls, plain: PlainDone) -> "Done":
        """Return what was made plain."""
        return cls(*plain[:6], tuple(PlainSigner._make(one) for one in plain[6]), *plain[7:])


class Decryption:
    """The work of one process."""

    def __init__(
        self,
        medium: Medium,
        keys: "Keys",
        folder: Path | None,
        listed: Mapping[Name, str],
        *,
        accepts: bool,
    ) -> None:
        """Write into *folder*, which nobody sees yet; None: nothing is written.

        Args:
            medium: to read.
            keys: what to open files with.
            folder: where files go, under their names.
            listed: digests that files on the medium are to have, of those that somebody knows.
            accepts: also take what was encrypted without a digest or signature.
        """
        self._listed = listed
        self._medium, self._keys, self._folder = medium, keys, folder
        self._accepts = accepts
        # What comes out of an encrypted mail was decrypted and checked with it.
        self._how = "decrypted" if was_encrypted(medium) else "copied"
        self._steps = keys.steps

    def chunk(self, entries: Sequence[Entry]) -> list[PlainDone]:
        """Decrypt or copy some files; return a plain `Done` for each."""
        return [self._file(entry).plain() for entry in entries]

    def state(self) -> object:
        """Return the steps of key derivation that were asked for since the start."""
        return self._keys.steps - self._steps

    def absorb(self, steps: int) -> None:
        """Take in what another process gathered."""
        self._keys.absorb(steps)

    def _file(self, entry: Entry) -> Done:
        where = "/".join(entry.name)
        try:
            with self._medium.open(entry) as file:
                if is_secure(file):
                    return self._decrypted(entry, file, where)
                return self._copied(entry, file, where)
        except (SecureFileError, UnknownAlgorithm) as error:
            return Done(where, _NOTHING, reason=error.what, kind="secure", remedy=error.remedy)
        except CannotRead as error:
            return Done(where, _NOTHING, reason=error.what, kind="unreadable")
        except _NoName:
            return Done(where, _NOTHING, reason=NO_NAME, kind="not-allowed")

    def _decrypted(self, entry: Entry, file: FileReader, where: str) -> Done:
        pieces = _Digested(pieces_of(file)) if entry.name in self._listed else pieces_of(file)
        with _Target(self._folder, entry) as target:
            opened = self._opened(pieces, target, where)
            opened.close()
            digest = target.keep()
        signers = signers_of(opened.signers)
        differs = bool(self._listed)  # What the list does not have was added later.
        if isinstance(pieces, _Digested):
            differs = pieces.rest() != self._listed[entry.name]
        return Done(
            where,
            "decrypted",
            opened.size,
            digest,
            signers=signers,
            differs=differs,
            is_unchecked=not opened.shows_changes,
        )

    def _opened(self, pieces: Iterable[bytes], target: "_Target", where: str) -> "Opened":
        """Put the DICOM File into *target*; what is not good is not in it any more."""
        from secure import open_secure_file

        try:
            return open_secure_file(
                pieces,
                self._keys,
                where,
                accept_unprotected=self._accepts,
                file=target.file,
            )
        except CannotWrite as error:
            if target.path is not None and isinstance(error.__cause__, OSError):
                raise not_written(error.__cause__, str(target.path)) from error
            raise

    def _copied(self, entry: Entry, file: FileReader, where: str) -> Done:
        digest = sha256()
        with _Target(self._folder, entry) as target:
            for piece in pieces_of(file):
                digest.update(piece)
                target.write(piece)
            target.keep()
        found = digest.hexdigest()
        is_plain = self._how == "copied" and begins_as_dicom(file)
        return Done(
            where,
            self._how,
            file.size,
            found,
            is_unprotected=is_plain,
            differs=self._listed.get(entry.name, found) != found
            or (is_plain and bool(self._listed) and entry.name not in self._listed),
        )


class _Digested:
    """Pieces of a file on their way, and the SHA-256 of all of them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._digest = pieces, sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._digest.update(piece)
            yield piece

    def rest(self) -> str:
        """Take what nobody wanted; return the digest."""
        for _ in self:
            pass
        return self._digest.hexdigest()


class _NoName(Exception):
    """The system makes no file of this name: all other files have nothing to do with that."""


class _Target:
    """A file that is gone again unless it is kept; none at all without a folder."""

    def __init__(self, folder: Path | None, entry: Entry) -> None:
        self.file: IO[bytes] | None = None
        self.path = None if folder is None else folder.joinpath(*entry.name)
        self._is_kept = False

    def __enter__(self) -> "_Target":
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # One that is there is what a process left that was killed.
                self.file = self.path.open("w+b")
            except OSError as error:
                if error.errno in _OF_NAMES:
                    raise _NoName from error
                raise not_written(error, str(self.path)) from error
        return self

    def write(self, piece: bytes) -> None:
        if self.file is not None and self.path is not None:
            try:
                self.file.write(piece)
            except OSError as error:
                raise not_written(error, str(self.path)) from error

    def keep(self) -> str:
        """Keep the file; return its SHA-256 as it reads back."""
        if self.file is None or self.path is None:
            return ""
        try:
            self.file.close()
        except OSError as error:
            raise not_written(error, str(self.path)) from error
        digest = digest_of(self.path)
        self._is_kept = True
        return digest

    def __exit__(self, *_: object) -> None:
        if self.file is not None and self.path is not None and not self._is_kept:
            with suppress(OSError):
                self.file.close()
            with suppress(OSError):
                self.path.unlink()
