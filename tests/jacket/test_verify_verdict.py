"""What the first lines of a verdict say: what is kept and what not, and which is nearest."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicomdir.read import read_directory
from jacket.verification import verify
from profiles.order import heads_of

Run = Callable[..., Any]

EVERYTHING = """
[[profile]]
identifier = "PRI-WARD-CD"
medium = "CD-R"
format = "P12-F"

[[profile.allowed]]
sop_classes = ["any"]
transfer_syntaxes = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"]
"""


@pytest.fixture
def stick(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    folder = tmp_path / "stick"
    assert run("author", two_patients, "-o", folder, "--profile", "STD-GEN-USB-JPEG").code == 0
    return folder


def test_whose_instances_they_are_is_said_in_words_page_and_json(
    image: Path, tmp_path: Path, run: Run
) -> None:
    page = tmp_path / "page.html"
    told = run("verify", image, "--html", page)
    assert told.code == 0
    assert " instances of 2 patients, 5 studies in the directory\n" in told.out
    assert "\n  2 PATIENTS ARE ON IT\n" in told.out
    short, whose, several = told.out.splitlines()[-3:]
    assert short == "in short: COMPLIANT with the general rules for DICOM media"
    assert whose.endswith(" instances of 2 patients, 5 studies in the directory")
    assert several == "  2 PATIENTS ARE ON IT"
    head, _, _ = page.read_text().partition("</header>")
    assert (
        "instances of 2 patients, 5 studies in the directory: <strong>2 PATIENTS ARE ON IT</strong>"
        in head
    )
    medium = run("verify", image, "--json").json["medium"]
    assert (medium["patients"], medium["studies"]) == (2, 5)


def test_one_patient_is_no_remark_however_many_records_there_are(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    disc = tmp_path / "disc"
    assert run("author", two_patients, "-o", disc, "--patient", "77654033").code == 0
    assert "PATIENTS" not in run("verify", disc).out
    read = read_directory((disc / "DICOMDIR").read_bytes()).directory
    assert heads_of(read).patients == 1
    twice = read.replaced(records=[*read.records, read.records[0].replaced()])
    assert heads_of(twice) == heads_of(read)
    nameless = read.replaced(records=[record.replaced(keys=b"") for record in twice.records])
    assert heads_of(nameless).patients == 2


def test_what_ihe_adds_takes_no_profile_away(stick: Path, run: Run) -> None:
    plain = run("verify", stick, "--json")
    asked = run("verify", stick, "--json", "--pdi")
    assert (plain.code, asked.code) == (0, 1)
    assert {f["rule"] for f in asked.json["findings"] if f["severity"] == "error"} == {"PDI-README"}
    assert asked.json["satisfies"] == plain.json["satisfies"]
    assert "STD-GEN-USB-JPEG" in asked.json["satisfies"]
    said = run("verify", stick, "--pdi", "--profile", "STD-GEN-USB-JPEG").out
    told = ": COMPLIANT with STD-GEN-USB-JPEG; NOT COMPLIANT with IHE PDI"
    assert said.splitlines()[0].endswith(told)


def test_what_breaks_dicom_breaks_ihe_pdi_too(stick: Path, run: Run) -> None:
    (stick / "DICOMDIR").unlink()
    first = run("verify", stick, "--pdi").out.splitlines()[0]
    assert first.endswith(": NOT COMPLIANT with the general rules for DICOM media and IHE PDI")


def test_a_plain_folder_satisfies_no_profile_that_protects(stick: Path, run: Run) -> None:
    verdict = verify(stick)
    assert not [name for name in verdict.satisfies if "-SEC-" in name]
    assert verdict.unseen == ("STD-GEN-SEC-ZIP-MAIL",)
    claimed = run("verify", stick, "--profile", "STD-GEN-SEC-ZIP-MAIL")
    assert "the protection of the mail was not seen" in claimed.out.splitlines()[0]
    assert verify(stick, "STD-GEN-SEC-ZIP-MAIL").satisfies == ()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disc_that_fits_no_profile_says_which_is_nearest(
    jobs: int, tmp_path: Path, many: Callable[[int, int], list[Path]], run: Run
) -> None:
    declared, disc = tmp_path / "ward.toml", tmp_path / "disc.iso"
    declared.write_text(EVERYTHING)
    words = ("--profile", "PRI-WARD-CD", "--profile-file", declared)
    assert run("author", *many(3, 2), "-o", disc, *words).code == 0
    said = run("verify", disc, "--jobs", jobs)
    assert said.code == 0
    lines = said.out.splitlines()
    told = ": COMPLIANT with the general rules for DICOM media; satisfies no application profile"
    assert lines[0].endswith(told)
    at = lines.index("  satisfies: no profile")
    said_why = " ".join(" ".join(lines[at + 1 : at + 5]).split())
    assert said_why == (
        "Nearest is STD-GEN-DVD-J2K. Against it: "
        "PRO-KEY-MISSING: a key that the profile requires is missing in the Directory Record "
        "--profile STD-GEN-DVD-J2K tells where."
    )
    answer = run("verify", disc, "--jobs", jobs, "--json").json
    assert (answer["nearest"], answer["nearest_breaks"]) == ("STD-GEN-DVD-J2K", ["PRO-KEY-MISSING"])
    claimed = verify(disc, "STD-GEN-DVD-J2K")
    assert {f.rule for f in claimed.findings if f.severity == "error"} == {"PRO-KEY-MISSING"}


def test_without_dicomdir_a_directory_is_none_that_comes_second(stick: Path) -> None:
    shutil.copy(stick / "DICOMDIR", stick / "OTHER")
    (second,) = [f for f in verify(stick).findings if f.rule == "MED-DICOMDIR-SECOND"]
    assert second.message.startswith("A second DICOMDIR")
    (stick / "DICOMDIR").unlink()
    (other,) = [f for f in verify(stick).findings if f.rule == "MED-DICOMDIR-SECOND"]
    assert other.message == "A directory under another name than DICOMDIR"


def test_for_a_mail_no_dicomdir_is_missed(stick: Path) -> None:
    (stick / "DICOMDIR").unlink()
    (stick / "MANIFEST.TXT").unlink()
    verdict = verify(stick, "STD-GEN-MIME")
    assert verdict.compliant
    assert not [f for f in verdict.findings if f.rule.startswith("MED-DICOMDIR")]


def test_the_manifest_is_compared_with_what_is_there(stick: Path) -> None:
    verdict = verify(stick)
    assert verdict.listed == verdict.compared
    next(p for p in stick.rglob("*") if p.is_file() and p.name.startswith("I0")).unlink()
    verdict = verify(stick)
    assert verdict.listed is not None
    assert verdict.compared == verdict.listed - 1
