"""A medium against IHE PDI and the German requirements built on it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import Final, NamedTuple

from dicomdir.check_keys import elements_of, value_of
from dicomdir.check_reference import references
from dicomdir.elements import number_of
from dicomdir.instance import Instance, NotIndexed
from dicomdir.record import Directory, DirectoryRecord
from jacket.pdi_links import Places
from jacket.pdi_pages import LARGEST_PAGE, SECONDS, Page
from jacket.pdi_rules import RULE
from media import Entry, Medium
from media.source import Name
from reporting import CannotRead, Finding

WEB: Final = "IHE_PDI"
_OF_IHE: Final = frozenset((WEB, "IHE_XDM"))
_README: Final = ("README.TXT",)
_INDEX: Final = ("INDEX.HTM",)
_EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
_LARGEST_CD: Final = 737_280_000  # bytes: 80 minutes
_LARGEST_README: Final = 1 << 20  # bytes
_MOST_PAGES: Final = 5_000
_SECONDS: Final = 20.0  # for all pages of a medium
_MOST_PLACES: Final = 20  # of one rule in one page
_FORBIDDEN: Final = frozenset(
    (
        *("VISIT", "RESULTS", "INTERPRETATION", "STUDY COMPONENT", "STORED PRINT", "TOPIC"),
        "PRIVATE",
    )
)
_DICOM: Final = frozenset(("directory", "truncated", "malformed", "contradiction", "unreadable"))
_PAGES: Final = ("HTM", "HTML", "XHT", "XHTML")
_PICTURES: Final = ("JPG", "JPE", "JPEG")
_PROGRAMS: Final = frozenset(("EXE", "COM", "BAT", "CMD", "APP", "JAR", "SH", "COMMAND"))
_AUTORUN: Final = re.compile(r"\.?AUTO(?:RUN|PLAY|START|OPEN)(?:\.\w*)?", re.IGNORECASE).fullmatch
_INSTALLER: Final = re.compile(
    r"(?:SETUP\w*|INSTALL\w*)\.(?:EXE|COM|BAT|CMD)|.*\.(?:MSI|MSIX|PKG|DEB|RPM)", re.IGNORECASE
).fullmatch
_FILE: Final = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{0,3})?").fullmatch
_FOLDER: Final = re.compile(r"[A-Z0-9_]{1,8}").fullmatch
_DEEPEST: Final = 8  # levels, the root among them
_CONTACT: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|(?:https?://|www\.)[\w./~-]+|\+?\(?\d[\d ()/.-]{5,}\d"
)
_VERSION: Final = re.compile(r"\b(?:version|release|vers?\.|v)\s*:?\s*\d|\b\d+\.\d+\b", re.I)
_SYSTEMS: Final = re.compile(
    r"windows|mac ?os|os x|linux|operating system|betriebssystem|browser|java", re.I
)


class Scope(NamedTuple):
    """What of a medium the rules about single files depend on; the same in all processes."""

    cd: bool  # it is a CD: every object has to be uncompressed
    folders: frozenset[Name]  # that hold DICOM files


def scope_of(directory: Directory, *, kind: str, size: int, claimed: bool) -> Scope:
    """Return the scope of a medium.

    Args:
        directory: of the medium.
        kind: of its file system, as the media room says.
        size: of all files in bytes.
        claimed: a profile is claimed, which says itself what may be compressed.
    """
    folders = frozenset(
        record.file_id[:-1] for record, _ in references(directory) if len(record.file_id) > 1
    )
    return Scope(kind == "iso9660" and size <= _LARGEST_CD and not claimed, folders)


def check_pdi_file(
    name: Name, instance: Instance | None, not_indexed: NotIndexed | None, scope: Scope
) -> list[Finding]:
    """Check where one file lies, and how it is encoded."""
    where = "/".join(name)
    is_dicom = instance is not None or (not_indexed is not None and not_indexed.kind in _DICOM)
    if not is_dicom:
        if name[0].upper() == WEB and _extension(name) not in _PAGES + _PICTURES:
            return [RULE["PDI-WEB-FORMAT"].at(where)]
        mixed = name[:-1] in scope.folders and name[0].upper() != WEB
        secure = not_indexed is not None and not_indexed.kind == "secure"
        return [RULE["PDI-MIXED-FOLDER"].at(where)] if mixed and not secure else []
    found = []
    if len(name) == 1 and where.upper() != "DICOMDIR":
        found.append(RULE["PDI-ROOT-DICOM"].at(where))
    if name[0].upper() == WEB:
        found.append(RULE["PDI-WEB-DICOM"].at(where))
    if scope.cd and instance is not None and instance.transfer_syntax_uid != _EXPLICIT_LITTLE:
        found.append(RULE["PDI-TRANSFER-SYNTAX"].at(where))
    return found


def check_pdi(medium: Medium, entries: Sequence[Entry], directory: Directory) -> list[Finding]:
    """Check what of IHE PDI is about the medium as a whole, its texts and its web pages."""
    names = [entry.name for entry in entries]
    found = [*_names(names, medium.kind), *_records(directory)]
    by_name = {tuple(part.upper() for part in entry.name): entry for entry in entries}
    programs = [name for name in names if _extension(name) in _PROGRAMS]
    found += _readme(medium, by_name.get(_README), programs)
    web = any(name[0].upper() == WEB and len(name) > 1 for name in names)
    index = by_name.get(_INDEX)
    if index is None:
        found.append(RULE["PDI-INDEX" if web else "DRG-INDEX"].at("medium"))
    found += _Web(medium, entries, directory).findings(index, web=web, programs=programs)
    return found


def _extension(name: Name) -> str:
    return name[-1].upper().rpartition(".")[2] if name and "." in name[-1] else ""


def _names(names: Sequence[Name], kind: str) -> Iterator[Finding]:
    for root in dict.fromkeys(name[0] for name in names):
        if root.upper().startswith("IHE") and root.upper() not in _OF_IHE:
            yield RULE["PDI-IHE-NAME"].at(root)
    for name in names:
        where = "/".join(name)
        if len(name) == 1 and _AUTORUN(name[0]):
            yield RULE["PDI-AUTORUN"].at(where)
        if _INSTALLER(name[-1]):
            yield RULE["DRG-VIEWER-INSTALL"].at(where)
        if kind == "iso9660":
            continue  # the rules of that file system say so
        if len(name) > _DEEPEST or not (_FILE(name[-1]) and all(map(_FOLDER, name[:-1]))):
            yield RULE["PDI-NAME"].at(where)


def _records(directory: Directory) -> Iterator[Finding]:
    for number, record in enumerate(_all(directory), start=1):
        where = "/".join(record.file_id) or f"DICOMDIR, record {number} in the order of the tree"
        if record.record_type in _FORBIDDEN:
            yield RULE["PDI-RECORD-TYPE"].at(where, f"A record of type {record.record_type}")
        elif record.record_type == "MRDR":
            yield RULE["DRG-RECORD-TYPE"].at(where)
        private = [tag for tag in elements_of(record.keys) if tag >> 16 & 1]
        if private:
            yield RULE["DRG-PRIVATE-ELEMENT"].at(f"{where} {number_of(private[0])}")


def _readme(medium: Medium, entry: Entry | None, programs: Sequence[Name]) -> Iterator[Finding]:
    if entry is None:
        yield RULE["PDI-README"].at("medium")
        return
    content = _content(medium, entry, _LARGEST_README)
    if content is None:
        return
    where = "/".join(entry.name)
    text = content.decode("latin-1")
    if not content.isascii() or any(c < 9 or 13 < c < 26 for c in content):
        yield RULE["PDI-README-TEXT"].at(where)
    if len(set(_CONTACT.findall(text))) < 2:
        yield RULE["PDI-README-CONTACT"].at(where)
    if not _VERSION.search(text):
        yield RULE["PDI-README-PRODUCT"].at(where)
    if "DICOMDIR" not in text.upper():
        yield RULE["PDI-README-ORGANISATION"].at(where)
    if programs and not _SYSTEMS.search(text):
        yield RULE["PDI-README-VIEWER"].at(where)


def _content(medium: Medium, entry: Entry, most: int) -> bytes | None:
    """Return the first bytes of a file; None where it cannot be read, which the walk has told."""
    try:
        with medium.open(entry) as file:
            return file.pread(min(file.size, most), 0)
    except CannotRead:
        return None


class _Web:
    """The pages of a medium: INDEX.HTM and those in IHE_PDI."""

    def __init__(self, medium: Medium, entries: Sequence[Entry], directory: Directory) -> None:
        self._medium = medium
        self._entries = entries
        self._places = Places(entry.name for entry in entries)
        self._directory = directory
        self._known: tuple[set[str], set[str]] | None = None
        self._left = _SECONDS

    def findings(
        self, index: Entry | None, *, web: bool, programs: Sequence[Name]
    ) -> Iterator[Finding]:
        """Check all pages, INDEX.HTM first."""
        if index is not None:
            yield from self._index(index, web=web, programs=programs)
        pages = [
            entry
            for entry in self._entries
            if entry.name[0].upper() == WEB and _extension(entry.name) in _PAGES
        ]
        done = 0
        for entry in pages[:_MOST_PAGES]:
            if self._left <= 0:
                break
            for finding, _ in self._page(entry):
                if finding is not None:
                    yield finding
            done += 1
        if len(pages) > done:
            yield RULE["PDI-WEB-NOT-READ"].at(f"and {len(pages) - done} pages more")

    def _index(self, entry: Entry, *, web: bool, programs: Sequence[Name]) -> Iterator[Finding]:
        targets: set[Name] = set()
        for finding, target in self._page(entry):
            targets.add(tuple(part.upper() for part in target))
            if finding is not None:
                yield finding
        where = "/".join(entry.name)
        if _README not in targets and _README in self._upper_names():
            yield RULE["PDI-INDEX-README"].at(where)
        if web and not any(target[:1] == (WEB,) for target in targets):
            yield RULE["PDI-INDEX-WEB"].at(where)
        folders = {tuple(part.upper() for part in name[:-1]) for name in programs}
        started = any(
            _extension(target) in _PROGRAMS or (target and target[:-1] in folders)
            for target in targets
        )
        if programs and not started:
            yield RULE["PDI-INDEX-VIEWER"].at(where)

    def _upper_names(self) -> set[Name]:
        return {tuple(part.upper() for part in entry.name) for entry in self._entries}

    def _page(self, entry: Entry) -> Iterator[tuple[Finding | None, Name]]:
        """Yield findings of one page, and what it links to."""
        content = _content(self._medium, entry, LARGEST_PAGE + 1)
        if content is None:
            return
        begun = monotonic()
        page = Page(content, min(SECONDS, self._left))
        self._left -= monotonic() - begun
        where = "/".join(entry.name)
        for rule, broken in (
            ("PDI-WEB-NOT-READ", not page.whole),
            ("PDI-WEB-ACTIVE", page.active),
            ("DRG-WEB-STYLE", page.styles),
            ("DRG-WEB-SCRIPT", page.other_scripts),
            ("PDI-WEB-PATIENT", self._names_strangers(page)),
        ):
            if broken:
                yield RULE[rule].at(where), ()
        yield from self._links(entry.name, page, where)

    def _links(self, name: Name, page: Page, where: str) -> Iterator[tuple[Finding | None, Name]]:
        told: dict[str, int] = {}
        for link, fetched in page.links.items():
            place = self._places.resolve(name, link, fetched=fetched)
            rule, address = place.rule, link.partition("#")[0]
            if place.name and not rule and address != address.lower():
                rule = "DRG-LINK-CASE"
            told[rule] = told.get(rule, 0) + 1
            if rule and told[rule] <= _MOST_PLACES:
                shown = ascii(link[:120])[1:-1]
                yield RULE[rule].at(f"{where}, link {shown}"), ()
            yield None, place.name

    def _names_strangers(self, page: Page) -> bool:
        uids, patients = page.uids(), page.patient_ids()
        if not uids and not patients:
            return False
        if self._known is None:
            self._known = _known(self._directory)
        return bool(uids - self._known[0] or patients - self._known[1])


def _known(directory: Directory) -> tuple[set[str], set[str]]:
    """Return the UIDs and the Patient IDs of a directory."""
    uids, patients = {directory.file_set_uid}, set[str]()
    for record in _all(directory):
        elements = elements_of(record.keys)
        uids.add(record.sop_instance_uid)
        for tag in (0x0020000D, 0x0020000E):
            uids.add(value_of(elements, tag).decode("latin-1"))
        patient = value_of(elements, 0x00100020).decode("latin-1")
        patients |= {patient, *patient.split()}
    return uids, patients


def _all(directory: Directory) -> Iterable[DirectoryRecord]:
    """Yield all records in the order of the tree, iteratively: hostile trees are deep."""
    stack = list(reversed(directory.records))
    while stack:
        record = stack.pop()
        yield record
        stack += reversed(record.children)
