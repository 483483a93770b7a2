"""What makes it doubtful whose files are: found before any of them is chosen.

Nobody but the operator can tell whose such images are. Files that are not selected count as well
where they share a study, a series or an object with files that are: with them alone the doubt
would be out of sight, and the medium wrong all the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, text, values_by_tag
from dicomdir.instance import Instance
from dicomdir.patient_identity import KnownPerson, Person, may_be_one, person_of
from profiles.order import SOURCE, Place, Places

_ISSUER: Final = 0x00100021
_SEX: Final = 0x00100040
_ACCESSION: Final = 0x00080050
# What `dicomdir.index.Indexer` must put into `Instance.facts`; no record has the issuer as a key.
IDENTITY_FACTS: Final[tuple[tuple[int, bytes], ...]] = ((_ISSUER, b"LO"), (_SEX, b"CS"))
_SEXES: Final = frozenset(("M", "F"))  # O, other, is also said where nobody knew
_WITH_GIVEN: Final = 2  # words of a name that has more than the family's


class Doubt(NamedTuple):
    """Files that disagree about whose they are."""

    what: str  # they disagree about, without a value
    first: str  # source of one of them
    other: str  # source of the first that disagrees with it
    files: int  # that disagree with it

    def __str__(self) -> str:
        """Return a sentence for the operator; it names nobody."""
        more = f", and {self.files - 1:,} more files" if self.files > 1 else ""
        return f"{self.what}: {self.first} and {self.other}{more}"


class _Identified(NamedTuple):
    """Who a file says it is of."""

    person: Person
    issuer: str  # of the Patient ID
    sex: str


class _Alike(NamedTuple):
    """Files whose keys of patient, study and series are the same."""

    source: str  # of the first
    files: int
    selected: bool
    place: Place
    who: _Identified


def doubts_on(
    found: Iterable[Instance], selected: Iterable[Instance], *, by_accession: bool = False
) -> tuple[Doubt, ...]:
    """Return what makes it doubtful whose the selected instances are. Pure.

    Args:
        found: everything that the sources hold, with `IDENTITY_FACTS`.
        selected: what of it is to be written.
        by_accession: it was selected by Accession Numbers, which another hospital may have used
            for somebody else.
    """
    every = sorted(found, key=SOURCE)
    selected = tuple(selected)
    chosen = set(map(id, selected))
    groups = _alike(every, chosen)
    told = _Told()
    _compare_people((group for group in groups if group.selected), told)
    _compare_homes(groups, told)
    _compare_objects(every, chosen, told)
    if by_accession:
        _compare_accessions(sorted(selected, key=SOURCE), told)
    return tuple(told.doubts.values())


class _Told:
    """The doubts, one for each thing that files disagree about."""

    def __init__(self) -> None:
        self.doubts: dict[tuple[str, str], Doubt] = {}

    def note(self, about: str, what: str, first: str, other: str, files: int) -> None:
        """Take in that *files* from *other* on disagree with *first* about an identifier."""
        known = self.doubts.setdefault((about, what), Doubt(what, first, other, 0))
        self.doubts[about, what] = known._replace(files=known.files + files)


def _alike(every: Iterable[Instance], chosen: set[int]) -> list[_Alike]:
    places, people = Places(), dict[tuple[bytes, bytes], _Identified]()
    groups: dict[tuple[object, ...], _Alike] = {}
    counts: dict[tuple[object, ...], int] = {}
    for instance in every:
        selected = id(instance) in chosen
        key = (instance.patient, instance.study, instance.series, instance.facts, selected)
        counts[key] = counts.get(key, 0) + 1
        if key in groups:
            continue
        who = (instance.patient, instance.facts)
        if who not in people:
            people[who] = _identified(*who)
        groups[key] = _Alike(instance.source, 0, selected, places.of(instance), people[who])
    return [group._replace(files=counts[key]) for key, group in groups.items()]


def _identified(patient: bytes, facts: bytes) -> _Identified:
    try:
        values = values_by_tag(facts)
    except BadEncoding:
        values = {}
    issuer = values.get(_ISSUER, b"").decode("utf-8", "backslashreplace").strip(" \0").casefold()
    return _Identified(person_of(patient), issuer, text(values.get(_SEX, b"")))


def _compare_people(groups: Iterable[_Alike], told: _Told) -> None:
    """Compare those who have one Patient ID, each with the first."""
    first: dict[tuple[bytes, str], tuple[_Known, str]] = {}
    for group in groups:
        one, patient = group.who, group.place.patient
        if not patient:
            continue
        # Who has no number is filed under one that is made of the name or the study.
        number = "one" if one.person.patient_id else "no"
        key = (one.person.patient_id, patient)
        if key not in first:
            first[key] = (_Known(one, group.source), group.source)
            continue
        known, source = first[key]
        for what in known.differences(one):
            told.note(patient, f"{number} Patient ID, {what}", source, group.source, group.files)
        known.learn(one)


class _Known:
    """Whom the first file with a Patient ID tells of, and what later ones add."""

    def __init__(self, one: _Identified, source: str) -> None:
        self._person = KnownPerson(one.person, source)
        self._issuer, self._sex = one.issuer, one.sex

    def differences(self, one: _Identified) -> Iterator[str]:
        """Yield in which ways somebody seems not to be this one."""
        known, other = self._person, KnownPerson(one.person, "")
        if not known.is_the_same_as(one.person):
            yield "two people by their names"
        elif known.born and other.born and known.born != other.born:
            yield "two birth dates"
        elif known.born and known.born == other.born and _are_twins(known.name, other.name):
            yield "two given names with one birth date, as twins have"
        if {self._sex, one.sex} == _SEXES:
            yield "once male and once female"
        # The programs of one hospital spell its name in several ways.
        is_one_person = bool(known.born) and (known.name, known.born) == (other.name, other.born)
        if self._issuer and one.issuer and self._issuer != one.issuer and not is_one_person:
            yield "given out by two issuers"

    def learn(self, one: _Identified) -> None:
        """Take over what was not known, of somebody who seems to be the same."""
        if self._person.is_the_same_as(one.person):
            self._person.learn(one.person)
            self._issuer, self._sex = self._issuer or one.issuer, self._sex or one.sex


def _are_twins(one: str | bytes, other: str | bytes) -> bool:
    """Tell whether two names have nothing in common behind their first word.

    "smith anna" and "smith berta" have not; with "jones anna", "smith a" or "anna smith" it may be
    one person whose name was spelt or changed.
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    left, right = one.split(), other.split()
    if len(left) < _WITH_GIVEN or len(right) < _WITH_GIVEN or set(left) == set(right):
        return False
    pairs = ((a, b) for a in left[1:] for b in right[1:])
    return not any(a.startswith(b) or b.startswith(a) for a, b in pairs)


def _compare_homes(groups: Iterable[_Alike], told: _Told) -> None:
    """Find one study, or one series, under two patients."""
    by_uid: dict[tuple[str, str], list[_Alike]] = {}
    for group in groups:
        for level, uid in (("study", group.place.study), ("series", group.place.series)):
            if uid:
                by_uid.setdefault((level, uid), []).append(group)
    for (level, uid), members in by_uid.items():
        begun = next((group for group in members if group.selected), None)
        if begun is None:
            continue
        for group in members:
            # A series of one study is told with its study.
            if level == "series" and group.place.study == begun.place.study:
                continue
            if group.place.patient != begun.place.patient:
                what = f"one {level} under two Patient IDs"
                told.note(uid, what, begun.source, group.source, group.files)
            elif not (group.selected or may_be_one(begun.who.person, group.who.person)):
                what = f"one {level} of two people by their names"
                told.note(uid, what, begun.source, group.source, group.files)


def _compare_accessions(instances: Iterable[Instance], told: _Told) -> None:
    """Find one Accession Number under two patients, by which both were selected."""
    places = Places()
    first: dict[bytes, tuple[str, str]] = {}
    for instance in instances:
        number = places.values(instance.study).get(_ACCESSION, b"").strip(b" \0")
        patient = places.of(instance).patient
        known, begun = first.setdefault(number, (patient, instance.source))
        if number and known != patient:
            what = "one Accession Number under two Patient IDs"
            told.note(number.hex(), what, begun, instance.source, 1)


def _compare_objects(every: Sequence[Instance], chosen: set[int], told: _Told) -> None:
    """Find one object under two patients, whose studies have UIDs of their own."""
    first: dict[str, Instance] = {}
    twins: dict[str, list[Instance]] = {}
    for instance in every:
        uid = instance.sop_instance_uid
        if first.setdefault(uid, instance) is not instance:
            twins.setdefault(uid, [first[uid]]).append(instance)
    places = Places()
    for uid, members in twins.items():
        begun = next((instance for instance in members if id(instance) in chosen), None)
        if begun is None:
            continue
        for instance in members:
            one, other = places.of(begun), places.of(instance)
            # Of one study it is told with that.
            if one.study != other.study and one.patient != other.patient:
                what = "one SOP Instance UID under two Patient IDs"
                told.note(uid, what, begun.source, instance.source, 1)
