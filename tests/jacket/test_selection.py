"""What of the sources goes on the medium, how much of it, and in which kind of medium."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest


def instances(run: Callable[..., object], source: Path, target: Path, *words: str) -> int:
    said = run("author", source, "-o", target, "--json", *words)
    assert said.code == 0, said.err + said.out
    count: int = said.json["volumes"][0]["instances"]
    return count


def level(folder: Path, keyword: str) -> dict[str, int]:
    """Return the values of a key in the files, and how many have each; read by pydicom."""
    numbers: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            value = str(pydicom.dcmread(path, stop_before_pixels=True).get(keyword, ""))
            numbers[value] = numbers.get(value, 0) + 1
    return numbers


@pytest.mark.parametrize(
    ("option", "keyword"),
    [
        ("--patient", "PatientID"),
        ("--study", "StudyInstanceUID"),
        ("--series", "SeriesInstanceUID"),
    ],
)
def test_each_level_selects_exactly_its_instances(
    option: str, keyword: str, tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    numbers = level(two_patients, keyword)
    assert len(numbers) > 1
    for n, (value, number) in enumerate(numbers.items()):
        assert instances(run, two_patients, tmp_path / f"{n}.iso", option, value) == number
    both = [word for value in list(numbers)[:2] for word in (option, value)]
    assert instances(run, two_patients, tmp_path / "both.iso", *both) == sum(
        list(numbers.values())[:2]
    )


def test_an_accession_number_selects(
    tmp_path: Path, test_files: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    path = next(two_patients.rglob("CR1/*"))
    dataset = pydicom.dcmread(path)
    dataset.AccessionNumber = "A-4711"
    dataset.save_as(path)
    assert instances(run, two_patients, tmp_path / "a.iso", "--accession", "A-4711") == 1


def test_filters_of_different_levels_go_together(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    studies = level(two_patients / "98892003", "StudyInstanceUID")
    said = run(
        *("author", two_patients, "-o", tmp_path / "a.iso", "--patient", "77654033"),
        *("--study", next(iter(studies))),
    )
    assert said.code in (2, 3)
    assert not (tmp_path / "a.iso").exists()


@pytest.mark.parametrize("option", ["--patient", "--study", "--series", "--accession"])
def test_a_value_that_matches_nothing_is_wrong_usage_and_names_nobody(
    option: str, tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("author", two_patients, "-o", tmp_path / "a.iso", option, "0.0.0")
    assert said.code == 2
    # A UID tells nobody who it is; an ID or an accession number may.
    told = "0.0.0" if option in ("--study", "--series") else "value 1 of 1"
    assert f"{option}: {told} matches nothing" in said.err
    for secret in ("77654033", "98890234", "Doe", "Peter"):
        assert secret not in said.err.replace(str(two_patients), "")
    assert not (tmp_path / "a.iso").exists()


def test_too_small_a_medium_is_refused_before_anything_is_written(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("author", two_patients, "-o", tmp_path / "a.iso", "--capacity", "50KB")
    assert said.code == 3
    assert "the medium has 50,000" in said.err
    said = run("author", two_patients, "-o", tmp_path / "stick", "--capacity", "50KB")
    assert said.code == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sources"]
    for size in ("cd", "cd74", "650MB", "4.7GB", "1000000"):
        assert run("author", two_patients, "-o", tmp_path / "a.iso", "--capacity", size).code == 0


def test_the_image_itself_fits_when_the_capacity_is_said_to_be_enough(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    """The file system takes room too: what is promised to fit must fit."""
    target = tmp_path / "a.iso"
    assert run("author", two_patients, "-o", target).code == 0
    size = target.stat().st_size
    assert run("author", two_patients, "-o", target, "--capacity", str(size)).code == 0
    assert run("author", two_patients, "-o", target, "--capacity", str(size - 2048)).code == 3


@pytest.mark.parametrize("label", ["disc", "DOE^JANE", "SEVENTEEN_LETTERS", "A B", "Ä", "A-1"])
def test_a_label_that_no_file_set_may_have_is_wrong_usage(
    label: str, tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("author", two_patients, "-o", tmp_path / "a.iso", "--label", label)
    assert said.code == 2
    assert "--label" in said.err
    assert not (tmp_path / "a.iso").exists()


def test_a_label_is_that_of_the_volume_and_of_the_file_set(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    target = tmp_path / "a.iso"
    assert run("author", two_patients, "-o", target, "--label", "EXACTLY_16_CHARS").code == 0
    medium = run("verify", target, "--json").json["medium"]
    assert (medium["label"], medium["file_set_id"]) == ("EXACTLY_16_CHARS",) * 2


def test_a_dry_run_writes_nothing_and_counts_the_same(
    tmp_path: Path, two_patients: Path, test_files: Path, run: Callable[..., object]
) -> None:
    sources = (two_patients, test_files / "SC_rgb_rle.dcm", test_files / "MR_truncated.dcm")
    words = ("author", *sources, "-o", tmp_path / "a.iso", "--json")
    before = sorted(tmp_path.rglob("*"))
    shown = run(*words, "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    done = run(*words)
    assert (shown.code, done.code) == (1, 1)
    assert shown.json["volumes"] == []
    for key in ("copied", "transcoded", "left_out", "mended", "profile", "label"):
        assert shown.json[key] == done.json[key], key


def test_a_folder_is_made_and_verifies(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("author", two_patients, "-o", tmp_path / "stick", "--json")
    assert said.code == 0
    assert said.json["volumes"][0]["sha256"] is None
    verdict = run("verify", tmp_path / "stick", "--json")
    assert (verdict.code, verdict.json["medium"]["kind"]) == (0, "folder")
    assert run("verify", tmp_path / "stick" / "DICOMDIR").code == 0


@pytest.mark.parametrize(
    ("name", "kind"), [("s.img", "fat16"), ("m.zip", "zip"), ("m.eml", "zip"), ("M.ZIP", "zip")]
)
def test_the_suffix_says_what_is_made(
    name: str, kind: str, tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    assert run("author", test_files / "CT_small.dcm", "-o", tmp_path / name).code == 0
    assert run("ls", tmp_path / name, "--json").json["medium"]["kind"] == kind


@pytest.mark.parametrize("how", ["never", "lossless", "auto"])
def test_transcoding_is_a_choice(
    how: str, tmp_path: Path, test_files: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run(
        *("author", two_patients, test_files / "SC_rgb_rle.dcm", "-o", tmp_path / "a.iso"),
        *("--transcode", how, "--json"),
    )
    if how == "never":
        assert said.code == 1
        assert [item["kind"] for item in said.json["left_out"]] == ["not-convertible"]
    else:
        assert (said.code, said.json["transcoded"]) == (0, 1)


def test_a_good_object_takes_the_place_of_one_that_cannot_be_stored(
    tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    """Both bear one SOP Instance UID; the pixels of the first are damaged."""
    bad = test_files / "JPEG2000-embedded-sequence-delimiter.dcm"
    good = test_files / "JPEG2000.dcm"
    said = run("author", bad, good, bad, "-o", tmp_path / "a.iso", "--json")
    assert said.code == 1
    assert [item["source"] for item in said.json["left_out"]] == [str(bad)] * 2
    assert {item["kind"] for item in said.json["left_out"]} == {"not-convertible"}
    assert said.json["mended"][0]["source"] == str(good)


def test_a_plain_object_takes_the_place_of_one_that_may_not_be_transcoded(
    tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    compressed, plain = tmp_path / "A", tmp_path / "B"
    compressed.write_bytes((test_files / "MR_small_RLE.dcm").read_bytes())
    plain.write_bytes((test_files / "MR_small.dcm").read_bytes())
    for dry in ((), ("--dry-run",)):
        said = run(
            *("author", compressed, plain, "-o", tmp_path / "a.iso", "--json"),
            *("--transcode", "never", *dry),
        )
        assert (said.code, said.json["copied"]) == (1, 1)
        assert [item["source"] for item in said.json["left_out"]] == [str(compressed)]
