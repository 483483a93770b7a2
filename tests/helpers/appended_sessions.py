"""A disc before and after a session is appended, and how others see it."""

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from media_contents import Peer, read_all, write_files

from drivers import open_image
from media import NamedSource, open_medium, write_iso9660
from media.iso9660.append import append_session
from media.iso9660.plain_names import name_of
from media.iso9660.sessions import session_starts
from media.iso9660.volume import read_volume
from media.update import Change, Updated

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LATER = datetime(2026, 4, 5, 6, 7, 8, tzinfo=UTC)
SECTOR = 2048
OLD: Mapping[str, bytes] = {
    "DICOMDIR": b"old directory" * 300,
    "DICOM/P1/I1": b"first" * 1000,
    "DICOM/P1/I2": b"second" * 1000,
    "DICOM/P2/I1": b"third" * 10,
    "EMPTY": b"",
    "README.TXT": b"read me\r\n",
}


def source(name: str, content: bytes) -> NamedSource:
    return NamedSource(tuple(name.split("/")), (content,), WHEN)


def change(
    add: Mapping[str, bytes] | None = None,
    remove: tuple[str, ...] = (),
    last: Mapping[str, bytes] | None = None,
) -> Change:
    return Change(
        tuple(source(*item) for item in (add or {}).items()),
        tuple(tuple(name.split("/")) for name in remove),
        tuple(source(*item) for item in (last or {}).items()),
    )


CHANGE = change(
    {"DICOM/P1/I3": b"fourth" * 5000, "DICOM/P9/I1": b"fifth", "NOTHING": b""},
    ("DICOM/P1/I1", "DICOM/P2/I1"),
    {"DICOMDIR": b"new directory" * 400},
)
NEW: Mapping[str, bytes] = {
    "DICOMDIR": b"new directory" * 400,
    "DICOM/P1/I2": b"second" * 1000,
    "DICOM/P1/I3": b"fourth" * 5000,
    "DICOM/P9/I1": b"fifth",
    "EMPTY": b"",
    "NOTHING": b"",
    "README.TXT": b"read me\r\n",
}


def append(image: Path, what: Change = CHANGE, **options: object) -> Updated:
    return append_session(image, what, recorded=LATER, **options)  # type: ignore[arg-type]


def read(image: Path) -> dict[str, bytes]:
    with open_medium(image) as medium:
        return {"/".join(name): content for name, content in read_all(medium).items()}


def read_front(image: Path) -> dict[str, bytes]:
    """What a reader sees that knows no sessions."""
    with open_image(image) as opened:
        volume = read_volume(opened)
        assert volume is not None
        assert not volume.problems.findings()
        return {
            "/".join(name_of(volume, file)): opened.pread(file.size, file.at)
            for file in volume.files
        }


def errors(image: Path) -> list[str]:
    with open_medium(image) as medium:
        return [
            f"{f.rule} {f.where} {f.message}" for f in medium.findings() if f.severity == "error"
        ]


def start_of_last(image: Path) -> int:
    """The block at which the last session begins, 16 before its first descriptor.

    Where the front of the image shows it as well, it is where that primary descriptor was first.
    """
    with open_image(image) as opened:
        (first,) = session_starts(opened)[-1:]
    data = image.read_bytes()
    told = data[first * SECTOR : (first + 1) * SECTOR]
    at = len(data)
    while at > first * SECTOR:
        at = data.rindex(b"\x01CD001", 0, at)
        if not at % SECTOR and data[at + 140 : at + 190] == told[140:190]:  # tables and root
            break
    return at // SECTOR - 16


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, capture_output=True, text=True)


def by_xorriso(image: Path, peer: Peer, *options: str) -> dict[str, bytes]:
    """What xorriso sees without a word of sessions and in the last one, with all content."""
    told: list[object] = ["-load", "sbsector", start_of_last(image)]
    seen, of_the_last = (_extracted(image, peer, *options, *words) for words in ([], told))
    assert seen == of_the_last
    return seen


def _extracted(image: Path, peer: Peer, *options: object) -> dict[str, bytes]:
    target = image.with_name("by_xorriso")
    shutil.rmtree(target, ignore_errors=True)
    where = ("-indev", f"stdio:{image}", "-extract", "/", target)
    run(peer("xorriso"), "-osirrox", "on", *options, *where)
    run("chmod", "-R", "u+w", target)
    return contents(target)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def by_isoinfo(image: Path, peer: Peer, *options: str) -> list[str]:
    """The names that isoinfo sees without a word of sessions, and in the last one."""
    words = (), ("-T", start_of_last(image))
    seen, of_the_last = (
        run(peer("isoinfo"), *told, "-f", *options, "-i", image).stdout.split("\n")
        for told in words
    )
    assert seen == of_the_last
    return sorted(line.removeprefix("/") for line in seen if line)


def behind_first(data: bytes | bytearray) -> bytes:
    """An image without the descriptors at its front, the one part that is written twice."""
    at = 16
    while data[at * SECTOR + 1 : at * SECTOR + 6] == b"CD001":
        at += 1
    return bytes(data[: 16 * SECTOR] + data[at * SECTOR :])


def write_tree(folder: Path) -> Path:
    """Write the files of the old disc into a folder."""
    return write_files(folder / "tree", {tuple(n.split("/")): c for n, c in OLD.items()})


def write_ours(folder: Path) -> Path:
    """Write the old disc."""
    image = folder / "ours.iso"
    sources = [source(*item) for item in OLD.items()]
    write_iso9660(sources, image, volume_identifier="OURS", recorded=WHEN)
    return image


def genisoimage(tree: Path, peer: Peer, *options: object) -> Path:
    image = tree.with_name("genisoimage.iso")
    run(peer("genisoimage"), "-quiet", "-V", "THEIRS", "-sysid", "", *options, "-o", image, tree)
    return image


def xorriso(tree: Path, peer: Peer, *options: object) -> Path:
    image = tree.with_name("xorriso.iso")
    run(peer("xorriso"), "-as", "mkisofs", "-V", "THEIRS", *options, "-o", image, tree)
    return image
