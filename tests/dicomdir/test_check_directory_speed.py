"""A directory with a fault in every record costs no more for each of them as it grows."""

import time

from dicomdir.check_directory import check_directory
from dicomdir.elements import encode_element
from dicomdir.encode import encode_dicomdir
from dicomdir.record import Directory, DirectoryRecord

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def faulty(number: int) -> bytes:
    """Return a DICOMDIR whose records all have the same illegal File ID."""
    keys = encode_element(0x00200013, b"IS", b"1 ")
    leaves = [
        DirectoryRecord("IMAGE", keys, ("A.B",), CT, f"1.2.3.{n + 1}", EXPLICIT)
        for n in range(number)
    ]
    return encode_dicomdir(Directory("1.2.3.1", "TEST", leaves))


def test_time_grows_with_the_number_of_records_and_no_faster() -> None:
    def seconds(number: int) -> float:
        data = faulty(number)
        start = time.process_time()
        assert len(check_directory(data)) >= number
        return time.process_time() - start

    seconds(100)
    assert seconds(16_000) < 16 * max(seconds(2_000), 0.02)
