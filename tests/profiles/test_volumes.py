"""Instances are shared out among volumes: nothing lost, and what belongs together together."""

import random
from collections.abc import Sequence
from math import ceil

import pytest

from dicomdir.elements import encode_element
from dicomdir.instance import Instance
from profiles.order import Place, Places
from profiles.plan import Action, PlannedInstance
from profiles.volumes import Share, TooLarge, share_out

ROOM = 1000


def planned(patient: int, study: int, series: int, number: int, size: int) -> PlannedInstance:
    uid = f"1.2.{patient}.{study}"
    return PlannedInstance(
        Instance(
            f"{uid}.{series}.{number}", size, 0, "1", f"{uid}.{series}.{number}", "1", b"", "IMAGE",
            element(0x00100020, b"LO", f"P{patient}"),
            element(0x0020000D, b"UI", uid),
            element(0x0020000E, b"UI", f"{uid}.{series}"),
            b"", (), (),
        ),
        Action.COPY,
        "",
    )  # fmt: skip


def element(tag: int, vr: bytes, value: str) -> bytes:
    return encode_element(tag, vr, value.encode())


def size(item: PlannedInstance) -> int:
    return item.instance.size


def study(patient: int, study: int, *series: Sequence[int]) -> list[PlannedInstance]:
    """Return a study whose series have instances of these sizes."""
    return [
        planned(patient, study, number, n, bytes_)
        for number, sizes in enumerate(series)
        for n, bytes_ in enumerate(sizes)
    ]


def volumes_of(shares: Sequence[Share], level: int) -> dict[Place | tuple[str, ...], set[int]]:
    places = Places()
    found: dict[Place | tuple[str, ...], set[int]] = {}
    for number, share in enumerate(shares):
        for item in share.instances:
            found.setdefault(places.of(item.instance)[:level], set()).add(number)
    return found


def test_what_fits_on_one_volume_stays_on_one() -> None:
    items = study(1, 1, [500, 500])
    assert share_out(items, size, ROOM) == (Share(tuple(items), 1000),)


def test_a_study_that_a_volume_can_hold_is_not_torn_apart() -> None:
    items = study(1, 1, [300, 300]) + study(1, 2, [300, 300]) + study(2, 1, [300])
    shares = share_out(items, size, ROOM)
    assert [share.cost for share in shares] == [900, 600]
    assert all(len(numbers) == 1 for numbers in volumes_of(shares, 2).values())


def test_of_a_larger_study_each_series_stays_whole() -> None:
    items = study(1, 1, [400, 300], [600], [200, 100])
    shares = share_out(items, size, ROOM)
    assert len(shares) == 2
    assert all(len(numbers) == 1 for numbers in volumes_of(shares, 3).values())


def test_a_series_larger_than_a_volume_is_cut_into_equal_runs_in_its_order() -> None:
    items = study(1, 1, [100] * 15)
    shares = share_out(items, size, ROOM)
    assert [share.cost for share in shares] == [800, 700]
    assert [item for share in shares for item in share.instances] == items


def test_equal_runs_are_given_up_where_full_ones_save_a_volume() -> None:
    items = study(1, 1, [100] * 11) + study(2, 1, [900])
    assert [share.cost for share in share_out(items, size, ROOM)] == [1000, 1000]


def test_volumes_are_balanced() -> None:
    items = [item for number in range(8) for item in study(number, 1, [300])]
    assert [share.cost for share in share_out(items, size, ROOM)] == [900, 900, 600]
    items = [item for number in range(4) for item in study(number, 1, [300])]
    assert [share.cost for share in share_out(items, size, ROOM)] == [600, 600]


def test_an_instance_that_no_volume_holds_is_named() -> None:
    items = study(1, 1, [10, 1001])
    with pytest.raises(TooLarge) as caught:
        share_out(items, size, ROOM)
    assert caught.value.item is items[1]


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_and_nothing_needlessly_torn(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (cases, no secrets)
    items = [
        item
        for patient in range(chance.randint(1, 6))
        for number in range(chance.randint(1, 4))
        for item in study(
            patient,
            number,
            *(
                [chance.randint(1, 300)] * chance.randint(1, 12)
                for _ in range(chance.randint(1, 4))
            ),
        )
    ]
    if seed % 2:
        chance.shuffle(items)  # a study's instances need not be neighbours
    shares = share_out(items, size, ROOM)
    again = [item for share in shares for item in share.instances]
    assert sorted(map(id, again)) == sorted(map(id, items))
    order = {id(item): number for number, item in enumerate(items)}
    for share in shares:
        numbers = [order[id(item)] for item in share.instances]
        assert numbers == sorted(numbers)
        assert share.cost == sum(map(size, share.instances)) <= ROOM
    places = Places()
    for level in (2, 3):
        for group, volumes in volumes_of(shares, level).items():
            whole = sum(size(i) for i in items if places.of(i.instance)[:level] == group)
            assert len(volumes) == 1 or whole > ROOM
    # First come largest never takes more than half of the volumes too many.
    assert len(shares) <= max(1, ceil(1.7 * sum(map(size, items)) / ROOM) + 1)
