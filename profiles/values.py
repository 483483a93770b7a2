"""Whether the attributes of an instance keep to the value tables of a profile (PS3.11)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from dicomdir.elements import iterate_elements, text
from dicomdir.instance import Instance
from profiles.application_profiles import ApplicationProfile, Traits, ValueRule

_PHOTOMETRIC: Final = 0x00280004
_NUMBER_OF_FRAMES: Final = 0x00280008
# What planner and checker ask of every instance, whatever the profile.
ALWAYS: Final[tuple[tuple[int, bytes], ...]] = (
    (0x00280002, b"US"),  # Samples per Pixel
    (_PHOTOMETRIC, b"CS"),
    (0x00280006, b"US"),  # Planar Configuration
    (_NUMBER_OF_FRAMES, b"IS"),
    (0x00280010, b"US"),  # Rows, Columns
    (0x00280011, b"US"),
    (0x00280100, b"US"),  # Bits Allocated, Bits Stored, High Bit, Pixel Representation
    (0x00280101, b"US"),
    (0x00280102, b"US"),
    (0x00280103, b"US"),
)


class Breach(NamedTuple):
    """One value rule that an instance breaks."""

    rule: ValueRule
    message: str  # a sentence that names the attribute, what it is and what the profile wants
    mendable: bool  # an attribute that may be empty is absent: it can be added without a value


def facts_for(profiles: Iterable[ApplicationProfile]) -> tuple[tuple[int, bytes], ...]:
    """Return what `dicomdir.index.Indexer` must put into `Instance.facts` for these profiles."""
    del profiles
    return ALWAYS


def traits_of(instance: Instance) -> Traits:
    """Return what decides under which row of a table an instance falls."""
    photometric, multi_frame = "", False
    for tag, _, _, value, after in iterate_elements(instance.facts):
        if tag == _PHOTOMETRIC:
            photometric = text(instance.facts[value:after])
        elif tag == _NUMBER_OF_FRAMES:
            multi_frame = True
    return Traits(photometric, multi_frame)


def breaches(profile: ApplicationProfile, instance: Instance) -> tuple[Breach, ...]:
    """Return what of an instance departs from the value tables of *profile*."""
    del profile, instance
    return ()
