"""A single Secure DICOM File is opened in place of a medium: it came by mail, or from a disc."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE
from secure_media import contents, with_password, word

import jacket
from secure import Keys

Run = Callable[..., Any]
OURS = with_password()
NAMES = ["I0000001", "scan.p7m"]


@pytest.fixture
def plain(test_files: Path) -> bytes:
    return (test_files / "CT_small.dcm").read_bytes()


@pytest.fixture(params=NAMES)
def single(request: pytest.FixtureRequest, plain: bytes, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(OURS(plain))
    return path


def test_it_is_decrypted_into_a_folder(single: Path, plain: bytes, tmp_path: Path) -> None:
    done = jacket.decrypt(single, tmp_path / "out", Keys([PHRASE]))
    assert (done.decrypted, done.copied, done.left_out) == (1, 0, ())
    assert contents(tmp_path / "out")[single.name] == plain


def test_it_is_listed_by_what_is_in_it(single: Path, tmp_path: Path, run: Run) -> None:
    said = run("ls", single, "--password-file", word(tmp_path), "--json").json
    assert said["medium"]["kind"] == "file"
    (patient,) = said["patients"]
    assert patient["PatientID"] == "1CT1"
    closed = run("ls", single)
    assert (closed.code, "1 Secure DICOM File on it" in closed.err) == (3, True)


def test_it_is_judged_by_what_is_in_it(single: Path, tmp_path: Path, run: Run) -> None:
    said = run("verify", single, "--password-file", word(tmp_path), "--json")
    medium = said.json["medium"]
    assert (medium["kind"], medium["secure_opened"]) == ("file", 1)
    assert said.code == 0, said.out
    assert said.json["satisfies"] == []
    assert any("A file alone is no medium" in sentence for sentence in medium["not_judged"])
    claimed = run("verify", single, "--password-file", word(tmp_path), "--profile", "STD-GEN-CD")
    assert claimed.code == 1


def test_without_a_key_it_is_not_taken_for_a_good_one(single: Path, run: Run) -> None:
    said = run("verify", single, "--json")
    assert (said.code, said.json["compliant"]) == (1, False)
    assert {finding["rule"] for finding in said.json["findings"]} == {"SEC-CLOSED"}


def test_a_changed_one_is_refused(single: Path, tmp_path: Path, run: Run) -> None:
    data = bytearray(single.read_bytes())
    data[len(data) // 2] ^= 1
    single.write_bytes(data)
    said = run("decrypt", single, "--to", tmp_path / "out", "--password-file", word(tmp_path))
    assert (said.code, (tmp_path / "out").exists()) == (3, False)
    verdict = run("verify", single, "--password-file", word(tmp_path), "--json").json
    assert {finding["rule"] for finding in verdict["findings"]} == {"SEC-DIGEST"}


def test_other_files_are_no_media_as_before(plain: bytes, tmp_path: Path, run: Run) -> None:
    (tmp_path / "plain.dcm").write_bytes(plain)
    for command in ("ls", "verify"):
        said = run(command, tmp_path / "plain.dcm")
        assert (said.code, "is a single DICOM file" in said.err) == (3, True)
