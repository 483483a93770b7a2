"""Archives, mails and discs with several names, damaged at random: findings or typed errors, soon.

The bases are made with all that the formats have, and every mutation is repeatable.
"""

import random
import subprocess
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from media import NamedSource, open_medium, write_mail, write_mime, write_zip
from reporting import FilmjacketError

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LONGEST = 1.0  # seconds of the processor for one of them
SECTOR = 2048


def survive(path: Path) -> None:
    """Do all that a reader does; anything but our own errors is a failure."""
    try:
        with open_medium(path, password=b"secret") as medium:
            for entry in medium.entries():
                assert all(part not in ("", ".", "..") for part in entry.name)
                assert not any(set(part) & set("/\0") for part in entry.name)
                medium.find(entry.name)
                medium.find_tolerant(entry.name)
                try:
                    with medium.open(entry) as file:
                        for at in range(0, file.size, 1 << 20):
                            file.pread(min(file.size - at, 1 << 20), at)
                except FilmjacketError:
                    pass
            for finding in medium.findings():
                assert finding.where.isprintable()
                assert finding.message.isprintable()
    except FilmjacketError:
        pass


def sources() -> list[NamedSource]:
    noise = random.Random(1).randbytes(5000)  # noqa: S311 (repeatable, no secret)
    contents = {
        ("DICOMDIR",): b"directory" * 300,
        ("DICOM", "P1", "I1"): b"picture" * 2000,
        ("DICOM", "P1", "I2"): noise,
        ("EMPTY",): b"",
        ("README.TXT",): b"read me\r\n",
    }
    return [NamedSource(name, (data,), RECORDED) for name, data in contents.items()]


def ours(folder: Path) -> bytes:
    write_zip(sources(), folder / "t.zip", recorded=RECORDED)
    return (folder / "t.zip").read_bytes()


class OneWay(BytesIO):
    """As a pipe is: what writes there cannot go back, and notes sizes behind the files."""

    def tell(self) -> int:
        raise OSError


def theirs(folder: Path) -> bytes:
    """All methods, Zip64, streamed with numbers behind, a comment, folders and long names."""
    target = OneWay()
    with zipfile.ZipFile(target, "w") as archive:
        for n, method in enumerate((0, 8, 12, 14)):
            info = zipfile.ZipInfo(f"DICOM/F{n}/I1", (2020, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=bool(n % 2)) as file:
                file.write(b"picture" * 1000)
        archive.writestr("a folder/ä long name.dcm", b"long")
        archive.writestr("FOLDER/", b"")
        archive.comment = b"PK\x05\x06 comment"
    return target.getvalue()


def mail(folder: Path) -> bytes:
    write_mail(sources(), folder / "t.eml", recorded=RECORDED)
    return (folder / "t.eml").read_bytes()


def mime(folder: Path) -> bytes:
    write_mime(sources(), folder / "t.eml", recorded=RECORDED)
    text = (folder / "t.eml").read_bytes()
    return text.replace(b"base64", b"quoted-printable", 1)


def disc(folder: Path) -> bytes:
    """Rock Ridge with a folder that was moved, Joliet, two sessions."""
    tree = folder / "tree"
    deep = tree.joinpath("A", "B", "C", "D", "E", "F", "G", "H", "I")
    deep.mkdir(parents=True)
    for path in (tree / "DICOMDIR", tree / "A" / "a long name.dicom", deep / "I1"):
        path.write_bytes(path.name.encode() * 300)
    first = make(folder, tree)
    (tree / "SECOND").write_bytes(b"second" * 500)
    after = -(-first.stat().st_size // SECTOR // 16) * 16
    whole = first.read_bytes().ljust(after * SECTOR, b"\0")
    second = make(folder, tree, "-C", f"0,{after}", "-M", str(first))
    return whole + second.read_bytes()


def make(folder: Path, tree: Path, *options: str) -> Path:
    target = folder / f"{len(options)}.iso"
    names = ["-iso-level", "1", "-R", "-J", "-V", "TWO", "-sysid", ""]
    command = ["genisoimage", "-quiet", "-no-pad", *names, *options, "-o", str(target)]
    subprocess.run([*command, str(tree)], check=True, capture_output=True)
    return target


BASES: dict[str, Callable[[Path], bytes]] = {
    "ours": ours,
    "theirs": theirs,
    "mail": mail,
    "mime": mime,
    "disc": disc,
}


@pytest.fixture(scope="module", params=BASES)
def base(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    peer: Callable[[str], str],
) -> tuple[str, bytes]:
    if request.param == "disc":
        peer("genisoimage")
    return request.param, BASES[request.param](tmp_path_factory.mktemp(request.param))


def places(kind: str, data: bytes, rng: random.Random) -> list[int]:
    """Return bytes to be damaged: for the most part those that say something."""
    marks: dict[str, tuple[bytes, ...]] = {
        "ours": (b"PK",),
        "theirs": (b"PK",),
        "mail": (b"--=_", b"Content", b"UEsD"),
        "mime": (b"--=_", b"Content", b"id="),
        "disc": (b"CD001", b"NM", b"CL", b"PX", b"\x00A\x00", b"I1.;1"),
    }
    found = []
    for mark in marks[kind]:
        at = data.find(mark)
        while at >= 0:
            found.append(at)
            at = data.find(mark, at + 1)
    return [
        min(max(rng.choice(found) + rng.randrange(-40, 60), 0), len(data) - 1)
        if rng.random() < 0.8
        else rng.randrange(len(data))
        for _ in range(rng.choice((1, 1, 2, 4, 16)))
    ]


def mutated(kind: str, data: bytes, rng: random.Random) -> bytes:
    image = bytearray(data)
    for at in places(kind, data, rng):
        image[at] = rng.choice((0, 1, 2, 0x2D, 0x2F, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    if rng.random() < 0.15:
        del image[rng.randrange(len(image)) :]
    elif rng.random() < 0.1:
        start = rng.randrange(len(image))
        image[start:start] = image[: rng.randrange(2000)]
    elif rng.random() < 0.1:
        start = rng.randrange(len(image))
        del image[start : start + rng.randrange(2000)]
    return bytes(image)


@pytest.mark.parametrize("seed", range(6))
def test_random_damage_is_survived(base: tuple[str, bytes], tmp_path: Path, seed: int) -> None:
    kind, data = base
    rng = random.Random(f"{kind}{seed}")  # noqa: S311 (repeatable damage, no secret)
    path = tmp_path / "t"
    for number in range(100):
        path.write_bytes(mutated(kind, data, rng))
        start = time.process_time()
        survive(path)
        assert time.process_time() - start < LONGEST, f"mutation {number}"
