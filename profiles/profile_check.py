"""Profiles held against a medium while it is walked: instance by instance, then as a whole.

Made for all profiles at once: those that differ only in medium and security make one group, and
what is decided by SOP Class, transfer syntax, attributes and the presence of keys is decided once
for all files that share these.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from dicomdir.check_reference import Parents
from dicomdir.elements import (
    BadEncoding,
    encode_element,
    encode_item,
    iterate_elements,
    number_of,
)
from dicomdir.instance import Instance
from dicomdir.record import DirectoryRecord
from dicomdir.record_types import AdditionalKey
from profiles import rules
from profiles.application_profiles import ApplicationProfile, Medium, Security
from profiles.check import check_medium
from profiles.check_content import Fault, content_faults, fact
from profiles.check_fragments import PRead
from profiles.check_groups import Group, groups_of, two_ways, wanted_facts, widest_keys
from profiles.check_nearest import Against, Nearest
from profiles.check_record_keys import (
    IMAGE_TYPE,
    REFERENCED_IMAGES,
    Own,
    Shape,
    key_faults,
    shape_of,
)
from profiles.check_records import RecordChecks, where_of
from profiles.check_streams import needs_streams, short_fault, stream_faults
from reporting import CannotRead, Finding, Severity

_MOST_REMEMBERED: Final = 50_000  # answers; past this a medium is too motley to remember it
_ITEM: Final = b"\xfe\xff\x00\xe0"
_DICOMDIR: Final = "DICOMDIR"
_NOTHING: Final = Shape((), b"", b"")

_NO_PLACE: Final = frozenset((rules.SOP_CLASS, rules.RETIRED, rules.PRIVATE))


class Verdict(NamedTuple):
    """What files of one kind are judged to be."""

    stay: int  # the groups that nothing speaks against, as bits
    told: tuple[tuple[str, str, str], ...]  # rule, place, message: of a claimed profile
    has_place: bool  # the claimed profile takes the SOP Class: the rest is worth judging


class ProfileChecks:
    """Collects what speaks against one claimed profile, or which of many stay satisfied."""

    def __init__(self, rows: Sequence[ApplicationProfile], *, claimed: bool) -> None:
        """Prepare for a medium.

        Args:
            rows: the profiles; exactly one when it is claimed.
            claimed: every finding is wanted, not only the verdict.
        """
        self._rows = tuple(rows)
        self._claimed = claimed
        self._groups, self._group_of = groups_of(self._rows)
        self._alive = (1 << len(self._groups)) - 1
        self._all = self._alive
        self._fitting = self._alive  # nothing in the files themselves speaks against these
        self._against = Against(0 if claimed else len(self._groups))
        self._nearest: Nearest | None = None
        self._unseen: tuple[str, ...] = ()
        self.additional_keys: tuple[AdditionalKey, ...] = widest_keys(self._rows)
        self.facts: tuple[tuple[int, bytes], ...] = wanted_facts(self._rows)
        self._at_top = frozenset(two_ways(self._rows))
        # Sequences that differ from file to file, and of which only the presence is asked: with
        # their content no two files would be judged alike.
        self._long_facts = tuple(
            encode_element(tag, vr, b"")[:6]
            for tag, vr in two_ways(self._rows).items()
            if vr == b"SQ"
        )
        self._seen = 0
        self._plain = 0  # of these, the ones that were in no Secure DICOM File
        self._found: set[tuple[str, str, str]] = set()  # rule, where, message
        self._remembered: dict[tuple[object, ...], Verdict] = {}
        self._records = RecordChecks(self._living)

    def see(
        self,
        record: DirectoryRecord | None,
        parents: Parents | None,
        instance: Instance,
        pread: PRead,
        *,
        is_secure: bool = False,
    ) -> None:
        """Take in one instance of the medium.

        Args:
            record: that names the file; None: no record does.
            parents: the records above it.
            instance: read with `additional_keys` and `facts`.
            pread: reads the file, (length, offset) → bytes; asked only for compressed frames.
            is_secure: it was in a Secure DICOM File.
        """
        self._seen += 1
        self._plain += not is_secure
        if not self._alive and not self._claimed and not self._against.going:
            return
        if any(beginning in instance.facts for beginning in self._long_facts):
            instance = instance._replace(facts=_presence_of_sequences(instance.facts))
        if self._claimed and not is_secure and self._rows[0].security is Security.CMS:
            self._tell((Fault(rules.PLAIN_FILE),), instance.source)
        shape = own = _NOTHING
        if record is not None:
            try:
                shape = shape_of(record.keys)
                own = shape if record.keys == instance.keys else shape_of(instance.keys)
            except BadEncoding:
                record = None  # the directory's own rules say so
        if not self._judge(record, instance, shape, own) or not self._asked:
            return
        if record is not None:
            for told in self._records.see(record, parents, instance, shape, own):
                self._settle(*told)
        if needs_streams(instance.transfer_syntax_uid):
            self._see_streams(instance, pread)
        elif self._claimed:
            short = short_fault(instance)
            if short is not None:
                self._tell((short,), where_of(record, instance))

    def _judge(
        self, record: DirectoryRecord | None, instance: Instance, shape: Shape, own: Shape
    ) -> bool:
        """Judge what files of one series share, or remember how it was judged.

        Returns:
            Whether there is more to be judged.
        """
        record_type = record.record_type if record is not None else ""
        key = (
            instance.sop_class_uid,
            instance.transfer_syntax_uid,
            instance.facts,
            record_type,
            shape.tags,
            own.tags,
        )
        known = self._remembered.get(key)
        if known is None:
            kind = self._against.kind(key)
            known = self._decide(record_type, instance, shape, own, kind)
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[key] = known
        self._alive &= known.stay
        self._fitting &= known.stay
        if known.told:
            where = where_of(record, instance)
            for rule, place, message in known.told:
                self._found.add((rule, f"{where} {place}" if place else where, message))
        return known.has_place

    def _decide(
        self, record_type: str, instance: Instance, shape: Shape, own: Shape, kind: int
    ) -> Verdict:
        present = shape.presence()
        about = Own(
            instance.sop_class_uid,
            fact(instance, IMAGE_TYPE) or b"",
            present if own is shape else own.presence(),
            self._top_level(instance),
        )
        stay = self._all
        told: tuple[tuple[str, str, str], ...] = ()
        has_place = True
        for index, group in enumerate(self._groups):
            if not self._alive >> index & 1 and not self._claimed and not self._against.going:
                continue
            keys = group.profile.additional_keys
            faults = [*content_faults(group.profile, instance)]
            fits = not any(fault.rule in _NO_PLACE for fault in faults)
            if record_type and fits:
                faults += key_faults(keys, record_type, present, about)
            if _has_errors(faults) and not self._claimed:
                stay &= ~(1 << index)
                self._against.files(index, kind, (fault.rule for fault in faults))
            if self._claimed:
                told = tuple((f.rule.id, f.place, f.message or f.rule.meaning) for f in faults)
                has_place = fits
        return Verdict(stay, told, has_place)

    def _top_level(self, instance: Instance) -> dict[int, bool | None]:
        try:
            has_value = shape_of(instance.facts).presence()
        except BadEncoding:
            has_value = {}
        return {tag: has_value.get(tag) for tag in self._at_top}

    def _see_streams(self, instance: Instance, pread: PRead) -> None:
        """Judge the compressed frames of one file, the same for all profiles that allow them."""
        if self._claimed and self._excluded(instance):
            return
        try:
            faults = list(stream_faults(instance, pread))
        except CannotRead:
            return  # told where the file is read to its end
        if faults:
            where = f"{instance.source} {number_of(0x7FE00010)}"
            for index, _ in self._living():
                self._settle(index, faults, where)

    def _excluded(self, instance: Instance) -> bool:
        """Tell whether the claimed profile has no place for the instance in its syntax."""
        allowed = self._rows[0].allowed_syntaxes(instance.sop_class_uid)
        return allowed is None or (
            isinstance(allowed, frozenset) and instance.transfer_syntax_uid not in allowed
        )

    @property
    def _asked(self) -> int:
        """The groups that are still to be asked, as bits."""
        return self._fitting if self._against.going else self._alive

    def _living(self) -> Iterator[tuple[int, Group]]:
        asked = self._asked
        return ((index, group) for index, group in enumerate(self._groups) if asked >> index & 1)

    def _settle(self, index: int, faults: Collection[Fault], where: str) -> None:
        if self._claimed:
            self._tell(faults, where)
        elif _has_errors(faults):
            self._alive &= ~(1 << index)
            self._against.late(index, (fault.rule for fault in faults))

    def _tell(self, faults: Collection[Fault], where: str) -> None:
        for rule, place, message in faults:
            at = f"{where} {place}" if place else where
            self._found.add((rule.id, at, message or rule.meaning))

    def state(self) -> object:
        """Return what was seen as plain values that `marshal` takes."""
        return [self._seen, self._plain, self._alive, list(self._found), self._against.state()]

    def absorb(self, state: object) -> None:
        """Take in the `state` of checks that another process made for the same profiles."""
        values: Any = state
        seen, plain, alive, found, against = values
        self._seen += seen
        self._plain += plain
        self._alive &= alive
        self._found.update(map(tuple, found))
        self._against.absorb(against)

    @property
    def nearest(self) -> Nearest | None:
        """After `finish`: the profile that least speaks against, where none is satisfied."""
        return self._nearest

    @property
    def unseen(self) -> tuple[str, ...]:
        """After `finish`: identifiers that fit but for a protection of the mail (PS3.15 B.8).

        Nobody saw it: it is not in the files.
        """
        return self._unseen

    def finish(
        self,
        *,
        file_system: str,
        instances: int,
        secure_files: Collection[str],
        unopened: Collection[str] | None = None,
        medium: str = "",
        of_media: Mapping[Medium, Collection[Finding]] | None = None,
    ) -> tuple[list[Finding], tuple[str, ...]]:
        """Return the findings of the claimed profile, and which identifiers are satisfied.

        Args:
            file_system: what the media room calls it: "iso9660", "udf", "folder", …
            instances: number of instances that the directory names; negative: there is no
                directory to judge, which is told elsewhere.
            secure_files: File IDs of the Secure DICOM Files, the DICOMDIR among them.
            unopened: those of them that nobody looked into; None: all.
            medium: one of `Medium`'s values; "" when unknown, as for an image in a file.
            of_media: how the file system departs from what single media ask of it, beyond what
                is wrong on all of them; not for a claimed profile, whose departures are told.
        """
        findings = [
            rules.BY_ID[rule].at(where, message) for rule, where, message in sorted(self._found)
        ]
        findings.sort(key=lambda finding: (finding.where, finding.rule))
        satisfied: list[str] = []
        unseen: list[str] = []
        unopened = secure_files if unopened is None else unopened
        if not self._claimed:  # that there are any is all that is asked
            secure_files = _few(secure_files)
        # Of what nobody looked into it cannot be told what it satisfies.
        all_secure = bool(secure_files) and not unopened and not self._plain
        of_medium: list[Collection[Finding]] = []
        for row, group in zip(self._rows, self._group_of, strict=True):
            whole = check_medium(
                row,
                file_system=file_system,
                medium=medium,
                instances=instances,
                seen=self._seen,
                secure_files=secure_files,
                unopened=unopened,
            )
            whole += (of_media or {}).get(row.medium, ())
            of_medium.append(whole)
            if self._claimed:
                findings += whole
                whole = findings
            elif row.security is Security.CMS and not all_secure:
                continue
            if self._alive >> group & 1 and not speaks_against(whole):
                kind = unseen if row.security is Security.SMIME else satisfied
                kind.append(row.identifier)
        self._unseen = tuple(unseen)
        if not satisfied and not self._claimed:
            security = Security.CMS if all_secure else Security.NONE
            self._nearest = self._against.nearest(self._rows, self._group_of, of_medium, security)
        return findings if self._claimed else [], tuple(satisfied)


def _few(secure_files: Collection[str]) -> Collection[str]:
    """Return the directory and one other, if they are among *secure_files*."""
    others = sorted(name for name in secure_files if name != _DICOMDIR)[:1]
    return [_DICOMDIR, *others] if _DICOMDIR in secure_files else others


def speaks_against(findings: Collection[Finding]) -> bool:
    """Tell whether *findings* hold an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _has_errors(faults: Collection[Fault]) -> bool:
    return any(fault.rule.severity is Severity.ERROR for fault in faults)


def _presence_of_sequences(facts: bytes) -> bytes:
    """Return *facts* with one empty item in every Referenced Image Sequence that has items."""
    try:
        return b"".join(
            encode_element(tag, vr, encode_item(b"") if facts.startswith(_ITEM, value) else b"")
            if tag == REFERENCED_IMAGES
            else facts[start:after]
            for tag, vr, start, value, after in iterate_elements(facts)
        )
    except BadEncoding:
        return facts
