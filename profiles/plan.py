"""A plan: what goes on the medium, under which File ID, how, and what stays off and why."""

from dataclasses import dataclass
from enum import StrEnum

from dicomdir.instance import Instance, NotIndexed


class Action(StrEnum):
    """How an instance comes onto the medium."""

    COPY = "copied"  # byte for byte
    REHEAD = "re-headed"  # new preamble and File Meta Information, data set byte for byte
    TRANSCODE = "transcoded"  # data set rewritten in a transfer syntax of the profile


@dataclass(frozen=True, slots=True)
class PlannedInstance:
    """One instance that goes on the medium."""

    instance: Instance
    action: Action
    reason: str  # why it is not simply copied; "" when it is


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was decided, in the order in which it will be written."""

    profile: str
    instances: tuple[PlannedInstance, ...]
    left_out: tuple[NotIndexed, ...]  # what the scan could not take in, then what does not fit
    remarks: tuple[str, ...]  # for the operator: merged patients, generated keys, …
