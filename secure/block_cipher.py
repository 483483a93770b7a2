"""AES and Triple-DES in CBC mode over content of any size (RFC 3370 5, RFC 3565 4)."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from secure.algorithms import CipherRow

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
    from cryptography.hazmat.primitives.ciphers.modes import CBC

# bytes; a call of the library costs as much as some hundred of them, and memory of more than this
# is fetched from the system and given back each time.
BATCH: Final = 1 << 16
_SMALL: Final = 1 << 14  # bytes; to join larger ones costs more than a call

Piece = bytes | memoryview


class BadPadding(ValueError):
    """The end is not what encryption leaves: another key, or damaged."""


def encryptor(row: CipherRow, key: bytes, iv: bytes) -> "CipherContext":
    """Return what encrypts whole blocks."""
    return _cipher(row, key, iv).encryptor()


def decryptor(row: CipherRow, key: bytes, iv: bytes) -> "CipherContext":
    """Return what decrypts whole blocks."""
    return _cipher(row, key, iv).decryptor()


def _cipher(row: CipherRow, key: bytes, iv: bytes) -> "Cipher[CBC]":
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    if row.block_size == 16:
        return Cipher(AES(key), CBC(iv))
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

    return Cipher(TripleDES(key), CBC(iv))


def padding_of(row: CipherRow, size: int) -> bytes:
    """Return what is put behind *size* bytes so that they fill blocks; never nothing."""
    missing = row.block_size - size % row.block_size
    return bytes((missing,)) * missing


def decrypted(row: CipherRow, key: bytes, iv: bytes, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield what was encrypted, without its padding.

    Raises:
        BadPadding: there is none (RFC 5652 6.3) where it should be, or these are not whole blocks.
    """
    context = decryptor(row, key, iv)
    held = b""  # What comes last may end in padding.
    for batch in batches(pieces):
        if plain := context.update(batch):
            if held:
                yield held
            held = plain
    try:
        context.finalize()
    except ValueError as error:
        raise BadPadding from error
    yield _unpadded(row, held)


def _unpadded(row: CipherRow, plain: bytes) -> memoryview:
    size = plain[-1] if plain else 0
    if not 0 < size <= row.block_size or plain[-size:] != bytes((size,)) * size:
        raise BadPadding
    return memoryview(plain)[:-size]


def batches(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield *pieces*, small ones joined and large ones cut to about `BATCH` bytes."""
    gathered, size = list[Piece](), 0
    for piece in pieces:
        is_small = len(piece) < _SMALL
        if is_small:
            gathered.append(piece)
            size += len(piece)
        if size >= BATCH or (size and not is_small):
            yield b"".join(gathered)
            gathered, size = [], 0
        if not is_small:
            yield from _cut(piece)
    if size:
        yield b"".join(gathered)


def _cut(piece: Piece) -> Iterator[Piece]:
    if len(piece) < 2 * BATCH:
        yield piece
        return
    view = memoryview(piece)
    for at in range(0, len(piece), BATCH):
        yield view[at : at + BATCH]
