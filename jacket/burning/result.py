"""What the job "burn" has made: disc by disc, each with a verdict that says no more than is so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from drivers.mmc.recording_facts import WrittenDisc
from jacket.authored import Authored
from jacket.burning.defects import Defect
from jacket.burning.read_back import ReadBack
from jacket.verification import Verification
from jacket.writing import Volume
from reporting import CannotWrite, Interrupted, Severity

Verdict = Literal[
    "good",  # every block reads back as it was written, and a reader finds nothing wrong
    "not compliant",  # every block reads back, and a reader finds what should be otherwise
    "bad",  # written to its end, and it does not read back
    "failed",  # writing ended early
    "interrupted",
    "handed over",  # to another machine, which has still to write it
]
# How far a medium has come. "blank": it was made so; "written": to its end.
Stage = Literal[
    "", "blanking", "formatting", "blank", "wiping", "writing", "written", "verifying"
]  # fmt: skip
_BEGUN: Final = ("wiping", "writing", "written", "verifying")
_PLACES: Final = 20  # defects that an error names
SIMULATED: Final = "SIMULATED: nothing was burned, there is no medium to hand out"

_CLOSED: Final = (
    "it is encrypted for others, so that no reader could look at what is in it; every block is as "
    "it was made"
)


class DiscFailed(CannotWrite):
    """A medium was begun and must not be given to anybody; its details say why."""


class BurnInterrupted(Interrupted):
    """The operator stopped the job; what has become of the medium is told."""


@dataclass(slots=True)
class DiscResult:
    """One medium."""

    volume: int  # number, from 1
    copy: int  # from 1
    label: str
    size: int  # bytes
    medium: str = ""  # "CD-R", "stick", …
    identifier: str = ""  # of this one disc, where it has one
    verdict: Verdict = "failed"
    why: str = ""  # it is not good
    sha256: str | None = None  # of all that was handed to the drive from block 0 on
    written: WrittenDisc | None = None
    read_back: ReadBack | None = None
    verification: Verification | None = None
    defects: tuple[Defect, ...] = ()
    map_file: str = ""
    source_waits: int = 0  # times that the source was too slow
    remarks: tuple[str, ...] = ()  # that an operator should know of a good medium
    beginning: bytes = b""  # digests of its first blocks, by which it is known again
    facts: dict[str, Any] = field(default_factory=dict)
    of: int = 1  # volumes in the set
    copies: int = 1  # of each volume that are wanted
    stage: Stage = ""
    simulated: bool = False  # there is no disc: it was in the memory of this computer

    @property
    def is_begun(self) -> bool:
        """Whether something was written, so that it is not as blank any more as it was."""
        return self.stage in _BEGUN

    @property
    def is_made(self) -> bool:
        """Whether it was made to its end: there is no use in making it again."""
        return self.verdict in ("good", "not compliant", "handed over")

    @property
    def which(self) -> str:
        """Return which of the job's media it is."""
        # What is handed over is so with all its copies.
        copies = 1 if self.verdict == "handed over" else self.copies
        return which(self.volume, self.of, self.copy, copies)

    def hear(self, stage: str, done: int) -> None:
        """Take from what is told as progress how far it has come."""
        if stage == "format" and not self.is_begun:
            self.stage = "formatting"
        elif stage == "write" and done:
            self.stage = "writing"

    def take_left(self, left: WrittenDisc | None) -> None:
        """Note what a recording that did not come to its end has left."""
        self.written = self.written or left
        if self.written is None or self.is_begun:
            return
        # More may be there than the drive was heard to take.
        if self.written.begun:
            self.stage = "writing"

    def take_verification(self, found: Verification) -> None:
        """Note what a reader finds on a medium all of which reads back; it decides."""
        self.verification = found
        if found.compliant and not found.unread:
            self.verdict, self.why = "good", ""
            return
        if found.is_closed:  # Encrypted for others, whose keys nobody has here.
            self.verdict, self.why = "good", ""
            self.remarks += (_CLOSED,)
            return
        rules = sorted({f.rule for f in found.findings if f.severity is Severity.ERROR})
        self.verdict, self.why = "not compliant", f"a reader finds: {', '.join(rules)}"

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "volume": self.volume,
            "of": self.of,
            "copy": self.copy,
            "copies": self.copies,
            "label": self.label,
            "bytes": self.size,
            "medium": self.medium,
            "medium_id": self.identifier,
            "simulated": self.simulated,
            "verdict": self.verdict,
            "why": self.why,
            "stage": self.stage,
            "sha256": self.sha256,
            "written": None if self.written is None else self.written._asdict(),
            "read_back": _plain_read_back(self.read_back),
            "verified": _plain_verification(self.verification),
            "defects": [defect.plain() for defect in self.defects],
            "map": self.map_file,
            "source_waits": self.source_waits,
            "remarks": list(self.remarks),
            **self.facts,
        }


def which(volume: int, of: int, copy: int, copies: int) -> str:
    """Return which medium of a job is meant; numbers are left out where there is but one."""
    told = f"volume {volume} of {of}" if of > 1 else ""
    number = f"copy {copy} of {copies}" if copies > 1 else ""
    return ", ".join(filter(None, (told, number))) or "the medium"


def result_for(volume: Volume, copy: int, medium: str = "") -> DiscResult:
    """Return what is to be known of one medium of *volume*."""
    job = volume.job
    return DiscResult(job.number, copy, job.label, volume.measured.size, medium, of=job.of)


def _plain_read_back(done: ReadBack | None) -> Mapping[str, Any] | None:
    if done is None:
        return None
    return {
        "good": done.is_good,
        "unreadable_blocks": done.unreadable,
        "differing_blocks": done.differing,
        "retried_blocks": done.retried,
        "untried_blocks": done.map.count("?"),
        "seconds": round(done.seconds, 3),
        "broken_off": done.broken_off,
    }


def _plain_verification(verdict: Verification | None) -> Mapping[str, Any] | None:
    if verdict is None:
        return None
    errors = [f for f in verdict.findings if f.severity is Severity.ERROR]
    heads = verdict.heads_known
    return {
        "compliant": verdict.compliant,
        "errors": len(errors),
        "warnings": verdict.count(Severity.WARNING),
        "instances": verdict.instances,
        "patients": None if heads is None else heads.patients,
        "studies": None if heads is None else heads.studies,
        "files": verdict.files,
        "rules": sorted({finding.rule for finding in errors}),
    }


@dataclass(frozen=True, slots=True)
class Burned:
    """What a job has burned."""

    authored: Authored
    device: str
    discs: tuple[DiscResult, ...]
    record: str  # path of the job's record; "" after a dry run
    target: Mapping[str, Any]  # drive and medium, as the record has them
    again: str = ""  # of a set: the command that makes volumes again, but for --volume K

    @property
    def simulated(self) -> bool:
        """Whether there was no drive, so that there is no medium."""
        return bool(self.target.get("simulated"))

    @property
    def clean(self) -> bool:
        """Whether every medium is good, and nothing that may matter was left out."""
        return self.authored.clean and all(
            disc.verdict in ("good", "handed over") for disc in self.discs
        )


def defect_words(defects: tuple[Defect, ...]) -> str:
    """Return what is damaged, for an error: files and records by their numbers."""
    told = [f"{d.file} ({d.record})" if d.record else d.file for d in defects[:_PLACES]]
    more = len(defects) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


# What is told of several media is what is told of the worst.
_FROM_WORST: Final[tuple[Verdict, ...]] = (
    "interrupted",
    "failed",
    "bad",
    "not compliant",
    "handed over",
    "good",
)


def worst(discs: Iterable[DiscResult]) -> Verdict:
    """Return the verdict on several media, at least one."""
    return min((disc.verdict for disc in discs), key=_FROM_WORST.index)


def state_of(discs: Sequence[DiscResult]) -> Verdict:
    """Return what became of a job that failed: what of its media, or of itself alone."""
    verdict = worst(discs) if discs else "failed"
    return verdict if verdict in ("bad", "interrupted") else "failed"
