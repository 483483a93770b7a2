"""Seeking is what costs on a disc: verifying reads each byte of the files once, in their order."""

import warnings
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from dicomdir.build import build_directory
from dicomdir.encode import encode_dicomdir
from dicomdir.index import Indexer
from dicomdir.scan import scan
from drivers import ImageFile
from jacket.verification import verify
from media import NamedSource, open_medium, write_fat, write_iso9660

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SYNTAXES = ("CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "JPEG-lossy.dcm")


def many_frames(path: Path) -> bytes:
    """Return a compressed file that is larger than what is read of one at once."""
    from pydicom import dcmread
    from pydicom.encaps import encapsulate, generate_frames

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path)
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate([frame] * (3_000_000 // len(frame)))
        dataset.NumberOfFrames = 3_000_000 // len(frame)
        target = BytesIO()
        dataset.save_as(target)
    return target.getvalue()


@pytest.fixture(scope="module")
def sources(test_files: Path, tmp_path_factory: pytest.TempPathFactory) -> list[NamedSource]:
    folder = tmp_path_factory.mktemp("frames")
    for number, name in enumerate(SYNTAXES):
        (folder / f"I{number}").write_bytes((test_files / name).read_bytes())
    (folder / "I9").write_bytes(many_frames(test_files / "MR_small_jp2klossless.dcm"))
    instances = scan([folder], Indexer()).instances
    assert len(instances) > 2
    pairs = [(instance, (Path(instance.source).name,)) for instance in instances]
    directory = encode_dicomdir(build_directory(pairs, file_set_uid="2.25.1").directory)
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    manifest = b"%064x *I0\r\n" % 0
    contents |= {"MANIFEST.TXT": manifest, "DICOMDIR": directory, "LARGE": bytes(5_000_001)}
    return [NamedSource((name,), (content,), NOW) for name, content in contents.items()]


class Reads:
    """Every read of the image, in its order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.log: list[tuple[int, int]] = []
        original = ImageFile.pread

        def pread(image: ImageFile, length: int, offset: int) -> bytes:
            self.log.append((offset, length))
            return original(image, length, offset)

        patch.setattr(ImageFile, "pread", pread)


@pytest.mark.parametrize("kind", ["iso", "fat"])
@pytest.mark.parametrize("profile", [None, "STD-GEN-DVD-J2K", "STD-GEN-USB-J2K"])
def test_each_byte_of_the_files_is_read_once_and_in_ascending_order(
    sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    profile: str | None,
) -> None:
    path = tmp_path / "medium"
    if kind == "iso":
        write_iso9660(sources, path, volume_identifier="", recorded=NOW)
    else:
        write_fat(sources, path, label="", recorded=NOW, kind="fat32")
    with open_medium(path) as medium:
        entries = [entry for entry in medium.entries() if entry.size]
        assert not any(entry.extents for entry in entries)
    reads = Reads(monkeypatch)
    verify(path, profile, processes=1)
    order = []
    for entry in entries:
        own = [r for r in reads.log if entry.offset <= r[0] < entry.offset + entry.size]
        pieces = [range(offset, offset + length) for offset, length in own]
        assert pieces[0].start == entry.offset
        assert pieces[-1].stop == entry.offset + entry.size
        assert all(a.stop == b.start for a, b in pairwise(pieces)), entry.name
        order.append(reads.log.index(own[0]))
    # What says what to expect comes before the walk.
    early = {("DICOMDIR",), ("MANIFEST.TXT",)}
    walk = [n for n, entry in zip(order, entries, strict=True) if entry.name not in early]
    assert walk == sorted(walk)
    assert len(walk) == len(entries) - 2
