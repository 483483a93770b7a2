"""Names that would lead elsewhere as the name of a file on this machine."""

from pathlib import Path

import pytest
from our_volumes import RECORDED, write
from specimen import Specimen
from udf_detours import seal

from media import NamedSource, open_medium
from media.safe_names import safe_component


@pytest.mark.parametrize(
    ("recorded", "safe"),
    [
        ("DICOMDIR", "DICOMDIR"),
        ("I1.;1", "I1.;1"),
        ("a name.of:text", "a name.of:text"),
        ("12:30", "12:30"),
        ("..a", "..a"),
        ("", "_"),
        (".", "_"),
        ("..", "_"),
        ("..;1", "_"),
        ("../x", ".._x"),
        ("/etc", "_etc"),
        ("a\\b", "a_b"),
        ("a\0b", "a_b"),
        ("C:", "C_"),
        ("c:\\x", "c__x"),
    ],
)
def test_parts_that_lead_elsewhere_are_made_plain(recorded: str, safe: str) -> None:
    assert safe_component(recorded) == safe


@pytest.mark.parametrize("evil", ["../X", "/ETC", "C:\\X", "AB\0D"])
@pytest.mark.parametrize("kind", ["fat16", "fat32 partitioned", "udf 1.50", "udf 2.60"])
def test_a_name_on_a_volume_never_leads_out_of_it(tmp_path: Path, kind: str, evil: str) -> None:
    names = [("DICOM", "FILE"), ("DICOM", "EVIL"), ("EVIL", "FILE")]
    write(kind, [NamedSource(name, (b"x",), RECORDED) for name in names], tmp_path / "t")
    with Specimen(tmp_path / "t") as specimen:
        for at in specimen.find_all(b"EVIL"):
            specimen.write(at, evil.encode())
            if kind.startswith("udf"):
                record = bytearray(specimen.read(at - 39, 64))
                seal(record, 0)
                specimen.write(at - 39, bytes(record))
    with open_medium(tmp_path / "t") as medium:
        found = {entry.name for entry in medium.entries()}
        safe = safe_component(evil)
        assert found == {("DICOM", "FILE"), ("DICOM", safe), (safe, "FILE")}
        rules = {finding.rule for finding in medium.findings()}
    if kind.startswith("udf"):
        assert ("UDF-NAME-ILLEGAL" in rules) == ("/" in evil or "\0" in evil)
    else:
        assert "FAT-NAME" in rules
