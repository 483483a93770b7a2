"""A whole job on the simulated stick, with everything going wrong on the wire that can."""

from typing import get_args

import pytest
from faulty_target import MIB, Image
from recordings import disk_of

from drivers.simulator.stick import Phase, SimulatedStick, StickFault, Trouble
from drivers.usb.bulk_only import BulkOnly
from drivers.write_stick import write_stick
from reporting import FilmjacketError


@pytest.mark.parametrize("trouble", get_args(Trouble))
@pytest.mark.parametrize("phase", get_args(Phase))
def test_trouble_on_the_wire_ends_in_a_good_stick_or_in_an_error(
    phase: Phase, trouble: Trouble
) -> None:
    image = Image(MIB + MIB // 2)
    for nth in (1, 3, 30):
        for times in (1, None):
            stick = SimulatedStick(faults=[StickFault(phase, trouble, nth, times)])
            try:
                with disk_of(BulkOnly(stick)) as disk:
                    write_stick(disk, image)
            except FilmjacketError:
                good = False
            else:
                good = True
            # Pulled out at the very end it may be complete; it never looks so and is not.
            content = stick.disk.image(image.size)
            assert content == image.data or (not good and content[:512] != image.data[:512])
