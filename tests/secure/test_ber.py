import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure import der
from secure.ber import DEEPEST, BerError, BerReader, BerTooMuch, Value, single, values


def in_pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[at : at + length] for at in range(0, len(data), length))


@given(st.binary(max_size=700), st.integers(1, 9))
def test_a_string_is_the_same_whole_in_segments_and_in_any_pieces(content: bytes, n: int) -> None:
    segments = [der.octet_string(content[at : at + n * 7]) for at in range(0, len(content), n * 7)]
    definite = der.value(0x24, *segments)
    indefinite = b"\x24\x80" + b"".join(segments) + b"\0\0"
    nested = b"\x24\x80" + definite + b"\0\0"
    for data, expected in (
        (der.octet_string(content), content),
        (definite, content),
        (indefinite, content),
        (nested, content),
    ):
        reader = BerReader(in_pieces(data, n))
        assert b"".join(reader.string()) == expected
        assert single(data).octets() == expected
        assert not reader.octets.peek(1)


@given(st.integers(0, 2**62))
def test_integers_are_read_as_they_are_written(number: int) -> None:
    assert single(der.integer(number)).number() == number


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.3", "2.5.4.3", "2.999.1", "0.9.2342", "1.3"]
)
def test_object_identifiers_are_read_as_they_are_written(dotted: str) -> None:
    assert single(der.oid(dotted)).oid() == dotted


def test_indefinite_lengths_become_definite_ones() -> None:
    inner = b"\x31\x80" + der.integer(5) + b"\x24\x80\x04\x01a\x04\x01b\0\0" + b"\0\0"
    data = b"\x30\x80" + inner + b"\0\0"
    wanted = der.sequence(der.value(der.SET, der.integer(5), der.octet_string(b"ab")))
    assert single(data).der() == wanted
    assert BerReader([data]).value() == single(data)
    assert single(data).raw == data


def test_a_value_may_not_be_longer_than_what_it_is_in() -> None:
    reader = BerReader([bytes.fromhex("3004 0405 00000000 00".replace(" ", ""))])
    reader.enter(der.SEQUENCE)
    with pytest.raises(BerError, match="longer than what it is in"):
        list(reader.string())


def test_what_is_left_in_a_value_is_not_passed_over() -> None:
    reader = BerReader([der.sequence(der.integer(1), der.integer(2))])
    reader.enter(der.SEQUENCE)
    reader.value()
    with pytest.raises(BerError, match="unknown at byte 5"):
        reader.leave()


DEEP = 100_000
DEEP_DEFINITE = b""
for _ in range(300):
    DEEP_DEFINITE = der.value(0x24, DEEP_DEFINITE)

Read = Callable[[bytes], object]


def whole(data: bytes) -> Value:
    return BerReader([data]).value()


def flattened(data: bytes) -> bytes:
    return single(data).octets() + single(data).der()


def streamed(data: bytes) -> bytes:
    return b"".join(BerReader([data]).string())


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (values, b"\x30\x80" * DEEP),
        (whole, b"\x30\x80" * DEEP),
        (streamed, b"\x24\x80" * DEEP),
        (flattened, DEEP_DEFINITE),
        (streamed, DEEP_DEFINITE),
    ],
    ids=["values", "whole", "streamed", "flattened definite", "streamed definite"],
)
def test_depth_is_bounded(read: Read, data: bytes) -> None:
    with pytest.raises(BerTooMuch, match=f"values {DEEPEST} deep"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("0488 7fffffffffffffff".replace(" ", "")),
        bytes.fromhex("0484 7fffffff".replace(" ", "")),
        b"\x30\x80" + b"\x04\x83\x0f\xff\xff" + bytes(0xFFFFF) + b"\x04\x01a" * 5,
        b"\x30\x80" + b"\x05\x00" * 700_000,
    ],
    ids=["exabytes", "gigabytes", "in several", "in many"],
)
def test_a_value_that_is_read_whole_is_bounded(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(BerTooMuch, match=r"where it should be small|values .* deep"):
        whole(data)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "data",
    ["", "30", "1f0100", "0480", "3089000000000000000001", "30ff", "0405"],
)
def test_malformed_input_is_told(data: str) -> None:
    for read in (whole, flattened, streamed):
        with pytest.raises(BerError):
            read(bytes.fromhex(data))


SEED_VALUES = (
    der.sequence(der.oid("1.2.840.113549.1.7.3"), der.value(0xA0, der.octet_string(bytes(200)))),
    b"\x30\x80\xa0\x80\x24\x80" + der.octet_string(b"abc") * 5 + b"\0\0" * 3,
    der.set_of([der.integer(n) for n in range(40)]),
)


def _walk(value: Value, depth: int = 0) -> None:
    for read in (value.number, value.oid, value.octets, value.der):
        try:
            read()
        except BerError:
            continue
    if depth < 5:
        try:
            inside = value.children(0, 200)
        except BerError:
            return
        for one in inside:
            _walk(one, depth + 1)


def test_no_input_ends_in_anything_but_a_value_or_its_error() -> None:
    random = Random(15)  # noqa: S311 (the same at every run)
    start = time.process_time()
    for number in range(6000):
        data = bytearray(SEED_VALUES[number % 3])
        for _ in range(random.randint(1, 8)):
            data[random.randrange(len(data))] = random.choice((0, 0x24, 0x30, 0x80, 0xFF, 0x84, 4))
        for read in (values, streamed, whole):
            try:
                found = read(bytes(data))
            except BerError:
                continue
            for value in found if isinstance(found, list) else [found]:
                if isinstance(value, Value):
                    _walk(value)
    assert time.process_time() - start < 30


@pytest.mark.parametrize("empty", [b"\x05\0", b"\x30\x80\0\0"], ids=["definite", "indefinite"])
def test_values_without_end_are_given_up_soon(empty: bytes) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"\x31\x80"
        for _ in range(64):
            taken += 1 << 16
            yield empty * ((1 << 16) // len(empty))

    with pytest.raises(BerTooMuch, match="should be small"):
        BerReader(endless()).value()
    assert taken <= 1 << 20


@pytest.mark.parametrize("tiny", [b"\x04\0", b"\x24\x80\0\0", b"\x04\x01a"])
def test_a_string_in_tiny_segments_without_end_is_given_up_soon(tiny: bytes) -> None:
    string = BerReader(chain([b"\x24\x80"], repeat(tiny * 4096, 1000))).string()
    with pytest.raises(BerTooMuch, match="tiny segments"):
        for _ in string:
            pass


def test_a_long_string_in_small_segments_is_read() -> None:
    segment = der.octet_string(bytes(100))
    pieces = chain([b"\x24\x80"], repeat(segment * 1000, 150), [b"\0\0"])
    assert sum(map(len, BerReader(pieces).string())) == 100 * 1000 * 150
