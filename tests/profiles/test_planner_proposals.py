"""Which profile is proposed for what, and why."""

from collections.abc import Callable

import pytest

from dicomdir.elements import encode_element
from dicomdir.instance import Instance
from profiles.application_profiles import Medium
from profiles.profile_table import PROFILES
from profiles.propose import Proposal, propose
from profiles.transfer_syntaxes import DECODABLE

MakeInstance = Callable[..., Instance]
IMPLICIT = "1.2.840.10008.1.2"
JPEG_LOSSLESS, JPEG_2000 = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"
MPEG2, H264 = "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102"
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
FACTS = b"".join(
    encode_element(tag, vr, value)
    for tag, vr, value in (
        (0x00080060, b"CS", b"CT"),
        (0x00280002, b"US", b"\1\0"),
        (0x00280004, b"CS", b"MONOCHROME2"),
        (0x00280010, b"US", b"\0\2"),
        (0x00280011, b"US", b"\0\2"),
        (0x00280100, b"US", b"\x10\0"),
        (0x00280101, b"US", b"\x10\0"),
        (0x00280102, b"US", b"\x0f\0"),
        (0x00280103, b"US", b"\0\0"),
    )
)
KEYS = encode_element(0x00280010, b"US", b"\0\2") + encode_element(0x00280011, b"US", b"\0\2")


@pytest.fixture
def ct(make_instance: MakeInstance) -> MakeInstance:
    def make(syntax: str = "1.2.840.10008.1.2.1", size: int = 524_288) -> Instance:
        return make_instance(syntax=syntax, size=size)._replace(facts=FACTS, keys=KEYS)

    return make


@pytest.fixture
def video(make_instance: MakeInstance) -> MakeInstance:
    def make(syntax: str) -> Instance:
        frames = encode_element(0x00280008, b"IS", b"99")
        made = make_instance(syntax=syntax, sop_class=VIDEO)
        return made._replace(facts=frames, keys=KEYS)

    return make


def ranking(
    *instances: Instance, media: tuple[Medium, ...], holds: dict[Medium, int] | None = None
) -> tuple[Proposal, ...]:
    return propose(instances, PROFILES.values(), media, decoders=DECODABLE, capacities=holds)


def best(*instances: Instance, media: tuple[Medium, ...]) -> str:
    return ranking(*instances, media=media)[0].profile.identifier


@pytest.mark.parametrize(
    ("medium", "wanted"),
    [
        (Medium.CD_R, "STD-GEN-CD"),
        (Medium.DVD, "STD-GEN-DVD-JPEG"),
        (Medium.DVD_RAM, "STD-GEN-DVD-RAM"),
        (Medium.BD, "STD-GEN-BD"),
        (Medium.USB, "STD-GEN-USB-JPEG"),
        (Medium.MMC, "STD-GEN-MMC-JPEG"),
        (Medium.CF, "STD-GEN-CF-JPEG"),
        (Medium.SD, "STD-GEN-SD-JPEG"),
        (Medium.MOD_41, "STD-CTMR-MOD41"),
        (Medium.MIME, "STD-GEN-MIME"),
        (Medium.ZIP_MAIL, "STD-GEN-ZIP-MAIL"),
    ],
)
def test_plain_slices_get_the_general_profile_of_the_medium(
    ct: MakeInstance, medium: Medium, wanted: str
) -> None:
    assert best(ct(), media=(medium,)) == wanted


@pytest.mark.parametrize(
    ("syntax", "medium", "wanted"),
    [
        (JPEG_LOSSLESS, Medium.CD_R, "STD-CTMR-CD"),
        (JPEG_LOSSLESS, Medium.USB, "STD-GEN-USB-JPEG"),
        (JPEG_2000, Medium.USB, "STD-GEN-USB-J2K"),
        (JPEG_2000, Medium.DVD, "STD-GEN-DVD-J2K"),
        (JPEG_2000, Medium.CD_R, "STD-GEN-CD"),
        (IMPLICIT, Medium.USB, "STD-GEN-USB-JPEG"),
    ],
)
def test_the_profile_that_changes_least_is_the_best(
    ct: MakeInstance, syntax: str, medium: Medium, wanted: str
) -> None:
    assert best(ct(syntax), media=(medium,)) == wanted


def test_to_lose_nothing_comes_before_the_preferred_medium(
    ct: MakeInstance, video: MakeInstance
) -> None:
    media = (Medium.USB, Medium.BD, Medium.DVD)
    assert best(ct(), media=media) == "STD-GEN-USB-JPEG"
    assert best(ct(), video(H264), media=media) == "STD-GEN-BD-MPEG4-HPLV41"
    assert best(ct(), video(MPEG2), media=media) == "STD-GEN-BD-MPEG2-MPML"
    assert best(video(MPEG2), media=(Medium.DVD,)) == "STD-DVD-MPEG2-MPML"
    first = ranking(ct(), video(H264), media=(Medium.USB,))[0]
    assert (first.fitting, first.lost) == (1, 1)
    assert "leaves out 1 of 2 instances" in first.reason
    assert "H.264" in first.reason


def test_what_does_not_fit_on_the_medium_is_not_the_best(ct: MakeInstance) -> None:
    slices = [ct(size=1000) for _ in range(10)]
    found = ranking(*slices, media=(Medium.CD_R, Medium.DVD), holds={Medium.CD_R: 9_999})
    assert found[0].profile.medium is Medium.DVD
    general = next(p for p in found if p.profile.identifier == "STD-GEN-CD")
    assert general.too_large
    only_cd = ranking(*slices, media=(Medium.CD_R,), holds={Medium.CD_R: 9_999})
    assert only_cd[0].profile.identifier == "STD-GEN-CD", "not one that leaves everything out"


def test_secure_profiles_are_not_proposed_and_the_order_is_the_same_every_time(
    ct: MakeInstance,
) -> None:
    found = ranking(ct(), ct(JPEG_2000), media=tuple(Medium))
    assert not any("SEC" in proposal.profile.identifier for proposal in found)
    assert found == ranking(ct(JPEG_2000), ct(), media=tuple(Medium))
    assert len(found) == sum("SEC" not in identifier for identifier in PROFILES)


def test_a_key_that_an_image_lacks_counts_as_a_loss(ct: MakeInstance) -> None:
    bare = ct()._replace(keys=b"")
    found = ranking(ct(), bare, media=(Medium.USB, Medium.BD))
    assert found[0].profile.identifier == "STD-GEN-BD", "Annex D does not ask for Rows"
    usb = next(p for p in found if p.profile.identifier == "STD-GEN-USB-JPEG")
    assert (usb.fitting, usb.lost) == (1, 1)
    assert "Rows (0028,0010)" in usb.reason
