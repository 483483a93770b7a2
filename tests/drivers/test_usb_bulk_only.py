"""Bulk-Only Transport: every way in which host and device may disagree, and how step is kept."""

import struct

import pytest
from usb_scripted_pipes import SENSE, Play, ScriptedPipes

from drivers.transport import CHECK_CONDITION, GOOD, Answer, TimedOut, TransportFailed
from drivers.usb.bulk_only import BulkOnly

READ = bytes((0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0))
WRITE = bytes((0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0))
READY = bytes(6)
DATA = bytes(range(256)) * 2
RECOVERY = ["reset", "clear in", "clear out"]


def run(play: Play, cdb: bytes = READ) -> tuple[Answer, ScriptedPipes]:
    pipes = ScriptedPipes(play)
    if cdb == WRITE:
        return BulkOnly(pipes).execute(cdb, data_out=DATA), pipes
    return BulkOnly(pipes).execute(cdb, length=512 if cdb == READ else 0), pipes


def works(device: BulkOnly, pipes: ScriptedPipes) -> bool:
    """Return whether the next command is understood again."""
    pipes.plays = [Play(DATA)]
    return device.execute(READ, length=512) == Answer(GOOD, DATA)


# The cases of BOT 6.7 that end well: host and device expect the same, or the device less.
AGREED = [
    ("1 no data", READY, Play(), Answer(GOOD), []),
    ("4 none, halted", READ, Play(halts_in=True), Answer(GOOD, residual=512), ["clear in"]),
    ("4 none, empty packet", READ, Play(), Answer(GOOD, residual=512), []),
    ("5 less, short packet", READ, Play(DATA[:36]), Answer(GOOD, DATA[:36], b"", 476), []),
    (
        "5 less, halted",
        READ,
        Play(DATA[:36], halts_in=True),
        Answer(GOOD, DATA[:36], b"", 476),
        ["clear in"],
    ),
    ("5 filled up", READ, Play(DATA, residue=476), Answer(GOOD, DATA[:36], b"", 476), []),
    ("6 all of it", READ, Play(DATA), Answer(GOOD, DATA), []),
    ("9 takes none", WRITE, Play(takes=0), Answer(GOOD, residual=512), ["clear out"]),
    ("11 takes less", WRITE, Play(takes=64), Answer(GOOD, residual=448), ["clear out"]),
    ("11 throws some away", WRITE, Play(residue=448), Answer(GOOD, residual=448), []),
    ("12 takes all", WRITE, Play(), Answer(GOOD), []),
]


@pytest.mark.parametrize(("case", "cdb", "play", "answer", "log"), AGREED)
def test_what_was_transferred_is_told_truly(
    case: str, cdb: bytes, play: Play, answer: Answer, log: list[str]
) -> None:
    told, pipes = run(play, cdb)
    assert told == answer
    assert pipes.log == log
    assert DATA.startswith(pipes.outgoing)


# Cases 2, 3, 7, 8, 10 and 13 of BOT 6.7: the device wants more, or the other direction.
@pytest.mark.parametrize(
    ("cdb", "play"),
    [
        (READY, Play(status=2)),
        (READ, Play(DATA, status=2)),
        (READ, Play(halts_in=True, status=2)),
        (WRITE, Play(status=2)),
        (WRITE, Play(takes=0, status=2)),
    ],
)
def test_a_phase_error_fails_and_the_next_command_follows_a_reset(cdb: bytes, play: Play) -> None:
    pipes = ScriptedPipes(play)
    device = BulkOnly(pipes)
    with pytest.raises(TransportFailed, match="phase error"):
        device.execute(
            cdb, data_out=DATA if cdb == WRITE else b"", length=512 if cdb == READ else 0
        )
    before = len(pipes.log)
    assert works(device, pipes)
    assert pipes.log[before:] == RECOVERY


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (Play(refuses=True), TransportFailed),
        (Play(mute="data"), TimedOut),
        (Play(DATA, mute="status"), TimedOut),
        (Play(floods=True), TransportFailed),
        (Play(DATA, tag=1), TransportFailed),
        (Play(DATA, signature=b"USBC"), TransportFailed),
        (Play(DATA, status=3), TransportFailed),
        (Play(DATA, cut=12), TransportFailed),
        (Play(DATA, status_halts=2), TransportFailed),
        (Play(DATA, status_empty=2), TransportFailed),
    ],
)
def test_what_cannot_be_understood_fails_and_is_recovered_from(
    play: Play, error: type[TransportFailed]
) -> None:
    pipes = ScriptedPipes(play)
    device = BulkOnly(pipes)
    with pytest.raises(error) as caught:
        device.execute(READ, length=512)
    assert caught.value.where == "usb 1-9"
    pipes.log.clear()
    assert works(device, pipes)
    assert pipes.log == RECOVERY


@pytest.mark.parametrize("play", [Play(DATA, status_halts=1), Play(DATA, status_empty=1)])
def test_a_status_that_does_not_come_at_once_is_asked_for_again(play: Play) -> None:
    answer, pipes = run(play)
    assert answer == Answer(GOOD, DATA)
    assert "reset" not in pipes.log


def test_a_status_in_the_place_of_data_is_taken_for_what_it_is() -> None:
    pipes = ScriptedPipes()
    device = BulkOnly(pipes)
    status = struct.pack("<4sIIB", b"USBS", 1, 512, 0)
    pipes.plays = [Play(status, mute="status")]  # Nothing follows.
    assert device.execute(READ, length=512) == Answer(GOOD, b"", b"", 512)


def test_a_failed_command_brings_its_sense_data() -> None:
    answer, pipes = run(Play(halts_in=True, status=1))
    assert answer == Answer(CHECK_CONDITION, b"", SENSE, 512)
    assert [cdb[0] for cdb in pipes.commands] == [0x28, 0x03]


def test_a_failed_request_for_sense_data_asks_for_no_more() -> None:
    pipes = ScriptedPipes()
    device = BulkOnly(pipes)
    assert device.execute(bytes((3, 0, 0, 0, 18, 0)), length=18) == Answer(GOOD, SENSE)
    assert len(pipes.commands) == 1


def test_a_device_that_cannot_count_is_known_by_its_first_answers() -> None:
    pipes = ScriptedPipes(Play(bytes(36), residue=36), Play(DATA, residue=512))
    device = BulkOnly(pipes)
    device.execute(bytes((0x12, 0, 0, 0, 36, 0)), length=36)
    assert device.execute(READ, length=512) == Answer(GOOD, DATA)


def test_an_absurd_residue_is_no_more_than_everything() -> None:
    answer, _ = run(Play(DATA, residue=0xFFFFFFFF))
    assert answer == Answer(GOOD, b"", b"", 512)


def test_tags_follow_one_another_and_come_round_without_a_zero() -> None:
    pipes = ScriptedPipes()
    device = BulkOnly(pipes)
    device._tag = 0xFFFFFFFE
    for _ in range(3):
        device.execute(READY)
    assert device._tag == 2


def test_a_key_press_in_the_middle_leaves_a_device_that_understands_again() -> None:
    class Pressed(ScriptedPipes):
        def _incoming(self, length: int) -> bytes:
            if self._play.mute:
                self._stuck = True
                raise KeyboardInterrupt
            return super()._incoming(length)

    pipes = Pressed(Play(mute="data"))
    device = BulkOnly(pipes)
    with pytest.raises(KeyboardInterrupt):
        device.execute(READ, length=512)
    assert works(device, pipes)


def test_a_device_out_of_step_is_put_right_before_it_is_let_go() -> None:
    pipes = ScriptedPipes(Play(mute="data"))
    device = BulkOnly(pipes)
    with pytest.raises(TimedOut):
        device.execute(READ, length=512)
    device.close()
    assert pipes.log == RECOVERY
    assert pipes.closed


def test_all_phases_of_a_command_share_its_time() -> None:
    now, given = [0.0], []

    class Slow(ScriptedPipes):
        def receive(self, length: int, timeout: float) -> bytes:
            given.append(timeout)
            now[0] += 20
            return super().receive(length, timeout)

    device = BulkOnly(Slow(Play(DATA)), clock=lambda: now[0])
    device.execute(READ, length=512, timeout=30)
    assert given == [30, 10]


@pytest.mark.parametrize(("length", "size"), [(17, 0), (5, 0), (10, 65537)])
def test_what_no_command_is_never_leaves_the_house(length: int, size: int) -> None:
    pipes = ScriptedPipes()
    with pytest.raises(ValueError, match="command"):
        BulkOnly(pipes).execute(bytes(length), length=size)
    assert not pipes.commands


def test_another_unit_of_the_device_is_called_by_its_number() -> None:
    assert BulkOnly(ScriptedPipes(), 2).name == "usb 1-9 unit 2"
