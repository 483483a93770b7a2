"""Never the wrong patient: what is told of whose images they are, and what is refused."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import person

from jacket.verification import verify

Run = Callable[..., Any]
BURN = ("--device", "simulator:cd-r")


@pytest.fixture
def mixed_up(tmp_path: Path) -> Path:
    """Return a folder in which one study is under two patients."""
    person(tmp_path / "in" / "1", 1, "DOE^JOHN")
    person(tmp_path / "in" / "2", 2, "ROE^JANE", "2", "19900101", StudyInstanceUID="1.2.1.1")
    return tmp_path / "in"


def test_a_selection_does_not_hide_a_mix_up(mixed_up: Path, tmp_path: Path, run: Run) -> None:
    words = ("author", mixed_up, "-o", tmp_path / "disc.iso", "--patient", "2")
    said = run(*words)
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[1].startswith("ATTENTION, it is not certain whose images these are")
    assert lines[2] == f"  one study under two Patient IDs: {mixed_up / '2'} and {mixed_up / '1'}"
    assert lines[-1].startswith("NOT CERTAIN WHOSE IT IS")
    assert "burn the image" not in said.out
    (doubt,) = run(*words, "--json").json["doubts"]
    assert doubt["first"] == str(mixed_up / "2")


def test_nothing_is_burned_of_which_nobody_knows_whose_it_is(
    mixed_up: Path, tmp_path: Path, run: Run
) -> None:
    person(mixed_up / "3", 3, "MEIER^MAX", "3")
    words = ("burn", mixed_up, *BURN, "--jobs-folder", tmp_path / "jobs")
    for wanted in ((), ("--patient", "1"), ("--patient", "2")):
        said = run(*words, *wanted, "--json")
        assert said.code == 3
        assert len(said.json["doubts"]) == 1
        assert said.json["discs"] == []
        record = Path(said.json["record"]).read_text()
        assert "it is not certain whose images these are" in record
        assert str(mixed_up) not in record, "folders are named after patients"
    assert "--identity-checked" in run(*words).err
    assert run(*words, "--dry-run").code == 1
    assert run(*words, "--patient", "3").code == 0
    said = run(*words, "--patient", "2", "--identity-checked")
    assert (said.code, "SIMULATED CD-R GOOD" in said.out) == (1, True)


def test_two_people_with_one_number_are_burned_one_study_at_a_time(
    tmp_path: Path, run: Run
) -> None:
    for number in range(1, 6):
        person(tmp_path / "in" / str(number), number, "MEIER^MAX")
    person(tmp_path / "in" / "0", 9, "SCHULZ^EVA", born="19900101")
    words = ("burn", tmp_path / "in", *BURN, "--jobs-folder", tmp_path / "jobs")
    said = run(*words)
    assert (said.code, "two people by their names" in said.err) == (3, True)
    said = run(*words, "--study", "1.2.9.1")
    assert said.code == 0
    assert "1 instance of 1 patient, 1 study in the directory" in said.out


def test_whose_images_they_are_is_never_cut_off(tmp_path: Path, run: Run, test_files: Path) -> None:
    person(tmp_path / "in" / "1", 1, "DOE^JOHN")
    person(tmp_path / "in" / "2", 2, "DOE^JOHN", born="19700102")
    words = ("author", tmp_path / "in", test_files, "-o", tmp_path / "disc")
    remarks = run(*words, "--json").json["remarks"]
    assert len(remarks) > 15, "so that some are cut off"
    burned = run("burn", *words[1:3], *BURN, "--jobs-folder", tmp_path / "jobs", "--dry-run")
    for said in (run(*words[:3], "-o", tmp_path / "again"), burned):
        assert "more; --json lists all" in said.out
        assert "PATIENTS ARE ON IT" in said.out
        assert "one Patient ID, two birth dates" in said.out
        assert "Birth Date (0010,0030) of one PATIENT differs" in said.out


def test_what_is_burned_is_told_before_it_is(
    two_patients: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jacket.burning.target import DiscTarget

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DiscTarget, "put", stopped)
    said = run("burn", two_patients, *BURN, "--jobs-folder", tmp_path / "jobs")
    assert said.code == 130
    assert "the medium is to hold" in said.out
    assert "2 PATIENTS ARE ON IT" in said.out


@pytest.mark.parametrize("option", ["--patient", "--study", "--series", "--accession"])
def test_an_empty_value_selects_nobody(option: str, tmp_path: Path, run: Run) -> None:
    person(tmp_path / "in" / "1", 1, "DOE^JOHN", "", AccessionNumber="")
    for value in ("", " "):
        said = run("author", tmp_path / "in", "-o", tmp_path / "disc.iso", option, value)
        assert said.code == 2
        assert f"{option}: the value is empty" in said.err
    assert not (tmp_path / "disc.iso").exists()


@pytest.mark.parametrize(
    ("label", "is_told"),
    [("DOEMANN", True), ("CT_DOEMANN_1", True), ("PAT4711", True), ("CT", False), (None, False)],
)
def test_a_label_that_names_the_patient_is_told(
    label: str | None, is_told: bool, tmp_path: Path, run: Run
) -> None:
    person(tmp_path / "in" / "1", 1, "Doemann^J", "PAT4711")
    words = () if label is None else ("--label", label)
    said = run("author", tmp_path / "in", "-o", tmp_path / "disc.iso", *words)
    assert said.code == 0
    assert ("THE LABEL TELLS WHO THE PATIENT IS" in said.out) is is_told


def test_media_of_one_day_have_each_a_label_of_their_own(
    two_patients: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = set()
    for clock in range(1_700_000_000, 1_700_000_003):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(clock))
        told = run("author", two_patients, "-o", tmp_path / f"{clock}.img", "--json").json
        labels.add(told["volumes"][0]["label"])
    assert len(labels) == 3
    assert max(map(len, labels)) <= 11, "as many as a FAT volume takes"


# --- of media that are there ---------------------------------------------------------------

FIRST = "DICOM/P0000001/S0000001/E0000001/I0000001"


@pytest.fixture
def disc(tmp_path: Path, run: Run) -> Path:
    """Return a folder with two images of one patient, as media have them."""
    person(tmp_path / "in" / "1", 1, "DOE^JOHN", "4711")
    person(tmp_path / "in" / "2", 1, "DOE^JOHN", "4711", SOPInstanceUID="1.2.1.4")
    assert run("author", tmp_path / "in", "-o", tmp_path / "disc").code == 0
    return tmp_path / "disc"


@pytest.mark.parametrize("with_manifest", [True, False])
@pytest.mark.parametrize(
    ("place", "rule", "words"),
    [
        (FIRST, "DIR-REF-PATIENT", "FILED UNDER ANOTHER PATIENT: 1 file"),
        (f"{FIRST[:-1]}9", "DIR-FILE-STRANGER", "OF A PATIENT WHO IS NOT IN THE DIRECTORY: 1 file"),
    ],
    ids=["exchanged", "added"],
)
def test_a_strangers_image_is_told_first_and_last_and_nothing_advises_to_file_it(
    with_manifest: bool, place: str, rule: str, words: str, disc: Path, tmp_path: Path, run: Run
) -> None:
    shutil.copy(person(tmp_path / "x", 7, "ROE^JANE", "2", "19900101"), disc / place)
    if not with_manifest:
        (disc / "MANIFEST.TXT").unlink()
    said = run("verify", disc)
    assert said.code == 1
    assert said.out.count(words) == 2
    assert said.out.splitlines()[-1] == f"  {words}"
    causes = [line for line in said.out.splitlines() if line.startswith(("ERROR", "WARNING"))]
    assert causes[0].split()[1] == rule
    for finding in verify(disc).findings:
        if "--anew" in finding.remedy:
            assert finding.remedy.startswith("Find out first whose the file is")


def test_a_file_of_the_same_patient_that_no_record_names_is_nobody_elses(
    disc: Path, tmp_path: Path
) -> None:
    shutil.copy(person(tmp_path / "x", 7, "DOE^JOHN", "4711"), disc / f"{FIRST[:-1]}9")
    rules = {finding.rule for finding in verify(disc).findings}
    assert "DIR-FILE-UNREFERENCED" in rules
    assert "DIR-FILE-STRANGER" not in rules


@pytest.mark.parametrize(
    "other",
    [
        {"name": "ROE^JANE", "patient_id": "4711", "born": "19900101"},
        {"name": "ROE^JANE", "patient_id": "", "born": ""},
        {"name": "M\u00fcller^J", "patient_id": "4711", "SpecificCharacterSet": "ISO_IR 192"},
    ],
    ids=["same number", "no number", "other letters"],
)
@pytest.mark.parametrize("place", [FIRST, f"{FIRST[:-1]}9"], ids=["exchanged", "added"])
def test_a_stranger_with_the_patients_number_or_none_is_told_by_the_name(
    place: str, other: dict[str, str], disc: Path, tmp_path: Path
) -> None:
    born = other.pop("born", "")
    uids = {"StudyInstanceUID": "1.2.1.1", "SeriesInstanceUID": "1.2.1.2"}
    file = person(tmp_path / "x", 7, born=born, **other, **uids, SOPInstanceUID="1.2.1.3")
    shutil.copy(file, disc / place)
    (disc / "MANIFEST.TXT").unlink()
    rule = "DIR-REF-PATIENT" if place == FIRST else "DIR-FILE-STRANGER"
    assert rule in {finding.rule for finding in verify(disc).findings}


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "disc"),
        ("author", "in", "-o", "out"),
        ("burn", "in", *BURN, "--jobs-folder", "jobs"),
    ],
    ids=lambda words: words[0],
)
def test_whose_it_is_is_shown_to_the_person_at_the_terminal_and_kept_out_of_logs(
    words: tuple[str, ...], disc: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "DOE" not in run(*words).out
    if words[0] == "author":
        shutil.rmtree("out")
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "jacket", *words],
            stdout=follower,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        told = os.read(leader, 65536).decode()
    finally:
        os.close(leader)
        os.close(follower)
    assert "  DOE^JOHN, ID 4711, born 1970-01-01\r\n" in told


def test_what_comes_into_a_file_set_is_compared_with_what_is_there(
    disc: Path, tmp_path: Path, run: Run
) -> None:
    other = person(tmp_path / "x", 7, "DOE^JOHN", "4711", "19700102")
    said = run("dicomdir", disc, "--add", other)
    assert said.code == 1
    assert (
        "ATTENTION, it is not certain whose images these are: one Patient ID, two birth" in said.out
    )
    again = run("dicomdir", disc, "--json")
    assert (again.code, again.json["doubts"]) == (0, []), "nothing new came in"


@pytest.mark.parametrize("name", ["._IM2", "Thumbs.db"])
def test_an_image_is_not_left_out_for_its_name(name: str, tmp_path: Path, run: Run) -> None:
    person(tmp_path / "in" / name, 1, "DOE^JOHN")
    (tmp_path / "in" / "._IM1").write_bytes(b"\0\5\x16\7" + bytes(4092))
    told = run("author", tmp_path / "in", "-o", tmp_path / "disc", "--json")
    assert (told.code, told.json["instances"]) == (0, 1)
    assert [item["kind"] for item in told.json["left_out"]] == ["litter"]
    listed = run("ls", tmp_path / "in", "--files", "--json").json
    assert len(listed["patients"]) == 1
