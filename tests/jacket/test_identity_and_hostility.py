"""What somebody with bad intent tries: swapped files, mixed-up people, pipes, huge manifests."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from people import person
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.manifest import LARGEST, parse_manifest
from jacket.verification import verify
from media.copying import Copier
from reporting import CannotRead

CT = Path(str(get_testdata_file("CT_small.dcm")))
Run = Callable[..., Any]


def test_another_file_in_a_sources_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = person(tmp_path / "in" / "a", 1, "DOE^JOHN")
    other = person(tmp_path / "b", 2, "ROE^JANE")
    assert source.stat().st_size == other.stat().st_size
    real = Copier.copy

    def swapped(self: Copier, *arguments: Any) -> Any:
        if other.exists():
            other.replace(source)
        return real(self, *arguments)

    monkeypatch.setattr(Copier, "copy", swapped)
    with pytest.raises(CannotRead, match="changed while it was being read"):
        author([source.parent], tmp_path / "d.iso")
    assert not (tmp_path / "d.iso").exists()


def test_listing_by_files_keeps_people_apart_and_names_what_is_not_listed(
    tmp_path: Path, run: Run
) -> None:
    person(tmp_path / "a", 1, "DOE^JOHN")
    person(tmp_path / "b", 2, "ROE^JANE", born="19900101")
    (tmp_path / "c").write_bytes(CT.read_bytes()[:9000])
    said = run("ls", tmp_path)
    assert said.code == 1
    assert "ROE" not in said.out
    assert "NOT LISTED  b: it has the Patient ID of a" in said.out
    assert "NOT LISTED  c: truncated" in said.out
    listing = run("ls", tmp_path, "--json").json
    assert [item["kind"] for item in listing["left_out"]] == ["patient-conflict", "truncated"]
    assert len(listing["patients"][0]["studies"]) == 1


@pytest.mark.parametrize(
    "people",
    [
        [("DOE^ANNA", "19000101"), ("ROE^BERT", "19000101")],
        [("DOE^ANNA", "20010101"), ("ROE^BERT", "20010101"), ("ROE^BERT", "19500101")],
    ],
    ids=["a placeholder for a date", "a chain of half-equal people"],
)
def test_people_are_not_merged_by_what_tells_nobody_apart(
    people: list[tuple[str, str]], tmp_path: Path, run: Run
) -> None:
    for number, (name, born) in enumerate(people, start=1):
        person(tmp_path / "in" / str(number), number, name, born=born)
    said = run("author", tmp_path / "in", "-o", tmp_path / "d.iso", "--json")
    assert said.code == 1
    assert [item["kind"] for item in said.json["left_out"]] == ["patient-conflict"]
    assert said.json["left_out"][0]["source"].endswith(f"/{len(people)}")


def test_an_object_that_fails_keeps_nobody_off_the_medium(
    tmp_path: Path, run: Run, test_files: Path
) -> None:
    broken = pydicom.dcmread(test_files / "JPEG2000.dcm")
    broken.PatientName, broken.PatientID, broken.PatientBirthDate = "DOE^JOHN", "1", "19500101"
    broken.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51broken"])
    (tmp_path / "in").mkdir()
    broken.save_as(tmp_path / "in" / "a")
    person(tmp_path / "in" / "b", 2, "ROE^JANE")
    said = run("author", tmp_path / "in", "-o", tmp_path / "d.iso", "--json")
    assert said.json["volumes"][0]["instances"] == 1
    assert [Path(item["source"]).name for item in said.json["left_out"]] == ["a"]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("InstanceNumber", b"1.0"),
        ("InstanceNumber", b"1e5 "),
        ("SeriesNumber", b"1\\2 "),
        ("Modality", b"ct lower"),
        ("StudyTime", b"256199"),
        ("StudyDate", b"20261345"),
    ],
)
def test_careless_values_do_not_make_a_medium_that_we_refuse(
    keyword: str, value: bytes, tmp_path: Path, run: Run
) -> None:
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    dataset = pydicom.dcmread(CT)
    tag = Tag(tag_for_keyword(keyword) or 0)
    raw = RawDataElement(tag, dictionary_VR(tag), len(value), value, 0, False, True)
    dataset._dict[tag] = raw
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a")
    assert value.strip() in (tmp_path / "in" / "a").read_bytes()
    said = run("author", tmp_path / "in", "-o", tmp_path / "d.iso", "--json")
    assert said.code == 0
    assert any("is malformed in the file" in remark for remark in said.json["remarks"])
    assert run("verify", tmp_path / "d.iso", "--profile", "STD-GEN-CD").code == 0


def test_a_pipe_or_a_link_named_dicomdir_is_refused(tmp_path: Path, run: Run) -> None:
    folder, other = tmp_path / "f", tmp_path / "g"
    for place in (folder, other):
        place.mkdir()
        shutil.copy(CT, place / "A")
    os.mkfifo(folder / "DICOMDIR")
    assert run("dicomdir", folder).code == 3
    (folder / "DICOMDIR").unlink()
    assert run("dicomdir", other).code == 0
    before = (other / "DICOMDIR").read_bytes()
    (folder / "DICOMDIR").symlink_to(other / "DICOMDIR")
    assert run("dicomdir", folder).code == 3
    assert (folder / "DICOMDIR").is_symlink()
    assert (other / "DICOMDIR").read_bytes() == before


def test_an_illegally_named_copy_does_not_push_out_the_legal_file(tmp_path: Path, run: Run) -> None:
    shutil.copy(CT, tmp_path / "I1")
    shutil.copy(CT, tmp_path / "Copy of I1.dcm")
    said = run("dicomdir", tmp_path, "--json")
    assert said.json["instances"] == 1
    assert [Path(item["source"]).name for item in said.json["left_out"]] == ["Copy of I1.dcm"]
    assert verify(tmp_path).instances == 1


def test_a_manifest_of_rubbish_costs_no_memory_and_few_findings(tmp_path: Path, run: Run) -> None:
    medium = tmp_path / "medium"
    assert run("author", CT, "-o", medium).code == 0
    with (medium / "MANIFEST.TXT").open("ab") as file:
        file.write(b"x\n" * 300_000)
    found = [f for f in verify(medium).findings if f.rule == "MAN-LINE"]
    assert 2 <= len(found) < 50
    assert "299,980" in found[-1].where.replace("299980", "299,980")
    with (medium / "MANIFEST.TXT").open("r+b") as file:
        file.truncate(LARGEST + 1)
    assert {f.rule for f in verify(medium).findings} == {"MAN-LINE", "P10-PREAMBLE-TIFF"}


def test_another_makers_manifest_is_none_of_our_business(tmp_path: Path, run: Run) -> None:
    medium = tmp_path / "medium"
    assert run("author", CT, "-o", medium).code == 0
    (medium / "MANIFEST.TXT").write_text("Name: something else\n")
    assert parse_manifest(b"Name: something else\n")[0] == {}
    assert {f.rule for f in verify(medium).findings} == {"P10-PREAMBLE-TIFF"}  # as in the source


def test_a_report_never_takes_the_place_of_the_medium(tmp_path: Path, run: Run) -> None:
    image = tmp_path / "d.iso"
    assert run("author", CT, "-o", image).code == 0
    before = image.read_bytes()
    assert run("verify", image, "--html", image).code == 2
    assert image.read_bytes() == before
    assert run("author", CT, "-o", tmp_path / "m").code == 0
    assert run("verify", tmp_path / "m", "--html", tmp_path / "m" / "R.HTM").code == 2


def test_wrong_words_are_one_json_object_too(run: Run) -> None:
    for words in (("author", "--json"), ("verify", "--json"), ("ls", "x", "--nonsense", "--json")):
        said = run(*words)
        assert said.code == 2
        assert "--help` shows" in json.loads(said.out)["error"]["remedy"]


@pytest.mark.parametrize("command", ["author", "dicomdir"])
@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_number_of_processes_is_one_at_least(command: str, number: str, run: Run) -> None:
    said = run(command, "x", *(("-o", "y") if command == "author" else ()), f"--jobs={number}")
    assert said.code == 2
    assert "number of processes" in said.err


def test_names_that_are_not_utf_8_can_be_told_apart_in_json(tmp_path: Path, run: Run) -> None:
    for byte in (b"\xfe", b"\xff"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad" + byte)).write_bytes(b"\x01\x02" * 99)
    shutil.copy(CT, tmp_path / "I1")
    said = run("author", tmp_path, "-o", tmp_path / "d.iso", "--json", "--dry-run")
    names = {item["source"] for item in said.json["left_out"]}
    assert {os.fsencode(name)[-1:] for name in names} == {b"\xfe", b"\xff"}


def test_a_bare_suffix_is_an_image_and_no_folder(tmp_path: Path, run: Run) -> None:
    assert run("author", CT, "-o", tmp_path / ".iso").code == 0
    assert (tmp_path / ".iso").is_file()
