"""Instances for the planner and the checker, made without reading files."""

from collections.abc import Callable

import pytest

from dicomdir.elements import encode_element
from dicomdir.instance import Instance

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MakeInstance = Callable[..., Instance]


def _keys(**values: tuple[int, bytes, str]) -> bytes:
    rows = sorted(values.values())
    return b"".join(encode_element(tag, vr, value.encode()) for tag, vr, value in rows)


@pytest.fixture
def make_instance() -> MakeInstance:
    """Make an Instance from what a test cares about."""
    made: list[int] = []

    def make(
        source: str = "",
        *,
        patient: str = "P1",
        name: str = "Jacket^Film",
        study: str = "1.2.3.1",
        date: str = "20260101",
        accession: str = "A1",
        series: str = "1.2.3.1.1",
        series_number: str = "1",
        number: str = "1",
        uid: str = "",
        sop_class: str = CT,
        syntax: str = EXPLICIT,
        record_type: str = "IMAGE",
        size: int = 1000,
        departures: tuple[str, ...] = (),
        keys: bytes = b"",
    ) -> Instance:
        made.append(1)
        return Instance(
            source=source or f"/in/{len(made):04d}",
            size=size,
            dataset_offset=300,
            sop_class_uid=sop_class,
            sop_instance_uid=uid or f"1.2.3.9.{len(made)}",
            transfer_syntax_uid=syntax,
            related_general=b"",
            record_type=record_type,
            patient=_keys(name=(0x00100010, b"PN", name), identifier=(0x00100020, b"LO", patient)),
            study=_keys(
                date=(0x00080020, b"DA", date),
                accession=(0x00080050, b"SH", accession),
                uid=(0x0020000D, b"UI", study),
            ),
            series=_keys(
                uid=(0x0020000E, b"UI", series), number=(0x00200011, b"IS", series_number)
            ),
            keys=keys + _keys(number=(0x00200013, b"IS", number)),
            departures=departures,
            remarks=(),
        )

    return make
