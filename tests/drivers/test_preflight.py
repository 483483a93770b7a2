"""What speaks against writing a device, and what nobody may talk it out of."""

import pickle
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import Found
from drivers.mmc.recording_facts import Medium
from drivers.preflight import ROWS, Demand, Refused, insist, preflight

ALL = frozenset(row.id for row in ROWS)
GIB = 1 << 30


def stick(**more: Any) -> Found:
    plain = Found("/dev/sdb", "stick", "SanDisk", "Ultra", "4C53", 16 * GIB, True, False)
    return plain._replace(**{"blank": True, "bus": "usb 1-4", **more})


def drive(**more: Any) -> Found:
    return Found("/dev/sr0", "optical", "HL", "DVD", "", None, True, False)._replace(**more)


def disc(**more: Any) -> Medium:
    plain = Medium("DVD+R", 0x1B, "blank", 2295104, 0, 0, False, 2295104)
    return plain._replace(**more)


STICK, DISC = Demand(GIB, "stick"), Demand(GIB, "optical")
REWRITABLE = disc(kind="CD-RW", erasable=True, capacity=GIB // 2048)

CASES = [
    (stick(), STICK, None, []),
    (stick(system=True, mounted=("/",)), STICK, None, ["system-disk"]),
    (stick(system=True), STICK, None, ["system-disk"]),
    (stick(mounted=("/media/x",)), STICK, None, ["mounted"]),
    (stick(in_use_by=("swap",)), STICK, None, ["in-use"]),
    (stick(), STICK._replace(sources=frozenset(("/dev/sdb",))), None, ["source-medium"]),
    (stick(), STICK._replace(sources=frozenset(("/dev/sdc",))), None, []),
    (stick(), DISC, None, ["wrong-kind"]),
    (drive(), STICK, disc(), ["wrong-kind"]),
    (drive(records=False), DISC, None, ["only-reads"]),
    (drive(records=True), DISC, disc(), []),
    (stick(kind="disk", removable=False), STICK, None, ["not-removable"]),
    (stick(read_only=True), STICK, None, ["read-only"]),
    (stick(size=None), STICK, None, ["unknown-size"]),
    (stick(size=GIB - 1), STICK, None, ["too-small"]),
    (stick(size=GIB), STICK, None, []),
    (stick(blank=False), STICK, None, ["not-blank"]),
    (stick(blank=None), STICK, None, ["not-blank"]),
    (stick(blank=None, partitions=("sdb1",)), STICK, None, ["not-blank"]),
    (drive(), DISC, disc(), []),
    (drive(), DISC, None, ["unknown-size"]),
    (drive(), DISC, disc(free=GIB // 2048 - 1), ["too-small"]),
    (drive(), DISC, disc(free=GIB // 2048), []),
    (drive(), DISC, disc(state="appendable", sessions=1), ["unwritable-disc"]),
    (drive(), DISC, disc(state="complete", free=0), ["unwritable-disc"]),
    (drive(), DISC, disc(profile=0x08, kind="CD-ROM", state="complete"), ["unwritable-disc"]),
    (drive(), DISC, disc(profile=0x42, kind="BD-R (random)"), ["unwritable-disc"]),
    (drive(), DISC, REWRITABLE._replace(state="complete", free=0), ["not-blank"]),
    (drive(), DISC, REWRITABLE._replace(state="overwritable"), []),
    (drive(blank=False), DISC, REWRITABLE._replace(state="overwritable"), ["not-blank"]),
    (drive(mounted=("/cdrom",)), DISC, disc(), ["mounted"]),
    (drive(mounted=("/cdrom",)), DISC, None, ["mounted"]),
    (drive(), DISC, disc(kind="CD-R", free=359844, capacity=359844), ["too-small"]),
]


@pytest.mark.parametrize(("found", "demand", "medium", "ids"), CASES)
def test_each_device_is_refused_for_what_it_is(
    found: Found, demand: Demand, medium: Medium | None, ids: list[str]
) -> None:
    refusals = preflight(found, demand, medium)
    assert [one.id for one in refusals] == ids
    assert all(one.where == found.path and one.remedy and one.what for one in refusals)


def test_every_row_has_a_case() -> None:
    assert {one for *_, ids in CASES for one in ids} == ALL


def subsets() -> list[frozenset[str]]:
    return [frozenset(some) for n in range(len(ALL) + 1) for some in combinations(sorted(ALL), n)]


@pytest.mark.parametrize("use", [{"system": True}, {"mounted": ("/media/x",)}])
def test_no_flags_of_any_kind_write_the_system_disk_or_what_is_mounted(use: dict[str, Any]) -> None:
    wanted = "system-disk" if "system" in use else "mounted"
    for found in (stick(**use), drive(**use), stick(kind="disk", removable=False, **use)):
        for skip in subsets():
            for kind in ("stick", "optical"):
                demand = Demand(1, kind, skip=skip)  # type: ignore[arg-type]
                assert wanted in [one.id for one in preflight(found, demand, disc())]


def test_only_what_is_on_a_medium_can_be_given_up() -> None:
    assert {row.id for row in ROWS if row.skippable} == {"not-blank"}
    # What follows is to be mended one after the other; what settles it comes last, or alone.
    worst = stick(size=1, mounted=("/",), in_use_by=("md",), read_only=True, blank=False)
    skipping = STICK._replace(skip=ALL)
    assert [one.id for one in preflight(worst, skipping)] == ["mounted", "in-use", "read-only"]
    writable = worst._replace(read_only=False)
    assert [one.id for one in preflight(writable, skipping)] == ["mounted", "in-use", "too-small"]
    assert [one.id for one in preflight(worst._replace(system=True), skipping)] == ["system-disk"]


def test_what_the_operator_takes_on_is_not_asked_again() -> None:
    full = stick(blank=False)
    assert not preflight(full, STICK._replace(skip=frozenset(("not-blank",))))


def test_a_flag_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="force"):
        preflight(stick(), STICK._replace(skip=frozenset(("force",))))


@given(
    st.builds(
        stick,
        system=st.booleans(),
        mounted=st.sampled_from([(), ("/mnt",)]),
        in_use_by=st.sampled_from([(), ("swap",)]),
        size=st.sampled_from([None, 0, 5, GIB]),
        removable=st.booleans(),
        kind=st.sampled_from(["stick", "disk", "optical"]),
    ),
    st.sampled_from(["stick", "optical"]),
    st.sets(st.sampled_from(sorted(ALL))),
)
def test_nothing_passes_that_is_in_anybodys_use(found: Found, kind: Any, skip: set[str]) -> None:
    if not preflight(found, Demand(1, kind, skip=frozenset(skip)), disc()):
        assert not found.system
        assert not found.mounted
        assert not found.in_use_by
        assert (found.kind == "optical") == (kind == "optical")


def test_a_refusal_says_all_that_speaks_against_it_and_survives_a_journey() -> None:
    with pytest.raises(Refused) as caught:
        insist(stick(mounted=("/media/x",), read_only=True), STICK)
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own)
    assert error.exit_code == 3
    assert "is mounted at /media/x; is write-protected" in str(error)
    assert [one.id for one in error.refusals] == ["mounted", "read-only"]
    assert error.details["refusals"][0]["skippable"] is False
    insist(stick(), STICK)
