"""From one header to one Instance: the record type and the keys of its four levels, encoded.

The tables of PS3.3 F.5 and the profile's additional keys are compiled once into flat lists;
for each file what is left are dictionary look-ups and joins of bytes.
"""

from collections.abc import Iterable
from typing import Final

from dicomdir.elements import BadEncoding, encode_element, encode_item, iterate_elements, text
from dicomdir.header import Header, NotDicom
from dicomdir.instance import Instance
from dicomdir.layout_memo import LayoutMemo
from dicomdir.record_types import RECORD_TYPES, AdditionalKey, Key, When, keys_of
from dicomdir.sequences import items_of
from dicomdir.sop_classes import RECORD_TYPE_OF
from dicomdir.structured_report import concept_modifiers, latest_verification
from dicomdir.tidy_keys import MALFORMED_UID, tidy
from dicomdir.uids import is_uid
from dicomdir.value_forms import is_formed
from dicomdir.walk import Found, swap

_CHARACTER_SET: Final = swap(0x00080005)
_SOP_CLASS: Final = swap(0x00080016)
_SOP_INSTANCE: Final = swap(0x00080018)
_RELATED_GENERAL: Final = swap(0x0008001A)
_IMAGE_TYPE: Final = swap(0x00080008)
_INSTANCE_NUMBER: Final = swap(0x00200013)
_STUDY_DATE: Final = swap(0x00080020)
_STUDY_TIME: Final = swap(0x00080030)
_STUDY_UID: Final = swap(0x0020000D)
_SERIES_UID: Final = swap(0x0020000E)
_SHARED_GROUPS: Final = swap(0x52009229)
_PLACING: Final = ((_STUDY_UID, "Study"), (_SERIES_UID, "Series"))
_VERIFYING_OBSERVERS: Final = swap(0x0040A073)
_CONTENT: Final = swap(0x0040A730)
# Dates that stand in for an empty Study Date, the nearest first, with their times.
_OTHER_DATES: Final = tuple(
    (swap(date), swap(time), name)
    for date, time, name in (
        (0x00080021, 0x00080031, "Series Date"),
        (0x00080022, 0x00080032, "Acquisition Date"),
        (0x00080023, 0x00080033, "Content Date"),
        (0x00080012, 0x00080013, "Instance Creation Date"),
    )
)
_ALWAYS_WANTED: Final[dict[int, bytes]] = {
    _CHARACTER_SET: b"CS",
    _SOP_CLASS: b"UI",
    _SOP_INSTANCE: b"UI",
    _RELATED_GENERAL: b"UI",
    _STUDY_UID: b"UI",
    _SERIES_UID: b"UI",
    **{date: b"DA" for date, _, _ in _OTHER_DATES},
    **{time: b"TM" for _, time, _ in _OTHER_DATES},
}
_NOT_FROM_INSTANCE: Final = frozenset((When.EXTENDED_CHARACTERS, When.OFFERED))
_TEXT_VRS: Final = frozenset((b"LO", b"LT", b"PN", b"SH", b"ST", b"UC", b"UT"))
_SPACES: Final = b" \0"
_IDENTIFYING: Final = (
    (_SOP_CLASS, 0x00020002, "SOP Class UID"),
    (_SOP_INSTANCE, 0x00020003, "SOP Instance UID"),
)

_MAY_BE_SHARED: Final = frozenset((When.SHARED_TOO, When.SHARED_TOO_WITH_ITEMS))

# Begins the remark on a Study Date that is borrowed.
NO_STUDY_DATE: Final = "Study Date is empty"
_LEVELS: Final = ("PATIENT", "STUDY", "SERIES")

Parents = tuple[bytes, bytes, bytes, tuple[str, ...]]  # keys of the three levels, what was odd
Row = tuple[int, bytes]  # swapped tag, what stands in the record when the instance has none


def _rows(keys: Iterable[Key]) -> list[Row]:
    """Compile keys: absent type 2 keys become empty elements, others stay out."""
    return [
        (swap(key.tag), encode_element(key.tag, key.vr, b"") if key.type == "2" else b"")
        for key in keys
        if key.when not in _NOT_FROM_INSTANCE
    ]


class Indexer:
    """Makes Instances of headers, for one set of keys."""

    def __init__(
        self,
        additional: Iterable[AdditionalKey] = (),
        facts: Iterable[tuple[int, bytes]] = (),
    ) -> None:
        """Compile the record tables together with a profile's *additional* keys.

        Args:
            additional: keys that a profile adds.
            facts: tags and VRs of what `Instance.facts` shall hold, for rules on values.
        """
        additional = tuple(additional)
        self.wanted: dict[int, bytes] = dict(_ALWAYS_WANTED)
        by_tag = dict(sorted(facts))
        self._facts = tuple(map(swap, by_tag))
        self.wanted.update((swap(tag), vr) for tag, vr in by_tag.items())
        self._shared: dict[str, list[tuple[int, bool]]] = {}
        self._rows: dict[str, list[Row]] = {}
        self._with_value: dict[str, list[int]] = {}
        self._filtered: set[str] = set()
        self._top_level: set[str] = set()
        for name, record_type in RECORD_TYPES.items():
            if record_type.retired or name == "PRIVATE":
                continue
            keys = keys_of(name, additional)
            self._rows[name] = _rows(keys)
            self._with_value[name] = [
                swap(key.tag)
                for key in keys
                # A type 1C key cannot be empty: an attribute that is there without a value is
                # no reason for one (PS3.5 7.4.2).
                if key.when is When.PRESENT_WITH_VALUE
                or (key.type == "1C" and key.when in (When.PRESENT, *_MAY_BE_SHARED))
            ]
            self.wanted.update(
                (swap(key.tag), key.vr) for key in keys if key.when not in _NOT_FROM_INSTANCE
            )
            shared = [
                (swap(key.tag), key.when is When.SHARED_TOO_WITH_ITEMS)
                for key in keys
                if key.when in _MAY_BE_SHARED
            ]
            if shared:
                self._shared[name] = shared
                self.wanted[_SHARED_GROUPS] = b"SQ"
            if any(key.when in (When.VERIFIED, When.CONCEPT_MODIFIERS) for key in keys):
                self._filtered.add(name)
                self.wanted[_VERIFYING_OBSERVERS] = b"SQ"
            if name != "PATIENT" and "" in record_type.parents:
                self._top_level.add(name)
        self.memo = LayoutMemo()  # belongs to `wanted`, so it lives here
        self._formed: dict[bytes, bool] = {}  # Image Types met, and whether they are formed
        # Everything that the keys of the three parents are made of, by its bytes: files of one
        # series share them, and the same objects come out (marshal then sends them once).
        parents = {tag for level in _LEVELS for tag, _ in self._rows[level]}
        self._parent_tags = (_CHARACTER_SET, *sorted(parents))
        self._parents: dict[bytes, Parents] = {}
        self._blocks: dict[bytes, bytes] = {}

    def index(self, source: str, header: Header) -> Instance:
        """Return what the house keeps of the file *source*.

        Raises:
            NotDicom: the file has no SOP Class, SOP Instance, Study or Series Instance UID.
        """
        remarks: list[str] = []
        sop_class, sop_instance = _identity(header, remarks)
        elements = header.elements
        get = elements.get
        record_type = RECORD_TYPE_OF.get(sop_class, "")
        patient = study = series = b""
        if record_type not in self._top_level:
            made_of = b"".join([get(tag, b"") for tag in self._parent_tags])
            parents = self._parents.get(made_of)
            if parents is None:
                parents = self._parents_of(header, made_of)
            patient, study, series, odd = parents
            if odd:
                remarks += odd
        keys = b""
        if record_type:
            if record_type in self._filtered:
                elements = _filtered(elements, remarks)
            if self._with_value[record_type]:
                elements = _without_empty(elements, self._with_value[record_type])
            if record_type in self._shared:
                elements = _with_shared(elements, self._shared[record_type], remarks)
            keys = self._keys(self._rows[record_type], elements, remarks)
            if not self._is_plain_image(record_type, elements):
                keys, odd = tidy(keys)
                remarks += odd
        facts = b"".join([get(tag, b"") for tag in self._facts])
        return Instance(
            source,
            header.size,
            header.dataset_offset,
            sop_class,
            sop_instance,
            header.transfer_syntax,
            header.value(_RELATED_GENERAL),
            record_type,
            patient,
            study,
            series,
            keys,
            tuple(header.departures),
            tuple(remarks),
            header.stamp,
            self._blocks.setdefault(facts, facts),
            header.pixel_data,
        )

    def _is_plain_image(self, record_type: str, elements: Found) -> bool:
        """Tell without parsing that the keys of an image need no tidying: nearly always so."""
        if record_type != "IMAGE" or not elements.get(_INSTANCE_NUMBER, b"")[8:].strip().isdigit():
            return False
        image_type = elements.get(_IMAGE_TYPE, b"")
        formed = self._formed.get(image_type)
        if formed is None:
            formed = self._formed[image_type] = is_formed(0x00080008, b"CS", image_type[8:])
        return formed

    def _parents_of(self, header: Header, made_of: bytes) -> Parents:
        """Return the keys of the three records above an instance, and what was odd about them."""
        elements = header.elements
        for tag, what in _PLACING:
            if not header.value(tag).strip(_SPACES):
                raise NotDicom(f"malformed: no {what} Instance UID", "malformed")
        remarks: list[str] = []
        dated = bool(header.value(_STUDY_DATE).strip(_SPACES))
        if not dated:
            elements = _with_another_date(header, remarks)
        blocks = []
        for level in _LEVELS:
            level_elements = _without_empty(elements, self._with_value[level])
            block, odd = tidy(self._keys(self._rows[level], level_elements, remarks))
            blocks.append(self._blocks.setdefault(block, block))
            remarks += odd
        parents = (blocks[0], blocks[1], blocks[2], tuple(remarks))
        if dated:  # else it depends on more than what it is known by
            self._parents[made_of] = parents
        return parents

    def _keys(self, rows: list[Row], elements: Found, remarks: list[str]) -> bytes:
        """Return the keys of one record, with their character set where they need it."""
        get = elements.get
        keys = b"".join([get(tag, default) for tag, default in rows])
        if keys.isascii() and b"\x1b" not in keys:
            return keys
        declared = get(_CHARACTER_SET)
        if declared is not None and text(declared[8:]):
            return declared + keys
        parts = [e for tag, _ in rows if (e := get(tag)) and e[4:6] in _TEXT_VRS]
        spoken = b"".join([e[8:] for e in parts])
        if spoken.isascii() and b"\x1b" not in spoken:
            return keys  # only numbers, or sequences, look like extended characters
        try:
            b"".join(e[8:] for e in parts).decode("utf-8")
            guess = b"ISO_IR 192"
        except UnicodeDecodeError:
            guess = b"ISO_IR 100"
        remarks.append(
            "no Specific Character Set but characters outside ASCII; "
            f"the directory says {guess.decode()}"
        )
        return encode_element(0x00080005, b"CS", guess) + keys


def _identity(header: Header, remarks: list[str]) -> tuple[str, str]:
    """Return SOP Class and Instance UID of the data set; note where the file meta differs.

    The data set is the object, the meta only its label: a wrong label is replaced (PS3.10 7.1).
    """
    uids = []
    for tag, meta_tag, what in _IDENTIFYING:
        element = header.elements.get(tag, b"")
        if len(element) > 8 and element[8:] == header.meta.get(meta_tag) and element.isascii():
            uids.append(element[8:].rstrip(_SPACES).decode("ascii"))
            continue
        own = header.text(tag)
        stated = text(header.meta.get(meta_tag, b""))
        if not own and not stated:
            raise NotDicom(f"malformed: no {what}", "malformed")
        if not own:
            remarks.append(f"the data set has no {what}; the one of the File Meta is used")
        elif not stated:
            if header.meta:
                header.departures.append(f"Media Storage {what} is missing")
        elif own != stated:
            header.departures.append(f"Media Storage {what} is not the data set's")
        uids.append(own or stated)
    if not is_uid(uids[1]):
        remarks.append(f"SOP Instance UID (0008,0018) {MALFORMED_UID}")
    return uids[0], uids[1]


def _with_another_date(header: Header, remarks: list[str]) -> Found:
    """Return the elements with Study Date and Time taken from the nearest date there is."""
    for date, time, name in _OTHER_DATES:
        value = header.value(date).strip(_SPACES)
        if value:
            elements = dict(header.elements)
            elements[_STUDY_DATE] = encode_element(0x00080020, b"DA", value)
            if not header.value(_STUDY_TIME).strip(_SPACES):
                elements[_STUDY_TIME] = encode_element(0x00080030, b"TM", header.value(time))
            remarks.append(f"{NO_STUDY_DATE}; the directory has the {name} in its place")
            return elements
    return header.elements


def _with_shared(elements: Found, rows: Iterable[tuple[int, bool]], remarks: list[str]) -> Found:
    """Return *elements* with what they lack and the Shared Functional Groups have.

    PS3.11 H.3-2: where both places have it, the top level counts. Sequences without an item are
    left out where a key is wanted with items only.
    """
    groups: dict[int, bytes] | None = None
    changed = None
    for tag, with_items in rows:
        own = elements.get(tag)
        if own is not None and (not with_items or _has_item(own)):
            continue
        if groups is None:
            groups = _shared_elements(elements.get(_SHARED_GROUPS, b""), remarks)
        found = groups.get(tag)
        if found is not None and with_items and not _has_item(found):
            found = None
        if found is None and own is None:
            continue
        changed = dict(elements) if changed is None else changed
        if found is None:
            del changed[tag]
        else:
            changed[tag] = found
    return elements if changed is None else changed


def _has_item(sequence: bytes) -> bool:
    return sequence[12:16] == b"\xfe\xff\x00\xe0"


def _shared_elements(sequence: bytes, remarks: list[str]) -> dict[int, bytes]:
    """Return the elements of all Functional Group macros that hold for every frame."""
    found: dict[int, bytes] = {}
    if not sequence:
        return found
    try:
        for item in items_of(sequence[12:]):
            for _, vr, _, value, after in iterate_elements(item):
                if vr != b"SQ":
                    continue
                for macro in items_of(item[value:after]):
                    for tag, _, start, _, stop in iterate_elements(macro):
                        found.setdefault(swap(tag), macro[start:stop])
    except BadEncoding:
        remarks.append("the Shared Functional Groups cannot be read; no key is taken from them")
    return found


def _without_empty(elements: Found, tags: Iterable[int]) -> Found:
    """Return *elements* without those of *tags* that have no value (1C: only with a value)."""
    empty = [t for t in tags if t in elements and not elements[t][8:].strip(_SPACES)]
    if not empty:
        return elements
    return {tag: element for tag, element in elements.items() if tag not in empty}


def _verified(elements: Found) -> bool:
    return elements.get(swap(0x0040A493), b"")[8:].strip(_SPACES) == b"VERIFIED"


def _filtered(elements: Found, remarks: list[str]) -> Found:
    """Return the elements of an SR or Key Object with the content that a record may hold.

    PS3.3 F.5.25: all and only the HAS CONCEPT MOD children of the root; the text of a report
    does not belong into a directory. Verification DateTime is the latest of the observers'.
    """
    elements = dict(elements)
    content = elements.pop(_CONTENT, None)
    if content is not None:
        try:
            modifiers = concept_modifiers(content[12:])
        except BadEncoding:
            modifiers = []
            remarks.append("the content of the report cannot be read; the directory has none of it")
        if modifiers:
            elements[_CONTENT] = encode_element(
                0x0040A730, b"SQ", b"".join(encode_item(item) for item in modifiers)
            )
    observers = elements.pop(_VERIFYING_OBSERVERS, None)
    if observers is not None and _verified(elements):
        try:
            latest = latest_verification(observers[12:])
        except BadEncoding:
            latest = b""
        if latest:
            elements[swap(0x0040A030)] = encode_element(0x0040A030, b"DT", latest)
    return elements
