"""Volumes planned to the byte before anything of them is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from jacket.layout import Icons, Layout, lay_out, to_be
from jacket.manifest import manifest_of
from jacket.writing import Form, Job, Volume, suffix_of
from media.source import NamedSource
from media.volume_plan import PlannedFile
from profiles.application_profiles import ApplicationProfile
from profiles.plan import Plan, PlannedInstance
from reporting import CannotWrite

if TYPE_CHECKING:
    from jacket.protection import Protection

_LABEL: Final = 16  # characters of a File-set ID (PS3.10 8.5)
_INDEX: Final = ("README.TXT",)


class Draft(NamedTuple):
    """A volume, and what is on it."""

    number: int  # from 1
    label: str  # File-set ID
    instances: tuple[PlannedInstance, ...]
    layout: Layout
    volume: Volume

    @property
    def readme(self) -> bytes:
        """Return what the README.TXT of the volume says; b"" where there is none."""
        for source in self.volume.named:
            if source.name == _INDEX:
                return b"".join(part for part in source.parts if isinstance(part, bytes))
        return b""


@dataclass(frozen=True, slots=True)
class Drafter:
    """Plans the volumes of one job."""

    form: Form
    row: ApplicationProfile
    target: Path
    label: str  # File-set ID of a set of one
    clock: datetime
    files: Mapping[str, str]  # where converted sources lie
    protection: "Protection | None" = None  # of its DICOM files
    to_come: Icons | None = None  # icons that are still to be made, and so are not planned yet

    def one(self, decided: Plan) -> Draft:
        """Plan everything as one volume.

        Raises:
            CannotWrite: a file is larger than the medium's format allows.
        """
        self.refuse_large(decided.instances)
        layout = self._layout(decided, self.label)
        more: tuple[NamedSource, ...] = ()
        if self.protection is not None:
            more = (self.protection.readme(self.label, b"", self.clock),)
        job = Job(self.label, self.clock)
        return self._draft(job, self.label, decided, layout, more, self.target)

    def several(self, decided: Plan, shares: Sequence[Sequence[PlannedInstance]]) -> list[Draft]:
        """Plan a volume for each of *shares*."""
        from jacket.volume_index import index_of

        plans = [decided._replace(instances=tuple(share)) for share in shares]
        labels = [numbered(self.label, n, len(plans)) for n in range(1, len(plans) + 1)]
        layouts = [self._layout(plan, label) for plan, label in zip(plans, labels, strict=True)]
        uids = [layout.uid for layout in layouts]
        index = index_of(plans, labels, uids, self.clock, names_patients=self.protection is None)
        return [
            self._draft(
                self._job(number, len(plans)),
                label,
                plan,
                layout,
                (self._readme(label, index(number)),),
                volume_path(self.target, number),
            )
            for number, (label, plan, layout) in enumerate(
                zip(labels, plans, layouts, strict=True), start=1
            )
        ]

    def _job(self, number: int, of: int) -> Job:
        label = numbered(self.label, number, of, self._label_length)
        return Job(label, self.clock, number, of)

    def _readme(self, label: str, index: bytes) -> NamedSource:
        if self.protection is not None:
            return self.protection.readme(label, index, self.clock)
        return NamedSource(_INDEX, (index,), self.clock)

    @property
    def empty(self) -> int:
        """Return the bytes that a volume takes before any file is on it."""
        no_files = [PlannedFile(("DICOMDIR",), 0, self.clock)]
        return self.form.measure(no_files, Job("", self.clock)).on_medium

    @property
    def _label_length(self) -> int:
        file_system = self.form.file_system
        return _LABEL if file_system is None else file_system.label_length

    def _layout(self, decided: Plan, label: str) -> Layout:
        return lay_out(decided, self.files, self.clock, label, self.row)

    def _draft(
        self,
        job: Job,
        label: str,
        decided: Plan,
        layout: Layout,
        more: tuple[NamedSource, ...],
        target: Path,
    ) -> Draft:
        directory, *instances = layout.named
        first, *rest = to_be(layout, decided, self.to_come)
        protection = self.protection
        if protection is not None:
            directory, *instances = map(protection.sealed, layout.named)
            first, *rest = map(protection.planned, (first, *rest))
        named = [directory, *more, *instances]
        digest_list = manifest_of([(s.name, s.size) for s in named], self.clock)
        files = [
            first,
            *(PlannedFile(s.name, s.size, s.modified) for s in more),
            *rest,
            PlannedFile(digest_list.name, digest_list.size, self.clock),
        ]
        measured = self.form.measure(files, job)
        keys = None if protection is None else protection.keys
        first_file = layout.named[0]
        volume = Volume(target, named, digest_list, job, measured, first_file, keys, self.row)
        return Draft(job.number, label, decided.instances, layout, volume)

    def refuse_large(self, instances: Sequence[PlannedInstance]) -> None:
        """Refuse a file that is larger than the medium's format allows.

        Raises:
            CannotWrite: there is one.
        """
        file_system = self.form.file_system
        if file_system is None or file_system.largest_file is None:
            return
        for item in instances:
            still_to_convert = item.rewritten and not item.source_size
            if item.instance.size > file_system.largest_file and not still_to_convert:
                raise CannotWrite(
                    f"has {item.instance.size:,} bytes, and a file on {file_system.what} has less "
                    "than 4 GiB",
                    item.instance.source,
                    "Leave it out, or choose a profile for DVD or Blu-ray disc, which take it "
                    "(jacket profiles)",
                )


def numbered(label: str, number: int, of: int, length: int = _LABEL) -> str:
    """Return the label of a volume of a set; none where the set has none."""
    end = f"_{number}OF{of}"
    return f"{label[: length - len(end)]}{end}" if label else ""


def volume_path(target: Path, number: int) -> Path:
    """Return the name of a volume: disc.iso becomes disc-2.iso."""
    length = len(suffix_of(target))
    stem = target.name[: len(target.name) - length]
    return target.with_name(f"{stem}-{number}{target.name[len(stem) :]}")


def is_volume_of(path: Path, target: Path) -> bool:
    """Tell by its name whether a file is a volume that was made as a part of *target*."""
    before, after = volume_path(target, 0).name.rsplit("0", 1)
    number = path.name.removeprefix(before).removesuffix(after)
    return (
        number.isascii()
        and number.isdigit()
        and number[0] != "0"
        and path.name == f"{before}{number}{after}"
    )
