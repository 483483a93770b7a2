"""Defects of a medium by name: which file lies there, and which patient's it is."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomdir.read import read_directory
from dicomdir.record import DirectoryRecord
from jacket.burning.digests import BLOCK
from jacket.burning.rescue_map import Run
from jacket.writing import Volume
from media.source import Name
from media.volume_plan import Span
from reporting import FilmjacketError

_STRUCTURE: Final = "the file system"
_UNUSED: Final = "unused space"


class Defect(NamedTuple):
    """What of one file, or of no file, does not stand on the medium as it should."""

    file: str  # "DICOM/P0000001/…", or what else lies there
    record: str  # "patient 1, study 2, series 1, IMAGE 3" of the DICOMDIR; "" where none names it
    start: int  # first block
    blocks: int  # of the file, that are bad

    def plain(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "file": self.file,
            "record": self.record,
            "start": self.start,
            "blocks": self.blocks,
        }


def name_defects(volume: Volume, bad: Iterable[Run]) -> list[Defect]:
    """Return what lies in the *bad* runs, by ascending place; a file is named once.

    Records are told by their numbers, as names of patients do not belong into reports.
    """
    runs = sorted(bad)
    if not runs:
        return []
    records = dict(_records(volume))
    hits: Counter[str] = Counter()
    first: dict[str, int] = {}
    name_of: dict[str, Name] = {}
    spans = sorted(_spans(volume), key=lambda span: span.start)
    for run in runs:
        for what, name, start, blocks in _in_run(run, spans, volume):
            hits[what] += blocks
            first.setdefault(what, start)
            name_of[what] = name
    found = (Defect(w, records.get(name_of[w], ""), first[w], n) for w, n in hits.items())
    return sorted(found, key=lambda defect: defect.start)


def _spans(volume: Volume) -> Iterator[Span]:
    plan = volume.measured.plan
    if plan is None:
        return
    sized = [(source.name, source.size) for source in volume.named]
    sized.append((volume.digest_list.name, volume.digest_list.size))
    for (name, size), offset in zip(sized, plan.offsets, strict=True):
        yield Span(name, offset, size)


def _in_run(run: Run, spans: list[Span], volume: Volume) -> Iterator[tuple[str, Name, int, int]]:
    """Yield what lies in a run: what it is, its name, the first bad block of it, how many."""
    begin, end = run.start * BLOCK, run.end * BLOCK
    covered = 0
    for span in spans:
        low, high = max(begin, span.start), min(end, span.start + span.size)
        if low < high:
            start = low // BLOCK
            blocks = -(-high // BLOCK) - start
            covered += blocks
            yield "/".join(span.name), span.name, start, blocks
    if covered < run.blocks:
        yield _beside_files(begin, end, volume), (), run.start, run.blocks - covered


def _beside_files(begin: int, end: int, volume: Volume) -> str:
    plan = volume.measured.plan
    structures = plan.structures if plan is not None else ()
    hit = any(s.offset < end and s.offset + s.length > begin for s in structures)
    return _STRUCTURE if hit else _UNUSED


def _records(volume: Volume) -> Iterator[tuple[Name, str]]:
    """Yield the names of files with the place of their records in the directory."""
    content = b"".join(part for part in volume.directory.parts if isinstance(part, bytes))
    try:
        roots = read_directory(content).directory.records
    except FilmjacketError:  # A volume without a directory has no records to name.
        return
    yield from _walk(roots, "")


def _walk(records: list[DirectoryRecord], above: str) -> Iterator[tuple[Name, str]]:
    numbers: Counter[str] = Counter()
    for record in records:
        numbers[record.record_type] += 1
        kind = record.record_type
        word = kind.lower() if kind in ("PATIENT", "STUDY", "SERIES") else kind
        here = f"{above}{word} {numbers[kind]}"
        if record.file_id:
            yield record.file_id, here
        yield from _walk(record.children, f"{here}, ")
