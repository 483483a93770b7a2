"""Which commands the simulated drive knows, and how each behaves beside others."""

from collections.abc import Callable
from typing import Final, NamedTuple

from drivers.simulator import block_commands as blocks
from drivers.simulator import disc_commands as disc
from drivers.simulator import drive_commands as drive
from drivers.simulator import session_commands as session
from drivers.simulator.state import Call, State


class Command(NamedTuple):
    """One command."""

    name: str
    run: Callable[[State, Call], bytes]
    busy: bool = False  # answered while an operation goes on
    exempt: bool = False  # answered before a unit attention is told (SPC-4 5.14, MMC-6 4.1.6)
    immediate: tuple[int, int] | None = None  # byte and bit that let it return at once
    immediate_in_data: bool = False  # the bit stands in the parameter list (FORMAT UNIT)


COMMANDS: Final = {
    0x00: Command("TEST UNIT READY", drive.test_unit_ready),
    0x03: Command("REQUEST SENSE", drive.request_sense, busy=True, exempt=True),
    0x04: Command("FORMAT UNIT", session.format_unit, immediate=(1, 0x02), immediate_in_data=True),
    0x12: Command("INQUIRY", drive.inquiry, busy=True, exempt=True),
    0x1B: Command("START STOP UNIT", drive.start_stop),
    0x1E: Command("PREVENT ALLOW MEDIUM REMOVAL", drive.prevent_removal, busy=True),
    0x23: Command("READ FORMAT CAPACITIES", disc.read_format_capacities),
    0x25: Command("READ CAPACITY", disc.read_capacity),
    0x28: Command("READ(10)", blocks.read),
    0x2A: Command("WRITE(10)", blocks.write),
    0x2B: Command("SEEK(10)", blocks.seek),
    0x2E: Command("WRITE AND VERIFY(10)", blocks.write),
    0x2F: Command("VERIFY(10)", blocks.verify),
    0x35: Command("SYNCHRONIZE CACHE", blocks.synchronize_cache, immediate=(1, 0x02)),
    0x43: Command("READ TOC/PMA/ATIP", disc.read_toc),
    0x46: Command("GET CONFIGURATION", drive.get_configuration, busy=True, exempt=True),
    0x4A: Command("GET EVENT STATUS", drive.get_event_status, busy=True, exempt=True),
    0x51: Command("READ DISC INFORMATION", disc.read_disc_information),
    0x52: Command("READ TRACK INFORMATION", disc.read_track_information),
    0x53: Command("RESERVE TRACK", session.reserve_track),
    0x54: Command("SEND OPC INFORMATION", session.send_opc),
    0x55: Command("MODE SELECT(10)", drive.mode_select),
    0x5A: Command("MODE SENSE(10)", drive.mode_sense),
    0x5B: Command("CLOSE TRACK/SESSION", session.close, immediate=(1, 0x01)),
    0x5C: Command("READ BUFFER CAPACITY", drive.read_buffer_capacity),
    0x5D: Command("SEND CUE SHEET", session.send_cue_sheet),
    0xA0: Command("REPORT LUNS", drive.report_luns, busy=True, exempt=True),
    0xA1: Command("BLANK", session.blank, immediate=(1, 0x10)),
    0xA8: Command("READ(12)", blocks.read),
    0xAA: Command("WRITE(12)", blocks.write),
    0xAC: Command("GET PERFORMANCE", drive.get_performance),
    0xAD: Command("READ DISC STRUCTURE", disc.read_disc_structure),
    0xB6: Command("SET STREAMING", drive.set_streaming),
    0xBB: Command("SET CD SPEED", drive.set_cd_speed),
    0xBD: Command("MECHANISM STATUS", drive.mechanism_status),
    0xBE: Command("READ CD", blocks.read_cd),
}


def is_immediate(command: Command, call: Call) -> bool:
    """Return whether the host wants the answer before the operation has ended."""
    if command.immediate is None:
        return False
    byte, bit = command.immediate
    data = bytes(call.data) if command.immediate_in_data else call.cdb
    return len(data) > byte and bool(data[byte] & bit)
