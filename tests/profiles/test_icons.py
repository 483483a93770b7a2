"""Every image gets the icon that its profile asks for, and no file can stop the others."""

import io
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset

from dicomdir.elements import encode_element
from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles import icon_process
from profiles.application_profiles import IconRule
from profiles.icon_element import neutral_cells
from profiles.icons import DEFAULT_ICON, IconJob, Limits, MadeIcon, make_icons, with_icon
from reporting import NotSupported

CARDIAC = IconRule(
    frozenset(("IMAGE",)), True, 128, 128, 8, 8, frozenset(("MONOCHROME2",)), "PS3.11 B.3.3.2"
)
# What runs instead of the worker, to go wrong on demand: it makes real icons but for sources
# whose name says otherwise.
FAILING_WORKER = """
import os, time
from profiles import icon_source, icon_worker
real = icon_source.draw
def draw(order):
    name = os.path.basename(order.path)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("crash"):
        os.abort()
    if name.startswith("memory"):
        return bytes(len(bytearray(8 << 30)))
    if name.startswith("chatter"):
        print("not an answer", flush=True)
        os.write(1, b"nor this\\n")
    return real(order)
icon_source.draw = draw
icon_worker.main()
"""


@pytest.fixture(autouse=True)
def _quiet_pydicom() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\..*")
        yield


@pytest.fixture
def find(pydicom_files: list[Path]) -> Callable[[str], Path]:
    return lambda name: next(path for path in pydicom_files if path.name == name)


def indexed(path: Path) -> Instance:
    (instance,) = scan([path], jobs=1).instances
    return instance


def icon_of(path: Path, rule: IconRule = DEFAULT_ICON) -> MadeIcon:
    (made,) = make_icons([IconJob(indexed(path), rule)])
    return made


def item_of(icon: bytes) -> pydicom.Dataset:
    dataset = read_dataset(io.BytesIO(icon), is_implicit_VR=False, is_little_endian=True)
    (item,) = dataset.IconImageSequence
    assert isinstance(item, pydicom.Dataset)
    return item


def cells_of(made: MadeIcon) -> np.ndarray:  # type: ignore[type-arg]
    item = item_of(made.icon)
    return np.frombuffer(item.PixelData, np.uint8).reshape(item.Rows, item.Columns)


def is_neutral(made: MadeIcon) -> bool:
    rule = made.job.rule
    return cells_of(made).tobytes() == neutral_cells(rule.rows, rule.columns)


@pytest.mark.parametrize("rule", [DEFAULT_ICON, CARDIAC])
def test_an_icon_has_the_shape_that_the_profile_asks_for(
    rule: IconRule, find: Callable[[str], Path]
) -> None:
    made = icon_of(find("CT_small.dcm"), rule)
    item = item_of(made.icon)
    assert made.remark == ""
    assert [(element.keyword, element.value) for element in item][:-1] == [
        ("SamplesPerPixel", 1),
        ("PhotometricInterpretation", "MONOCHROME2"),
        ("Rows", rule.rows),
        ("Columns", rule.columns),
        ("BitsAllocated", 8),
        ("BitsStored", 8),
        ("HighBit", 7),
        ("PixelRepresentation", 0),
    ]
    assert item["PixelData"].VR == "OB"
    assert len(item.PixelData) == rule.rows * rule.columns
    assert len(set(item.PixelData)) > 50  # a picture


def test_an_icon_stands_in_tag_order_among_the_keys_and_replaces_an_older_one() -> None:
    before = encode_element(0x00200013, b"IS", b"7")
    behind = encode_element(0x00890010, b"LO", b"MAKER")
    old = encode_element(0x00880200, b"SQ", b"")
    new = encode_element(0x00880200, b"SQ", b"\xfe\xff\x00\xe0\0\0\0\0")
    assert with_icon(before + behind, new) == before + new + behind
    assert with_icon(before + old + behind, new) == before + new + behind
    assert with_icon(before, new) == before + new
    assert with_icon(b"", new) == new
    assert with_icon(with_icon(before, old), new) == with_icon(before, new)


def test_one_picture_gives_one_icon_in_every_lossless_transfer_syntax(
    find: Callable[[str], Path],
) -> None:
    names = ["MR_small", "MR_small_implicit", "MR_small_bigendian", "MR_small_RLE"]
    names += ["MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_expb"]
    icons = {cells_of(icon_of(find(f"{name}.dcm"))).tobytes() for name in names}
    assert len(icons) == 1


def test_icons_come_in_the_order_of_their_jobs_and_progress_is_told(
    find: Callable[[str], Path],
) -> None:
    instances = [indexed(find(name)) for name in ("CT_small.dcm", "MR_small.dcm")]
    jobs = [IconJob(instances[number % 2], DEFAULT_ICON) for number in range(150)]
    seen: list[tuple[str, int, int]] = []
    made = make_icons(jobs, workers=2, progress=lambda *step: seen.append(step))
    assert [icon.job for icon in made] == jobs
    assert {made[0].icon} == {icon.icon for icon in made[::2]}
    assert {made[1].icon} == {icon.icon for icon in made[1::2]}
    assert seen[0] == ("icons", 0, 150)
    assert seen[-1] == ("icons", 150, 150)
    assert make_icons([]) == ()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every worker obey the name of its source."""
    start = subprocess.Popen

    def started(command: list[str], **options: object) -> object:
        at = command.index("-m")
        return start([*command[:at], "-c", FAILING_WORKER], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(icon_process.subprocess, "Popen", started)


@pytest.mark.usefixtures("failing")
def test_a_codec_that_goes_wrong_costs_one_icon(
    find: Callable[[str], Path], tmp_path: Path
) -> None:
    good = indexed(find("MR_small.dcm"))
    jobs = []
    for name in ("a", "crash", "b", "hang", "memory", "c", "chatter", "d"):
        path = tmp_path / name
        path.write_bytes(Path(good.source).read_bytes())
        jobs.append(IconJob(good._replace(source=str(path)), DEFAULT_ICON))
    limits = Limits(seconds=2, memory_bytes=1 << 30)
    made = make_icons(jobs, workers=2, limits=limits)
    remarks = {Path(icon.job.instance.source).name: icon.remark for icon in made}
    assert remarks.pop("crash") == "its decoder broke down"
    assert remarks.pop("hang") == "its icon took longer than 2 seconds"
    assert "more memory" in remarks.pop("memory")
    assert set(remarks.values()) == {""}
    assert [is_neutral(icon) for icon in made] == [
        False, True, False, True, True, False, False, False,
    ]  # fmt: skip


def test_a_worker_that_does_not_start_is_an_error_and_no_endless_wait(
    find: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icon_process.sys, "executable", "/bin/false")
    with pytest.raises(NotSupported):
        icon_of(find("MR_small.dcm"))


def children() -> set[str]:
    """Return the processes that this one has started and that are still there."""
    lists = Path("/proc/self/task").glob("*/children")
    return {number for one in lists for number in one.read_text().split()}


def test_an_interrupted_job_leaves_no_process_behind(find: Callable[[str], Path]) -> None:
    job = IconJob(indexed(find("MR_small.dcm")), DEFAULT_ICON)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        make_icons([job] * 100, progress=interrupt)
    assert children() <= before


Edit = Callable[[pydicom.Dataset], None]


def edited(source: Path, target: Path, edit: Edit) -> Instance:
    """Index a file, then save it with changes: what a scan refuses may still come from a job."""
    dataset = pydicom.dcmread(source)
    dataset.remove_private_tags()
    dataset.save_as(target)
    instance = indexed(target)
    edit(dataset)
    buffer = DicomBytesIO()
    dataset.save_as(buffer)
    target.write_bytes(buffer.getvalue())
    return instance._replace(size=target.stat().st_size)


def without(keyword: str) -> Edit:
    return lambda dataset: delattr(dataset, keyword)


def having(**values: object) -> Edit:
    return lambda dataset: [setattr(dataset, *pair) for pair in values.items()] and None


UNSHOWABLE: list[tuple[Edit, str]] = [
    (without("PixelData"), "no pixel data"),
    (without("Rows"), "(0028,0010) is missing"),
    (having(Rows=0), "shows nothing"),
    (having(Rows=60000, Columns=60000), "cut off"),
    (having(BitsAllocated=12), "12 bits"),
    (having(BitsStored=20), "do not fit"),
    (having(BitsStored=0), "do not fit"),
    (having(SamplesPerPixel=2), "2 samples"),
    (having(PhotometricInterpretation="CMYK", SamplesPerPixel=1), "CMYK cannot be shown"),
    (having(PhotometricInterpretation="PALETTE COLOR"), "palette cannot be read"),
    (having(NumberOfFrames=9, RepresentativeFrameNumber=9), "cut off"),
    (having(NumberOfFrames=4), ""),  # the first of them stands for all, and is there
]


def test_pixels_that_cannot_be_shown_get_a_neutral_icon_and_the_reason(
    find: Callable[[str], Path], tmp_path: Path
) -> None:
    source = find("MR_small.dcm")
    jobs = [
        IconJob(edited(source, tmp_path / f"{number}", edit), DEFAULT_ICON)
        for number, (edit, _) in enumerate(UNSHOWABLE)
    ]
    for made, (_, reason) in zip(make_icons(jobs), UNSHOWABLE, strict=True):
        assert reason in made.remark
        assert is_neutral(made) == bool(reason)


def test_truncated_garbled_and_missing_files_get_neutral_icons(
    find: Callable[[str], Path], tmp_path: Path
) -> None:
    good = indexed(find("MR_small_RLE.dcm"))
    whole = Path(good.source).read_bytes()
    contents = [whole[: len(whole) // 2], whole[:400], b"", whole[:340] + b"\xff" * 5000]
    jobs = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}"
        path.write_bytes(content)
        jobs.append(IconJob(good._replace(source=str(path), size=len(content)), DEFAULT_ICON))
    jobs.append(IconJob(good._replace(source=str(tmp_path / "nowhere")), DEFAULT_ICON))
    video = good._replace(transfer_syntax_uid="1.2.840.10008.1.2.4.102")
    jobs.append(IconJob(video, DEFAULT_ICON))
    made = make_icons(jobs)
    assert all(is_neutral(icon) and icon.remark for icon in made)
    assert "No such file" in made[4].remark
    assert "not decoded" in made[5].remark


def spoiling(**values: bytes) -> Edit:
    """Put bytes in the place of values, whatever their VR allows."""

    def spoil(dataset: pydicom.Dataset) -> None:
        for keyword, value in values.items():
            dataset.pop(keyword, None)
            dataset.add_new(keyword, "UN", value)

    return spoil


def test_nonsense_in_rescaling_is_passed_over(find: Callable[[str], Path], tmp_path: Path) -> None:
    source = find("MR_small.dcm")
    pairs = [(b"NaN ", b"1 "), (b"inf ", b"0 "), (b"1e999 ", b"1 "), (b"0 ", b"5 "), (b"1 ", b"")]
    jobs = [IconJob(indexed(source), DEFAULT_ICON)]
    for number, (slope, intercept) in enumerate(pairs):
        spoil = spoiling(RescaleSlope=slope, RescaleIntercept=intercept)
        jobs.append(IconJob(edited(source, tmp_path / f"{number}", spoil), DEFAULT_ICON))
    made = make_icons(jobs)
    assert len({cells_of(icon).tobytes() for icon in made}) == 1
    assert {icon.remark for icon in made} == {""}


def test_a_window_of_no_width_is_passed_over(find: Callable[[str], Path], tmp_path: Path) -> None:
    widths = [b"0 ", b"-5", b"nan ", b"", b"0.4 "]
    jobs = []
    for number, width in enumerate(widths):
        spoil = spoiling(WindowWidth=width)
        instance = edited(find("MR_small.dcm"), tmp_path / f"{number}", spoil)
        jobs.append(IconJob(instance, DEFAULT_ICON))
    for made in make_icons(jobs):
        cells = cells_of(made)
        assert made.remark == ""
        assert (cells.min(), cells.max()) == (0, 255)
        assert len(np.unique(cells)) > 100


def test_a_huge_image_costs_bounded_memory_and_time(
    find: Callable[[str], Path], tmp_path: Path
) -> None:
    side = 20_000  # pixels of two bytes: 800 MB, of which the file system stores next to nothing
    path = tmp_path / "huge.dcm"
    instance = edited(find("MR_small.dcm"), path, having(Rows=side, Columns=side, BitsStored=16))
    start = path.read_bytes().index(b"\xe0\x7f\x10\x00OW")
    with path.open("r+b") as file:
        file.seek(start + 8)
        file.write((side * side * 2).to_bytes(4, "little"))
        file.seek(start + 12 + side * side)
        file.write(b"\xff\x3f" * side * 400)  # a bright band amid the picture
        file.truncate(start + 12 + side * side * 2)
    began = time.monotonic()
    instance = instance._replace(size=path.stat().st_size)
    (made,) = make_icons([IconJob(instance, DEFAULT_ICON)], limits=Limits(memory_bytes=600 << 20))
    assert made.remark == ""
    assert cells_of(made).any()
    assert time.monotonic() - began < 30
