from itertools import product

import pytest

from secure.algorithms import CIPHERS, CipherRow
from secure.block_cipher import BATCH, BadPadding, batches, decrypted, encryptor, padding_of

BY_NAME = pytest.mark.parametrize("row", CIPHERS, ids=lambda row: row.name)


def encrypted(row: CipherRow, plain: bytes) -> bytes:
    return encryptor(row, b"k" * row.key_size, b"i" * row.block_size).update(plain)


def opened(row: CipherRow, data: bytes, length: int = 1000) -> bytes:
    pieces = [data[at : at + length] for at in range(0, len(data), length)]
    return b"".join(decrypted(row, b"k" * row.key_size, b"i" * row.block_size, pieces))


@BY_NAME
def test_content_of_all_sizes_in_all_pieces_comes_back(row: CipherRow) -> None:
    for size, length in product(
        (0, 1, 7, 8, 15, 16, 17, 100, 3 * BATCH, 3 * BATCH + 5), (5, 70_000)
    ):
        plain = bytes(range(256)) * (size // 256 + 1)
        plain = plain[:size]
        assert opened(row, encrypted(row, plain + padding_of(row, size)), length) == plain


@BY_NAME
def test_every_octet_of_the_padding_counts(row: CipherRow) -> None:
    for size in range(1, row.block_size + 1):
        good = bytes((size,)) * size
        whole = bytes(-size % row.block_size) + good
        assert opened(row, encrypted(row, whole)) == whole[:-size]
        for place in range(size):
            bad = bytearray(whole)
            bad[-1 - place] ^= 0x40
            with pytest.raises(BadPadding):
                opened(row, encrypted(row, bytes(bad)))


@BY_NAME
def test_what_cannot_be_padding_is_none(row: CipherRow) -> None:
    for last in (0, row.block_size + 1, 255):
        with pytest.raises(BadPadding):
            opened(row, encrypted(row, bytes((last,)) * 2 * row.block_size))


@BY_NAME
def test_nothing_and_part_of_a_block_are_not_decrypted(row: CipherRow) -> None:
    for size in (0, 1, row.block_size - 1, row.block_size + 1, 2 * BATCH + 1):
        with pytest.raises(BadPadding):
            opened(row, bytes(size))


def test_pieces_are_joined_and_cut_without_loss() -> None:
    sizes = (1, 3, 20_000, 5, 5, 1_000_000, 0, 16_383, 16_384, 2)
    data = bytes(range(256)) * 5000
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    found = [bytes(one) for one in batches(pieces)]
    assert b"".join(found) == data[:at]
    assert max(map(len, found)) <= 2 * BATCH
