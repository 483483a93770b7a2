"""Runs of ascending entries of a table are those that counting one by one makes."""

import sys
from array import array

import pytest

from media.fat.counting import ENTRIES, counting


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256, 257, 65_535, ENTRIES])
@pytest.mark.parametrize(("width", "run"), [(2, 0), (4, 0), (4, 1), (4, 255), (4, 256), (4, 4095)])
def test_entries_count_on_by_one(width: int, run: int, number: int) -> None:
    if width == 2 and number == ENTRIES:
        number -= 1  # FAT16 has no entry of more than two bytes
    start = run * ENTRIES
    expected = array("H" if width == 2 else "I", range(start + 1, start + number + 1))
    if sys.byteorder == "big":
        expected.byteswap()
    assert counting(start, number, width) == expected.tobytes()
