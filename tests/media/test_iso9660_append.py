"""Sessions that are appended to images of CD-R: ours, and those of other programs."""

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
from appended_sessions import (
    CHANGE,
    NEW,
    OLD,
    SECTOR,
    WHEN,
    Peer,
    append,
    behind_first,
    by_isoinfo,
    by_xorriso,
    change,
    contents,
    errors,
    genisoimage,
    read,
    read_front,
    run,
    start_of_last,
    write_ours,
    write_tree,
    xorriso,
)
from pycdlib.pycdlib import PyCdlib

from drivers import open_image
from media.iso9660.encode import LARGEST_EXTENT
from media.iso9660.layout import lay_out_iso9660
from media.iso9660.session_disc import read_disc
from media.iso9660.session_plan import plan_session
from media.iso9660.sessions import session_starts
from media.volume_plan import PlannedFile
from reporting import CannotWrite


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


def next_session_by(
    tool: str, image: Path, tree: Path, *options: str, start: int | None = None
) -> Path:
    """Let another program make a session, and put it where a drive would."""
    start = start_of_last(image) if start is None else start
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
    assert read(ours) == read_front(ours) == NEW
    assert by_xorriso(ours, peer) == NEW
    assert errors(ours) == []
    assert behind_first(ours.read_bytes()).startswith(behind_first(before))
    assert (done.kind, done.added, done.removed) == ("iso9660", 4, 2)
    assert done.size == ours.stat().st_size
    assert done.digests == {
        new.name: hashlib.sha256(NEW["/".join(new.name)]).hexdigest()
        for new in (*CHANGE.add, *CHANGE.last)
    }


def test_of_a_disc_nothing_is_written_twice(ours: Path, peer: Peer) -> None:
    before = ours.read_bytes()
    copy = ours.with_name("copy.iso")
    copy.write_bytes(before)
    append(ours, update_first=False)
    assert ours.read_bytes()[: len(before)] == before
    assert (read(ours), read_front(ours)) == (NEW, OLD)
    append(copy)
    assert behind_first(copy.read_bytes()) == behind_first(ours.read_bytes())
    append(ours, change({"MORE": b"more"}))  # What was left undone is made up for.
    assert read(ours) == read_front(ours) == by_xorriso(ours, peer) == {**NEW, "MORE": b"more"}


def by_7z(image: Path, peer: Peer) -> dict[str, bytes]:
    target = image.with_name("by_7z")
    shutil.rmtree(target, ignore_errors=True)
    run(peer("7z"), "x", f"-o{target}", image)
    return contents(target)


def by_pycdlib(image: Path) -> dict[str, bytes]:
    volume, seen = PyCdlib(), {}
    volume.open(str(image))
    for folder, _, files in volume.walk(iso_path="/"):
        for recorded in files:
            content = io.BytesIO()
            path = f"{folder.rstrip('/')}/{recorded}"
            volume.get_file_from_iso_fp(content, iso_path=path)
            seen[path.strip("/").removesuffix(";1").removesuffix(".")] = content.getvalue()
    volume.close()
    return seen


@pytest.mark.parametrize("sessions", [1, 3])
def test_readers_that_know_no_sessions_see_the_newest(
    ours: Path, peer: Peer, sessions: int
) -> None:
    for number in range(sessions):
        append(ours, CHANGE if not number else change({"DICOMDIR": NEW["DICOMDIR"]}))
    assert by_7z(ours, peer) == by_pycdlib(ours) == read_front(ours) == read(ours) == NEW
    told = run(peer("isoinfo"), "-d", "-i", ours).stdout
    assert f"Volume size is: {ours.stat().st_size // SECTOR}\n" in told


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
    assert read(image) == read_front(image) == NEW
    assert by_xorriso(image, peer, "-read_fs", "ecma119") == NEW
    assert by_xorriso(image, peer) == NEW  # by Rock Ridge or Joliet, where there is one
    assert errors(image) == []


@pytest.mark.parametrize("start", [None, 0], ids=["told the session", "told nothing"])
@pytest.mark.parametrize("tool", ["genisoimage", "xorriso"])
def test_others_go_on_where_we_stopped(
    tree: Path, ours: Path, peer: Peer, tool: str, start: int | None
) -> None:
    append(ours)
    more = tree.with_name("more")
    more.mkdir()
    (more / "MORE").write_bytes(b"more")
    words = (peer(tool),) if tool == "genisoimage" else (peer(tool), "-as", "mkisofs", "--norock")
    wrapper = tree.with_name("tool")
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    wrapper.chmod(0o755)
    next_session_by(str(wrapper), ours, more, "-iso-level", "1", "-sysid", "", start=start)
    assert read(ours) == {**NEW, "MORE": b"more"}
    append(ours, change({"EVEN/MORE": b"even more"}))
    assert (
        by_xorriso(ours, peer) == read(ours) == {**NEW, "MORE": b"more", "EVEN/MORE": b"even more"}
    )


def test_xorriso_grows_an_image_of_ours_that_grows_on(tree: Path, ours: Path, peer: Peer) -> None:
    append(ours)
    device = ("-dev", f"stdio:{ours}", "-rockridge", "off", "-rm", "/DICOM/P9/I1", "--")
    run(peer("xorriso"), *device, "-map", tree / "EMPTY", "/MORE", "-commit", "-end")
    now = {**NEW, "MORE": b""}
    del now["DICOM/P9/I1"]
    assert read(ours) == read_front(ours) == by_7z(ours, peer) == now
    append(ours, change({"EVEN/MORE": b"even more"}, ("MORE",)))
    del now["MORE"]
    now["EVEN/MORE"] = b"even more"
    assert read(ours) == read_front(ours) == by_7z(ours, peer) == by_xorriso(ours, peer) == now
    assert errors(ours) == []


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
        assert session_starts(image) == (16,)  # one volume over everything
    assert read(ours) == by_xorriso(ours, peer) == by_7z(ours, peer) == expected
    assert errors(ours) == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_session_holds_as_large_a_file_as_a_new_disc(ours: Path, more: int) -> None:
    size = LARGEST_EXTENT + more
    large = [PlannedFile(("LARGE",), size, WHEN)]
    with open_image(ours) as image:
        disc = read_disc(image, image.path)
    assert disc is not None
    for lay_out in (
        partial(plan_session, disc, large, (), recorded=WHEN),
        partial(lay_out_iso9660, large, label="NEW", recorded=WHEN),
    ):
        with pytest.raises(CannotWrite, match="4 GiB") if more else nullcontext():
            lay_out()
