"""What other programs recorded of files, and stays so in the sessions that are appended."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from appended_sessions import (
    LATER,
    OLD,
    SECTOR,
    WHEN,
    Peer,
    append,
    by_isoinfo,
    by_xorriso,
    change,
    genisoimage,
    read,
    run,
    source,
    write_ours,
    xorriso,
)

from drivers import open_image
from media import NameDoesNotFit, PlannedFile, open_medium, write_iso9660
from media.iso9660.records import Iso9660Record, parse_directory
from media.iso9660.session_disc import Disc, read_disc
from media.iso9660.session_plan import plan_session
from media.iso9660.sessions import session_starts
from media.iso9660.volume import Volume, read_volume
from reporting import CannotWrite, NotSupported


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_ours(tmp_path)


@pytest.fixture
def long_names(tmp_path: Path) -> Path:
    """A folder of files that plain names have no room for."""
    contents = {
        "DICOM/A long name of an image.dcm": b"image",
        "DICOM/I1": b"first",
        "My folder/Read me first.text": b"read me",
        "My folder/same content.text": b"same",
        "My folder/the same content.text": b"same",
        "empty file.txt": b"",
        "Дисков.txt": b"in another script",
    }
    for name, content in contents.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "tree" / "empty folder").mkdir()
    return tmp_path / "tree"


def volumes(image: Path) -> list[Volume]:
    with open_image(image) as opened:
        read_ = [read_volume(opened, first=first) for first in session_starts(opened)]
        return [volume for volume in read_ if volume is not None]


def disc(image: Path) -> Disc:
    with open_image(image) as opened:
        found = read_disc(opened, "image")
    assert found is not None
    return found


def records(volume: Volume) -> dict[tuple[str, ...], list[bytes]]:
    """The bytes of all records of files, by their path."""
    found: dict[tuple[str, ...], list[bytes]] = {}
    for directory in volume.directories:
        for record in parse_directory(directory.data, 0):
            assert isinstance(record, Iso9660Record)
            if not record.is_directory and not record.is_special:
                key = (*directory.name, record.identifier.decode("latin-1"))
                data = directory.data[record.at : record.at + directory.data[record.at]]
                found.setdefault(key, []).append(data)
    return found


MAKERS = {"genisoimage": genisoimage, "xorriso": xorriso}
# Options of both makers, and those of isoinfo that show the names.
NAMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Rock Ridge": (("-R",), ("", "-R")),
    "Joliet": (("-J", "-joliet-long"), ("", "-J")),
    "Rock Ridge and Joliet": (("-R", "-J"), ("", "-R", "-J")),
    "enhanced": (("-iso-level", "4"), ("",)),
    "level 3": (("-iso-level", "3"), ("",)),
}


def shown(image: Path, peer: Peer, view: str) -> list[str]:
    """The names of one system, without versions."""
    names = by_isoinfo(image, peer, *filter(None, (view,)))
    return sorted(name.removesuffix(";1").removesuffix(".") for name in names)


def findings(image: Path) -> set[str]:
    with open_medium(image) as medium:
        return {finding.rule for finding in medium.findings()}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("tool", MAKERS)
def test_no_name_of_any_system_is_lost(long_names: Path, peer: Peer, tool: str, names: str) -> None:
    options, views = NAMES[names]
    image = MAKERS[tool](long_names, peer, *options)
    old, told = read(image), findings(image)
    before = {view: shown(image, peer, view) for view in views}
    (old_volume,) = volumes(image)
    append(image, change({"NEW/FILE": b"new"}))
    for view, listed in before.items():
        assert shown(image, peer, view) == sorted([*listed, "NEW", "NEW/FILE"])
    assert read(image) == {**old, "NEW/FILE": b"new"}
    assert findings(image) == told
    (new_volume,) = volumes(image)
    kept, now = records(old_volume), records(new_volume)
    assert {name: now[name] for name in kept} == kept


def test_enhanced_names_of_their_own_are_kept(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "A name of 1999.text").write_bytes(b"kept")
    image = tmp_path / "enhanced.iso"
    words = ("-outdev", f"stdio:{image}", "-compliance", "iso_9660_1999", "-rockridge", "off")
    run(peer("xorriso"), *words, "-map", tmp_path / "tree", "/", "-commit")
    append(image, change({"NEW": b"new"}))
    (volume,) = volumes(image)
    assert [d.data[6] for d in volume.descriptors] == [1, 2]
    enhanced = sorted(file.name for file in disc(image).trees[1].tree.files())
    assert enhanced == ["A name of 1999.text", "NEW"]


def test_joliet_names_have_versions_only_if_others_have(long_names: Path, peer: Peer) -> None:
    image = genisoimage(long_names, peer, "-J")
    append(image, change({"NEW": b"new"}))
    assert "NEW" in by_isoinfo(image, peer, "-J")
    ending, version = ("text".encode("utf-16-be"), "te;1".encode("utf-16-be"))
    image.write_bytes(image.read_bytes().replace(ending, version))
    append(image, change({"NEWER": b"newer"}))
    assert "NEWER;1" in by_isoinfo(image, peer, "-J")


@pytest.mark.parametrize("tool", MAKERS)
def test_a_file_keeps_its_other_names_when_it_is_replaced_and_loses_them_when_it_goes(
    long_names: Path, peer: Peer, tool: str
) -> None:
    image = MAKERS[tool](long_names, peer, "-R", "-J")
    by_text = {content: name for name, content in read(image).items()}
    before = {view: shown(image, peer, view) for view in ("-J", "-R")}
    append(image, change({by_text[b"image"]: b"replaced"}, (by_text[b"read me"],)))
    for view, names in before.items():
        names.remove("My folder/Read me first.text")
        assert shown(image, peer, view) == names
    contents = by_xorriso(image, peer)
    assert contents["DICOM/A long name of an image.dcm"] == b"replaced"
    assert contents["Дисков.txt"] == b"in another script"
    assert by_xorriso(image, peer, "-read_fs", "norock") == contents
    assert not {rule for rule in findings(image) if rule.startswith("ISO-VIEW")}


def test_of_names_that_share_a_content_only_those_that_can_be_told_apart_are_removed(
    tmp_path: Path, peer: Peer
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "SAME").write_bytes(b"same")
    for name in ("same content 1", "same content 2"):
        os.link(tmp_path / "tree" / "SAME", tmp_path / "tree" / name)
    image = genisoimage(tmp_path / "tree", peer, "-J")
    shared = sorted(read(image))
    append(image, change(remove=("SAME",)))
    assert shown(image, peer, "-J") == ["same content 1", "same content 2"]
    with pytest.raises(NotSupported, match="shares its content"):
        append(image, change(remove=(shared[1],)))
    append(image, change(remove=tuple(shared[1:])))
    assert shown(image, peer, "-J") == shown(image, peer, "") == []


def test_folders_go_with_their_last_file_and_stay_where_they_were_empty(
    long_names: Path, peer: Peer
) -> None:
    image = genisoimage(long_names, peer, "-R", "-J", "-iso-level", "1")
    by_text = {content: name for name, content in read(image).items()}
    append(image, change(remove=(by_text[b"image"], by_text[b"first"])))
    assert [n for n in shown(image, peer, "-R") if "." not in n] == ["My folder", "empty folder"]
    assert [n for n in shown(image, peer, "-J") if "." not in n] == ["My folder", "empty folder"]


def test_records_keep_flags_dates_and_versions(ours: Path) -> None:
    data = bytearray(ours.read_bytes())
    first, second = data.index(b"I1.;1") - 33, data.index(b"README.TXT;1")
    data[first + 25] |= 1  # hidden
    data[first + 18 : first + 25] = bytes((70, 1, 2, 3, 4, 5, 6))
    data[second : second + 12] = b"README.TXT;9"
    ours.write_bytes(data)
    before = records(volumes(ours)[-1])
    append(ours, change({"NEW": b"new"}))
    after = records(volumes(ours)[-1])
    assert {name: after[name] for name in before} == before
    assert after["DICOM", "P1", "I1.;1"] == [bytes(data[first : first + 38])]
    assert ("README.TXT;9",) in after


def test_an_associated_file_goes_where_its_file_goes(ours: Path) -> None:
    data = bytearray(ours.read_bytes())
    second = data.index(b"I2.;1") - 33
    data[second + 33 : second + 38] = b"I1.;1"
    data[second + 25] |= 4
    ours.write_bytes(data)
    append(ours, change({"NEW": b"new"}))
    assert len(records(volumes(ours)[-1])["DICOM", "P1", "I1.;1"]) == 2
    append(ours, change(remove=("DICOM/P1/I1",)))
    assert ("DICOM", "P1", "I1.;1") not in records(volumes(ours)[-1])


def test_a_boot_record_stays_in_the_second_place(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "BOOT.IMG").write_bytes(b"boot" * 512)
    boot = ("-b", "BOOT.IMG", "-no-emul-boot", "-c", "BOOT.CAT", "-J")
    image = genisoimage(tmp_path / "tree", peer, *boot)
    (before,) = volumes(image)
    append(image, change({"NEW": b"new"}), update_first=False)
    first, after = volumes(image)
    assert first.descriptors == before.descriptors
    assert [d.type for d in after.descriptors] == [1, 0, 2]
    assert after.descriptors[1].data == before.descriptors[1].data
    assert after.descriptors[1].sector == after.first + 1
    append(image, change({"NEWER": b"newer"}))
    (both,) = volumes(image)
    assert [(d.type, d.sector) for d in both.descriptors] == [(1, 16), (0, 17), (2, 18)]
    assert both.descriptors[1].data == before.descriptors[1].data


def test_the_label_stays_unless_another_one_is_given(
    ours: Path, long_names: Path, peer: Peer
) -> None:
    append(ours, change({"NEW": b"new"}))
    assert [volume.label for volume in volumes(ours)] == ["OURS"]
    append(ours, change({"NEW": b"newer"}), label="ANOTHER_LABEL_OF_THE_DISC")
    assert [volume.label for volume in volumes(ours)] == ["ANOTHER_LABEL_OF_THE_DISC"]
    image = genisoimage(long_names, peer, "-J")
    append(image, change({"NEW": b"new"}), label="ANOTHER_LABEL_OF_THE_DISC")
    joliet = volumes(image)[-1].descriptors[1]
    assert joliet.data[40:72].decode("utf-16-be") == "ANOTHER_LABEL_OF"


def test_a_large_file_gets_several_extents_on_a_disc_of_level_3(tmp_path: Path) -> None:
    images = []
    for level in (1, 3):
        images.append(tmp_path / f"{level}.iso")
        name = "A" if level == 1 else "A_NAME_OF_LEVEL_3"
        write_iso9660(
            [source(name, b"old")], images[-1], volume_identifier="", recorded=WHEN, level=level
        )
    large = PlannedFile(("LARGE",), (9 << 30) + 5, WHEN)
    plan = plan_session(disc(images[1]), [large], (), recorded=LATER)
    directory = plan.structures[0][1][-SECTOR:]
    found = [r for r in parse_directory(directory, 0) if isinstance(r, Iso9660Record)]
    extents = [r for r in found if r.identifier == b"LARGE.;1"]
    assert [r.flags for r in extents] == [128, 128, 0]
    assert sum(r.size for r in extents) == large.size
    assert extents[0].extent * SECTOR == plan.offsets[0]
    assert extents[2].extent == extents[0].extent + sum(r.size for r in extents[:2]) // SECTOR
    small_only = disc(images[0])
    with pytest.raises(CannotWrite, match="4 GiB"):
        plan_session(small_only, [large], (), recorded=LATER)


def test_times_are_those_of_the_sources_and_of_the_session(ours: Path) -> None:
    append(ours)
    data = records(volumes(ours)[-1])
    assert data["DICOM", "P9", "I1.;1"][0][18:25] == bytes((126, 3, 4, 5, 6, 7, 0))
    descriptor = volumes(ours)[-1].primary.data
    assert descriptor[813:830] == b"2026030405060700\0"
    assert descriptor[830:847] == b"2026040506070800\0"


def test_the_same_change_gives_the_same_bytes(ours: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.iso"
    copy.write_bytes(ours.read_bytes())
    append(ours)
    append(copy)
    assert ours.read_bytes() == copy.read_bytes()


@pytest.mark.parametrize("name", ["dicom/p1/i1", "DICOM/P1/I1"])
def test_names_that_differ_in_case_alone_are_found(ours: Path, name: str) -> None:
    append(ours, change(remove=(name,)))
    assert sorted(read(ours)) == sorted(set(OLD) - {"DICOM/P1/I1"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lower", "file name"),
        ("LONG_NAME_", "file name"),
        ("DICOM", "something else"),
        ("DICOM/P1/I1/X", "a file and a folder"),
        ("A/B/C/D/E/F/G/H/I", "levels"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(ours: Path, name: str, why: str) -> None:
    old = ours.read_bytes()
    with pytest.raises(NameDoesNotFit, match=why):
        append(ours, change({name: b"new"}))
    assert ours.read_bytes() == old


def test_folders_that_rock_ridge_moved_are_refused(tmp_path: Path, peer: Peer) -> None:
    deep = tmp_path / "tree" / "/".join("abcdefghij")[0:]
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"deep")
    image = genisoimage(tmp_path / "tree", peer, "-R")
    with pytest.raises(NotSupported, match="Rock Ridge"):
        append(image, change({"NEW": b"new"}))


def test_a_name_that_another_file_has_in_rock_ridge_is_refused(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "OTHER").write_bytes(b"other")
    image = genisoimage(tmp_path / "tree", peer, "-R")
    image.write_bytes(image.read_bytes().replace(b"NM\x0a\x01\0OTHER", b"NM\x0a\x01\0NAMED"))
    assert shown(image, peer, "-R") == ["NAMED"]
    with pytest.raises(NameDoesNotFit, match="Rock Ridge"):
        append(image, change({"NAMED": b"new"}))
    append(image, change({"NAMED": b"new"}, ("OTHER",)))
    assert read(image) == {"NAMED": b"new"}


def test_a_name_that_another_file_has_in_joliet_is_refused(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "OTHER").write_bytes(b"other")
    image = genisoimage(tmp_path / "tree", peer, "-J")
    other, named = ("\0" + "\0".join(name) for name in ("OTHER", "NAMED"))
    image.write_bytes(image.read_bytes().replace(other.encode(), named.encode()))
    with pytest.raises(NameDoesNotFit, match="something else"):
        append(image, change({"NAMED": b"new"}))
