"""Images of every kind, injured where it hurts: each ends in findings or a typed error, soon.

Nothing is read outside an image, no name leads out of it, and little memory is used. To see one
again: `injured(base, number, specimen)` of this file with what the failure names.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest
from base_images import BASES, PASSWORD, Workshop
from injuries import FAMILIES, injure
from specimen import Specimen
from survival import nothing_outside, open_files, survive

from media import open_medium

SAMPLE = range(8)  # of every base in the normal tests
ALL = range(8, 8 + 10_400 // len(BASES))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("bases"), peer)


@pytest.fixture(params=BASES)
def good(request: pytest.FixtureRequest, shop: Workshop) -> Iterator[tuple[str, Specimen]]:
    path = shop.folder / "image"
    path.unlink(missing_ok=True)
    BASES[request.param].make(shop, path)
    with Specimen(path) as specimen:
        yield request.param, specimen


def injured(base: str, numbers: range, specimen: Specimen) -> Iterator[int]:
    """Injure the good image, once for each of *numbers*, and heal it again."""
    families = [FAMILIES[name](specimen) for name in BASES[base].families]
    for number in numbers:
        chance = Random(f"{base} {number}")  # noqa: S311 (repeatable damage, no secret)
        injure(specimen, families, chance)
        yield number
        specimen.heal()


def suffer(base: str, numbers: range, specimen: Specimen) -> Counter[str]:
    ends: Counter[str] = Counter()
    with nothing_outside():
        for number in injured(base, numbers, specimen):
            try:
                ends[survive(specimen.path, PASSWORD)] += 1
            except BaseException as error:
                error.add_note(f"{base}, number {number}")
                raise
    return ends


def test_some_hundred_mutations(good: tuple[str, Specimen]) -> None:
    base, specimen = good
    before = open_files()
    with open_medium(specimen.path, password=PASSWORD) as medium:
        assert len(list(medium.entries())) >= (0 if "mkudffs" in base else 2)
    ends = suffer(base, SAMPLE, specimen)
    assert ends.total() == len(SAMPLE)
    assert open_files() == before


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_mutations(good: tuple[str, Specimen]) -> None:
    base, specimen = good
    ends = suffer(base, ALL, specimen)
    assert ends.total() == len(ALL)
    assert ends["refused"] + ends["findings"] > len(ALL) / 3, "the injuries are real"
