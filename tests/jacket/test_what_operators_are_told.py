"""What is printed is true, complete and in the order of its weight."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicomdir.instance import KINDS
from jacket.cli import main
from jacket.left_out_words import HEADINGS
from jacket.manifest import parse_manifest
from jacket.report import render
from jacket.verification import causes, verify

CT = Path(str(get_testdata_file("CT_small.dcm")))
RLE = Path(str(get_testdata_file("MR_small_RLE.dcm")))
UID = b"1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"  # Study Instance UID of CT_small


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def malformed_uid(tmp_path: Path) -> Path:
    """A CT whose Study Instance UID has letters in it."""
    path = tmp_path / "in" / "ct"
    path.parent.mkdir()
    data = CT.read_bytes()
    assert UID in data
    path.write_bytes(data.replace(UID, b"1.3.6.one" + UID[9:]))
    return path


def test_a_medium_that_cannot_be_compliant_is_not_called_clean(
    malformed_uid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "author", malformed_uid, "-o", tmp_path / "d.iso")
    assert code == 1
    assert "NOT COMPLIANT: Study Instance UID (0020,000D)" in out
    code, out, _ = run(capsys, "author", malformed_uid, "-o", tmp_path / "d.iso", "--json")
    assert len(json.loads(out)["flaws"]) == 1
    assert run(capsys, "verify", tmp_path / "d.iso")[0] == 1


def test_texts_and_programs_of_other_discs_are_named_but_are_no_loss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(CT, source / "I1")
    (source / "README.TXT").write_text("Gr\u00fc\u00df Gott, this is a disc.\n" * 40)
    (source / "VIEWER.EXE").write_bytes(b"MZ" + bytes(range(256)))
    code, out, _ = run(capsys, "author", source, "-o", tmp_path / "d.iso", "--json")
    assert code == 0
    assert {i["kind"] for i in json.loads(out)["left_out"]} == {"foreign"}
    (source / "scan.pdf").write_bytes(b"%PDF-1.4\n" + bytes(99))  # that one may be meant
    assert run(capsys, "author", source, "-o", tmp_path / "d.iso")[0] == 1


def test_an_encrypted_file_is_known_for_one(
    tmp_path: Path, peer: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    words = ("cms", "-encrypt", "-pwri_password", "pass word", "-aes256", "-binary")
    files = ("-outform", "DER", "-in", str(CT), "-out", str(secret))
    subprocess.run([peer("openssl"), *words, *files], check=True)
    code, out, _ = run(capsys, "author", secret, CT, "-o", tmp_path / "d.iso", "--json")
    assert code == 1
    assert [item["kind"] for item in json.loads(out)["left_out"]] == ["secure"]


def test_a_dry_run_tells_the_size_and_whether_it_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "d.iso"
    code, out, _ = run(capsys, "author", CT, "-o", target, "--dry-run", "--json")
    assert code == 0
    estimated = json.loads(out)["estimated_bytes"]
    assert run(capsys, "author", CT, "-o", target)[0] == 0
    assert 0.8 < estimated / target.stat().st_size < 1.25
    target.unlink()
    words = ("author", CT, "-o", target, "--dry-run", "--capacity", "1000")
    code, _, err = run(capsys, *words)
    assert code == 3
    assert "1,000" in err
    assert not target.exists()


def test_a_dry_run_has_the_remarks_of_the_real_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = get_testdata_file("reportsi.dcm")
    remarks = [
        json.loads(run(capsys, "author", source, "-o", tmp_path / "d.iso", "--json", *more)[1])[
            "remarks"
        ]
        for more in (("--dry-run",), ())
    ]
    assert remarks[0] == remarks[1]
    assert any("Patient ID (0010,0020) generated" in remark for remark in remarks[0])


def test_when_nothing_can_be_written_the_reasons_are_in_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / str(number)).write_bytes(b"no" * number)
    code, out, err = run(capsys, "author", tmp_path / "in", "-o", tmp_path / "d.iso", "--json")
    assert code == 3
    told = json.loads(out)
    assert len(told["left_out"]) == 30
    assert told["error"]["what"] in err


def test_never_to_transcode_is_the_reason_that_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("author", CT, RLE, "-o", tmp_path / "d.iso", "--transcode", "never", "--json")
    code, out, _ = run(capsys, *words)
    assert code == 1
    (left_out,) = json.loads(out)["left_out"]
    assert "--transcode never" in left_out["reason"]
    assert "decoder" not in left_out["reason"]


def test_every_kind_of_what_is_left_out_has_a_heading() -> None:
    assert HEADINGS.keys() == KINDS.keys()


def test_mixed_up_patients_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    source.mkdir()
    data = CT.read_bytes()
    (source / "a").write_bytes(data)
    other = data.replace(b"CompressedSamples^CT1", b"SomebodyElse^Charles ")
    (source / "b").write_bytes(other.replace(b"072730.12322", b"072730.99999"))
    (source / "c").write_bytes(data[:9000])
    code, out, _ = run(capsys, "author", source, "-o", tmp_path / "d.iso")
    assert code == 1
    assert out.index("ATTENTION, two patients") < out.index("files that are cut off")
    assert "Somebody" not in out


def test_a_directory_is_made_anew_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CT, tmp_path / "I1")
    assert run(capsys, "dicomdir", tmp_path, "--label", "FIRST")[0] == 0
    before = verify(tmp_path)
    code, out, _ = run(capsys, "dicomdir", tmp_path, "--label", "SECOND")
    assert code == 0
    assert "stays as it is" in out
    assert verify(tmp_path).file_set_id == "FIRST"
    assert run(capsys, "dicomdir", tmp_path, "--anew", "--label", "SECOND")[0] == 0
    after = verify(tmp_path)
    assert after.file_set_id == "SECOND"
    assert after.file_set_uid != before.file_set_uid
    assert run(capsys, "dicomdir", tmp_path, "--label", "no label")[0] == 2


def test_records_that_the_profile_forbids_are_not_passed_over_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CT, tmp_path / "I1")
    shutil.copy(RLE, tmp_path / "I2")
    assert run(capsys, "dicomdir", tmp_path)[0] == 0
    words = ("dicomdir", tmp_path, "--profile", "STD-GEN-CD")
    code, out, _ = run(capsys, *words, "--json")
    told = json.loads(out)
    assert code == 1
    assert told["instances"] == 2
    assert any("--anew" in remark for remark in told["remarks"])
    assert run(capsys, *words, "--anew")[0] == 1
    assert verify(tmp_path, "STD-GEN-CD").instances == 1


def test_an_update_keeps_our_manifest_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    medium = tmp_path / "medium"
    assert run(capsys, "author", CT, "-o", medium)[0] == 0
    shutil.copy(get_testdata_file("MR_small.dcm"), medium / "DICOM" / "NEW1")
    assert run(capsys, "dicomdir", medium, "--profile", "STD-GEN-CD")[0] == 0
    verdict = verify(medium, "STD-GEN-CD")
    assert [f for f in verdict.findings if f.rule.startswith("MAN-")] == []
    assert verdict.compliant
    listed, odd, _ = parse_manifest((medium / "MANIFEST.TXT").read_bytes())
    assert ("DICOM", "NEW1") in listed
    assert odd == 0


def test_a_headline_holds_for_every_place(tmp_path: Path) -> None:
    for number, name in enumerate(("MR_small_RLE.dcm", "JPEG2000.dcm", "CT_small.dcm")):
        shutil.copy(get_testdata_file(name), tmp_path / f"I{number}")
    main(["dicomdir", str(tmp_path)])
    (cause,) = (
        c
        for c in causes(verify(tmp_path, "STD-GEN-CD").findings)
        if c.example.rule == "PRO-TRANSFER-SYNTAX"
    )
    assert len({finding.message for finding in cause.group}) == 2
    assert cause.headline not in {finding.message for finding in cause.group}


def test_the_report_escapes_what_a_medium_says_and_marks_commands(tmp_path: Path) -> None:
    folder = tmp_path / "<script>alert(1)<"
    folder.mkdir()
    page = render(verify(folder))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;" in page
    assert "<code>jacket author</code>" in page


def test_a_disc_whose_directory_leads_nowhere_is_listed_by_its_files(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "ls", shared_data / "philips-brconn-dirfile")
    assert code == 0
    assert "listed by the files" in out
    assert "series 401  CT  3 instances" in out


def test_files_that_records_name_are_not_called_missing(shared_data: Path) -> None:
    rules = {f.rule for f in verify(shared_data / "philips-brconn-dirfile").findings}
    assert "DIR-FILE-MISSING" not in rules
    assert "MED-DICOMDIR-SECOND" in rules
