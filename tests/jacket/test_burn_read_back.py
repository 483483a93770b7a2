"""Every block that does not read back is found, named and mapped, in bounded time."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.mmc.recording_errors import UnreadableBlocks
from jacket.burning.ahead import Ahead
from jacket.burning.digests import BLOCK, CHUNK, ChunkDigests
from jacket.burning.read_back import ReadBack, read_back
from jacket.burning.rescue_map import RescueMap
from reporting import CannotRead, silent


class Disc:
    """Blocks that can be read, but for those that cannot."""

    def __init__(
        self,
        content: bytes,
        bad: frozenset[int] = frozenset(),
        *,
        once: frozenset[int] = frozenset(),
        step: int = CHUNK,
        gone_at: int | None = None,
    ) -> None:
        self.content, self.bad, self.once = content, bad, set(once)
        self._step, self._gone_at = step, gone_at
        self.reads: list[tuple[int, int]] = []

    def read(self, start: int, blocks: int, *, fresh: bool = True) -> Iterator[bytes]:
        end = start + blocks
        while start < end:
            count = min(self._step, end - start)
            self.reads.append((start, count))
            if self._gone_at is not None and start + count > self._gone_at:
                raise CannotRead("is gone", "drive", "Plug it in")
            asked = range(start, start + count)
            hit = self.bad.intersection(asked) | self.once.intersection(asked)
            if hit:
                self.once -= hit
                raise UnreadableBlocks("not readable", "drive", "Clean it", start, count)
            yield self.content[start * BLOCK : (start + count) * BLOCK]
            start += count


def content_of(blocks: int) -> bytes:
    return b"".join(n.to_bytes(4, "big") * (BLOCK // 4) for n in range(blocks))


CONTENT = content_of(300)


def digests_of(content: bytes) -> ChunkDigests:
    digests = ChunkDigests()
    pieces = (memoryview(content)[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20))
    for _ in digests.of(pieces):  # type: ignore[arg-type]  # any iterator will do
        pass
    return digests


def compared(disc: Disc, content: bytes, clock: Callable[[], float] = time.monotonic) -> ReadBack:
    def expected(offset: int, length: int) -> bytes:
        return content[offset : offset + length]

    blocks = len(content) // BLOCK
    return read_back(disc, blocks, digests_of(content), expected, silent, clock)


def bad_blocks(done: ReadBack) -> set[int]:
    return {n for run in done.map.of("-", "*", "?") for n in range(run.start, run.end)}


def test_a_sound_disc_is_read_once_from_end_to_end() -> None:
    content = content_of(100)
    disc = Disc(content)
    done = compared(disc, content)
    assert done.is_good
    assert disc.reads == [(0, 32), (32, 32), (64, 32), (96, 4)]


@settings(deadline=None)  # What takes 10 ms takes 300 where other jobs have the processor.
@given(
    st.sets(st.integers(0, 299), max_size=40),
    st.sets(st.integers(0, 299), max_size=40),
    st.sets(st.integers(0, 299), max_size=10),
    st.sampled_from((1, 7, 16, 32)),
)
def test_exactly_the_bad_blocks_are_found(
    unreadable: set[int], wrong: set[int], weak: set[int], step: int
) -> None:
    content = CONTENT
    damaged = bytearray(content)
    for block in wrong:
        damaged[block * BLOCK + 17] ^= 1
    disc = Disc(bytes(damaged), frozenset(unreadable), once=frozenset(weak), step=step)
    done = compared(disc, content)
    assert bad_blocks(done) == unreadable | wrong
    assert done.is_good == (not unreadable | wrong)
    assert (done.unreadable, done.differing) == (len(unreadable), len(wrong - unreadable))


def test_a_block_that_reads_at_the_second_attempt_is_good_and_counted() -> None:
    content = content_of(64)
    done = compared(Disc(content, once=frozenset((5,))), content)
    assert done.is_good
    assert done.retried == CHUNK


def test_a_disc_that_fails_everywhere_is_given_up_in_bounded_time() -> None:
    content = content_of(20_000)
    disc = Disc(content, frozenset(range(20_000)))
    done = compared(disc, content)
    assert not done.is_good
    assert len(disc.reads) < 1200
    assert done.map.count("?") > 10_000
    assert done.map.count("+") == 0


def test_a_drive_that_takes_minutes_for_each_block_is_given_up_too() -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 60.0
        return now[0]

    content = content_of(320)
    disc = Disc(content, frozenset(range(300)))
    done = compared(disc, content, clock)
    assert not done.is_good
    assert len(disc.reads) < 40


def test_a_drive_that_goes_away_leaves_nothing_that_is_called_good() -> None:
    content = content_of(320)
    done = compared(Disc(content, gone_at=64), content)
    assert not done.is_good
    assert "is gone" in done.broken_off
    assert bad_blocks(done) == set(range(64, 320))


@pytest.mark.parametrize("cut", [0, 1, 31, 33])
def test_a_disc_that_ends_early_is_not_good(cut: int) -> None:
    content = content_of(96)

    class Short(Disc):
        def read(self, start: int, blocks: int, *, fresh: bool = True) -> Iterator[bytes]:
            return super().read(start, min(blocks, cut - start) if start < cut else 0)

    assert not compared(Short(content), content).is_good


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 50), st.sampled_from("?*-+"))))
def test_the_map_knows_every_block_as_it_was_told_last(steps: list[tuple[int, int, str]]) -> None:
    found, plain = RescueMap(150), ["?"] * 150
    for start, count, sign in steps:
        found.put(start, count, sign)  # type: ignore[arg-type]
        plain[start : start + count] = [sign] * count
    assert "".join(run.sign * run.blocks for run in found.runs) == "".join(plain)
    assert all(a.sign != b.sign for a, b in zip(found.runs, found.runs[1:], strict=False))


def test_ddrescue_takes_the_map(tmp_path: Path, peer: Callable[[str], str]) -> None:
    found = RescueMap(1000)
    found.put(0, 1000, "+")
    found.put(10, 3, "-")
    found.put(500, 32, "*")
    path = tmp_path / "disc.map"
    path.write_text(found.text(BLOCK))
    tool = peer("ddrescuelog")
    bad = subprocess.run([tool, "-b2048", "-l-", path], capture_output=True, text=True, check=True)
    assert [int(word) for word in bad.stdout.split()] == [10, 11, 12]
    subprocess.run([tool, "-t", path], capture_output=True, check=True)


def test_the_map_is_what_ddrescue_writes() -> None:
    found = RescueMap(64)
    found.put(0, 32, "+")
    found.put(32, 1, "-")
    lines = [line for line in found.text(2048).splitlines() if not line.startswith("#")]
    assert [line.split() for line in lines] == [
        ["0x000010800", "?", "1"],
        ["0x000000000", "0x000010000", "+"],
        ["0x000010000", "0x000000800", "-"],
        ["0x000010800", "0x00000f800", "?"],
    ]


# --- reading ahead --------------------------------------------------------------------------


def pieces(number: int, stall_at: int = -1, stall: float = 0.0) -> Iterator[memoryview]:
    for n in range(number):
        if n == stall_at:
            time.sleep(stall)
        yield memoryview(bytes([n % 256]) * 1000)


def test_a_source_that_stalls_does_not_run_the_drive_dry() -> None:
    ahead = Ahead(pieces(140, stall_at=100, stall=0.25), 60_000)  # type: ignore[arg-type]
    taken = []
    with ahead:
        for piece in ahead:
            taken.append(piece[0])
            time.sleep(0.006)  # 60 of them last longer than the source stalls
    assert taken == list(range(140))
    assert ahead.waits == 0
    assert ahead.lowest < 40_000


def test_without_enough_ahead_the_drive_waits_and_that_is_told() -> None:
    ahead = Ahead(pieces(30, stall_at=20, stall=0.2), 2000)  # type: ignore[arg-type]
    with ahead:
        assert len(list(ahead)) == 30
    assert ahead.waits > 0


def test_what_a_source_raises_comes_after_what_it_gave() -> None:
    def broken() -> Iterator[memoryview]:
        yield from pieces(5)
        raise CannotRead("is gone", "source", "Look for it")

    taken = []
    with Ahead(broken(), 1 << 20) as ahead, pytest.raises(CannotRead):  # type: ignore[arg-type]
        taken.extend(ahead)
    assert not taken  # nothing is begun of what is known to fail


def test_who_leaves_early_ends_the_source() -> None:
    ended = []

    def endless() -> Iterator[memoryview]:
        try:
            while True:
                yield memoryview(bytes(1000))
        finally:
            ended.append(True)

    with Ahead(endless(), 10_000) as ahead:  # type: ignore[arg-type]
        next(iter(ahead))
    assert ended == [True]
