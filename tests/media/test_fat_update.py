"""FAT volumes that are changed in place, looked at by others afterwards."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from fat_sticks import (
    KINDS,
    MIB,
    OTHERS,
    RECORDED,
    MakeStick,
    Name,
    Peer,
    Stick,
    address,
    as_we_see,
    expect_sound,
    one,
    run,
    update,
)

from media import FileRange, NameDoesNotFit, NamedSource, open_medium, write_fat
from media.fat.boot import parse_boot, parse_fsinfo
from media.fat.update import update_fat
from media.update import Change, update_medium
from reporting import CannotRead, CannotWrite, FilmjacketError, NotSupported


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_added_replaced_and_removed(kind: str, stick: MakeStick, peer: Peer) -> None:
    image, contents = stick(kind)
    size = image.stat().st_size
    added = {("DICOM", "P1", "S1", f"I{n}"): bytes((n,)) * (n * 300) for n in range(99)}
    added["NEW", "IN", "ROOT"] = b"root"
    done = update(
        image,
        *(NamedSource(name, (content,), RECORDED) for name, content in added.items()),
        last=(one("DICOMDIR", b"directory 1" * 100),),
    )
    contents |= {**added, ("DICOMDIR",): b"directory 1" * 100}
    expect_sound(image, kind, contents, peer)
    assert done[:4] == (kind.split()[-1] if kind in OTHERS else kind.split()[1], 101, 0, size)
    assert done.digests == {
        name: sha256(contents[name]).hexdigest() for name in (*added, ("DICOMDIR",))
    }

    gone = [*list(added)[::3], ("HOLES", "H0")]
    done = update(
        image,
        one("DICOM/P1/S1/I1", b"another"),
        one("LETTER.DOC", b"l" * 50_000),
        one("DICOM/P1/S1/I2", b""),
        remove=tuple(gone),
        last=(one("DICOMDIR", b"directory 2" * 1000),),
    )
    contents |= {
        ("DICOM", "P1", "S1", "I1"): b"another",
        ("DICOM", "P1", "S1", "I2"): b"",
        ("LETTER.DOC",): b"l" * 50_000,
        ("DICOMDIR",): b"directory 2" * 1000,
    }
    for name in gone:
        del contents[name]
    expect_sound(image, kind, contents, peer)
    assert done[1:4] == (4, len(gone), size)
    assert done.digests[("LETTER.DOC",)] == sha256(b"l" * 50_000).hexdigest()


@pytest.mark.parametrize("kind", OTHERS)
def test_what_was_added_and_removed_again_leaves_no_trace_in_structures(
    kind: str, stick: MakeStick, peer: Peer
) -> None:
    image, contents = stick(kind)
    before = image.read_bytes()
    names = [f"DICOM/P1/I{n}" for n in range(80)]
    update(image, *(one(name, b"x" * 1500) for name in names))
    update(image, remove=tuple(tuple(name.split("/")) for name in names))
    expect_sound(image, kind, contents, peer)
    after = image.read_bytes()
    boot = parse_boot(before)
    assert boot is not None
    assert after[: boot.sector] == before[: boot.sector]
    tables = slice(boot.table_at, boot.root_at)
    assert after[tables] == before[tables]
    if boot.fsinfo:
        info, now = (parse_fsinfo(image[512:1024]) for image in (before, after))
        assert info is not None
        assert now is not None
        assert now[0] == info[0]


@pytest.mark.parametrize("kind", OTHERS)
def test_long_names_and_attributes_of_replaced_files_stay(
    kind: str, stick: MakeStick, peer: Peer
) -> None:
    image, contents = stick(kind)
    run(peer("mattrib"), "+r", "+h", "-i", str(image), "::/LETTER.DOC")
    new = {
        ("A long name of somebody's.text",): b"new" * 4000,
        ("Holiday 2025", "deep", "er", "still.bin"): b"",
        ("LETTER.DOC",): b"short",
    }
    update(image, *(NamedSource(name, (content,), RECORDED) for name, content in new.items()))
    expect_sound(image, kind, contents | new, peer)
    said = run(peer("mattrib"), "-i", str(image), "::/LETTER.DOC").decode()
    assert said.split("::")[0].split() == ["A", "HR"] or "H" in said.split("::")[0]


@pytest.mark.parametrize("kind", OTHERS)
def test_long_names_go_with_their_file_and_folder(kind: str, stick: MakeStick, peer: Peer) -> None:
    image, contents = stick(kind)
    gone: list[Name] = [
        ("A long name of somebody's.text",),
        ("Holiday 2025", "deep", "er", "still.bin"),
        ("empty.txt",),
    ]
    update(image, remove=tuple(gone))
    for name in gone:
        del contents[name]
    expect_sound(image, kind, contents, peer)
    listed = run(peer("mdir"), "-/", "-b", "-i", address(image, kind), "::/").decode()
    assert "deep" not in listed
    assert "Holiday 2025" in listed  # another file is in it


def test_folders_of_others_that_are_empty_stay(stick: MakeStick, peer: Peer) -> None:
    image, _ = stick("fat16")
    run(peer("mmd"), "-i", str(image), "::/EMPTY", "::/NEST", "::/NEST/IN")
    update(image, one("NEST/GONE/F", b"f"))
    update(image, remove=(("NEST", "GONE", "F"),))
    listed = run(peer("mdir"), "-/", "-b", "-i", str(image), "::/").decode().split()
    assert {"::/EMPTY/", "::/NEST/", "::/NEST/IN/"} <= set(listed)
    assert "::/NEST/GONE/" not in listed


def test_content_of_many_sources_and_pieces_arrives(
    stick: MakeStick, tmp_path: Path, peer: Peer
) -> None:
    image, contents = stick("fat12")
    content = bytes(range(251)) * 2800
    (tmp_path / "source").write_bytes(b"head" + content)
    parts = (content[:1000], FileRange(str(tmp_path / "source"), 1004, len(content) - 1000))
    update(image, NamedSource(("BIG",), parts, RECORDED))
    expect_sound(image, "fat12", contents | {("BIG",): content}, peer)
    with open_medium(image) as medium:
        entry = medium.find(("BIG",))
        assert entry is not None
        assert len(entry.extents) > 10  # so it did go between what is there


def test_freed_records_are_used_before_a_folder_grows(stick: MakeStick) -> None:
    image, _ = stick("our fat32")
    names = [f"OURS/F{n}" for n in range(60)]
    update(image, *(one(name, b"x") for name in names))
    one_more = image.read_bytes().count(b"F59        ")
    update(image, remove=tuple(tuple(name.split("/")) for name in names))
    free = free_clusters(image)
    update(image, *(one(name.replace("F", "G"), b"x") for name in names))
    assert one_more == 1
    assert free - free_clusters(image) == len(names)


def free_clusters(image: Path) -> int:
    with image.open("rb") as file:
        file.seek(512)
        info = parse_fsinfo(file.read(512))
    assert info is not None
    return info[0]


def test_the_root_of_fat16_does_not_grow(stick: MakeStick) -> None:
    image, _ = stick("fat16")
    before = image.read_bytes()
    with pytest.raises(CannotWrite, match="no room for another name"):
        update(image, *(one(f"F{n}", b"x") for n in range(600)))
    assert image.read_bytes() == before
    update(image, *(one(f"F{n}", b"x") for n in range(480)))


@pytest.mark.parametrize("kind", ["fat12", "fat32"])
def test_what_has_no_room_is_refused_with_numbers(kind: str, stick: MakeStick) -> None:
    image, _ = stick(kind)
    before = sha256(image.read_bytes()).digest()
    with pytest.raises(CannotWrite, match=r"needs [\d,]+ bytes where [\d,]+ are free") as caught:
        update(image, one("BIG", bytes(40 * MIB)))
    assert caught.value.where == str(image)
    with pytest.raises(CannotWrite, match="4 GiB"):
        update(image, NamedSource(("BIG",), (FileRange("x", 0, 1 << 32),), RECORDED))
    with pytest.raises(CannotWrite, match="where the medium has"):
        update_fat(image, Change(add=(one("A", b""),)), recorded=RECORDED, capacity=MIB)
    assert sha256(image.read_bytes()).digest() == before


def test_the_last_cluster_can_be_used(stick: MakeStick, peer: Peer) -> None:
    image, contents = stick("fat12")
    with pytest.raises(CannotWrite) as caught:
        update(image, one("ALL", bytes(9 * MIB)))
    free = int(caught.value.what.split(" where ")[1].split()[0].replace(",", ""))
    content = (bytes(range(251)) * (free // 251 + 1))[:free]
    update(image, one("ALL", content))
    expect_sound(image, "fat12", contents | {("ALL",): content}, peer)
    with pytest.raises(CannotWrite, match=r"where 0 are free\. Remove what is not needed"):
        update(image, one("MORE", b"x"))
    with pytest.raises(CannotWrite, match=r"where 0 are free\. What is removed keeps its room"):
        update(image, one("MORE", b"x"), remove=(("ALL",),))
    expect_sound(image, "fat12", contents | {("ALL",): content}, peer)


WRONG: dict[str, tuple[Change, type[FilmjacketError], str]] = {
    "not 8.3": (Change(add=(one("lower", b""),)), NameDoesNotFit, "not an 8.3 name"),
    "no short folder": (Change(add=(one("FOLDER.NAME/F", b""),)), NameDoesNotFit, "not an 8.3"),
    "a device": (Change(add=(one("CON", b""),)), NameDoesNotFit, "device"),
    "no name": (Change(add=(NamedSource((), (), RECORDED),)), NameDoesNotFit, "0 levels"),
    "too deep": (Change(add=(one("/".join("ABCDEFGHI"), b""),)), NameDoesNotFit, "9 levels"),
    "a folder": (Change(add=(one("DICOM", b""),)), NameDoesNotFit, "is a folder there"),
    "below a file": (Change(add=(one("LETTER.DOC/F", b""),)), NameDoesNotFit, "file and a folder"),
    "twice": (Change(add=(one("A", b""), one("A", b""))), NameDoesNotFit, "twice"),
    "twice, at last": (
        Change(add=(one("LETTER.DOC", b""),), last=(one("LETTER.DOC", b""),)),
        NameDoesNotFit,
        "twice",
    ),
    "added and removed": (
        Change(add=(one("LETTER.DOC", b""),), remove=(("letter.doc",),)),
        NameDoesNotFit,
        "twice",
    ),
    "not there": (Change(remove=(("NOTHING",),)), CannotWrite, "no file"),
    "not there, below": (Change(remove=(("NO", "THING"),)), CannotWrite, "no file"),
    "removed folder": (Change(remove=(("DICOM",),)), CannotWrite, "no file"),
    "nothing": (Change(remove=((),)), CannotWrite, "no file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_changes_are_refused_before_anything_is_written(case: str, stick: MakeStick) -> None:
    change, error, words = WRONG[case]
    image, _ = stick("fat16")
    before = image.read_bytes()
    with pytest.raises(error, match=words):
        update_medium(image, change, recorded=RECORDED)
    assert image.read_bytes() == before


def test_a_source_that_fails_leaves_the_medium_as_it_was(
    stick: MakeStick, tmp_path: Path, peer: Peer
) -> None:
    image, contents = stick("fat32")
    gone = NamedSource(("GONE",), (FileRange(str(tmp_path / "gone"), 0, 5),), RECORDED)
    with pytest.raises(CannotRead):
        update(image, one("A", b"a"), gone)
    expect_sound(image, "fat32", contents, peer)


def test_a_block_device_is_changed_as_an_image_is(
    stick: MakeStick, tmp_path: Path, peer: Peer
) -> None:
    image, contents = stick("our fat16 partitioned")
    attached = subprocess.run(
        [peer("losetup"), "--find", "--show", str(image)], check=False, capture_output=True
    )
    if attached.returncode:
        pytest.skip("image files cannot be attached as devices here")
    device = Path(attached.stdout.decode().strip())
    try:
        done = update(device, one("A", b"a" * 5000), remove=(("LETTER.DOC",),))
        with device.open("rb") as file:
            os.fsync(file.fileno())
    finally:
        run(peer("losetup"), "--detach", str(device))
    assert done.size == image.stat().st_size
    del contents[("LETTER.DOC",)]
    expect_sound(image, "our fat16 partitioned", contents | {("A",): b"a" * 5000}, peer)


def test_an_empty_change_writes_nothing(stick: MakeStick) -> None:
    image, _ = stick("fat16")
    before = image.read_bytes()
    assert update(image) == ("fat16", 0, 0, len(before), {})
    assert image.read_bytes() == before


def test_media_that_cannot_be_changed_are_refused(tmp_path: Path, stick: MakeStick) -> None:
    from media import lay_out_udf, planned_files, write_volume, write_zip

    source = one("F", b"f")
    plan = lay_out_udf(planned_files([source], None), label="U", recorded=RECORDED, revision="1.02")
    write_volume(plan, [source], tmp_path / "u.iso")
    write_zip([source], tmp_path / "z.zip", recorded=RECORDED)
    for name in ("u.iso", "z.zip"):
        with pytest.raises(NotSupported) as caught:
            update(tmp_path / name, source)
        assert "new medium" in caught.value.remedy
    image, _ = stick("fat12")
    inner = NamedSource(("S.IMG",), (image.read_bytes(),), RECORDED)
    write_zip([inner], tmp_path / "s.zip", recorded=RECORDED)
    before = (tmp_path / "s.zip").read_bytes()
    with pytest.raises(NotSupported):
        update(tmp_path / "s.zip", source)
    assert (tmp_path / "s.zip").read_bytes() == before


@pytest.mark.slow
def test_a_folder_is_made_longer_as_far_as_it_can_be(tmp_path: Path) -> None:
    image = tmp_path / "t.img"
    sources = [one(f"D/F{n:05}", b"") for n in range(65_530)]
    write_fat(sources, image, label="", recorded=RECORDED, partitioned=False)
    update(image, *(one(f"D/G{n}", b"") for n in range(4)))
    assert len(as_we_see(image)) == 65_534
    with pytest.raises(CannotWrite, match="65,536 records"):
        update(image, one("D/ONE", b""))


# Whatever comes


def some_change(random: Random, contents: dict[Name, bytes], serial: int) -> Change:
    """Return a change, and make it in *contents*."""
    folders: list[Name] = [
        (),
        ("DICOM",),
        ("DICOM", "P1"),
        ("DICOM", "P2", "S1"),
        ("HOLES",),
    ]
    if any(name[0] == "Holiday 2025" for name in contents):  # which could not be made again
        folders.append(("Holiday 2025",))
    add, taken = [], set()
    for number in range(random.randrange(25)):
        name = (*random.choice(folders), f"N{serial}_{number}")
        if random.random() < 0.3:
            name = random.choice(list(contents))
        if name not in taken:
            content = random.randbytes(random.choice((0, 1, 511, 512, 1024, 3000, 20_000)))
            add.append(NamedSource(name, (content,), RECORDED))
            taken.add(name)
    others = [name for name in contents if name not in taken and name != ("DICOMDIR",)]
    remove = random.sample(others, random.randrange(min(len(others), 30) + 1))
    last = [NamedSource(("DICOMDIR",), (random.randbytes(5000),), RECORDED)]
    if ("DICOMDIR",) in taken:
        last.clear()
    for name in remove:
        del contents[name]
    for source in (*add, *last):
        contents[source.name] = source.parts[0]  # type: ignore[assignment]
    return Change(tuple(add), tuple(remove), tuple(last))


def run_sequence(stick: Stick, kind: str, seed: int, peer: Peer) -> None:
    (image, contents), random = stick, Random(seed)  # noqa: S311 (the same at every run)
    for serial in range(random.randrange(1, 6)):
        change = some_change(random, contents, serial)
        done = update_medium(image, change, recorded=RECORDED)
        assert done.digests == {
            source.name: sha256(contents[source.name]).hexdigest()
            for source in (*change.add, *change.last)
        }
    expect_sound(image, kind, contents, peer)


@pytest.mark.parametrize("kind", KINDS)
def test_any_sequence_of_updates_leaves_a_sound_volume(
    kind: str, stick: MakeStick, peer: Peer
) -> None:
    for seed in range(3):
        run_sequence(stick(kind), kind, seed, peer)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_any_of_many_sequences_leaves_a_sound_volume(
    kind: str, stick: MakeStick, peer: Peer
) -> None:
    for seed in range(100, 145):
        run_sequence(stick(kind), kind, seed, peer)
