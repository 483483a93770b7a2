"""One profile explained to a person, and the list of all, at 80 columns."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import wrap
from typing import Final

from dicomdir.record_types import AdditionalKey
from dicomdir.sop_classes import NAME_OF
from jacket.profile_texts import (
    DUTIES,
    FORMATS,
    MADE_AS,
    MEDIA,
    MEDIA_IN_FULL,
    MODALS,
    ROLES,
    SECURITY,
    ask_of_key,
    limit_in_words,
    made_as,
    made_in_words,
    named,
)
from profiles.application_profiles import (
    Allowed,
    ApplicationProfile,
    Composite,
    Declared,
    IconRule,
    Role,
    Support,
    ValueRule,
)
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, TRANSFER_SYNTAXES, registered_name

_WIDTH: Final = 79  # a terminal of 80 columns keeps its last one free
_GROUPS: Final[dict[str, str]] = {
    "A": "Cardiac X-ray runs: up to 512 x 512, 8 bits",
    "B": "X-ray angiography: up to 1024 x 1024, 12 bits",
    "C": "Ultrasound. ID: to look at, SC: to measure in, CC: calibrated pixels too;\n"
    "   SF: single images, MF: loops too",
    "D": "Any objects, not compressed",
    "E": "CT and MR with screens, presentation states and dose reports",
    "G": "Any objects in an e-mail",
    "H": "Any objects, compressed or not, on DVD",
    "I": "MPEG2 video alone on DVD",
    "J": "Any objects, compressed or not, on USB sticks and cards",
    "K": "Dental X-ray images",
    "L": "Any objects, or dental images (DTL), as ZIP by e-mail",
    "M": "Any objects, compressed or not, or with video, on Blu-ray disc",
    "N": "H.264 video alone on Blu-ray disc",
}
_NO_DIRECTORY: Final = (
    "nothing; the DICOMDIR itself may be missing (PS3.11 G.3.3), but this version always writes one"
)
_SHORT: Final[dict[str, str]] = {
    "1.2.840.10008.1.2.5": "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG",
    "1.2.840.10008.1.2.4.51": "JPEG",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.100": "MPEG2",
    "1.2.840.10008.1.2.4.101": "MPEG2 HD",
    **{f"1.2.840.10008.1.2.4.{n}": "H.264" for n in (102, 103, 104, 105, 106)},
}


def listing(rows: Iterable[ApplicationProfile]) -> Iterator[str]:
    """Yield the lines of the list: one profile each, in groups."""
    yield "Which objects may be on which medium, by the annexes of PS3.11."
    yield "SEC: encrypted. plain: not compressed. Last column: see below."
    for group, members in groupby(rows, _group):
        yield ""
        yield f"{group}  {_GROUPS.get(group, 'Declared in --profile-file')}"
        for row in members:
            # Identifiers of the standard have 32 characters at most, declared ones up to 64.
            identifier = row.identifier
            if len(identifier) > 32:
                yield f"  {identifier}"
                identifier = ""
            line = f"  {identifier:<33}{MEDIA[row.medium]:<15} {compression(row):<21}"
            yield f"{line}{made_as(row)}"
    yield ""
    yield "Last column: what this version makes of it."
    for word, meaning in MADE_AS.items():
        yield from _hung(f"  {word:<8}", meaning)
    yield "`jacket profiles ID` explains one: jacket profiles STD-GEN-CD"


def _group(row: ApplicationProfile) -> str:
    return "+" if not row.identifier.startswith("STD-") else row.source.removeprefix("PS3.11 ")


def compression(row: ApplicationProfile) -> str:
    """Return in a few words how pixels may be compressed."""
    words: dict[str, None] = {}
    native = False
    for allowed in row.allowed:
        if isinstance(allowed.transfer_syntaxes, Declared):
            words["as declared"] = None
            continue
        native = native or EXPLICIT_LITTLE in allowed.transfer_syntaxes
        known = sorted(allowed.transfer_syntaxes - {EXPLICIT_LITTLE}, key=len)
        words.update(dict.fromkeys(_SHORT.get(uid, "other") for uid in sorted(known)))
    if "JPEG" in words:
        words.pop("JPEG lossless", None)
    if not words:
        return "not compressed"
    listed = ", ".join(["plain", *words] if native else words)
    return listed if len(listed) < 21 else f"{listed[:19]}…"


def page(row: ApplicationProfile) -> Iterator[str]:
    """Yield the lines that explain one profile."""
    yield f"{row.identifier}   {row.source}"
    yield from _hung("", f"For {row.purpose}." if row.purpose else "")
    if row.base:
        yield from _hung("", f"Augmented: all of {row.base}, and more (PS3.2 7.4).")
    yield from _medium(row)
    yield from _heading("What may be on it")
    for allowed in row.allowed:
        yield from _allowed(allowed, row)
    for note in row.notes:
        yield from _hung("  note      ", note)
    yield from _directory(row)
    yield from _icons(row.icon)
    yield from _limits(row.values)
    yield from _heading("Who does what (PS3.10 8.3, PS3.4 I)")
    for role in Role:
        text = DUTIES[role] if role in row.roles else "not defined by this profile"
        yield from _hung(f"  {ROLES[role]:<15}", text)
    yield from _heading("Protection")
    yield from _hung("  ", SECURITY[row.security])


def _medium(row: ApplicationProfile) -> Iterator[str]:
    yield from _heading("Medium")
    yield from _hung("  kind      ", MEDIA_IN_FULL[row.medium])
    yield from _hung("  format    ", FORMATS[row.file_system])
    yield from _hung("  room      ", row.capacity)
    if row.closing:
        yield from _hung("  closing   ", f"the creator must offer {row.closing}")
    yield from _hung("  made here ", made_in_words(row))


def _allowed(allowed: Allowed, row: ApplicationProfile) -> Iterator[str]:
    classes = allowed.sop_classes
    if isinstance(classes, Composite):
        text = "any multi-frame object" if classes is Composite.ANY_MULTI_FRAME else "any object"
        yield from _hung(
            "  ", f"{text} of a current standard SOP Class; none retired, none private"
        )
    else:
        for uid in sorted(classes):
            yield from _hung("  ", f"{NAME_OF.get(uid, 'private SOP Class')}  {uid}")
    if allowed.photometrics:
        colors = " or ".join(sorted(allowed.photometrics))
        yield from _hung("    of      ", f"Photometric Interpretation {colors}")
    if isinstance(allowed.transfer_syntaxes, Declared):
        yield from _hung("    in      ", "the transfer syntaxes that the creator declares")
    else:
        for uid in sorted(allowed.transfer_syntaxes):
            lossy = "; may lose quality" if TRANSFER_SYNTAXES[uid].lossy else ""
            yield from _hung("    in      ", f"{registered_name(uid)}  {uid}{lossy}")
    yield from _hung("    support ", _support(allowed, row))
    yield from _hung("    source  ", allowed.source)


def _support(allowed: Allowed, row: ApplicationProfile) -> str:
    supports = {
        Role.CREATOR: allowed.creator,
        Role.READER: allowed.reader,
        Role.UPDATER: allowed.updater,
    }
    verbs = {Role.CREATOR: "write", Role.READER: "read", Role.UPDATER: "write"}
    parts = []
    for role in row.roles_in_order:
        support = supports[role]
        verb = "" if support is Support.UNDEFINED else f" {verbs[role]} it"
        text = MODALS[support]
        if support in (Support.MANDATORY, Support.OPTIONAL):
            text = f"{text}{verb}"
        elif support is Support.MANDATORY_IF_DECLARED:
            text = text.replace("must,", f"must{verb},")
        parts.append(f"{role.name.lower()} {text}")
    return "; ".join(parts)


def _directory(row: ApplicationProfile) -> Iterator[str]:
    yield from _heading("In the DICOMDIR, besides what every directory has (PS3.3 F.5)")
    if row.directory_optional:
        yield from _hung("  ", _NO_DIRECTORY)
    if not row.additional_keys:
        if not row.directory_optional:
            yield "  nothing"
        return
    records = sorted(row.additional_keys, key=_records)
    for record_types, keys in groupby(records, _records):
        members = list(keys)
        sources = ", ".join(dict.fromkeys(key.source for key in members))
        yield from _hung("  ", f"{record_types[1]} records ({sources})")
        for key in members:
            yield from _hung("    ", f"{named(key.key.tag)}: {ask_of_key(key)}")


_ORDER: Final = ("PATIENT", "STUDY", "SERIES")


def _records(row: AdditionalKey) -> tuple[int, str]:
    record_types = sorted(row.record_types)
    first = record_types[0]
    order = _ORDER.index(first) if first in _ORDER else len(_ORDER)
    return order, " and ".join(record_types)


def _icons(rule: IconRule | None) -> Iterator[str]:
    yield from _heading("Icons")
    if rule is None:
        yield "  no rule of its own; an icon may be there (PS3.3 F.7)"
        return
    must = "every one must have" if rule.required else "may have"
    colors = " or ".join(sorted(rule.photometric_interpretations))
    text = (
        f"{' and '.join(sorted(rule.record_types))} records {must} one of {rule.columns} x "
        f"{rule.rows}, {rule.bits_allocated} bits, {colors} ({rule.source})"
    )
    yield from _hung("  ", text)


def _limits(values: tuple[ValueRule, ...]) -> Iterator[str]:
    yield from _heading("Limits of the images")
    if not values:
        yield "  none but those of the objects themselves (PS3.3)"
    for (_, source), members in groupby(values, lambda rule: (rule.sop_classes, rule.source)):
        rules = list(members)
        names = ", ".join(NAME_OF.get(uid, uid) for uid in sorted(rules[0].sop_classes))
        yield from _hung("  ", f"{names} ({source})")
        for rule in rules:
            yield from _hung("    ", limit_in_words(rule))


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield text


def _hung(head: str, text: str) -> Iterator[str]:
    """Yield *text* behind *head*, its further lines indented as far."""
    if not text:
        return
    room = _WIDTH - len(head)
    blank = " " * (len(head) if head.strip() else len(head) + 2)
    for number, line in enumerate(wrap(text, room - (0 if head.strip() else 2))):
        yield (head if number == 0 else blank) + line
