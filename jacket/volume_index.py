"""README.TXT of a set of volumes: which of them holds what, for a person with a text editor."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Final

from dicomdir.elements import BadEncoding, iterate_elements
from dicomdir.instance import Instance
from jacket.fitting_text import fitted
from jacket.listing import decoded_keys
from profiles.order import Place, Places
from profiles.plan import Plan

# What the scan has to tell of every file beyond all keys: a directory names no series.
FACTS: Final[tuple[tuple[int, bytes], ...]] = (
    (0x00080005, b"CS"),  # Specific Character Set
    (0x0008103E, b"LO"),  # Series Description
)
_TAGS: Final = frozenset(tag for tag, _ in FACTS)
_WIDTH: Final = 78  # characters; a line of 80 with its end fits every editor and printer
_LONGEST: Final = 200  # characters of a value
_TITLE: Final = "MEDICAL IMAGES (DICOM): THIS IS VOLUME"
_OURS: Final = re.compile(rf"{re.escape(_TITLE)} [0-9]+ OF [0-9]+\n".encode("ascii"))
_Counts = dict[Place, dict[int, int]]  # series → volume → instances


def index_of(
    plans: Sequence[Plan],
    labels: Sequence[str],
    uids: Sequence[str],
    clock: datetime,
    *,
    names_patients: bool = True,
) -> Callable[[int], bytes]:
    """Return what makes the README.TXT of a volume from its number, counted from 1.

    Text in ASCII with lines of CR LF, which every program shows alike. It names the patients, as
    every file on the volumes does, unless these are encrypted.

    Args:
        plans: what is on each volume.
        labels: of the volumes.
        uids: File-set UIDs of the volumes.
        clock: the job's.
        names_patients: tell what is on the volumes; else only how much, as it is encrypted.
    """
    body = [*(_contents(plans) if names_patients else ()), *_volumes(plans, labels, uids)]
    body += ["", f"Written {clock:%Y-%m-%d} by Filmjacket."]

    def text(number: int) -> bytes:
        lines = [*_head(number, len(plans), names_patients=names_patients), *body, ""]
        return "\r\n".join(lines).encode("ascii")

    return text


def is_index(content: bytes) -> bool:
    """Return whether a README.TXT is one of ours, as `index_of` makes them.

    An editor may have saved it with other ends of lines.
    """
    text = _with_plain_ends(content)
    return _OURS.match(text) is not None and text.endswith(b" by Filmjacket.")


def tells(content: bytes, instances: int, uid: str) -> bool:
    """Return whether an index says of a File-set that it has so many instances."""
    said = " " + "\n".join(_count(instances, uid))
    return said.encode("ascii", "replace") in _with_plain_ends(content)


def _with_plain_ends(content: bytes) -> bytes:
    return b"\n".join(content.rstrip().splitlines())


def _head(number: int, of: int, *, names_patients: bool) -> Iterator[str]:
    yield f"{_TITLE} {number} OF {of}"
    yield ""
    told = (
        "Each of them opens on its own in any DICOM viewer. What you do not find here is on "
        "another volume: this list, which stands on all of them, says on which."
        if names_patients
        else "All of them are encrypted: open each on its own, as is said below, into a folder of "
        "its own. What you do not find in one is in another. Which of them holds what is not said "
        "here, as everybody can read this; the list below says how much each holds."
    )
    yield from wrap(f"The images are on {of} volumes. {told}", _WIDTH)


def _contents(plans: Sequence[Plan]) -> Iterator[str]:
    places = Places()
    counts: _Counts = {}
    first: dict[Place, Instance] = {}
    for number, plan in enumerate(plans, start=1):
        for item in plan.instances:
            place = places.of(item.instance)
            first.setdefault(place, item.instance)
            on = counts.setdefault(place, Counter())
            on[number] = on.get(number, 0) + 1
    patient = study = None
    for place in _by_patient_and_study(counts):
        instance = first[place]
        if place.patient != patient:
            patient, study = place.patient, None
            yield from ("", *_hung("PATIENT  ", _patient(instance), 9))
        if place.study != study:
            study = place.study
            yield from ("", *_hung("  STUDY  ", _study(instance), 9))
        for number, instances in counts[place].items():
            amount = f"{instances:,} instance{'s' * (instances != 1)}"
            yield from _hung(f"    volume {number}: ", f"{_series(instance)}{amount}", 14)


def _by_patient_and_study(counts: _Counts) -> list[Place]:
    """Return the series, those of a study together, and the studies of a patient."""
    order: dict[str, dict[str, list[Place]]] = {}
    for place in counts:
        order.setdefault(place.patient, {}).setdefault(place.study, []).append(place)
    return [place for studies in order.values() for all_of in studies.values() for place in all_of]


def _volumes(plans: Sequence[Plan], labels: Sequence[str], uids: Sequence[str]) -> Iterator[str]:
    yield ""
    yield "THE VOLUMES"
    for number, (plan, label, uid) in enumerate(zip(plans, labels, uids, strict=True), start=1):
        name = f"label {label}, " if label else ""
        first, second = _count(len(plan.instances), uid)
        yield f"    volume {number}: {name}{first}"
        yield second


def _count(instances: int, uid: str) -> tuple[str, str]:
    return f"{instances:,} in all, File-set UID", f"              {uid}"


def _patient(instance: Instance) -> str:
    values = decoded_keys(instance.patient)
    if not values:
        return "(objects that belong to no patient)"
    parts = [_name(values.get("PatientName", "")), f"ID {_text(values.get('PatientID', ''))}"]
    parts.append(_dated("born ", values.get("PatientBirthDate", "")))
    return "   ".join(part for part in parts if part not in ("", "ID "))


def _study(instance: Instance) -> str:
    values = decoded_keys(instance.study)
    parts = [_dated("", values.get("StudyDate", "")), _text(values.get("StudyDescription", ""))]
    accession = _text(values.get("AccessionNumber", ""))
    parts.append(f"accession {accession}" if accession else "")
    return "   ".join(filter(None, parts)) or "(without a date)"


def _series(instance: Instance) -> str:
    values = decoded_keys(instance.series)
    number = _text(values.get("SeriesNumber", ""))
    parts = [
        f"series {number}" if number else "",
        _text(values.get("Modality", "")),
        _text(_description(instance.facts)),
    ]
    return "".join(f"{part}, " for part in parts if part)


def _description(facts: bytes) -> str:
    try:
        wanted = [
            facts[head:end] for tag, _, head, _, end in iterate_elements(facts) if tag in _TAGS
        ]
    except BadEncoding:
        return ""
    return str(decoded_keys(b"".join(wanted)).get("SeriesDescription", ""))


def _dated(word: str, date: str) -> str:
    date = _text(date)
    if len(date) == 8 and date.isdigit():
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return f"{word}{date}" if date else ""


def _name(name: str) -> str:
    """Return a person's name: the group that is in letters, else the next one (PS3.5 6.2)."""
    groups = [_text(group.replace("^", " ")) for group in name.split("=")]
    return next((group for group in groups if group.strip(" ?")), groups[0])


def _text(value: str) -> str:
    return fitted(value[:_LONGEST], "ascii")


def _hung(head: str, text: str, indent: int) -> Iterator[str]:
    lines = wrap(text, _WIDTH - indent) or [""]
    yield f"{head}{lines[0]}".rstrip()
    for line in lines[1:]:
        yield " " * indent + line
