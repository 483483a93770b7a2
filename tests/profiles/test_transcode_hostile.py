"""Codecs die and files lie: each costs one instance, with a reason, and the job goes on."""

import signal
import subprocess
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest

from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles import transcode as module
from profiles.encodable import JPEG_2000_LOSSLESS, JPEG_LOSSLESS
from profiles.transcode import Limits, Transcoded, TranscodeJob, transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, RLE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom

# What runs instead of the worker: its encoders go wrong when the first cell of a frame says so.
FAILING_WORKER = """
import ctypes, time
from profiles import encode, transcode_worker
def failing(real):
    def encode_frame(cells, coder):
        first = int(cells.flat[0])
        if first == 201:
            ctypes.string_at(0)  # SIGSEGV
        if first == 202:
            while True: pass
        if first == 203:
            bytearray(16 << 30)
        if first == 204:
            return b"no stream at all"
        return real(cells, coder)
    return encode_frame
for syntax, real in list(encode._ENCODERS.items()):
    encode._ENCODERS[syntax] = failing(real)
transcode_worker.main()
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def started(command: list[str], **options: object) -> object:
        at = command.index("-m")
        return start([*command[:at], "-c", FAILING_WORKER], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "Popen", started)


@pytest.fixture(scope="module")
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


def with_first_cell(ct: Path, value: int, target: Path) -> Instance:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = pydicom.dcmread(ct)
        cells = data_set.pixel_array.copy()
        cells[0, 0] = value
        data_set.PixelData = cells.astype(np.int16).tobytes()
        data_set.save_as(target)
    (instance,) = scan([target], jobs=1).instances
    return instance


CRASH = f"broke down (exit status -{signal.SIGSEGV})"
FAILURES = [
    *((syntax, 201, CRASH) for syntax in (RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS)),
    (RLE, 202, "took longer than 5 seconds"),
    (JPEG_2000_LOSSLESS, 203, "more memory than a conversion may take"),
    # In the words of the decoder that does not read it.
    *((syntax, 204, "") for syntax in (RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS)),
]


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(("syntax", "cell", "words"), FAILURES)
def test_an_encoder_that_fails_costs_one_instance(
    syntax: str, cell: int, words: str, ct: Path, tmp_path: Path
) -> None:
    jobs = [
        TranscodeJob(
            with_first_cell(ct, value, tmp_path / f"{n}.dcm"), str(tmp_path / f"{n}"), syntax
        )
        for n, value in enumerate([1, cell, 2])
    ]
    good, bad, other = transcode(jobs, workers=1, limits=Limits(seconds=5))
    assert good.reason == other.reason == ""
    assert bad.instance is None
    assert bad.reason
    assert words in bad.reason
    assert {path.name for path in tmp_path.iterdir()} == {"0.dcm", "1.dcm", "2.dcm", "0", "2"}


COMPRESSED = (
    "JPEG2000.dcm",
    "JPEG-lossy.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
)


def mutated(content: bytes, offset: int, random: Random) -> bytes:
    """Damage a file in its data set: flip, overwrite, cut out, double or cut off."""
    spoiled = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        place = random.randrange(offset, len(spoiled))
        kind = random.randrange(6)
        if kind < 3:
            spoiled[place] ^= 1 << random.randrange(8)
        elif kind == 3:
            spoiled[place : place + 4] = random.choice((b"\xff" * 4, bytes(4), random.randbytes(4)))
        elif kind == 4:
            del spoiled[place : place + random.randrange(1, 9)]
        else:
            spoiled[place:place] = spoiled[place : place + random.randrange(1, 65)]
    if random.randrange(10) == 0:
        del spoiled[random.randrange(offset, len(spoiled)) :]
    return bytes(spoiled)


def spoilt_jobs(pydicom_files: list[Path], folder: Path, number: int) -> list[TranscodeJob]:
    random = Random(20261122)  # noqa: S311 (the same damage every time)
    sources = [path for path in pydicom_files if path.name in COMPRESSED]
    originals = list(scan(sources, jobs=1).instances)
    assert len(originals) == len(COMPRESSED)
    jobs = []
    for n in range(number):
        original = originals[n % len(originals)]
        path = folder / f"{n}.dcm"
        content = Path(original.source).read_bytes()
        path.write_bytes(mutated(content, original.dataset_offset, random))
        source = original._replace(source=str(path), size=path.stat().st_size)
        target = random.choice((EXPLICIT_LITTLE, RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS))
        jobs.append(TranscodeJob(source, str(folder / f"{n}.out"), target))
    return jobs


def check(results: tuple[Transcoded, ...]) -> None:
    for result in results:
        if result.instance is None:
            assert result.reason
            assert "the conversion failed" not in result.reason  # a reason, not a traceback
            assert not Path(result.job.target).exists()
        else:
            assert Path(result.job.target).stat().st_size == result.instance.size
    refused = sum(result.instance is None for result in results)
    assert len(results) / 4 < refused < len(results)  # the damage matters, and not always


def test_damaged_files_end_in_a_result_or_a_reason(
    pydicom_files: list[Path], tmp_path: Path
) -> None:
    jobs = spoilt_jobs(pydicom_files, tmp_path, 300)
    check(transcode(jobs, limits=Limits(seconds=30, memory_bytes=2 << 30)))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_damaged_files_end_in_a_result_or_a_reason(
    pydicom_files: list[Path], tmp_path: Path
) -> None:
    jobs = spoilt_jobs(pydicom_files, tmp_path, 1000)
    check(transcode(jobs, limits=Limits(seconds=30, memory_bytes=2 << 30)))
