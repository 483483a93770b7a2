"""What a job has not made, and the words by which another job makes just that."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import join
from typing import Any, NamedTuple

from jacket.authored import Selection
from jacket.burning.result import DiscResult, which
from profiles.plan import DEFAULT_QUALITY


class Missing(NamedTuple):
    """A medium that was asked for and is not made."""

    volume: int  # from 1
    of: int  # volumes in the set
    copy: int  # from 1
    copies: int  # of each volume that are wanted

    def plain(self) -> dict[str, int]:
        """Return it for JSON."""
        return {"volume": self.volume, "of": self.of, "copy": self.copy}


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, as far as a record may hold it: nothing that tells who a patient is."""

    clock: int  # seconds since 1970, that is written on the media
    words: tuple[str, ...]  # of the command, but for sources, device, selection and secrets
    share: tuple[str, ...]  # those of them that say how volumes are shared out
    volumes: tuple[int, ...]  # that are to be made; none: all
    sources: int  # how many were named
    selected: Mapping[str, int]  # kind → how many were named
    set_id: str = ""  # what the set is known by, as soon as it is planned

    def of_set(self, set_id: str) -> "Order":
        """Return the same, now that it is known by what the set goes."""
        return replace(self, set_id=set_id)

    def plain(self) -> dict[str, Any]:
        """Return it for the record of the job."""
        return {
            "clock": self.clock,
            "words": list(self.words),
            "sources": self.sources,
            "selected": dict(self.selected),
        }

    def missing(self, results: Sequence[DiscResult]) -> tuple[Missing, ...]:
        """Return what is not made, as far as media that were begun tell how many there are."""
        if not results:
            return ()
        of, copies = results[-1].of, results[-1].copies
        return tuple(
            Missing(volume, of, copy, copies)
            for volume in self.volumes or range(1, of + 1)
            for copy in range(1, copies + 1)
            if not any(_is_it(result, volume, copy) for result in results)
        )

    def commands(self, missing: Sequence[Missing]) -> Iterator[str]:
        """Yield the commands that make what is *missing*, with "..." for the same words."""
        copies_of = {number: 0 for number, *_ in missing}
        for item in missing:
            copies_of[item.volume] += 1
        for copies in sorted(set(copies_of.values())):
            volumes = [number for number, wanted in copies_of.items() if wanted == copies]
            some = volumes if len(volumes) < missing[0].of else ()
            yield self.command(some, copies if missing[0].copies > 1 else None)

    def command(self, volumes: Collection[int] = (), copies: int | None = None) -> str:
        """Return the command that makes these *volumes* again, byte for byte as they were."""
        words = ["jacket", "burn", "...", *self.share]
        if self.share:
            words += ["--set", self.set_id] if self.set_id else []
            words += [word for number in volumes for word in ("--volume", str(number))]
        words += () if copies is None else ("--copies", str(copies))
        return f"SOURCE_DATE_EPOCH={self.clock} {join(words)}"


def _is_it(result: DiscResult, volume: int, copy: int) -> bool:
    # What is handed over is so with all its copies.
    is_copy = result.copy == copy or result.verdict == "handed over"
    return result.is_made and result.volume == volume and is_copy


def order_of(
    planning: Mapping[str, Any],
    *,
    clock: int,
    profile: str,
    capacity: int | None,
    sources: int,
) -> Order:
    """Return what was asked for.

    Args:
        planning: as of `jacket.burning.burn.burn`.
        clock: the job's, in seconds since 1970.
        profile: identifier, or "auto".
        capacity: bytes of each medium that are used; it decides how volumes are shared out.
        sources: how many were named.
    """
    share: list[str] = []
    if planning.get("split"):
        share += ["--split", *(() if capacity is None else ("--capacity", str(capacity)))]
    chosen = planning.get("selection") or Selection()
    selected = {
        "patients": len(chosen.patients),
        "studies": len(chosen.studies),
        "series": len(chosen.series),
        "accessions": len(chosen.accessions),
    }
    return Order(
        clock,
        ("--profile", profile, *share, *_conversion(planning)),
        tuple(share),
        tuple(sorted(set(planning.get("volumes", ())))),
        sources,
        {kind: number for kind, number in selected.items() if number},
    )


def _conversion(planning: Mapping[str, Any]) -> Iterator[str]:
    if planning.get("label") is not None:
        yield from ("--label", planning["label"])
    yield from ("--transcode", str(planning.get("transcode", "auto")))
    if planning.get("quality", DEFAULT_QUALITY) != DEFAULT_QUALITY:
        yield from ("--quality", str(planning["quality"]))
    if planning.get("icons") is not None:
        yield "--icons" if planning["icons"] else "--no-icons"


def say_rest(results: Sequence[DiscResult], order: Order) -> str:
    """Return what is made, what is missing and how it is made; "" of a job with one medium."""
    missing = order.missing(results)
    if not results or (results[-1].of == results[-1].copies == 1):
        return ""
    told = ", ".join(f"{result.which} is {result.verdict.upper()}" for result in results)
    if not missing:
        return f"So far: {told}; none is missing"
    names = "; ".join(which(*item) for item in missing)
    commands = " and ".join(order.commands(missing))
    return (
        f"So far: {told}. Missing: {names}. This makes what is missing, with the same sources "
        f"and words in place of the dots (but for --volume and --copies): {commands}"
    )
