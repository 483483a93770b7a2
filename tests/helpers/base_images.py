"""Small good media of every kind, ours and of others, to be injured."""

import quopri
import random
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from our_volumes import RECORDED, VOLUMES, write
from udf_detours import with_sparable_partition, with_virtual_partition

from media import NamedSource, write_mail, write_mime, write_zip

PASSWORD = b"secret"
NOISE = random.Random(1).randbytes(5000)  # noqa: S311 (repeatable, no secret)
CONTENTS = {
    ("DICOMDIR",): b"directory" * 300,
    ("DICOM", "P1", "I1"): b"picture" * 2000,
    ("DICOM", "P1", "I2"): NOISE,
    ("DICOM", "P2", "I3"): b"x",
    ("EMPTY",): b"",
    ("README.TXT",): b"read me\r\n",
    ("ZZZ",): b"last" * 1000,
}
SOURCES = [NamedSource(name, (data,), RECORDED) for name, data in CONTENTS.items()]


class Base(NamedTuple):
    """How to make a medium, and what is at which byte of it."""

    make: Callable[["Workshop", Path], None]
    families: tuple[str, ...]  # whose structures it has: "iso", "udf", "fat", "zip", "mail"


class Workshop:
    """A folder with a tree of files, and the tools of others."""

    def __init__(self, folder: Path, peer: Callable[[str], str]) -> None:
        self.folder, self.peer = folder, peer
        self.tree = folder / "tree"
        for name, data in CONTENTS.items():
            path = self.tree.joinpath(*name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.long = folder / "long"  # what only other names than those of DICOM can tell
        deep = self.long.joinpath(*"ABCDEFGHIJ")
        deep.mkdir(parents=True)
        (deep / "I1").write_bytes(b"deep" * 500)
        (self.long / "a rather long name of 1.2.840.dcm").write_bytes(NOISE)
        (self.long / "DICOMDIR").write_bytes(CONTENTS[("DICOMDIR",)])

    def run(self, tool: str, *words: str | Path, place: Path | None = None) -> bytes:
        command = [self.peer(tool), *map(str, words)]
        return subprocess.run(command, check=True, capture_output=True, cwd=place).stdout

    def genisoimage(self, target: Path, *options: str) -> None:
        self.run("genisoimage", "-quiet", "-no-pad", *options, "-o", target, self.long)

    def xorriso(self, target: Path, *trees: Path) -> None:
        """Write one session for each of *trees*."""
        for number, tree in enumerate(trees):
            device = "-dev" if number else "-outdev"
            place = f"stdio:{target}"
            mapped = ["-map", str(tree), f"/T{number}"]
            self.run("xorriso", "-padding", "0", "-joliet", "on", device, place, *mapped, "-commit")

    def mkudffs(self, target: Path, medium: str, revision: str, block: int) -> None:
        self.blank(target, 6_000_000 if medium in ("cdrw", "dvdrw") else 1_500_000)
        options = [f"--media-type={medium}", f"--udfrev={revision}", f"--blocksize={block}"]
        self.run("mkudffs", *options, target)

    def mkfs_fat(self, target: Path, size: int, *options: str) -> None:
        self.blank(target, size)
        self.run("mkfs.fat", *options, target)
        self.run("mcopy", "-s", "-Q", "-i", target, *sorted(self.long.iterdir()), "::/")

    def gpt(self, target: Path) -> None:
        write("fat16", SOURCES, self.folder / "volume")
        volume = (self.folder / "volume").read_bytes()
        self.blank(target, (2048 + 34) * 512 + len(volume))
        self.run("sgdisk", "-n", "1:2048", "-t", "1:0700", target)
        with target.open("r+b") as file:
            file.seek(2048 * 512)
            file.write(volume)

    def zip(self, target: Path, *options: str) -> None:
        # By a name of its own: zip adds an extension to one that has none.
        made = self.folder / "made.zip"
        made.unlink(missing_ok=True)
        self.run("zip", "-qr", *options, made, ".", place=self.tree)
        made.rename(target)

    @staticmethod
    def blank(target: Path, size: int) -> None:
        with target.open("wb") as file:
            file.truncate(size)


def _streamed(shop: Workshop, target: Path) -> None:
    target.write_bytes(shop.run("zip", "-qr", "-", ".", place=shop.tree))


def _disc_in_a_zip(shop: Workshop, target: Path) -> None:
    write("iso9660 level 1", SOURCES, shop.folder / "inner")
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(shop.folder / "inner", "a disc.iso")
        archive.writestr("disc.md5", b"0123")


def _quoted(shop: Workshop, target: Path) -> None:
    """A letter with parts in the other encoding of MIME."""
    parts = [
        f'Content-Type: Application/dicom; id="{"/".join(name)}"; name="{name[-1]}"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quopri.encodestring(data).decode().replace("\n", "\r\n")
        for name, data in CONTENTS.items()
    ]
    head = 'MIME-Version: 1.0\r\nContent-Type: Multipart/mixed; boundary="=_b"\r\n\r\n'
    body = "".join(f"--=_b\r\n{part}\r\n" for part in parts)
    target.write_bytes(f"{head}{body}--=_b--\r\n".encode("latin-1"))


def _detour(change: Callable[[bytes], bytes], shop: Workshop, target: Path) -> None:
    write("udf 1.50", SOURCES, shop.folder / "inner")
    target.write_bytes(change((shop.folder / "inner").read_bytes()))


def _ours(kind: str) -> Base:
    family = kind.split()[0].rstrip("0123456789")
    families = {"iso": ("iso",), "bridge": ("iso", "udf"), "udf": ("udf",), "fat": ("fat",)}
    return Base(lambda _, target: write(kind, SOURCES, target) and None, families[family])


def _by_mkudffs(medium: str, revision: str, block: int) -> Base:
    return Base(lambda shop, target: shop.mkudffs(target, medium, revision, block), ("udf",))


_ISO, _UDF, _FAT, _ZIP, _MAIL = (("iso",), ("udf",), ("fat",), ("zip",), ("mail",))
BASES: dict[str, Base] = {
    **{kind: _ours(kind) for kind in VOLUMES},
    "Rock Ridge and Joliet by genisoimage": Base(
        lambda shop, target: shop.genisoimage(target, "-R", "-J", "-joliet-long"), _ISO
    ),
    "level 4 by genisoimage": Base(
        lambda shop, target: shop.genisoimage(target, "-iso-level", "4"), _ISO
    ),
    "bridge by genisoimage": Base(
        lambda shop, target: shop.genisoimage(target, "-R", "-udf"), ("iso", "udf")
    ),
    "Rock Ridge and Joliet by xorriso": Base(
        lambda shop, target: shop.xorriso(target, shop.long), _ISO
    ),
    "three sessions by xorriso": Base(
        lambda shop, target: shop.xorriso(target, shop.long, shop.tree, shop.long), _ISO
    ),
    "udf virtual 1.50": Base(
        lambda shop, target: _detour(
            lambda image: with_virtual_partition(image, "1.50"), shop, target
        ),
        _UDF,
    ),
    "udf virtual 2.00": Base(
        lambda shop, target: _detour(
            lambda image: with_virtual_partition(image, "2.00"), shop, target
        ),
        _UDF,
    ),
    "udf sparable": Base(lambda shop, target: _detour(with_sparable_partition, shop, target), _UDF),
    **{
        f"{medium} {revision} by mkudffs, blocks of {block}": _by_mkudffs(medium, revision, block)
        for medium, revision, block in (
            ("hd", "1.02", 512),
            ("dvdram", "2.01", 2048),
            ("cdrw", "1.50", 2048),
            ("dvdr", "2.00", 2048),
            ("bdr", "2.60", 2048),
        )
    },
    "fat12 by mkfs": Base(lambda shop, target: shop.mkfs_fat(target, 1_474_560, "-F", "12"), _FAT),
    "fat16 by mkfs": Base(
        lambda shop, target: shop.mkfs_fat(target, 5_000_000, "-F", "16", "-s", "1"), _FAT
    ),
    "fat32 by mkfs": Base(
        lambda shop, target: shop.mkfs_fat(target, 40_000_000, "-F", "32", "-s", "1"), _FAT
    ),
    "fat16 behind a GPT": Base(Workshop.gpt, _FAT),
    "zip": Base(lambda shop, target: write_zip(SOURCES, target, recorded=RECORDED) and None, _ZIP),
    "zip stored": Base(lambda shop, target: shop.zip(target, "-0"), _ZIP),
    "zip deflated": Base(lambda shop, target: shop.zip(target, "-9"), _ZIP),
    "zip encrypted": Base(lambda shop, target: shop.zip(target, "-P", PASSWORD.decode()), _ZIP),
    "zip with numbers of 64 bits": Base(lambda shop, target: shop.zip(target, "-fz"), _ZIP),
    "zip by bzip2": Base(lambda shop, target: shop.zip(target, "-Z", "bzip2"), _ZIP),
    "zip streamed": Base(_streamed, _ZIP),
    "disc in a zip": Base(_disc_in_a_zip, ("zip", "disc in a zip", "disc in a zip")),
    "mail": Base(
        lambda shop, target: write_mail(SOURCES, target, recorded=RECORDED) and None, _MAIL
    ),
    "mime": Base(
        lambda shop, target: write_mime(SOURCES, target, recorded=RECORDED) and None, _MAIL
    ),
    "mime quoted-printable": Base(_quoted, _MAIL),
}
