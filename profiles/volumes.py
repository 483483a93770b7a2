"""Shares instances out among several volumes, each of which becomes a File-set of its own.

What belongs together stays together: a study that one volume can hold is never torn apart, nor
is a series of a larger study, and only a series that no volume can hold is cut into runs.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from profiles.order import Places
from profiles.plan import PlannedInstance

Cost = Callable[[PlannedInstance], int]
_Numbers = Sequence[int]  # of instances, in their order
# Instances of a series, costs of all, bytes of room → runs of the series.
_Cut = Callable[[_Numbers, Sequence[int], int], list[_Numbers]]


class Share(NamedTuple):
    """What one volume gets."""

    instances: tuple[PlannedInstance, ...]  # in the order in which they were given
    cost: int  # bytes


class TooLarge(ValueError):
    """One instance alone is more than a volume has room for."""

    def __init__(self, item: PlannedInstance, cost: int) -> None:
        super().__init__(f"{cost:,} bytes for {item.instance.source}")
        self.item, self.cost = item, cost


class _Unit(NamedTuple):
    """What is not torn apart: a study, a series, or a run of a series."""

    first: int  # number of its first instance
    numbers: tuple[int, ...]
    cost: int  # bytes


def share_out(items: Sequence[PlannedInstance], cost: Cost, room: int) -> tuple[Share, ...]:
    """Share *items* out among volumes with *room* for so many bytes each.

    Pure, and the same for the same input. Volumes are as few as large pieces first can bring
    about, filled about equally, and follow one another as their first instances do.

    Args:
        items: in the order in which they are to be written; a study's need not be neighbours.
        cost: bytes that an instance takes on a volume.
        room: bytes of a volume for instances.

    Raises:
        TooLarge: one instance costs more than *room*.
    """
    costs = [cost(item) for item in items]
    for item, bytes_ in zip(items, costs, strict=True):
        if bytes_ > room:
            raise TooLarge(item, bytes_)
    volumes = min(
        (_even(list(_units(items, costs, room, runs)), room) for runs in (_equal_runs, _full_runs)),
        key=len,
    )
    shared = [sorted(n for unit in volume for n in unit.numbers) for volume in volumes]
    return tuple(
        Share(tuple(items[n] for n in numbers), sum(costs[n] for n in numbers))
        for numbers in sorted(shared)
    )


def _units(
    items: Sequence[PlannedInstance], costs: Sequence[int], room: int, runs: _Cut
) -> Iterator[_Unit]:
    """Yield whole studies; of one that is too large its series; of such a series runs."""
    places = Places()
    where = [places.of(item.instance) for item in items]
    for study in _grouped(range(len(items)), lambda n: where[n][:2]):
        if _sum(study, costs) <= room:
            yield _unit(study, costs)
            continue
        for series in _grouped(study, lambda n: where[n]):
            yield from (_unit(run, costs) for run in runs(series, costs, room))


def _grouped(numbers: _Numbers, key: Callable[[int], Hashable]) -> Iterator[_Numbers]:
    groups: dict[Hashable, list[int]] = {}
    for number in numbers:
        groups.setdefault(key(number), []).append(number)
    yield from groups.values()


def _full_runs(numbers: _Numbers, costs: Sequence[int], room: int) -> list[_Numbers]:
    """Return the fewest runs of at most *room* bytes: all full but the last."""
    runs: list[list[int]] = [[]]
    left = room
    for number in numbers:
        if costs[number] > left:
            runs.append([])
            left = room
        runs[-1].append(number)
        left -= costs[number]
    return list[_Numbers](runs)


def _equal_runs(numbers: _Numbers, costs: Sequence[int], room: int) -> list[_Numbers]:
    """Return as few runs as `_full_runs`, of about the same size."""
    fewest = len(_full_runs(numbers, costs, room))
    too_small, enough = max(costs[number] for number in numbers) - 1, room
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if len(_full_runs(numbers, costs, middle)) > fewest:
            too_small = middle
        else:
            enough = middle
    return _full_runs(numbers, costs, enough)


def _sum(numbers: _Numbers, costs: Sequence[int]) -> int:
    return sum(costs[number] for number in numbers)


def _unit(numbers: _Numbers, costs: Sequence[int]) -> _Unit:
    return _Unit(numbers[0], tuple(numbers), _sum(numbers, costs))


def _largest_first(units: Sequence[_Unit]) -> list[_Unit]:
    return sorted(units, key=lambda unit: (-unit.cost, unit.first))


def _few(units: Sequence[_Unit], room: int) -> list[list[_Unit]]:
    """Return few volumes: each unit, the largest first, goes where first it has room."""
    volumes: list[list[_Unit]] = []
    left: list[int] = []
    for unit in _largest_first(units):
        place = next((n for n, free in enumerate(left) if unit.cost <= free), len(left))
        if place == len(left):
            volumes.append([])
            left.append(room)
        volumes[place].append(unit)
        left[place] -= unit.cost
    return volumes


def _even(units: Sequence[_Unit], room: int) -> list[list[_Unit]]:
    """Return few volumes, about equally full unless that would take more of them."""
    few = _few(units, room)
    volumes: list[list[_Unit]] = [[] for _ in few]
    full = [0] * len(few)
    for unit in _largest_first(units):
        place = full.index(min(full))
        if full[place] + unit.cost > room:
            return few
        volumes[place].append(unit)
        full[place] += unit.cost
    return volumes
