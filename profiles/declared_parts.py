"""The parts of a declared profile: SOP Classes, keys, icon rule and value rules."""

from typing import Final

from dicomdir.elements import name_of, number_of
from dicomdir.record_types import RECORD_TYPES, AdditionalKey, Key, When
from dicomdir.sop_classes import KNOWN_STORAGE, NAME_OF, RETIRED_STORAGE
from dicomdir.uids import is_uid
from profiles.application_profiles import (
    Allowed,
    Ask,
    Composite,
    Declared,
    IconRule,
    Role,
    Support,
    ValueRule,
)
from profiles.declared_fields import Fields
from profiles.transfer_syntaxes import TRANSFER_SYNTAXES
from profiles.value_tables import OVERLAY_BITS, OVERLAY_ROWS, REGIONS

_SETS: Final = {"any": Composite.ANY, "any multi-frame": Composite.ANY_MULTI_FRAME}
ROLES: Final = {"creator": Role.CREATOR, "reader": Role.READER, "updater": Role.UPDATER}
_WHEN: Final = {
    "always": When.ALWAYS,
    "present": When.PRESENT,
    "present with value": When.PRESENT_WITH_VALUE,
    "shared too": When.SHARED_TOO,
    "shared too with items": When.SHARED_TOO_WITH_ITEMS,
}
# Type → when, where the file does not say.
_WHEN_OF_TYPE: Final = {
    "1": "always",
    "2": "always",
    "1C": "present with value",
    "2C": "present",
    "3": "present with value",
}
_UNFIT_VRS: Final = frozenset(("OB", "OW", "OD", "OF", "OL", "OV", "UN", "UT", "UC", "UR"))
_CODE_VRS: Final = frozenset(("CS", "LO", "SH", "UI", "AE", "AS"))
_ICON: Final = 0x00880200
_PHOTOMETRICS: Final = {
    name: name
    for name in (
        *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422"),
        *("YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"),
    )
}
_ICON_PHOTOMETRICS: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")  # PS3.3 F.7


def allowed_row(fields: Fields, source: str, *, private: bool) -> Allowed:
    """Return one row of SOP Classes and syntaxes; *private* lets private classes in."""
    row = Allowed(
        _sop_classes(fields, private),
        _syntaxes(fields),
        source,
        frozenset(_known_photometrics(fields, tuple(_PHOTOMETRICS))),
        *(Support.DECLARED, Support.DECLARED, Support.DECLARED),
    )
    fields.finish()
    return row


def _sop_classes(fields: Fields, private: bool) -> frozenset[str] | Composite:
    words = fields.texts("sop_classes", required=True)
    if words[0] in _SETS:
        if len(words) > 1:
            what = f"{words[0]!r} stands alone"
            raise fields.wrong("sop_classes", what, "Put other classes into a row of their own")
        return _SETS[words[0]]
    return frozenset(_sop_class(fields, word, private) for word in words)


def _sop_class(fields: Fields, uid: str, private: bool) -> str:
    if not is_uid(uid):
        what = f"{uid[:80]!r} is not a UID"
        raise fields.wrong("sop_classes", what, 'Write UIDs, or "any", or "any multi-frame"')
    if uid in RETIRED_STORAGE:
        what = f"{NAME_OF.get(uid, uid)} ({uid}) is a retired SOP Class"
        raise fields.wrong("sop_classes", what, "Name the class that took its place")
    if uid in KNOWN_STORAGE:
        return uid
    if uid.startswith("1.2.840.10008."):
        what = f"{uid} is no Storage SOP Class of PS3.4, or newer than this version"
        raise fields.wrong("sop_classes", what, "Compare it with PS3.4 B.5")
    if not private:
        what = f"{uid} is a private SOP Class, which no augmented profile may have (PS3.2 7.4)"
        raise fields.wrong("sop_classes", what, "Declare a private profile (PRI-…) for it")
    return uid


def _syntaxes(fields: Fields) -> frozenset[str] | Declared:
    words = fields.texts("transfer_syntaxes", required=True)
    if words == ("declared",):
        return Declared.BY_CONFORMANCE_STATEMENT
    for uid in words:
        if not is_uid(uid) or uid not in TRANSFER_SYNTAXES:
            what = f"{uid[:80]!r} is no transfer syntax for files that this version knows"
            raise fields.wrong("transfer_syntaxes", what, 'Write UIDs of PS3.6, or "declared"')
    return frozenset(words)


def _known_photometrics(
    fields: Fields, known: tuple[str, ...], *, required: bool = False
) -> tuple[str, ...]:
    words = fields.texts("photometric_interpretations", required=required)
    for word in words:
        if word not in known:
            what = f"{word[:80]!r} is no Photometric Interpretation here"
            remedy = f"Write some of: {', '.join(known)}"
            raise fields.wrong("photometric_interpretations", what, remedy)
    return words


def roles_of(fields: Fields, default: frozenset[Role]) -> frozenset[Role]:
    """Return the roles of a profile."""
    words = fields.texts("roles")
    for word in words:
        if word not in ROLES:
            remedy = f"Write some of: {', '.join(ROLES)}"
            raise fields.wrong("roles", f"{word[:80]!r} is no role", remedy)
    return frozenset(ROLES[word] for word in words) if words else default


def _attribute(fields: Fields, key: str = "attribute") -> tuple[int, str]:
    """Return tag and VR of an attribute given as (gggg,eeee) or by its keyword (PS3.6)."""
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    word = fields.text(key, required=True)
    digits = word.strip("()").replace(",", "")
    tag = tag_for_keyword(word)
    if tag is None and len(digits) == 8 and word == f"({digits[:4]},{digits[4:]})":
        try:
            tag = int(digits, 16)
        except ValueError:
            tag = None
    if tag is None:
        what = f"{word[:80]!r} is no attribute"
        raise fields.wrong(key, what, "Write its keyword (PixelSpacing) or tag, (0028,0030)")
    try:
        return tag, dictionary_VR(tag)[:2]
    except KeyError as error:
        what = f"{number_of(tag)} is private or unknown to PS3.6"
        raise fields.wrong(key, what, "Only standard attributes can be named") from error


def additional_key(fields: Fields, source: str) -> AdditionalKey:
    """Return one key that the profile adds to records."""
    tag, vr = _attribute(fields)
    if tag == _ICON:
        raise fields.wrong("attribute", "icons have rules of their own", "Write a table icon")
    if vr in _UNFIT_VRS or tag >> 16 < 0x0008:
        what = f"{name_of(tag)} cannot be a key of a record"
        raise fields.wrong("attribute", what, "Choose an attribute that is small")
    types = fields.texts("records", required=True)
    for record_type in types:
        row = RECORD_TYPES.get(record_type)
        if row is None or row.retired or record_type == "PRIVATE":
            what = f"{record_type[:80]!r} is no current Directory Record Type"
            raise fields.wrong("records", what, "Write those of PS3.3 F.3, such as IMAGE")
    kind = fields.choice("type", {word: word for word in _WHEN_OF_TYPE})
    words = {word: word for word in _WHEN}
    when = _WHEN[fields.choice("when", words, default=_WHEN_OF_TYPE[kind])]
    fields.finish()
    return AdditionalKey(frozenset(types), Key(tag, vr.encode(), kind, when), source)


def icon_rule(fields: Fields, source: str) -> IconRule:
    """Return the rule on icons, within what PS3.3 F.7 allows."""
    types = fields.texts("records", required=True)
    for record_type in types:
        if record_type not in ("SERIES", "IMAGE"):
            what = f"{record_type[:80]!r} has no icons"
            raise fields.wrong("records", what, "Write SERIES, IMAGE or both")
    photometrics = _known_photometrics(fields, _ICON_PHOTOMETRICS)
    if photometrics and "MONOCHROME2" not in photometrics:
        what = "icons are made in MONOCHROME2 only"
        raise fields.wrong("photometric_interpretations", what, "Name MONOCHROME2 among them")
    rule = IconRule(
        frozenset(types),
        fields.flag("required"),
        fields.number("rows", low=1, high=1024),
        fields.number("columns", low=1, high=1024),
        8,
        8,
        frozenset(photometrics or ("MONOCHROME2", "PALETTE COLOR")),
        source,
    )
    fields.finish()
    return rule


_ASKS: Final = ("one_of", "at_most", "equal_to", "one_less_than", "present")
_OVERLAYS: Final = {"none": Ask.NO_OVERLAYS, "separate": Ask.SEPARATE_OVERLAYS}
_CALIBRATION: Final = {"spatial": Ask.REGIONS, "combined": Ask.CALIBRATED_REGIONS}


def value_rule(fields: Fields, source: str, *, private: bool) -> ValueRule:
    """Return one limit of the attributes of images."""
    classes = _sop_classes(fields, private)
    if isinstance(classes, Composite):
        raise fields.wrong("sop_classes", "a limit is for classes that are named", "Write UIDs")
    if "overlays" in fields:
        ask = _OVERLAYS[fields.choice("overlays", {word: word for word in _OVERLAYS})]
        tag = OVERLAY_ROWS if ask is Ask.NO_OVERLAYS else OVERLAY_BITS
        rule = ValueRule(classes, tag, b"US", ask, (), source)
    elif "calibration" in fields:
        ask = _CALIBRATION[fields.choice("calibration", {word: word for word in _CALIBRATION})]
        rule = ValueRule(classes, REGIONS, b"SQ", ask, (), source)
    else:
        rule = _attribute_rule(fields, classes, source)
    fields.finish()
    return rule


def _attribute_rule(fields: Fields, classes: frozenset[str], source: str) -> ValueRule:
    tag, vr = _attribute(fields)
    asked = [key for key in _ASKS if key in fields]
    if len(asked) != 1:
        what = "one limit belongs here, not " + (" and ".join(asked) or "none")
        raise fields.wrong("attribute", what, f"Write one of: {', '.join(_ASKS)}")
    ask, values = _asked(fields, asked[0], vr)
    condition = fields.table("where")
    where = None
    if condition is not None:
        where_tag, where_vr = _attribute(condition)
        where = (where_tag, where_vr.encode(), _values(condition, "one_of", where_vr))
        condition.finish()
    return ValueRule(classes, tag, vr.encode(), ask, values, source, where)


def _asked(fields: Fields, key: str, vr: str) -> tuple[Ask, tuple[str | int, ...]]:
    if key == "one_of":
        return Ask.ONE_OF, _values(fields, key, vr)
    if key == "present":
        if not fields.flag("present") or vr in _UNFIT_VRS:
            raise fields.wrong(key, "cannot be asked here", "Write present = true, or leave it out")
        return Ask.PRESENT, ()
    if vr != "US":
        raise fields.wrong(key, f"the attribute is {vr} and not a number (US)", "Use one_of")
    if key == "at_most":
        return Ask.AT_MOST, (fields.number(key, low=1, high=0xFFFF),)
    other, other_vr = _attribute(fields, key)
    if other_vr != "US":
        raise fields.wrong(key, f"{name_of(other)} is not a number (US)", "Name another one")
    return (Ask.EQUAL_TO if key == "equal_to" else Ask.ONE_LESS_THAN), (other,)


def _values(fields: Fields, key: str, vr: str) -> tuple[str | int, ...]:
    values = fields.plain_values(key)
    kind: type = int if vr == "US" else str
    if vr != "US" and vr not in _CODE_VRS:
        remedy = f"Attributes of VR US, {', '.join(sorted(_CODE_VRS))} can be limited"
        raise fields.wrong(key, f"values of VR {vr} cannot be compared here", remedy)
    if not all(isinstance(value, kind) for value in values):
        wanted = "whole numbers" if kind is int else "texts"
        raise fields.wrong(key, f"the attribute is {vr}", f"Write {wanted}")
    return values
