"""A plan: what goes on the medium, under which File ID, how, and what stays off and why."""

from enum import StrEnum
from typing import Final, NamedTuple

from dicomdir.instance import Instance, NotIndexed

BEST_QUALITY: Final = 100
DEFAULT_QUALITY: Final = 90


class Action(StrEnum):
    """How an instance comes onto the medium."""

    COPY = "copied"  # byte for byte
    REHEAD = "re-headed"  # new preamble and File Meta Information, data set byte for byte
    TRANSCODE = "transcoded"  # data set rewritten in a transfer syntax of the profile
    COMPLETE = "completed"  # attributes added without a value; the pixel data byte for byte


class Transcode(StrEnum):
    """What may be changed of the objects, as the operator says."""

    AUTO = "auto"  # only what the profile demands
    LOSSLESS = "lossless"  # and native images are compressed without loss, to save room
    LOSSY = "lossy"  # and images that have seen no loss are compressed with loss
    NEVER = "never"  # nothing


class Policy(NamedTuple):  # not a dataclass: these alone would load `inspect`
    """How far a plan may change objects."""

    transcode: Transcode = Transcode.AUTO
    quality: int = DEFAULT_QUALITY  # 1 to 100, of lossy compression


AUTO: Final = Policy()


class PlannedInstance(NamedTuple):
    """One instance that goes on the medium."""

    instance: Instance
    action: Action
    reason: str  # why it is not simply copied; "" when it is
    target_syntax: str = ""  # UID that it is brought to; "" unless it is transcoded
    # (tag, VR) of attributes that the profile wants and that may be empty: added with no value.
    added: tuple[tuple[int, bytes], ...] = ()
    lossy: bool = False  # the conversion loses information, as was asked for
    source_syntax: str = ""  # UID that it had before it was converted; "" as long as it was not
    source_size: int = 0  # bytes that it had before it was converted; 0 as long as it was not

    @property
    def rewritten(self) -> bool:
        """Whether the data set is written anew, so that it needs a file of its own."""
        return self.action in (Action.TRANSCODE, Action.COMPLETE)

    @property
    def syntax_before(self) -> str:
        """The transfer syntax that the source has."""
        return self.source_syntax or self.instance.transfer_syntax_uid

    @property
    def size_before(self) -> int:
        """The bytes that the source has."""
        return self.source_size or self.instance.size


class Plan(NamedTuple):
    """Everything that was decided, in the order in which it will be written."""

    profile: str
    instances: tuple[PlannedInstance, ...]
    left_out: tuple[NotIndexed, ...]  # what the scan could not take in, then what does not fit
    remarks: tuple[str, ...]  # for the operator: merged patients, generated keys, …
