"""How a target comes into being, by its suffix and the medium: measured exactly, then written."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from media.fat.records import LARGEST_FILE
from media.iso9660.encode import LARGEST_EXTENT
from media.source import DigestList, NamedSource, Written
from media.volume_plan import PlannedFile, VolumePlan
from profiles.application_profiles import ApplicationProfile, Medium
from reporting import CannotWrite, Progress

if TYPE_CHECKING:
    from secure import Keys, MailSealer

BLOCK: Final = 2048  # bytes of a sector
_CLUSTER: Final = 4096  # bytes; as small media are formatted
_SMALLEST_FAT16: Final = 6_000_000  # bytes; with 4,085 clusters and the gap before a partition
# Of an archive, a file: local header, central header, name twice, records of large ones.
_ZIP_FILE: Final = 30 + 46 + 2 * 64 + 48
_ZIP_END: Final = 22 + 76
_LETTER: Final = 2_000  # bytes of a mail besides what it carries
_BASE64_LINE: Final = 57  # bytes of content in a line of 78


class Job(NamedTuple):
    """How a volume of a job is called, and when that is."""

    label: str
    recorded: datetime
    number: int = 1  # of the volume in its set, from 1
    of: int = 1  # volumes that the whole set has


class Measured(NamedTuple):
    """How large a volume becomes."""

    size: int  # bytes of the file, or of the files in the folder
    on_medium: int  # bytes that it takes of the medium, as far as that is known
    exact: bool  # else it is at most that, and known when it is written
    plan: VolumePlan | None = None  # of an image
    in_folder: bool = False  # the medium is still to be made of it


LayOut = Callable[[Sequence[PlannedFile], Job], VolumePlan]


class FileSystem(NamedTuple):
    """What is on a medium of a kind."""

    what: str
    lay_out: LayOut
    largest_file: int | None  # bytes; None: any
    label_length: int = 16  # characters of a File-set ID that the volume's label can have


def _iso9660(files: Sequence[PlannedFile], job: Job) -> VolumePlan:
    from media.iso9660.layout import lay_out_iso9660

    return lay_out_iso9660(files, label=job.label, recorded=job.recorded, level=1)


def _bridge(files: Sequence[PlannedFile], job: Job) -> VolumePlan:
    from media import lay_out_bridge

    # Level 3 alone has files in several extents; what level 1 can hold everybody reads.
    level = 3 if any(file.size > LARGEST_EXTENT for file in files) else 1
    return lay_out_bridge(files, label=job.label, recorded=job.recorded, level=level)


def _udf(
    revision: Literal["1.50", "2.50", "2.60"],
    overwritable: bool,
    files: Sequence[PlannedFile],
    job: Job,
) -> VolumePlan:
    from media import lay_out_udf

    return lay_out_udf(
        files,
        label=job.label,
        recorded=job.recorded,
        revision=revision,
        overwritable=overwritable,
    )


def _fat(
    kind: Literal["fat16"] | None,
    partitioned: bool,
    size: int | None,
    files: Sequence[PlannedFile],
    job: Job,
) -> VolumePlan:
    from media import lay_out_fat

    return lay_out_fat(
        files,
        label=job.label,
        recorded=job.recorded,
        size=size,
        kind=kind,
        partitioned=partitioned,
        rewritten=_REWRITTEN,
    )


# `jacket dicomdir` writes these anew: without room for that nothing could be taken off.
_REWRITTEN: Final = (("DICOMDIR",), ("MANIFEST.TXT",))


class _Fat(NamedTuple):
    what: str
    kind: Literal["fat16"] | None  # None: by size
    partitioned: bool


_STICK: Final = _Fat("FAT16 or FAT32 in a partition", None, True)
_CARD: Final = _Fat("FAT16 in a partition", "fat16", True)
_DISK: Final = _Fat("FAT16 without partitions", "fat16", False)
# Which FAT is on which medium (PS3.12 M, Q, R, S, T, U).
FAT: Final[dict[Medium, _Fat]] = {
    Medium.USB: _STICK,
    Medium.CF: _STICK,
    Medium.MMC: _CARD,
    Medium.SD: _CARD,
    Medium.MOD_23: _DISK,
    Medium.MOD_41: _DISK,
}


def fat_on(medium: Medium, size: int | None = None) -> FileSystem:
    """Return the FAT of one of the media in `FAT`.

    Args:
        medium: which it is.
        size: bytes of the medium, all of which it takes; None: no more than the files need.
    """
    what, kind, partitioned = FAT[medium]
    return FileSystem(what, partial(_fat, kind, partitioned, size), LARGEST_FILE, 11)


# What is written on each kind of medium; one that is not here has no file system.
ON_MEDIUM: Final[dict[Medium, FileSystem]] = {
    Medium.CD_R: FileSystem("ISO 9660 level 1", _iso9660, LARGEST_EXTENT),
    Medium.DVD: FileSystem("ISO 9660 and UDF 1.02 over the same files", _bridge, None),
    Medium.DVD_RAM: FileSystem("UDF 1.50", partial(_udf, "1.50", True), None),
    # As BD-RE has it (PS3.12 X.1). An image does not tell which disc it will be burned on, and
    # who reads 2.60 reads 2.50 as well; not everybody does it the other way round.
    Medium.BD: FileSystem("UDF 2.50", partial(_udf, "2.50", True), None),
    **{medium: fat_on(medium) for medium in FAT},
}
# Words for media that take another file system than their kind usually does (PS3.12 X.1).
BY_WORD: Final[dict[str, FileSystem]] = {
    "bd-r": FileSystem("UDF 2.60", partial(_udf, "2.60", False), None)
}
_DISCS: Final = frozenset((Medium.CD_R, Medium.DVD, Medium.DVD_RAM, Medium.BD))


class Form(Protocol):
    """What a target is: an image, a folder, an archive, a mail."""

    @property
    def file_system(self) -> FileSystem | None:
        """Return that of the medium it is, or is for."""

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        """Return how large the volume becomes.

        Raises:
            CannotWrite: the medium cannot hold that, whatever its size.
        """

    def write(self, volume: "Volume", progress: Progress, capacity: int | None) -> Written:
        """Make the target."""


class Volume(NamedTuple):
    """A volume of which everything is known."""

    target: Path
    named: Sequence[NamedSource]
    digest_list: DigestList
    job: Job
    measured: Measured
    directory: NamedSource  # as it is before it is encrypted, where that is done
    keys: "Keys | None" = None  # that open what is encrypted, as far as we have them
    row: ApplicationProfile | None = None  # that it is made for; None: not said


class Image:
    """An image of a medium."""

    def __init__(self, file_system: FileSystem) -> None:
        self.file_system: FileSystem | None = file_system
        self._lay_out = file_system.lay_out

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        plan = self._lay_out(files, job)
        return Measured(plan.size, plan.size, True, plan)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        from media import write_volume

        plan = volume.measured.plan
        if plan is None:
            raise ValueError("measured as another form")
        if volume.target.is_fifo():
            return _to_pipe(plan, volume, progress)
        return write_volume(
            plan,
            volume.named,
            volume.target,
            progress=progress,
            digest_list=volume.digest_list,
            capacity=capacity,
        )


def _to_pipe(plan: VolumePlan, volume: Volume, progress: Progress) -> Written:
    """Write the image to whoever reads the named pipe, such as a program that burns."""
    from media.volume_stream import stream_volume

    where = str(volume.target)
    try:
        descriptor = os.open(volume.target, os.O_WRONLY)
    except OSError as error:
        raise CannotWrite(
            f"cannot be opened ({error.strerror})", where, "Check who may write to the pipe"
        ) from error
    try:
        return stream_volume(
            plan,
            volume.named,
            descriptor,
            where,
            progress=progress,
            digest_list=volume.digest_list,
        )
    finally:
        os.close(descriptor)


class Folder:
    """A folder whose content is put on a medium, or in a mail, by the operator."""

    def __init__(self, file_system: FileSystem | None) -> None:
        self.file_system = file_system

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        """Return its size, and what it takes on the medium formatted as we would format it."""
        size = sum(file.size for file in files)
        if self.file_system is None:
            return Measured(size, size, True)
        plan = self.file_system.lay_out(files, job)
        on_medium = plan.size
        if plan.kind == "fat16" and on_medium <= _SMALLEST_FAT16:
            # That is the least that such a volume can have, and mostly empty.
            on_medium = min(on_medium, _in_clusters(files))
        return Measured(size, on_medium, True, in_folder=True)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        from media import write_folder

        return write_folder(
            volume.named,
            volume.target,
            progress=progress,
            digest_list=volume.digest_list,
            # What was measured on the medium's own file system is known to fit.
            capacity=capacity if self.file_system is None else None,
        )


class _Packed:
    """What is written in one go and is as large as it becomes."""

    file_system: FileSystem | None = None

    def _written(self, write: Callable[..., Written], volume: Volume, **words: Any) -> Written:
        return write(
            volume.named,
            volume.target,
            recorded=volume.job.recorded,
            digest_list=volume.digest_list,
            **words,
        )


class Archive(_Packed):
    """A ZIP archive; how much smaller its files become is known when it is written."""

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        size = _archive_size(files)
        return Measured(size, size, False)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        from media import write_zip

        return self._written(write_zip, volume, progress=progress, capacity=capacity)


class MailWithArchive(_Packed):
    """A mail with a ZIP archive attached to it, which may be signed and encrypted."""

    def __init__(self, sealer: "MailSealer | None" = None) -> None:
        self._sealer = sealer

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        size = _LETTER + _as_text(_archive_size(files))
        if self._sealer is not None:
            signed = size + _LETTER + _as_text(self._sealer.signature_size)
            size = _LETTER + _as_text(self._sealer.enveloped_size(signed))
        return Measured(size, size, False)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        from media import write_mail

        return self._written(
            write_mail, volume, progress=progress, capacity=capacity, sealer=self._sealer
        )


class MailOfParts(_Packed):
    """A mail in which every file is a part."""

    def measure(self, files: Sequence[PlannedFile], job: Job) -> Measured:
        from media.mime.write import mime_size

        size = mime_size(files, job.recorded)
        return Measured(size, size, True)

    def write(self, volume: Volume, progress: Progress, capacity: int | None) -> Written:
        from media import write_mime

        return self._written(write_mime, volume, progress=progress, capacity=capacity)


def _in_clusters(files: Sequence[PlannedFile]) -> int:
    """Return what files and their folders take of a small medium, formatted as FAT."""
    folders = {file.name[:depth] for file in files for depth in range(len(file.name))}
    return sum(-(-file.size // _CLUSTER) * _CLUSTER for file in files) + len(folders) * _CLUSTER


def _archive_size(files: Sequence[PlannedFile]) -> int:
    """Return what an archive has at the most: what does not shrink is stored as it is."""
    return sum(file.size + _ZIP_FILE for file in files) + _ZIP_END


def _as_text(size: int) -> int:
    return -(-size // _BASE64_LINE) * (_BASE64_LINE // 3 * 4 + 2)


_MAILS: Final[dict[Medium, Callable[[], Form]]] = {
    Medium.ZIP_MAIL: MailWithArchive,
    Medium.MIME: MailOfParts,
}
# Suffix → media that can be made as such a file.
FILES: Final[dict[str, frozenset[Medium]]] = {
    ".iso": _DISCS,
    ".img": frozenset(ON_MEDIUM),
    ".zip": frozenset((Medium.ZIP_MAIL,)),
    ".eml": frozenset(_MAILS),
}


def suffix_of(target: Path) -> str:
    """Return the suffix of a file that can be made, in lower case; "" for a folder."""
    suffix = target.suffix or (target.name if target.name.startswith(".") else "")
    return suffix.lower() if suffix.lower() in FILES else ""


def form_of(
    target: Path, medium: Medium, word: str | None, sealer: "MailSealer | None" = None
) -> Form:
    """Return how *target* is made for a medium.

    Args:
        target: its suffix decides.
        medium: one of the media of that suffix in `FILES`.
        word: by which the operator called the medium.
        sealer: of a mail that is signed and encrypted.
    """
    suffix = suffix_of(target)
    file_system = BY_WORD.get(word or "") or ON_MEDIUM.get(medium)
    if not suffix:
        return Folder(file_system)
    if suffix == ".zip":
        return Archive()
    if sealer is not None:
        return MailWithArchive(sealer)
    if suffix == ".eml":
        return _MAILS[medium]()
    if file_system is None:
        raise ValueError(f"{medium} has no images")
    return Image(file_system)
