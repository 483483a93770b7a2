"""A set of volumes: nothing lost, each whole and within its capacity, any made again alone."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.drafting import numbered, volume_path
from jacket.listing import list_medium
from jacket.verification import verify
from jacket.writing import Image
from media import open_medium
from reporting import CannotWrite

Run = Callable[..., Any]
CAPACITY = 550_000  # bytes; the two patients of the real File-set are more than one of these
EPOCH = "1700000000"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)


@pytest.fixture
def words(real_file_set: Path, tmp_path: Path) -> tuple[object, ...]:
    """A job whose set has several volumes."""
    return ("author", real_file_set, "-o", tmp_path / "set.iso", "--split", "--capacity", CAPACITY)


def instances_on(path: Path) -> Counter[str]:
    tree = list_medium(path)
    return Counter(
        instance["SOPInstanceUID"]
        for patient in tree["patients"]
        for study in patient["studies"]
        for series in study["series"]
        for instance in series["instances"]
    )


def readme_on(path: Path) -> bytes:
    with closing(open_medium(path)) as medium:
        entry = medium.find(("README.TXT",))
        assert entry is not None
        with medium.open(entry) as file:
            return file.pread(file.size, 0)


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_every_instance_is_on_one_volume_and_every_volume_is_whole(
    words: tuple[object, ...], tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    said = run(*words, "--json")
    assert said.code == 0
    volumes = said.json["volumes"]
    assert said.json["of"] == len(volumes) >= 2
    assert [v["path"] for v in volumes] == [
        str(tmp_path / f"set-{n}.iso") for n in range(1, len(volumes) + 1)
    ]
    assert not (tmp_path / "set.iso").exists()
    found: Counter[str] = Counter()
    for volume in volumes:
        path = Path(volume["path"])
        assert path.stat().st_size == volume["bytes"] <= CAPACITY
        assert digest(path) == volume["sha256"]
        verdict = verify(path, "STD-GEN-CD")
        assert verdict.compliant
        assert (verdict.file_set_uid, verdict.file_set_id) == (
            volume["file_set_uid"],
            volume["label"],
        )
        found += instances_on(path)
    author([real_file_set], tmp_path / "whole.iso")
    assert found == instances_on(tmp_path / "whole.iso")
    assert len({volume["file_set_uid"] for volume in volumes}) == len(volumes)
    assert volumes[0]["label"] == f"221320_1114_1OF{len(volumes)}"


def test_a_study_that_fits_stays_together(words: tuple[object, ...], run: Run) -> None:
    where: dict[str, set[str]] = {}
    for volume in run(*words, "--json").json["volumes"]:
        for patient in list_medium(volume["path"])["patients"]:
            for study in patient["studies"]:
                where.setdefault(study["StudyInstanceUID"], set()).add(volume["path"])
    assert all(len(paths) == 1 for paths in where.values())


def test_a_dry_run_tells_the_sizes_that_the_volumes_get(
    words: tuple[object, ...], tmp_path: Path, run: Run
) -> None:
    told = run(*words, "--dry-run", "--json").json
    assert not list(tmp_path.iterdir())
    done = run(*words, "--json").json
    assert told["estimate_is_exact"]
    assert told["of"] == done["of"]
    assert told["estimated_bytes"] == sum(volume["bytes"] for volume in done["volumes"])


@pytest.mark.parametrize("number", [1, 2])
def test_a_volume_made_again_alone_is_the_same_byte_for_byte(
    number: int, words: tuple[object, ...], tmp_path: Path, run: Run
) -> None:
    assert run(*words).code == 0
    path = tmp_path / f"set-{number}.iso"
    before = {p.name: digest(p) for p in tmp_path.iterdir()}
    path.unlink()
    said = run(*words, "--volume", number, "--json")
    assert [volume["path"] for volume in said.json["volumes"]] == [str(path)]
    assert {p.name: digest(p) for p in tmp_path.iterdir()} == before


def test_a_volume_of_another_set_is_not_added_to_one_that_is_there(
    words: tuple[object, ...], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*words).code == 0
    (tmp_path / "set-2.iso").unlink()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000001")
    said = run(*words, "--volume", "2")
    assert said.code == 3
    assert "set-1.iso: is there and is of another set" in said.err
    assert "SOURCE_DATE_EPOCH" in said.err
    assert not (tmp_path / "set-2.iso").exists()
    (tmp_path / "set-1.iso").write_bytes(b"damaged")  # what cannot be read is no reason
    assert run(*words, "--volume", "2").code == 0


def test_when_a_volume_fails_those_before_it_stay_and_the_rest_is_named(
    words: tuple[object, ...], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Image.write
    assert run(*words).code == 0
    before = {path.name: digest(path) for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        path.unlink()

    def failing(self: Image, volume: Any, *more: Any) -> Any:
        if volume.target.name == "set-2.iso":
            raise CannotWrite("there is no space left", str(volume.target), "Make room there")
        return whole(self, volume, *more)

    monkeypatch.setattr(Image, "write", failing)
    said = run(*words, "--json")
    assert said.code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["set-1.iso"]
    assert said.json["missing"] == [2]
    assert [v["sha256"] for v in said.json["volumes"]] == [before["set-1.iso"]]
    assert "set-1.iso (volume 1) is complete and stays" in said.err
    (again,) = re.findall(r"any --volume words that it has: (--volume \d)", said.err)
    assert f"SOURCE_DATE_EPOCH={EPOCH} before it" in said.err
    monkeypatch.undo()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    assert run(*words, *again.split()).code == 0
    assert {path.name: digest(path) for path in tmp_path.iterdir()} == before


def test_the_rest_of_a_set_takes_the_place_of_the_volumes_that_were_asked_for(
    words: tuple[object, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Image.write

    def failing(self: Image, volume: Any, *more: Any) -> Any:
        if volume.target.name == "set-2.iso":
            raise CannotWrite("there is no space left", str(volume.target), "Make room there")
        return whole(self, volume, *more)

    monkeypatch.setattr(Image, "write", failing)
    said = run(*words, "--volume", "1", "--volume", "2")
    assert said.code == 3
    assert "these words, in place of any --volume words that it has: --volume 2 --set " in said.err


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_one_of_several_is_not_made_where_all_would_be_on_it(
    more: tuple[str, ...], words: tuple[object, ...], tmp_path: Path, run: Run
) -> None:
    assert run(*words).code == 0
    before = {path.name: digest(path) for path in tmp_path.iterdir()}
    larger = (*words[:-1], "700MB", "--volume", "1")
    said = run(*larger, *more)
    assert said.code == 3
    assert "set.iso: would hold everything alone" in said.err
    assert {path.name: digest(path) for path in tmp_path.iterdir()} == before
    for path in tmp_path.iterdir():
        path.unlink()
    assert run(*larger, *more).code == 0, "nothing of a set is there"


def test_a_volume_made_alone_is_told_with_its_own_number_label_and_instances(
    words: tuple[object, ...], run: Run
) -> None:
    planned = run(*words, "--dry-run", "--json").json
    assert planned["instances"] == sum(volume["instances"] for volume in planned["planned"]) == 81
    second = planned["planned"][1]
    said = run(*words, "--volume", "2").out
    assert f"volume 2 of 2 made: {second['instances']} of the set's 81 instances" in said
    assert second["label"] in said
    assert "label 221320_1114," not in said, "no volume bears it"
    assert Path(second["path"]).stat().st_size == second["estimated_bytes"]


def test_each_volume_tells_whose_instances_are_on_it(words: tuple[object, ...], run: Run) -> None:
    planned = run(*words, "--dry-run", "--json").json["planned"]
    made = run(*words, "--json").json
    assert (made["patients"], made["studies"]) == (3, 7)
    assert "3 PATIENTS ARE ON THE 2 VOLUMES TOGETHER" in made["remarks"][0]
    said = run(*words).out
    for plan, volume in zip(planned, made["volumes"], strict=True):
        tree = list_medium(volume["path"])["patients"]
        found = (len(tree), sum(len(patient["studies"]) for patient in tree))
        assert (volume["patients"], volume["studies"]) == found
        assert (plan["patients"], plan["studies"]) == found
        whose = "2 patients, 6 studies" if found == (2, 6) else "1 patient, 1 study"
        assert f"  {volume['path']}: {volume['instances']} instances of {whose}, label " in said


def test_a_capacity_that_is_less_than_an_empty_medium_is_not_blamed_on_a_file(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    target = tmp_path / "d.iso"
    said = run("author", real_file_set, "-o", target, "--split", "--capacity", "300KB")
    assert said.code == 3
    assert "--capacity: a volume takes about 356,352 bytes before any file is on it" in said.err


def test_an_interrupted_set_does_not_say_that_nothing_was_changed(
    words: tuple[object, ...], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Image.write

    def interrupted(self: Image, volume: Any, *more: Any) -> Any:
        if volume.target.name == "set-2.iso":
            raise KeyboardInterrupt
        return whole(self, volume, *more)

    monkeypatch.setattr(Image, "write", interrupted)
    said = run(*words)
    assert said.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["set-1.iso"]
    assert f"{tmp_path / 'set-1.iso'} (volume 1) is complete and stays" in said.err
    assert re.search(
        rf"--volume 2 --set [0-9a-f]{{12}}, and with SOURCE_DATE_EPOCH={EPOCH} before it", said.err
    )


def test_a_signal_is_heard_after_the_first_volume_is_complete(
    many: Callable[[int, int], list[Path]], tmp_path: Path
) -> None:
    """In a process of its own: stopped while it makes the second volume, it gives that one up."""
    target = tmp_path / "set.iso"
    program = (
        "import sys, time\n"
        "from jacket.writing import Image\n"
        "whole = Image.write\n"
        "def slow(self, volume, *more):\n"
        "    if volume.target.name == 'set-2.iso':\n"
        "        print('second', flush=True); time.sleep(60)\n"
        "    return whole(self, volume, *more)\n"
        "Image.write = slow\n"
        "from jacket.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [*many(40, 0), "-o", target, "--split", "--capacity", 1_000_000]
    with subprocess.Popen(
        [sys.executable, "-c", program, "author", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "second\n"
        job.send_signal(signal.SIGINT)
        _, err = job.communicate(timeout=20)
    assert job.returncode == 130, err
    assert "set-1.iso (volume 1) is complete and stays" in err
    assert [path.name for path in tmp_path.glob("*set*")] == ["set-1.iso"]


def test_a_signal_while_a_volume_gets_its_name_comes_before_the_next_one(
    words: tuple[object, ...], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(folder: Path) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("media.aside.sync_folder", signalled)
    said = run(*words)
    assert said.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["set-1.iso"]
    assert "set-1.iso (volume 1) is complete and stays" in said.err
    assert run(*words[:-3]).code == 0, "one that has no other after it ends well"


def test_what_an_earlier_set_left_beside_a_single_one_is_all_told(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    for number in (1, 2):
        (tmp_path / f"d-{number}.iso").write_bytes(b"from last year")
    remarks = run("author", real_file_set, "-o", tmp_path / "d.iso", "--split", "--json").json
    (told,) = (remark for remark in remarks["remarks"] if "from before" in remark)
    assert "d-1.iso" in told
    assert "d-2.iso" in told


def test_what_fits_on_one_is_made_as_one(tmp_path: Path, run: Run, real_file_set: Path) -> None:
    target = tmp_path / "d.iso"
    assert run("author", real_file_set, "-o", target, "--split").code == 0
    plain = target.read_bytes()
    assert run("author", real_file_set, "-o", target).code == 0
    assert target.read_bytes() == plain, "without a README.TXT, as there is nothing to find"
    assert [path.name for path in tmp_path.iterdir()] == ["d.iso"]


def test_what_an_earlier_set_left_is_told(
    words: tuple[object, ...], tmp_path: Path, run: Run
) -> None:
    strays = [tmp_path / f"set-{number}.iso" for number in (5, 12)]  # not one after the other
    for path in (*strays, tmp_path / "set-007.iso", tmp_path / "set-2b.iso"):
        path.write_bytes(b"from last year")
    remarks = run(*words, "--json").json["remarks"]
    told = f"{strays[0]}, {strays[1]} are there from before and do not belong to this set"
    assert told in remarks


@pytest.mark.parametrize(
    ("identifier", "name", "capacity"),
    [
        ("STD-GEN-CD", "folder", 550_000),
        ("STD-GEN-DVD-JPEG", "d.iso", 900_000),
        ("STD-GEN-BD", "d.iso", 1_200_000),
        ("STD-GEN-ZIP-MAIL", "d.zip", 120_000),
        ("STD-GEN-ZIP-MAIL", "d.eml", 160_000),
        ("STD-GEN-MIME", "d.eml", 160_000),
    ],
)
def test_a_set_can_be_of_any_medium(
    identifier: str, name: str, capacity: int, tmp_path: Path, real_file_set: Path
) -> None:
    done = author(
        [real_file_set], tmp_path / name, profile_id=identifier, split=True, capacity=capacity
    )
    assert done.of >= 2
    for volume in done.volumes:
        assert volume.size <= capacity
        findings = verify(Path(volume.path), identifier).findings
        assert [f for f in findings if f.severity == "error"] == []
    assert sum(volume.instances for volume in done.volumes) == len(done.planned)


@pytest.mark.parametrize("identifier", ["STD-GEN-USB-JPEG", "STD-GEN-SD-JPEG"])
def test_sticks_and_cards_are_split_by_their_size(
    identifier: str, tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    sources = many(300, 0)  # 12 MB
    done = author(
        sources, tmp_path / "s.img", profile_id=identifier, split=True, capacity=6_000_000
    )
    assert done.of in (2, 3)
    assert sum(instances_on(Path(v.path)).total() for v in done.volumes) == 300
    assert all(volume.size <= 6_000_000 for volume in done.volumes)
    for number, volume in enumerate(done.volumes, start=1):
        with closing(open_medium(Path(volume.path))) as medium:
            assert medium.label == numbered("221320_1114", number, done.of, 11)


def test_converted_objects_are_shared_out_by_their_true_sizes(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    sources = many(6, 6)
    words = {"profile_id": "STD-GEN-CD", "split": True, "capacity": 700_000, "icons": True}
    done = author(sources, tmp_path / "d.iso", **words)  # type: ignore[arg-type]
    assert done.of > 1
    assert sum(instances_on(Path(v.path)).total() for v in done.volumes) == 12
    last = Path(done.volumes[-1].path)
    before = digest(last)
    last.unlink()
    author(sources, tmp_path / "d.iso", volumes=[done.of], **words)  # type: ignore[arg-type]
    assert digest(last) == before


def test_an_instance_that_no_volume_holds_is_named_and_nothing_is_made(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    said = run(
        *("author", real_file_set, get_testdata_file("693_J2KI.dcm"), "-o", tmp_path / "d.iso"),
        *("--split", "--capacity", "500000"),
    )
    assert said.code == 3
    assert "is more than a medium of 500,000 bytes holds" in said.err
    assert not list(tmp_path.iterdir())


def test_one_that_becomes_too_large_is_named_with_what_it_becomes(tmp_path: Path, run: Run) -> None:
    source = get_testdata_file("examples_ybr_color.dcm")  # 0.2 MB, and 6.9 MB without JPEG
    words = ("author", source, "-o", tmp_path / "d.iso", "--split", "--capacity", "3MB")
    said = run(*words, "--dry-run")
    assert said.code == 3
    assert "becomes about 6,9" in said.err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--volume", "1"), "there is one volume"),
        (("--split", "--volume", "0"), "they count from 1"),
        (("--split", "--volume", "7"), "none has the number 7"),
        (("--split", "--profile", "STD-GEN-USB-JPEG"), "Say --capacity as well"),
        (("--split", "--profile", "STD-GEN-ZIP-MAIL"), "Say --capacity as well"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    more: tuple[str, ...], told: str, tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    said = run("author", real_file_set, "-o", tmp_path / "d", *more)
    assert (said.code, told in said.err) == (2, True), said.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_in_the_way_stops_the_set_before_the_first(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    (tmp_path / "d-2").mkdir()
    (tmp_path / "d-2" / "photo").write_text("mine")
    said = run("author", real_file_set, "-o", tmp_path / "d", "--split", "--capacity", CAPACITY)
    assert (said.code, "d-2: is not empty" in said.err) == (3, True)
    assert not (tmp_path / "d-1").exists()


def test_volumes_of_an_earlier_job_among_the_sources_are_no_loss(
    words: tuple[object, ...], tmp_path: Path, run: Run
) -> None:
    assert run(*words).code == 0
    said = run("author", tmp_path, *words[1:], "--json")
    assert said.code == 0
    ours = [i for i in said.json["left_out"] if "a target of this job" in i["reason"]]
    assert len(ours) == 2


def test_auto_leaves_the_medium_as_it_is_when_it_may_be_several(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    words = ("author", real_file_set, "-o", tmp_path / "d.iso", "--profile", "auto", "--json")
    small = ("--capacity", CAPACITY, "--dry-run", "--split")
    assert run(*words, *small).json["profile"] == "STD-GEN-CD"


# --- the index -------------------------------------------------------------------------------


def test_the_index_is_the_same_on_all_volumes_and_plain_text(
    words: tuple[object, ...], run: Run
) -> None:
    volumes = run(*words, "--json").json["volumes"]
    texts = [readme_on(Path(volume["path"])) for volume in volumes]
    heads, bodies = zip(*(text.split(b"\r\n", 1) for text in texts), strict=True)
    assert len(set(bodies)) == 1
    assert [head[-6:] for head in heads] == [
        b"%d OF %d" % (n, len(texts)) for n in range(1, len(texts) + 1)
    ]
    lines = texts[0].decode("ascii").split("\r\n")
    assert lines[-1] == ""
    assert all(len(line) <= 80 and line.isprintable() for line in lines)


def test_the_index_says_truly_which_volume_holds_which_series(
    words: tuple[object, ...], run: Run
) -> None:
    volumes = run(*words, "--json").json["volumes"]
    text = readme_on(Path(volumes[0]["path"])).decode("ascii")
    for patient in ("Doe Archibald   ID 77654033", "Doe Peter   ID 98890234"):
        assert f"PATIENT  {patient}" in text
    assert "STUDY  2003-05-05   Brain-MRA   accession 2" in text
    told = Counter({int(n): 0 for n in range(1, len(volumes) + 1)})
    for number, amount in re.findall(r"volume (\d): series .*?(\d+) instances?", text):
        told[int(number)] += int(amount)
    assert [told[n] for n in sorted(told)] == [volume["instances"] for volume in volumes]
    for number, volume in enumerate(volumes, start=1):
        assert f"volume {number}: label {volume['label']}, " in text
        assert volume["file_set_uid"] in text
        for patient in list_medium(volume["path"])["patients"]:
            for study in patient["studies"]:
                for series in study["series"]:
                    line = rf"volume {number}: series {series['SeriesNumber']}, "
                    line += rf"{series['Modality']}, .*{len(series['instances'])} instance"
                    assert re.search(line, text), line


def test_names_in_any_script_and_with_any_characters_stay_plain(
    tmp_path: Path, many: Callable[[int, int], list[Path]]
) -> None:
    sources = many(4, 0)
    for path, (charset, name) in zip(
        sources,
        [
            ("ISO_IR 100", "Müller^Jürgen ß"),
            ("ISO_IR 192", "Łukasz^Ørsted"),
            ("ISO_IR 192", "=王^小東"),
            ("", "\x1b[2J^" + "LONG " * 11),
        ],
        strict=True,
    ):
        dataset = pydicom.dcmread(path)
        dataset.SpecificCharacterSet, dataset.PatientName = charset or None, name
        dataset.PatientID = dataset.StudyInstanceUID = f"1.{sources.index(path)}"
        dataset.SeriesInstanceUID = f"1.2.{sources.index(path)}"
        dataset.SeriesDescription = "Schädel\tnativ" if charset == "ISO_IR 100" else "plain"
        dataset.save_as(path)
    done = author(sources, tmp_path / "d.iso", split=True, capacity=480_000)
    text = readme_on(Path(done.volumes[0].path)).decode("ascii")
    assert "PATIENT  Muller Jurgen ss" in text
    assert "PATIENT  Lukasz Orsted" in text
    assert "Schadel" in text
    assert all(line.isprintable() and len(line) <= 80 for line in text.split("\r\n"))


# --- small parts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "length", "expected"),
    [
        ("DICOM_20261122", 16, "DICOM_20261_2OF3"),
        ("DICOM_20261122", 11, "DICOM__2OF3"),
        ("CT", 16, "CT_2OF3"),
        ("", 16, ""),
    ],
)
def test_a_label_keeps_its_number(label: str, length: int, expected: str) -> None:
    assert numbered(label, 2, 3, length) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disc.iso", "disc-2.iso"),
        ("Disc.ISO", "Disc-2.ISO"),
        ("my.folder", "my.folder-2"),
        ("stick", "stick-2"),
        ("a.b.img", "a.b-2.img"),
    ],
)
def test_a_volume_has_the_name_of_the_set_and_its_number(name: str, expected: str) -> None:
    assert volume_path(Path(name), 2).name == expected


def test_an_older_target_beside_the_set_is_named(tmp_path: Path, two_patients: Path) -> None:
    target = tmp_path / "disc.iso"
    author([two_patients], target, recorded=datetime(800, 1, 1, tzinfo=UTC), label="OLD")
    assert target.read_bytes()[32768 + 813 : 32768 + 829] == b"0800010100000000"
    done = author([two_patients], target, capacity=480_000, split=True)
    assert done.of > 1
    assert any(str(target) in remark and "not belong" in remark for remark in done.remarks)


def test_a_set_without_labels_is_told_without_them(words: tuple[object, ...], run: Run) -> None:
    said = run(*words, "--label", "")
    assert said.code == 0
    assert ", label" not in said.out


def test_what_has_a_number_beside_a_target_that_is_no_set_is_nobodys_business(
    tmp_path: Path, run: Run, real_file_set: Path
) -> None:
    (tmp_path / "study-20231114.iso").write_bytes(b"of another day")
    said = run("author", real_file_set, "-o", tmp_path / "study.iso", "--json")
    assert not any("20231114" in remark for remark in said.json["remarks"])
