"""Deflated data sets (PS3.5 A.5) read as if they lay there inflated, in bounded memory."""

import zlib
from typing import Final

from dicomdir.walk import PRead

# A data set larger than this is not deflated by anybody but an attacker: a few hundred kilobytes
# can inflate to gigabytes.
LARGEST: Final = 1 << 30
_STEP: Final = 1 << 16  # compressed bytes taken at once
_KEPT: Final = 1 << 21  # inflated bytes kept behind, for values read again after a jump


class TooLarge(ValueError):
    """The data set inflates beyond any bound."""


class Inflated:
    """Gives pread on the inflated data set; meant to be read forward."""

    def __init__(self, pread: PRead, size: int, start: int) -> None:
        """Take the compressed bytes of the file behind *pread* from *start* on."""
        self._pread, self._size, self._start = pread, size, start
        self._rewind()

    def _rewind(self) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._next = self._start
        self._base = 0
        self._kept = bytearray()

    def _more(self) -> bool:
        """Inflate one more step; False at the end."""
        if self._inflater.eof:
            return False
        source = self._inflater.unconsumed_tail
        if not source:
            source = self._pread(min(_STEP, self._size - self._next), self._next)
            self._next += len(source)
            if not source:
                raise ValueError("the deflated data set is cut off")
        try:
            self._kept += self._inflater.decompress(source, _STEP * 16)
        except zlib.error as problem:
            raise ValueError(f"the deflated data set does not inflate: {problem}") from problem
        if self._base + len(self._kept) > LARGEST:
            raise TooLarge(f"the data set inflates to more than {LARGEST >> 20} MiB")
        return True

    def measure(self) -> int:
        """Return the inflated size in bytes.

        Raises:
            TooLarge: beyond bounds.
            ValueError: the stream is damaged.
        """
        while self._more():
            self._forget(self._base + len(self._kept))
        size = self._base + len(self._kept)
        self._rewind()
        return size

    def _forget(self, before: int) -> None:
        surplus = min(before - self._base, len(self._kept)) - _KEPT
        if surplus > 0:
            del self._kept[:surplus]
            self._base += surplus

    def pread(self, length: int, offset: int) -> bytes:
        """Return inflated bytes, like os.pread."""
        if offset < self._base:
            self._rewind()
        while self._base + len(self._kept) < offset + length and self._more():
            self._forget(offset)
        start = offset - self._base
        return bytes(self._kept[start : start + length])
