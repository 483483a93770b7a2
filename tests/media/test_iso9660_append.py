"""Sessions that are appended to images of CD-R: ours, and those of other programs."""

import hashlib
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from appended_sessions import (
    CHANGE,
    NEW,
    OLD,
    SECTOR,
    Peer,
    append,
    by_isoinfo,
    by_xorriso,
    change,
    errors,
    genisoimage,
    read,
    run,
    start_of_last,
    write_ours,
    write_tree,
    xorriso,
)
from pycdlib.pycdlib import PyCdlib

from drivers import open_image
from media.iso9660.sessions import session_starts


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_ours(tmp_path)


def two_sessions_of_genisoimage(tree: Path, peer: Peer) -> Path:
    more = tree.with_name("more")
    (more / "DICOM" / "P2").mkdir(parents=True)
    (tree / "DICOM" / "P2" / "I1").rename(more / "DICOM" / "P2" / "I1")
    first = genisoimage(tree, peer, "-iso-level", "1")
    return next_session_by(peer("genisoimage"), first, more, "-iso-level", "1")


def next_session_by(tool: str, image: Path, tree: Path, *options: str) -> Path:
    """Let another program make a session, and put it where a drive would."""
    start = start_of_last(image)
    begins = -(-image.stat().st_size // SECTOR // 16) * 16 + 64
    session = image.with_name("session.iso")
    merge = ("-C", f"{start},{begins}", "-M", image)
    run(tool, "-quiet", "-V", "MERGED", *options, *merge, "-o", session, tree)
    os.truncate(image, begins * SECTOR)
    image.write_bytes(image.read_bytes() + session.read_bytes())
    return image


def two_sessions_of_xorriso(tree: Path, peer: Peer) -> Path:
    image = tree.with_name("grown.iso")
    for part in ("DICOM/P2", ""):
        device = ("-dev", f"stdio:{image}", "-rockridge", "off", "-volid", "THEIRS")
        run(peer("xorriso"), *device, "-map", tree / part, f"/{part}", "-commit", "-end")
    return image


MAKERS: Mapping[str, Callable[[Path, Peer], Path]] = {
    "genisoimage": lambda tree, peer: genisoimage(tree, peer, "-iso-level", "1"),
    "genisoimage, all names": lambda tree, peer: genisoimage(tree, peer, "-R", "-J"),
    "genisoimage, two sessions": two_sessions_of_genisoimage,
    "xorriso": lambda tree, peer: xorriso(tree, peer, "-iso-level", "1", "--norock"),
    "xorriso, all names": lambda tree, peer: xorriso(tree, peer, "-iso-level", "4", "-R", "-J"),
    "xorriso, two sessions": two_sessions_of_xorriso,
}


def test_a_session_shows_what_is_kept_and_what_is_new(ours: Path, peer: Peer) -> None:
    before = ours.read_bytes()
    done = append(ours)
    assert read(ours) == NEW
    assert by_xorriso(ours, peer) == NEW
    assert errors(ours) == []
    assert ours.read_bytes()[: len(before)] == before  # nothing of a CD-R is written twice
    assert (done.kind, done.added, done.removed) == ("iso9660", 4, 2)
    assert done.size == ours.stat().st_size
    assert done.digests == {
        new.name: hashlib.sha256(NEW["/".join(new.name)]).hexdigest()
        for new in (*CHANGE.add, *CHANGE.last)
    }


def test_readers_that_know_no_sessions_see_the_one_whose_descriptors_they_are_given(
    ours: Path, peer: Peer, tmp_path: Path
) -> None:
    append(ours)
    data = bytearray(ours.read_bytes())
    descriptors = (start_of_last(ours) + 16) * SECTOR
    data[16 * SECTOR : 18 * SECTOR] = data[descriptors : descriptors + 2 * SECTOR]
    ours.write_bytes(data)
    run(peer("7z"), "x", f"-o{tmp_path / 'by_7z'}", ours)
    for name, content in NEW.items():
        assert (tmp_path / "by_7z" / name).read_bytes() == content
    volume = PyCdlib()
    volume.open(str(ours))
    for name, content in NEW.items():
        read_by_pycdlib = io.BytesIO()
        recorded = name if "." in name else name + "."
        volume.get_file_from_iso_fp(read_by_pycdlib, iso_path=f"/{recorded};1")
        assert read_by_pycdlib.getvalue() == content
    volume.close()


def test_names_are_recorded_as_annex_f_asks(ours: Path, peer: Peer) -> None:
    append(ours)
    assert by_isoinfo(ours, peer) == [
        *("DICOM", "DICOM/P1", "DICOM/P1/I2.;1", "DICOM/P1/I3.;1", "DICOM/P9", "DICOM/P9/I1.;1"),
        *("DICOMDIR.;1", "EMPTY.;1", "NOTHING.;1", "README.TXT;1"),
    ]


@pytest.mark.parametrize("made", MAKERS)
def test_a_session_goes_on_what_others_made(tree: Path, peer: Peer, made: str) -> None:
    image = MAKERS[made](tree, peer)
    assert read(image) == OLD
    append(image)
    assert read(image) == NEW
    assert by_xorriso(image, peer, "-read_fs", "ecma119") == NEW
    assert by_xorriso(image, peer) == NEW  # by Rock Ridge or Joliet, where there is one
    assert errors(image) == []


@pytest.mark.parametrize("tool", ["genisoimage", "xorriso"])
def test_others_go_on_where_we_stopped(tree: Path, ours: Path, peer: Peer, tool: str) -> None:
    append(ours)
    more = tree.with_name("more")
    more.mkdir()
    (more / "MORE").write_bytes(b"more")
    words = (peer(tool),) if tool == "genisoimage" else (peer(tool), "-as", "mkisofs", "--norock")
    wrapper = tree.with_name("tool")
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    wrapper.chmod(0o755)
    next_session_by(str(wrapper), ours, more, "-iso-level", "1", "-sysid", "")
    assert read(ours) == {**NEW, "MORE": b"more"}
    append(ours, change({"EVEN/MORE": b"even more"}))
    assert (
        by_xorriso(ours, peer) == read(ours) == {**NEW, "MORE": b"more", "EVEN/MORE": b"even more"}
    )


def test_twenty_sessions_in_a_row(ours: Path, peer: Peer) -> None:
    expected = dict(OLD)
    for number in range(20):
        name = f"DICOM/S{number}/I1"
        new, directory = os.urandom(5000), b"directory %d" % number
        gone = (f"DICOM/S{number - 3}/I1",) if number >= 3 else ()
        append(ours, change({name: new}, gone, {"DICOMDIR": directory}))
        expected |= {name: new, "DICOMDIR": directory}
        for each in gone:
            del expected[each]
    with open_image(ours) as image:
        assert len(session_starts(image)) == 21
    assert read(ours) == by_xorriso(ours, peer) == expected
    assert errors(ours) == []
