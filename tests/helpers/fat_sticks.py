"""Sticks that were used by somebody before: made by others, in pieces, with long names."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from media_contents import MIB, Name, Peer, read_all, rules, write_files

from media import Change, NamedSource, Updated, open_medium, update_medium, write_fat

Stick = tuple[Path, dict[Name, bytes]]
MakeStick = Callable[[str], Stick]
RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

# What mkfs.fat is told: bits, sectors of a cluster, and KiB of the image.
OTHERS = {
    "fat12": ("12", "2", "3000"),
    "fat16": ("16", "1", "2400"),
    "fat32": ("32", "1", "34000"),
}
KINDS = (*OTHERS, "our fat16", "our fat32", "our fat16 partitioned", "our fat32 partitioned")

FOREIGN: dict[Name, bytes] = {
    ("LETTER.DOC",): b"letter" * 700,
    ("A long name of somebody's.text",): b"text" * 3000,
    ("Holiday 2025", "beach.jpeg"): bytes(range(256)) * 40,
    ("Holiday 2025", "deep", "er", "still.bin"): b"\xe5\x00" * 2000,
    ("empty.txt",): b"",
    ("DICOM", "FOREIGN"): b"foreign" * 500,
}
ALONE: Mapping[str, str] = {**os.environ, "MTOOLS_SKIP_CHECK": "1"}


def run(*command: str) -> bytes:
    done = subprocess.run(command, check=False, capture_output=True, env=ALONE)
    assert done.returncode == 0, (command, done.stderr.decode() + done.stdout.decode())
    return done.stdout


def used_stick(folder: Path, kind: str, peer: Peer) -> tuple[Path, dict[Name, bytes]]:
    """Make the image of a stick, and return it with all that is on it."""
    image = folder / f"{kind}.img"
    if kind in OTHERS:
        bits, per_cluster, size = OTHERS[kind]
        run(peer("mkfs.fat"), "-C", "-F", bits, "-s", per_cluster, str(image), size)
    else:
        sources = [NamedSource(("OURS", f"I{n}"), (b"ours" * n * 50,), RECORDED) for n in range(9)]
        write_fat(
            sources,
            image,
            label="STICK",
            recorded=RECORDED,
            kind="fat16" if "16" in kind else "fat32",
            partitioned="partitioned" in kind,
        )
    contents = put_foreign(image, kind, folder, peer)
    if kind not in OTHERS:
        contents |= {source.name: source.parts[0] for source in sources}  # type: ignore[dict-item]
    return image, contents


def put_foreign(image: Path, kind: str, folder: Path, peer: Peer) -> dict[Name, bytes]:
    """Let mtools put files on it among many that are gone again, so that it is in pieces."""
    tree = folder / f"{kind} files"
    random = Random(7)  # noqa: S311 (the same at every run)
    holes = {("HOLES", f"H{n}"): random.randbytes(random.randrange(1, 4000)) for n in range(60)}
    kept = dict(list(holes.items())[::2])
    write_files(tree, {**holes, **FOREIGN})
    at = address(image, kind)
    for top in ("HOLES", *dict.fromkeys(name[0] for name in FOREIGN)):
        run(peer("mcopy"), "-s", "-i", at, str(tree / top), "::/")
    for name in holes.keys() - kept.keys():
        run(peer("mdel"), "-i", at, "::/" + "/".join(name))
    return {**kept, **FOREIGN}


def address(image: Path, kind: str) -> str:
    """Return what mtools call the volume of an image."""
    return f"{image}@@{MIB if 'partitioned' in kind else 0}"


def as_mtools_see(image: Path, kind: str, peer: Peer, out: Path) -> dict[Name, bytes]:
    out.mkdir()
    run(peer("mcopy"), "-s", "-i", address(image, kind), "::/", str(out))
    return {p.relative_to(out).parts: p.read_bytes() for p in out.rglob("*") if p.is_file()}


def as_we_see(image: Path) -> dict[Name, bytes]:
    """Return all files by their short names."""
    with open_medium(image) as medium:
        return read_all(medium)


def fsck(image: Path, kind: str, peer: Peer) -> tuple[int, list[str]]:
    """Return the exit code of fsck.fat, and what it says but its version and how full it is."""
    volume = image
    if "partitioned" in kind:
        volume = image.with_suffix(".volume")
        with image.open("rb") as whole, volume.open("wb") as alone:
            whole.seek(MIB)
            while piece := whole.read(MIB):
                alone.seek(len(piece), os.SEEK_CUR) if not any(piece) else alone.write(piece)
            alone.truncate()
    done = subprocess.run([peer("fsck.fat"), "-n", str(volume)], check=False, capture_output=True)
    lines = (done.stdout + done.stderr).decode().splitlines()[1:]
    return done.returncode, [line for line in lines if " files, " not in line]


def one(name: str, content: bytes) -> NamedSource:
    return NamedSource(tuple(name.split("/")), (content,), RECORDED)


def update(image: Path, *add: NamedSource, **more: tuple[object, ...]) -> Updated:
    change = Change(add=add, **more)  # type: ignore[arg-type]
    return update_medium(image, change, recorded=RECORDED)


def expect_sound(image: Path, kind: str, contents: dict[Name, bytes], peer: Peer) -> None:
    assert fsck(image, kind, peer) == (0, [])
    with open_medium(image) as medium:
        broken = rules(medium)
    assert not broken & {"FAT-FOLDER-DOTS", "FAT-FSINFO", "FAT-LOST", "FAT-COPIES", "FAT-DIRTY"}
    out = image.parent / "out"
    assert as_mtools_see(image, kind, peer, out) == contents
    shutil.rmtree(out)
    listed = (
        run(peer("mdir"), "-/", "-a", "-b", "-i", address(image, kind), "::/").decode().splitlines()
    )
    assert sorted(n for n in listed if not n.endswith("/")) == sorted(
        "::/" + "/".join(name) for name in contents
    )
