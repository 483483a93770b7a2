"""`jacket dicomdir` on sticks and discs that others made, and that others read afterwards."""

import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pydicom
import pytest
from pydicom.data import get_testdata_file

from drivers import open_image
from media.iso9660.sessions import session_starts

Run = Callable[..., object]
Peer = Callable[[str], str]
CT, RLE, MR = (
    Path(str(get_testdata_file(f"{name}.dcm"))) for name in ("CT_small", "MR_small_RLE", "MR_small")
)
CT_STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
FIRST = "DICOM/P0000001/S0000001/E0000001/I0000001"
MINE = {"NOTES.TXT", "Holiday pictures 2025/Me at the sea.txt"}
MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Stick(NamedTuple):
    """An image with a FAT volume, as mtools and fsck.fat see it."""

    path: Path
    at: int  # byte at which the volume begins
    peer: Peer

    def put(self, folder: Path) -> None:
        self._mtools("mcopy", "-s", *map(str, sorted(folder.iterdir())), "::/")

    def files(self, scratch: Path) -> dict[str, bytes]:
        """Return the content of every file as mcopy takes it off."""
        out = scratch / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        self._mtools("mcopy", "-s", "-n", "::/", str(out))
        return content_of(next(out.iterdir()) if not (out / "DICOMDIR").exists() else out)

    def is_sound(self, scratch: Path) -> bool:
        """Ask fsck.fat, which takes a volume only."""
        volume = scratch / "volume"
        with self.path.open("rb") as image, volume.open("wb") as copy:
            image.seek(self.at)
            shutil.copyfileobj(image, copy)
        words = [self.peer("fsck.fat"), "-n", str(volume)]
        said = subprocess.run(words, capture_output=True, text=True, check=False)
        return said.returncode == 0

    def _mtools(self, *words: str) -> None:
        tool, *rest = words
        words = (self.peer(tool), "-i", f"{self.path}@@{self.at}", *rest)
        subprocess.run(words, capture_output=True, check=True, env={"MTOOLS_SKIP_CHECK": "1"})


def content_of(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def without_ours(content: dict[str, bytes]) -> dict[str, bytes]:
    return {n: c for n, c in content.items() if n not in ("DICOMDIR", "MANIFEST.TXT")}


@pytest.fixture
def foreign(tmp_path: Path, two_patients: Path, peer: Peer) -> Path:
    """A File-set of DCMTK's making, with somebody's own files."""
    root = tmp_path / "foreign"
    shutil.copytree(two_patients / "98892003", root / "98892003")
    words = [peer("dcmmkdir"), "+r", "+I", "-W", "+id", ".", "+D", "DICOMDIR", "98892003"]
    subprocess.run(words, cwd=root, capture_output=True, check=True)
    (root / "NOTES.TXT").write_text("Please read\n" * 500)
    holiday = root / "Holiday pictures 2025"
    holiday.mkdir()
    (holiday / "Me at the sea.txt").write_text("blue\n" * 5000)
    return root


@pytest.fixture(params=["16", "32", "16 in a partition", "12"])
def stick(request: pytest.FixtureRequest, tmp_path: Path, foreign: Path, peer: Peer) -> Stick:
    """A volume that mkfs.fat made and mcopy filled."""
    bits, partitioned = request.param.split()[0], "partition" in request.param
    size = {"12": 2, "16": 24, "32": 40}[bits] * MEGABYTE
    path, at = tmp_path / "stick.img", MEGABYTE if partitioned else 0
    with path.open("wb") as image:
        image.truncate(at + size)
    if partitioned:
        words = [peer("sfdisk"), "-q", str(path)]
        subprocess.run(words, input="2048,,6\n", text=True, capture_output=True, check=True)
    words = [peer("mkfs.fat"), "-F", bits, "--offset", str(at // 512), str(path)]
    subprocess.run([*words, str(size // 1024)], capture_output=True, check=True)
    made = Stick(path, at, peer)
    made.put(foreign)
    return made


def named_by(root: Path) -> set[str]:
    """Return the files that the directory in a folder names, by pydicom; each is opened."""
    named = set()
    for record in pydicom.dcmread(root / "DICOMDIR").DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            value = record.ReferencedFileID
            name = "/".join([value] if isinstance(value, str) else value)
            found = pydicom.dcmread(root / name)
            assert found.SOPInstanceUID == record.ReferencedSOPInstanceUIDInFile
            named.add(name)
    return named


def test_a_stick_of_others_takes_files_gives_them_back_and_takes_them_again(
    stick: Stick, tmp_path: Path, run: Run, peer: Peer
) -> None:
    before = stick.files(tmp_path)
    assert before.keys() >= MINE
    for _ in range(2):
        said = run("dicomdir", stick.path, "--add", CT, "--json")
        assert (said.code, said.json["added_files"]) == (0, [FIRST]), said
        assert said.json["kind"].startswith("fat")
        now = stick.files(tmp_path)
        assert without_ours(now) == without_ours(before) | {FIRST: CT.read_bytes()}
        assert stick.is_sound(tmp_path)
        assert named_by(tmp_path / "out") == set(without_ours(now)) - MINE
        shown = subprocess.run(
            [peer("dcmdump"), str(tmp_path / "out" / "DICOMDIR")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stderr == ""
        words = [
            peer("dcmftest"),
            str(tmp_path / "out" / "DICOMDIR"),
            str(tmp_path / "out" / FIRST),
        ]
        said = subprocess.run(words, capture_output=True, text=True, check=True)
        assert said.stdout.count("yes: ") == 2
        said = run("dicomdir", stick.path, "--remove", CT_STUDY, "--json")
        assert (said.code, said.json["removed_files"]) == (0, [FIRST]), said
        assert any("not overwritten" in remark for remark in said.json["remarks"])
        now = stick.files(tmp_path)
        assert without_ours(now) == without_ours(before)
        assert stick.is_sound(tmp_path)
        assert named_by(tmp_path / "out") == set(without_ours(now)) - MINE


def test_a_stick_is_indexed_and_compliant_and_a_second_run_writes_nothing(
    stick: Stick, tmp_path: Path, run: Run
) -> None:
    profile = ("--profile", "STD-GEN-USB-JPEG")
    said = run("dicomdir", stick.path, "--anew", "--label", "STICK", *profile, "--json")
    assert (said.code, said.json["created"]) == (0, True), said
    assert said.json["instances"] == len(without_ours(stick.files(tmp_path))) - len(MINE)
    if said.json["kind"] != "fat12":
        assert run("verify", stick.path, *profile).code == 0
    said = run("dicomdir", stick.path, "--add", CT, "--add", RLE, *profile, "--json")
    assert (said.code, said.json["added_files"]) == (1, [FIRST]), said
    assert str(RLE) in {item["source"] for item in said.json["left_out"]}
    if said.json["kind"] != "fat12":
        assert run("verify", stick.path, *profile).code == 0
    image = stick.path.read_bytes()
    said = run("dicomdir", stick.path, *profile, "--json")
    assert (said.code, said.json["changed"]) == (0, False), said
    assert stick.path.read_bytes() == image


@pytest.mark.parametrize("stick", ["16"], indirect=True)
def test_names_on_a_stick_that_no_record_may_have_are_told_as_people_see_them(
    stick: Stick, tmp_path: Path, run: Run
) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    shutil.copy(CT, folder / "A long name of a scan.dcm")
    stick.put(folder)
    said = run("dicomdir", stick.path, "--json")
    assert said.code == 1
    (left,) = (item for item in said.json["left_out"] if item["kind"] == "not-allowed")
    assert "A long name of a scan.dcm has ' ', and" in left["reason"]


@pytest.mark.parametrize("stick", ["16"], indirect=True)
def test_icons_are_made_of_files_on_the_stick(stick: Stick, tmp_path: Path, run: Run) -> None:
    assert run("dicomdir", stick.path, "--anew", "--icons", "--add", CT).code == 0
    stick.files(tmp_path)
    records = pydicom.dcmread(tmp_path / "out" / "DICOMDIR").DirectoryRecordSequence
    images = [record for record in records if record.DirectoryRecordType == "IMAGE"]
    assert len(images) > 10
    assert all("IconImageSequence" in record for record in images)


@pytest.mark.parametrize("stick", ["12"], indirect=True)
def test_what_a_stick_has_no_room_for_is_refused_and_nothing_is_written(
    stick: Stick, tmp_path: Path, run: Run
) -> None:
    large = tmp_path / "large"
    dataset = pydicom.dcmread(CT)
    dataset.Rows, dataset.Columns = 1024, 1024
    dataset.PixelData = bytes(2 * MEGABYTE)
    dataset.save_as(large)
    image = stick.path.read_bytes()
    said = run("dicomdir", stick.path, "--add", large, "--json")
    assert said.code == 3
    assert "error" in said.json
    assert stick.path.read_bytes() == image


def last_session(image: Path, target: Path, peer: Peer) -> dict[str, bytes]:
    """Return what xorriso reads in the last session."""
    with open_image(image) as reader:
        start = session_starts(reader)[-1] - 16  # the system area is before the descriptors
    shutil.rmtree(target, ignore_errors=True)
    words = ["-load", "sbsector", str(start), "-indev", str(image)]
    subprocess.run(
        [peer("xorriso"), *words, "-osirrox", "on", "-extract", "/", str(target)],
        capture_output=True,
        check=True,
    )
    return content_of(target)


def test_a_disc_gets_sessions_that_add_and_hide(
    image: Path, tmp_path: Path, run: Run, peer: Peer
) -> None:
    profile = ("--profile", "STD-GEN-CD")
    first = image.read_bytes()
    out = tmp_path / "out"
    before = last_session(image, out, peer)
    said = run("dicomdir", image, "--add", CT, *profile, "--json")
    assert (said.code, said.json["kind"]) == (0, "iso9660"), said
    (name,) = said.json["added_files"]
    assert image.read_bytes()[: len(first)][32768 + 2048 :] == first[32768 + 2048 :]
    now = last_session(image, out, peer)
    assert without_ours(now) == without_ours(before) | {name: CT.read_bytes()}
    assert named_by(out) == set(without_ours(now))
    assert listed(now) == set(now) - {"MANIFEST.TXT"}
    assert run("verify", image, *profile).code == 0

    said = run("dicomdir", image, "--remove", CT_STUDY, *profile, "--json")
    assert (said.code, said.json["removed_files"]) == (0, [name])
    assert any("earlier session" in remark for remark in said.json["remarks"])
    now = last_session(image, out, peer)
    assert without_ours(now) == without_ours(before)
    assert named_by(out) == set(without_ours(now))
    assert listed(now) == set(now) - {"MANIFEST.TXT"}
    assert CT.read_bytes() in image.read_bytes(), "as the remark says"
    assert run("verify", image, *profile).code == 0

    whole = image.read_bytes()
    assert run("dicomdir", image, *profile, "--json").json["changed"] is False
    assert image.read_bytes() == whole


def listed(content: dict[str, bytes]) -> set[str]:
    return {line.partition(" *")[2] for line in content["MANIFEST.TXT"].decode().splitlines()}


def test_a_disc_of_others_without_a_directory_gets_one_under_its_own_label(
    foreign: Path, tmp_path: Path, run: Run, peer: Peer
) -> None:
    disc = tmp_path / "disc.iso"
    (foreign / "DICOMDIR").unlink()
    shutil.rmtree(foreign / "Holiday pictures 2025")
    words = ["-quiet", "-iso-level", "1", "-sysid", "", "-V", "OLD_DISC", "-o", str(disc)]
    subprocess.run([peer("genisoimage"), *words, str(foreign)], capture_output=True, check=True)
    said = run("dicomdir", disc, "--json")
    assert (said.code, said.json["created"]) == (0, True), said
    now = last_session(disc, tmp_path / "out", peer)
    assert without_ours(now) == content_of(foreign)
    assert pydicom.dcmread(tmp_path / "out" / "DICOMDIR").FileSetID == "OLD_DISC"
    assert run("dicomdir", disc, "--anew", "--label", "NEW_DISC").code == 0
    last_session(disc, tmp_path / "out", peer)
    assert pydicom.dcmread(tmp_path / "out" / "DICOMDIR").FileSetID == "NEW_DISC"
    assert run("ls", disc, "--json").json["medium"]["label"] == "NEW_DISC"


def test_capacity_is_that_of_the_whole_disc(image: Path, run: Run) -> None:
    before = image.read_bytes()
    size = len(before) + CT.stat().st_size
    said = run("dicomdir", image, "--add", CT, "--capacity", str(size))
    assert said.code == 3
    assert image.read_bytes() == before
    assert run("dicomdir", image, "--add", CT, "--capacity", "cd").code == 0


def test_media_that_are_made_anew_are_refused_with_the_remedy(
    foreign: Path, image: Path, tmp_path: Path, run: Run, peer: Peer
) -> None:
    shutil.make_archive(str(tmp_path / "files"), "zip", foreign)
    with ZipFile(tmp_path / "disc.zip", "w") as archive:
        archive.write(image, "disc.iso")
    words = ["-quiet", "-udf", "-o", str(tmp_path / "bridge.iso"), str(foreign)]
    subprocess.run([peer("genisoimage"), *words], capture_output=True, check=True)
    for name in ("files.zip", "disc.zip", "bridge.iso"):
        before = (tmp_path / name).read_bytes()
        said = run("dicomdir", tmp_path / name, "--add", CT, "--json")
        assert said.code == 3
        assert "jacket author" in said.json["error"]["remedy"]
        assert (tmp_path / name).read_bytes() == before
