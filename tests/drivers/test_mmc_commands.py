"""Command descriptor blocks and parameters, compared with those that other burners send."""

import pytest

from drivers.mmc import commands
from drivers.mmc.parameters import cue_sheet, write_parameters
from drivers.mmc.pieces import writes
from drivers.mmc.recording import (
    DISC_AT_ONCE,
    INCREMENTALLY,
    SESSION_AT_ONCE,
    STRATEGIES,
    TRACK_AT_ONCE,
    strategy_of,
)

# What cdrskin and growisofs sent to emulated drives; ours are to be the same, bit for bit.
OTHERS = [
    (commands.write(-150, bytes(16 * 2048)), "2a 00 ff ff ff 6a 00 00 10 00"),
    (commands.write(0x390, bytes(16 * 2048)), "2a 00 00 00 03 90 00 00 10 00"),
    (commands.synchronize_cache(), "35 02 00 00 00 00 00 00 00 00"),
    (commands.close(1, 1), "5b 01 01 00 00 01 00 00 00 00"),
    (commands.close(6), "5b 01 06 00 00 00 00 00 00 00"),
    (commands.reserve_track(928), "53 00 00 00 00 00 00 03 a0 00"),
    (commands.read_disc_information(), "51 00 00 00 00 00 00 00 22 00"),
    (commands.read_track_information(0xFF, length=20), "52 01 00 00 00 ff 00 00 14 00"),
    (commands.read_buffer_capacity(), "5c 00 00 00 00 00 00 00 0c 00"),
    (commands.get_performance(6), "ac 00 00 00 00 00 00 00 00 06 03 00"),
    (commands.mode_sense(5, 60), "5a 08 05 00 00 00 00 00 3c 00"),
    (commands.set_cd_speed(0x1B90, 0x1E78), "bb 00 1e 78 1b 90 00 00 00 00 00 00"),
    (commands.set_streaming(0, 1, 1), "b6 00 00 00 00 00 00 00 00 00 1c 00"),
    (commands.prevent_removal(prevent=True), "1e 00 00 00 01 00"),
    (commands.start_stop(start=True, move=True), "1b 00 00 00 03 00"),
    (commands.start_stop(start=False, move=True, wait=False), "1b 01 00 00 02 00"),
    (commands.get_configuration(length=8), "46 00 00 00 00 00 00 00 08 00"),
    (commands.send_cue_sheet(bytes(32)), "5d 00 00 00 00 00 00 00 20 00"),
    (commands.read_toc(2, start=1, length=256), "43 02 02 00 00 00 01 01 00 00"),
    (commands.read_format_capacities(), "23 00 00 00 00 00 00 00 fc 00"),
]


@pytest.mark.parametrize(("command", "cdb"), OTHERS, ids=[row[1] for row in OTHERS])
def test_commands_are_those_of_other_burners(command: commands.Command, cdb: str) -> None:
    assert command.cdb == bytes.fromhex(cdb)


def test_speed_is_set_as_another_burner_sets_it() -> None:
    sent = commands.set_streaming(0x230540, 0x5690, 0x81D8).data_out
    assert sent == bytes.fromhex("00000000 00000000 00230540 000081d8 000003e8 00005690 000003e8")
    assert commands.set_streaming(10, 0, 0).data_out[0] == 4


def test_the_cue_sheet_is_that_of_another_burner() -> None:
    assert cue_sheet(916) == bytes.fromhex(
        "4100001400000000 4101001000000000 4101011000000200 41aa011400000e10"
    )


def test_write_parameters_of_track_at_once_are_those_of_another_burner() -> None:
    sent = write_parameters(b"", TRACK_AT_ONCE, "finalize", pauses=False, test=False)
    assert sent == bytes.fromhex("0000000000000000 0532010408 00000000000000000000 96") + bytes(36)


@pytest.mark.parametrize(
    ("method", "ending", "pauses", "test", "bytes_2_to_5"),
    [
        (SESSION_AT_ONCE, "finalize", True, False, "42040800"),
        (SESSION_AT_ONCE, "open", True, False, "42c40800"),
        (DISC_AT_ONCE, "finalize", True, True, "52050800"),
        (INCREMENTALLY, "open", True, False, "60c50810"),
        (INCREMENTALLY, "finalize", False, False, "20050810"),
    ],
)
def test_write_parameters_follow_the_method(
    method: object, ending: str, pauses: bool, test: bool, bytes_2_to_5: str
) -> None:
    old = bytes.fromhex("8536ffff f8ff aa bb cc 00ffffffff 0096") + b"\x77" * 40
    sent = write_parameters(old, method, ending, pauses=pauses, test=test)  # type: ignore[arg-type]
    assert len(sent) == 8 + 2 + 0x36  # as long as the drive's own page
    assert sent[8:10] == b"\x05\x36"
    assert sent[10:12].hex() == bytes_2_to_5[:4]
    assert sent[12] & 0x0F == 8
    assert sent[13:14].hex() == bytes_2_to_5[6:]
    assert sent[14:16] == b"\xaa\xbb"  # what is not ours stays
    assert sent[24:] == b"\x77" * 40


def test_commands_that_return_at_once_can_be_made_to_wait() -> None:
    for command, at, bit in (
        (commands.synchronize_cache(), 1, 2),
        (commands.close(2), 1, 1),
        (commands.blank(1), 1, 0x10),
    ):
        waiting = commands.blocking(command)
        assert waiting is not None
        assert command.cdb[at] & bit
        assert not waiting.cdb[at] & bit
        assert waiting.timeout == command.patience
    assert commands.blocking(commands.read_capacity()) is None


def test_every_profile_has_what_a_burn_needs() -> None:
    assert {0x09, 0x0A, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x1A, 0x1B, 0x2B, 0x41, 0x42, 0x43} <= (
        set(STRATEGIES)
    )
    for strategy in STRATEGIES.values():
        assert strategy.unit in (1, 16, 32)
        assert "MMC-6" in strategy.source
        assert strategy.unit * 2048 <= 64 << 10  # a whole unit goes through every bridge
        for method in strategy.methods:
            assert method.steps[-4:] == ("data", "flush", "close", "confirm")
            assert ("parameters" in method.steps) == (strategy.profile in (9, 10, 17, 20, 21))
    begins = {m.steps[:4] for row in (9, 17) for m in STRATEGIES[row].methods}
    assert begins == {("speed", "calibrate", "parameters", "place")}
    assert strategy_of(0x7777).methods == ()


def test_whole_pieces_are_handed_on_without_a_copy() -> None:
    data = bytes(range(256)) * 1024
    for piece in writes([data], 65536, (0, len(data)), len(data)):
        assert isinstance(piece, memoryview)
        assert piece.obj is data
