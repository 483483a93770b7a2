"""Picks what the operator asked for out of what was found."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from dicomdir.elements import text
from dicomdir.instance import Instance
from profiles.order import Places
from reporting import WrongUsage

_PATIENT_ID: Final = 0x00100020
_ACCESSION: Final = 0x00080050
_STUDY_UID: Final = 0x0020000D
_SERIES_UID: Final = 0x0020000E
_BY_UID: Final = ("--study", "--series")
Blocks = tuple[bytes, bytes, bytes]  # keys of patient, study and series
Identity = tuple[str, str, str, str]  # what can be selected by
_IS_UID: Final = re.compile(r" *\d+(\.\d+)+ *").fullmatch


def select(
    instances: Iterable[Instance],
    patients: Collection[str] = (),
    studies: Collection[str] = (),
    series: Collection[str] = (),
    accessions: Collection[str] = (),
    *,
    where: str = "FOLDER",
) -> tuple[Instance, ...]:
    """Return the instances that every given filter lets through; any of its values will do.

    Args:
        instances: what was found.
        patients: Patient IDs (0010,0020); an empty filter lets everything through.
        studies: Study Instance UIDs.
        series: Series Instance UIDs.
        accessions: Accession Numbers (0008,0050).
        where: they were found, for the remedy.

    Raises:
        WrongUsage: a value is empty or matches nothing at all, or nothing passes all filters. The
            message counts what is there and names no patient; a UID that matches nothing it
            repeats.
    """
    found = tuple(instances)
    filters = (
        ("--patient", patients),
        ("--study", studies),
        ("--series", series),
        ("--accession", accessions),
    )
    wanted = _filters(*(values for _, values in filters))
    for (option, _), given in zip(filters, wanted, strict=True):
        _refuse_empty(option, given)
    if not any(wanted):
        return found
    identify = _Identities()
    rows = [(i, identify.of((i.patient, i.study, i.series))) for i in found]
    for position, (option, values) in enumerate(filters):
        _refuse_unmatched(option, values, {row[position] for _, row in rows}, found, where)
    selected = tuple(instance for instance, row in rows if _passes(row, wanted))
    if not selected:
        raise WrongUsage(
            "nothing matches all of the selection together",
            "selection",
            f"There are {_counts(found)}; `jacket ls --files {where}` shows them",
        )
    return selected


def is_selected(
    blocks: Blocks,
    patients: Collection[str] = (),
    studies: Collection[str] = (),
    series: Collection[str] = (),
    accessions: Collection[str] = (),
) -> bool:
    """Return whether the filters of `select` let through what has these keys of its parents."""
    wanted = _filters(patients, studies, series, accessions)
    return not any(wanted) or _passes(_Identities().of(blocks), wanted)


def _filters(*filters: Collection[str]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(value.strip(" ") for value in values) for values in filters)


def _passes(identity: Identity, wanted: tuple[frozenset[str], ...]) -> bool:
    return all(not allowed or identity[i] in allowed for i, allowed in enumerate(wanted))


def _refuse_empty(option: str, values: Collection[str]) -> None:
    """Raise where a value is empty: it would mean everybody who has no such number."""
    if "" in values:
        raise WrongUsage(
            "the value is empty, as of a variable that is not set",
            option,
            "Give one. Who has no Patient ID is chosen with --study UID",
        )


class _Identities:
    """Reads what can be selected by, each distinct block of keys once."""

    def __init__(self) -> None:
        self._places = Places()
        self._known: dict[Blocks, Identity] = {}

    def of(self, blocks: Blocks) -> Identity:
        known = self._known.get(blocks)
        if known is None:
            patient, study, series = (self._places.values(block) for block in blocks)
            known = self._known[blocks] = (
                _decoded(patient.get(_PATIENT_ID, b"")),
                text(study.get(_STUDY_UID, b"")),
                text(series.get(_SERIES_UID, b"")),
                _decoded(study.get(_ACCESSION, b"")),
            )
        return known


def _decoded(value: bytes) -> str:
    """Return an identifier as an operator types it; other character sets are met as UTF-8."""
    return value.decode("utf-8", "backslashreplace").strip(" \0")


def _refuse_unmatched(
    option: str,
    values: Collection[str],
    present: set[str],
    found: tuple[Instance, ...],
    where: str,
) -> None:
    """Raise when a value matches nothing: a medium without what was asked for is a wrong one."""
    for number, value in enumerate(values, start=1):
        if value.strip(" ") not in present:
            # What a patient is known by is not repeated: messages are passed on.
            named = option in _BY_UID and _IS_UID(value)
            which = value[:64] if named else f"value {number} of {len(values)}"
            raise WrongUsage(
                f"{which} matches nothing that was found",
                option,
                f"There are {_counts(found)}; `jacket ls --files {where}` shows them",
            )


def _counts(found: tuple[Instance, ...]) -> str:
    places = Places()
    seen = [places.of(instance) for instance in found]
    numbers = (
        ("patient", "patients", len({p.patient for p in seen if p.patient})),
        ("study", "studies", len({p.study for p in seen if p.study})),
        ("series", "series", len({p.series for p in seen if p.series})),
        ("instance", "instances", len(found)),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for one, many, count in numbers)
