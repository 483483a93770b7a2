"""Each kind of target is a real medium of its kind, as large as was told, or refused early."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.capacities import CAPACITIES, HOLDS, ROWS, USUAL, size_of
from jacket.profile_texts import made_as
from jacket.verification import verify
from jacket.writing import FILES, ON_MEDIUM, Job
from media.volume_plan import PlannedFile
from profiles.application_profiles import Medium, Security
from profiles.profile_table import PROFILES, profile
from reporting import CannotWrite, WrongUsage

CT, MR = (Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm"))
Run = Callable[..., object]
Peer = Callable[[str], str]
GIB = 1 << 30
# One profile of each medium, what it is made as, and what is in it.
MADE = [
    ("STD-GEN-CD", "d.iso", "iso9660"),
    ("STD-GEN-DVD-JPEG", "d.iso", "iso9660+udf"),
    ("STD-GEN-DVD-RAM", "d.iso", "udf"),
    ("STD-GEN-BD", "d.iso", "udf"),
    ("STD-GEN-CD", "d.img", "iso9660"),
    ("STD-GEN-USB-JPEG", "d.img", "fat16"),
    ("STD-GEN-CF-JPEG", "d.img", "fat16"),
    ("STD-GEN-MMC-JPEG", "d.img", "fat16"),
    ("STD-GEN-SD-JPEG", "d.img", "fat16"),
    ("STD-CTMR-MOD41", "d.img", "fat16"),
    ("STD-US-ID-SF-MOD23-90", "d.img", "fat16"),
    ("STD-GEN-ZIP-MAIL", "d.zip", "zip"),
    ("STD-GEN-ZIP-MAIL", "d.eml", "zip"),
    ("STD-GEN-MIME", "d.eml", "mime"),
    ("STD-GEN-BD", "d", "folder"),
]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # The File-set UID depends on the clock, and what a directory packs to depends on the UID.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def source_for(identifier: str) -> Path:
    return Path(str(get_testdata_file("examples_palette.dcm"))) if "-US-" in identifier else CT


@pytest.mark.parametrize(("identifier", "name", "kind"), MADE)
def test_a_target_is_what_its_suffix_and_profile_say_and_as_large_as_was_told(
    identifier: str, name: str, kind: str, tmp_path: Path, run: Run
) -> None:
    words = ("author", source_for(identifier), "-o", tmp_path / name, "--profile", identifier)
    told = run(*words, "--dry-run", "--json").json
    assert not list(tmp_path.iterdir())
    done = run(*words, "--json").json
    (volume,) = done["volumes"]
    if kind == "zip":  # known when it is packed, and never larger than was told
        assert told["estimate_is_exact"] is False
        assert 0 < volume["bytes"] <= told["estimated_bytes"]
    elif not done["transcoded"]:
        assert told["estimate_is_exact"] is True
        assert volume["bytes"] == told["estimated_bytes"]
    if kind != "folder":
        assert (tmp_path / name).stat().st_size == volume["bytes"]
    verdict = verify(tmp_path / name, identifier)
    assert [f for f in verdict.findings if f.severity == "error"] == []
    assert run("ls", tmp_path / name, "--json").json["medium"]["kind"] == kind


def test_peers_find_the_files_and_the_revisions(tmp_path: Path, peer: Peer) -> None:
    def made(identifier: str, name: str, medium: str | None = None) -> Path:
        author([CT, MR], tmp_path / name, profile_id=identifier, medium=medium)
        return tmp_path / name

    def said(*words: object) -> str:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, check=True
        )
        return done.stdout

    def revisions(image: Path) -> str:
        return " ".join(line for line in said(peer("udfinfo"), image).splitlines() if "rev" in line)

    listed = "/DICOM/P0000001/S0000001/E0000001/I0000001.;1"
    dvd = made("STD-GEN-DVD-JPEG", "dvd.iso")
    assert listed in said(peer("isoinfo"), "-f", "-i", dvd)
    assert "udfrev=1.02" in revisions(dvd)
    assert "udfrev=1.50" in revisions(made("STD-GEN-DVD-RAM", "ram.iso"))
    assert "udfwriterev=2.50" in revisions(made("STD-GEN-BD", "re.iso"))
    assert "udfwriterev=2.60" in revisions(made("STD-GEN-BD", "r.iso", "bd-r"))
    stick, disk = made("STD-GEN-USB-JPEG", "s.img"), made("STD-CTMR-MOD41", "m.img")
    for image in (f"{stick}@@1048576", str(disk)):
        assert "I0000001" in said(peer("mdir"), "-/", "-b", "-i", image)
    assert said(peer("fsck.fat"), "-n", disk)


def test_a_mail_can_be_opened_to_be_addressed_and_holds_the_file_set(tmp_path: Path) -> None:
    done = author([CT], tmp_path / "z.eml", profile_id="STD-GEN-ZIP-MAIL")
    assert "fill in the recipient" in done.next_step
    mail = message_from_bytes((tmp_path / "z.eml").read_bytes(), policy=policy.default)
    assert "DICOM-ZIP" in mail["subject"]
    assert mail["x-unsent"] == "1"
    (attached,) = (part for part in mail.walk() if part.get_filename())
    (tmp_path / "again.zip").write_bytes(attached.get_content())
    with ZipFile(tmp_path / "again.zip") as archive:
        (name,) = (n for n in archive.namelist() if n.startswith("DICOM/") and n[-1] != "/")
        assert archive.read(name) == CT.read_bytes()
    author([CT], tmp_path / "m.eml", profile_id="STD-GEN-MIME")
    mail = message_from_bytes((tmp_path / "m.eml").read_bytes(), policy=policy.default)
    parts = [p for p in mail.walk() if p.get_content_type() == "application/dicom"]
    assert CT.read_bytes() in [part.get_content() for part in parts]


def test_every_profile_has_a_file_of_its_own() -> None:
    for identifier, row in PROFILES.items():
        word = made_as(row)
        suffix = ".eml" if row.security is Security.SMIME else word
        assert row.medium in FILES[suffix], identifier
        assert (word == "s/mime") == (row.security is Security.SMIME)


@pytest.mark.parametrize(
    ("identifier", "name", "remedy"),
    [
        ("STD-GEN-USB-JPEG", "d.iso", "Name OUT.img"),
        ("STD-GEN-CD", "d.zip", "choose a profile for ZIP by e-mail"),
        ("STD-GEN-MIME", "d.zip", "Name OUT.eml"),
        ("STD-GEN-ZIP-MAIL", "d.img", "Name OUT.zip or OUT.eml"),
        ("STD-GEN-BD", "d.eml", "choose a profile for e-mail or ZIP by e-mail"),
    ],
)
def test_a_suffix_that_the_medium_cannot_be_is_refused_before_the_scan(
    identifier: str, name: str, remedy: str, tmp_path: Path, run: Run
) -> None:
    said = run("author", tmp_path / "nowhere", "-o", tmp_path / name, "--profile", identifier)
    assert said.code == 2
    assert remedy in said.err


@pytest.mark.parametrize(
    ("word", "name", "identifier"),
    [
        ("sd", "d.img", "STD-GEN-SD-JPEG"),
        ("mmc", "d.img", "STD-GEN-MMC-JPEG"),
        ("bd", "d.iso", "STD-GEN-BD"),
        ("mime", "d.eml", "STD-GEN-MIME"),
        ("usb", "d", "STD-GEN-USB-JPEG"),
    ],
)
def test_a_medium_without_a_profile_gets_the_general_one(
    word: str, name: str, identifier: str, tmp_path: Path, run: Run
) -> None:
    words = ("author", CT, "-o", tmp_path / name, "--medium", word, "--dry-run", "--json")
    assert run(*words).json["profile"] == identifier


def test_a_medium_without_a_general_profile_is_wrong_usage(tmp_path: Path, run: Run) -> None:
    said = run("author", CT, "-o", tmp_path / "d.img", "--medium", "mod")
    assert (said.code, "no general profile for mod" in said.err) == (2, True)


def test_the_medium_that_is_named_must_be_that_of_the_profile(tmp_path: Path, run: Run) -> None:
    words = ("author", CT, "-o", tmp_path / "d.iso", "--profile", "STD-GEN-BD", "--medium")
    assert run(*words, "bd-re").code == 0
    said = run(*words, "usb")
    assert (said.code, "not for usb" in said.err) == (2, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_an_image_can_be_made_into_a_pipe(tmp_path: Path, run: Run, peer: Peer) -> None:
    recorded = datetime(2026, 1, 2, tzinfo=UTC)
    done = author([CT, MR], tmp_path / "file.iso", recorded=recorded)
    pipe = tmp_path / "pipe.iso"
    os.mkfifo(pipe)
    with subprocess.Popen([peer("sha256sum"), pipe], stdout=subprocess.PIPE, text=True) as taker:
        author([CT, MR], pipe, recorded=recorded)
        assert taker.communicate()[0].split()[0] == done.volumes[0].sha256
    os.mkfifo(tmp_path / "pipe.zip")
    said = run("author", CT, "-o", tmp_path / "pipe.zip")
    assert (said.code, "is not a file" in said.err) == (3, True)


# --- room ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("identifier", "name", "kind"), [m for m in MADE if m[2] != "zip"])
def test_what_fits_to_the_byte_is_made_and_one_byte_less_is_refused(
    identifier: str, name: str, kind: str, tmp_path: Path
) -> None:
    source = source_for(identifier)
    words = {"profile_id": identifier, "medium": None}
    if kind == "folder":  # it is to fit on its medium, formatted
        size = author([source], tmp_path / "whole.iso", dry_run=True, **words).size  # type: ignore[arg-type]
    else:
        size = author([source], tmp_path / name, **words).size  # type: ignore[arg-type]
    target = tmp_path / "fits" / name
    target.parent.mkdir()
    with pytest.raises(CannotWrite, match=f"{size - 1:,}"):
        author([source], target, capacity=size - 1, **words)  # type: ignore[arg-type]
    assert not list(target.parent.iterdir())
    done = author([source], target, capacity=size, **words)  # type: ignore[arg-type]
    assert done.volumes[0].path == str(target)


def test_a_need_that_a_conversion_makes_larger_is_told_with_it(
    tmp_path: Path, run: Run, test_files: Path
) -> None:
    sources = [CT, test_files / "SC_rgb_rle_32bit_2frame.dcm", test_files / "693_J2KI.dcm"]
    words = ("author", *sources, "-o", tmp_path / "d.iso")
    about = run(*words, "--dry-run", "--json").json["estimated_bytes"]
    said = run(*words, "--capacity", "350000", "--json")
    assert said.code == 3
    assert (said.json["needed_bytes"], said.json["capacity_bytes"]) == (about, 350_000)
    assert f"about {about:,} after conversion" in said.err


def test_a_folder_for_a_stick_is_not_held_against_the_least_that_a_stick_can_have(
    tmp_path: Path, run: Run
) -> None:
    words = ("author", CT, "-o", tmp_path / "stick", "--profile", "STD-GEN-USB-JPEG")
    said = run(*words, "--capacity", "1MB", "--dry-run")
    assert said.code == 0
    assert " of files; " in said.out
    (planned,) = run(*words, "--dry-run", "--json").json["planned"]
    assert CT.stat().st_size < planned["estimated_bytes"] < planned["bytes_on_medium"] < 10**6
    assert run(*words, "--capacity", planned["bytes_on_medium"] - 1).code == 3


def test_what_was_not_selected_is_counted(tmp_path: Path, run: Run) -> None:
    words = ("author", CT, MR, "-o", tmp_path / "d.iso", "--patient", "1CT1")
    assert run(*words, "--json").json["not_selected"] == 1
    assert "not selected: 1 instance" in run(*words).out


def test_an_archive_that_grows_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    size = author([CT], tmp_path / "a.zip", profile_id="STD-GEN-ZIP-MAIL").size
    with pytest.raises(CannotWrite, match="bytes where"):
        author([CT], tmp_path / "b.zip", profile_id="STD-GEN-ZIP-MAIL", capacity=size - 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    author([CT], tmp_path / "b.zip", profile_id="STD-GEN-ZIP-MAIL", capacity=size)


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT with a private element that makes it a little larger than 4 GiB; a sparse file."""
    path = tmp_path_factory.mktemp("huge") / "CT"
    element = b"\xfc\xff\xfc\xffOB\0\0" + (4 * GIB - (1 << 20)).to_bytes(4, "little")
    pieces = CT.read_bytes()
    end = pieces.rfind(b"\xfc\xff\xfc\xff")
    with path.open("wb") as file:
        file.write(pieces[:end] if end > 0 else pieces)
        first = b"\xe1\x7f\x10\x10OB\0\0" + (2 << 20).to_bytes(4, "little")
        file.write(first + bytes(2 << 20))
        file.write(element)
        file.truncate(file.tell() + 4 * GIB - (1 << 20))
    return path


@pytest.mark.parametrize("name", ["d.iso", "d.img", "d"])
def test_a_file_of_4_gib_is_refused_where_the_format_has_no_place_for_it(
    name: str, huge: Path, tmp_path: Path
) -> None:
    identifier = "STD-GEN-CD" if name == "d.iso" else "STD-GEN-USB-JPEG"
    for split in (False, True):
        with pytest.raises(CannotWrite, match="less than 4 GiB") as caught:
            author([huge, MR], tmp_path / name, profile_id=identifier, split=split, capacity=9**12)
        assert caught.value.where == str(huge)
        assert "DVD or Blu-ray" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_dvd_takes_a_file_of_4_gib_by_level_3(huge: Path, tmp_path: Path) -> None:
    done = author([huge], tmp_path / "d.iso", profile_id="STD-GEN-DVD-JPEG", dry_run=True)
    assert done.exact
    assert done.size > 4 * GIB


# --- capacities ------------------------------------------------------------------------------


def test_capacities_are_those_of_the_discs_on_sale() -> None:
    blocks = {word: CAPACITIES[word] / 2048 for word in ("cd", "cd74", "dvd", "dvd-dl", "bd")}
    assert blocks == {
        "cd": 80 * 60 * 75,
        "cd74": 74 * 60 * 75,
        "dvd": min(2_295_104, 2_298_496),
        "dvd-dl": min(4_173_824, 4_171_712),
        "bd": 12_219_392,
    }
    assert (CAPACITIES["bd-dl"], CAPACITIES["bd-xl"]) == (50_050_629_632, 100_103_356_416)
    assert all(row.source for row in ROWS)
    assert all(USUAL[medium] <= HOLDS[medium] for medium in HOLDS)
    assert ON_MEDIUM.keys() - USUAL.keys() == {Medium.USB, Medium.CF}


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("16GB", 15_200_000_000),  # one that is sold as 16 GB has 15.4 to 16.0
        ("CD", 737_280_000),
        ("650MB", 650_000_000),
        ("4.7GB", 4_700_000_000),
        ("1000", 1000),
        ("20 KB", 20_000),
    ],
)
def test_a_capacity_is_a_medium_a_printed_size_or_a_number(words: str, size: int) -> None:
    assert size_of(words) == size


@pytest.mark.parametrize("words", ["", "many", "-1", "0", "nan", "infGB", "16 sticks"])
def test_what_is_no_size_is_wrong_usage(words: str) -> None:
    with pytest.raises(WrongUsage, match="is not a size"):
        size_of(words)


def test_a_profile_of_ones_own_is_made_as_its_medium_is(tmp_path: Path) -> None:
    row = profile("STD-GEN-SD-JPEG")._replace(identifier="PRI-OUR-CARD")
    done = author([CT], tmp_path / "card.img", profile_id=row)
    assert "SD card" in done.next_step


@pytest.mark.parametrize("medium", [Medium.CD_R, Medium.USB])
def test_the_largest_file_that_is_let_through_is_the_one_that_the_file_system_takes(
    medium: Medium,
) -> None:
    clock = datetime(2023, 11, 14, tzinfo=UTC)
    file_system, job = ON_MEDIUM[medium], Job("T", clock)
    assert file_system.largest_file == 4 * GIB - 1
    file_system.lay_out([PlannedFile(("A",), file_system.largest_file, clock)], job)
    with pytest.raises(CannotWrite, match="4 GiB"):
        file_system.lay_out([PlannedFile(("A",), file_system.largest_file + 1, clock)], job)


def test_a_name_that_is_too_long_is_told(tmp_path: Path, run: Run) -> None:
    said = run("author", CT, "-o", tmp_path / f"{'n' * 252}.iso")
    assert said.code == 3
    assert "Choose a name of fewer characters" in said.err


@pytest.mark.parametrize("name", ["disc.tar", "disc.tar.gz", "disc.7z", "disc.BIN", "disc.nrg"])
def test_a_name_of_a_kind_that_is_not_made_becomes_no_folder(
    name: str, tmp_path: Path, test_files: Path, run: Run
) -> None:
    said = run("author", test_files / "CT_small.dcm", "-o", tmp_path / name)
    assert said.code == 2
    assert "Name it .iso, .img, .zip or .eml" in said.err
    assert not (tmp_path / name).exists()
