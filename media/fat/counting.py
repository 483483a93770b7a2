"""A run of ascending entries of a file allocation table, as they stand there.

Most of a table that is made anew is that: each cluster is followed by the next one. Sixty-five
thousand numbers that are made one by one take as long as copying forty megabytes.
"""

from typing import Final

ENTRIES: Final = 1 << 16  # of a table that are made at a time: their lower two bytes go round once
_BYTE: Final = 1 << 8


def counting(start: int, number: int, width: int) -> bytearray:
    """Return *number* entries: start + 1, start + 2, … in little-endian order.

    Args:
        start: a multiple of `ENTRIES`.
        number: at most `ENTRIES`.
        width: bytes of an entry, 2 or 4.
    """
    run = bytearray(width * number)
    run[0::width] = (bytes(range(_BYTE)) * (_BYTE + 1))[1 : number + 1]
    second = b"".join(bytes((high,)) * _BYTE for high in range(_BYTE)) + b"\0"
    run[1::width] = second[1 : number + 1]
    for place in range(2, width):
        here, beyond = (value >> 8 * place & 0xFF for value in (start, start + ENTRIES))
        # Only the last entry of a whole run is the first one of the next.
        run[place::width] = (bytes((here,)) * (ENTRIES - 1) + bytes((beyond,)))[:number]
    return run
