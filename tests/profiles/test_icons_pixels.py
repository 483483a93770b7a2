"""An icon looks like the picture: every kind of pixel, table and window, on real images."""

import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, convert_color_space, pack_bits
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian

from dicomdir.scan import scan
from profiles.icon_pixels import _shares, fit
from profiles.icon_source import Order, draw, draw_picture
from profiles.icon_tables import _Segments

Array = np.ndarray[Any, np.dtype[Any]]


@pytest.fixture(autouse=True)
def _quiet_pydicom() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\..*")
        yield


@pytest.fixture
def load(pydicom_files: list[Path]) -> Callable[[str], pydicom.Dataset]:
    return lambda name: pydicom.dcmread(next(p for p in pydicom_files if p.name == name))


def order_of(path: Path, size: int = 64) -> Order:
    (instance,) = scan([path], jobs=1).instances
    uids = instance.transfer_syntax_uid, instance.sop_class_uid
    return Order(instance.source, instance.dataset_offset, *uids, size, size)


def picture(dataset: pydicom.Dataset, folder: Path, size: int = 64) -> Array:
    """Save a data set and return the picture of its icon, without margins."""
    return draw_picture(_saved(dataset, folder, size), stretched=True).astype(int)


def icon(dataset: pydicom.Dataset, folder: Path, size: int = 64) -> Array:
    cells = draw(_saved(dataset, folder, size))
    return np.frombuffer(cells, np.uint8).reshape(size, size).astype(int)


def _saved(dataset: pydicom.Dataset, folder: Path, size: int) -> Order:
    path = folder / f"{len(list(folder.iterdir()))}.dcm"
    dataset.save_as(path)
    return order_of(path, size)


def averaged(grey: Array, size: int = 64) -> Array:
    """Return a picture whose sides are multiples of *size*, made small."""
    rows, columns = grey.shape
    return grey.reshape(size, rows // size, size, columns // size).mean(axis=(1, 3))


def windowed(values: Array, center: float, width: float) -> Array:
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255


def luminance(colours: Array) -> Array:
    return colours @ np.array([0.299, 0.587, 0.114])


def test_a_window_makes_grey_levels_as_the_standard_says(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("CT_small.dcm")
    dataset.WindowCenter, dataset.WindowWidth = [100, 7], [600, 9]
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    expected = windowed(averaged(values), 100, 600)
    assert np.abs(picture(dataset, tmp_path) - expected).max() <= 1


def test_without_a_window_the_range_of_the_picture_is_shown(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    made = picture(load("CT_small.dcm"), tmp_path)
    values = averaged(load("CT_small.dcm").pixel_array)
    expected = (values - values.min()) / (values.max() - values.min()) * 255
    assert np.abs(made - expected).max() <= 2


@pytest.mark.parametrize(
    ("shape", "photometric"),
    [("", "MONOCHROME1"), ("INVERSE", "MONOCHROME1"), ("INVERSE", "MONOCHROME2")],
)
def test_monochrome1_and_an_inverse_shape_invert_the_picture_once(
    shape: str, photometric: str, load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    upright = picture(dataset, tmp_path)
    dataset.PhotometricInterpretation = photometric
    dataset.PresentationLUTShape = shape
    assert np.abs(picture(dataset, tmp_path) - (255 - upright)).max() <= 1


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_other_window_functions_are_honoured(
    function: str, load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 600, 200, function
    values = dataset.pixel_array.astype(float)
    expected = {
        "SIGMOID": 255 / (1 + np.exp(-4 * (values - 600) / 200)),
        "LINEAR_EXACT": np.clip((values - 600) / 200 + 0.5, 0, 1) * 255,
    }[function]
    assert np.abs(picture(dataset, tmp_path) - expected).max() <= 1


def _table(first: int, entries: list[int]) -> pydicom.Dataset:
    table = pydicom.Dataset()
    table.add_new("LUTDescriptor", "US", [len(entries), first, 8])
    table.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    return table


def test_a_voi_lut_stands_in_for_a_window(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    dataset.VOILUTSequence = Sequence([_table(500, list(range(255, -1, -1)))])
    with_both = picture(dataset, tmp_path)
    del dataset.WindowCenter, dataset.WindowWidth
    expected = 255 - np.clip(dataset.pixel_array.astype(int) - 500, 0, 255)
    assert np.abs(picture(dataset, tmp_path) - expected).max() <= 1
    assert np.abs(with_both - windowed(dataset.pixel_array, 600, 1600)).max() <= 1


def test_a_modality_lut_comes_before_the_window(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    dataset.ModalityLUTSequence = Sequence([_table(500, list(range(0, 512, 2)))])
    dataset.WindowCenter, dataset.WindowWidth = 256, 512
    expected = windowed(np.clip(dataset.pixel_array.astype(int) - 500, 0, 255) * 2, 256, 512)
    assert np.abs(picture(dataset, tmp_path) - expected).max() <= 1


def test_a_window_is_one_of_stored_values_where_no_rescaled_value_could_fill_it(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    plain = picture(dataset, tmp_path)
    dataset.RescaleSlope, dataset.RescaleIntercept = "0.0001", "-5"  # SUV of a PET, say
    assert np.abs(picture(dataset, tmp_path) - plain).max() <= 1


@pytest.mark.parametrize(
    "name",
    ["examples_palette.dcm", "examples_rgb_color.dcm", "SC_rgb_rle.dcm", "SC_rgb_rle_16bit.dcm"],
)
def test_colours_become_their_luminance(
    name: str, load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load(name)
    colours = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(colours, dataset)
    rows, columns = (side // 10 * 10 for side in colours.shape[:2])
    white = float(np.iinfo(colours.dtype).max)
    grey = luminance(colours[:rows, :columns] / white) * 255
    expected = averaged(grey, 10)
    made = draw_picture(_saved(dataset, tmp_path, 10), stretched=True)
    assert np.abs(made - expected).mean() <= 1
    assert np.abs(made - expected).max() <= 4  # shares of 800 pixels in 10 are not quite even


def test_colours_by_plane_by_pixel_and_halved_give_one_icon(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("examples_rgb_color.dcm")
    colours = dataset.pixel_array
    by_pixel = picture(dataset, tmp_path)
    dataset.PlanarConfiguration = 1
    dataset.PixelData = colours.transpose(2, 0, 1).tobytes()
    by_plane = picture(dataset, tmp_path)
    luma = convert_color_space(colours, "RGB", "YBR_FULL")
    halved = np.stack([luma[:, ::2, 0], luma[:, 1::2, 0], luma[:, ::2, 1], luma[:, ::2, 2]], axis=2)
    dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.PixelData = halved.tobytes()
    assert (by_plane == by_pixel).all()
    assert np.abs(picture(dataset, tmp_path) - by_pixel).max() <= 2


def test_words_of_big_endian_colours_are_put_right(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    little = picture(load("SC_rgb_small_odd.dcm"), tmp_path)
    big = load("SC_rgb_small_odd_big_endian.dcm")
    assert big.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    assert (picture(big, tmp_path) == little).all()


def test_the_representative_frame_or_one_in_three_is_shown(
    pydicom_files: list[Path], tmp_path: Path
) -> None:
    source = next(p for p in pydicom_files if p.name == "rtdose.dcm")  # 15 frames of 32 bits
    dataset = pydicom.dcmread(source)
    frames = dataset.pixel_array
    without = picture(dataset, tmp_path, 10)
    dataset.RepresentativeFrameNumber = 9
    chosen = picture(dataset, tmp_path, 10)
    for frame, made in ((frames[5 - 1], without), (frames[9 - 1], chosen)):
        dataset.NumberOfFrames, dataset.PixelData = 1, frame.tobytes()
        assert (picture(dataset, tmp_path, 10) == made).all()
    assert (without != chosen).any()


def test_of_three_frames_or_fewer_the_first_is_shown(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("rtdose.dcm")
    frames = dataset.pixel_array[:3]
    dataset.NumberOfFrames, dataset.PixelData = 3, frames.tobytes()
    made = picture(dataset, tmp_path, 10)
    dataset.NumberOfFrames, dataset.PixelData = 1, frames[0].tobytes()
    assert (picture(dataset, tmp_path, 10) == made).all()
    dataset.PixelData = frames[1].tobytes()
    assert (picture(dataset, tmp_path, 10) != made).any()


def test_frames_of_single_bits_that_begin_amid_a_byte_are_found(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("liver_1frame.dcm")
    cropped = dataset.pixel_array[100:400:20, 100:423:19]  # 15 x 17: 255 bits
    frames = np.stack([cropped, np.roll(cropped, 3, axis=0), cropped.T.reshape(15, 17)])
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 15, 17, 3
    dataset.PixelData = pack_bits(frames)
    for number, frame in enumerate(frames, start=1):
        dataset.RepresentativeFrameNumber = number
        made = draw_picture(_saved(dataset, tmp_path, 17)._replace(rows=15), stretched=True)
        assert (made == frame * 255).all()


def test_a_picture_keeps_its_shape_and_stands_in_the_middle(
    load: Callable[[str], pydicom.Dataset], tmp_path: Path
) -> None:
    dataset = load("MR_small.dcm")
    dataset.PixelData = (dataset.pixel_array + 900).tobytes()  # nothing is black
    dataset.Columns, dataset.PixelData = 32, dataset.PixelData[: 64 * 32 * 2]
    del dataset.PixelSpacing
    made = icon(dataset, tmp_path)
    assert made[:, 16:48].all()
    assert not made[:, :16].any()
    assert not made[:, 48:].any()
    dataset.PixelSpacing = [1, 2]  # twice as wide as high: a square picture
    assert icon(dataset, tmp_path).all()
    del dataset.PixelSpacing
    dataset.PixelAspectRatio = [1, 2]
    assert icon(dataset, tmp_path).all()


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(512, 512, (64, 64)), (1, 65535, (1, 64)), (300, 400, (48, 64)), (65535, 3, (64, 1))],
)
def test_a_picture_is_fitted_into_the_icon(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    assert fit(height, width, 64, 64) == expected


@pytest.mark.parametrize("source", [1, 3, 16, 63, 64, 65, 100, 500, 512, 943, 5000, 20000, 65535])
@pytest.mark.parametrize("target", [1, 28, 64, 128])
def test_every_source_pixel_counts_and_every_icon_pixel_is_full(source: int, target: int) -> None:
    shares = _shares(source, target)
    assert len(shares) == target
    assert all(abs(share.weights.sum() - 1) < 1e-9 for share in shares)
    assert all(len(share.weights) == share.past - share.first for share in shares)
    assert shares[0].first == 0
    assert shares[-1].past == source
    assert all(after.first <= before.past for before, after in pairwise(shares))


def test_segmented_palettes_are_expanded() -> None:
    # Discrete 10, 20; linear to 60 in four steps; the first segment again by reference.
    entries: list[int] = []
    _Segments([0, 2, 10, 20, 1, 4, 60, 2, 1, 0, 0], 1).expand(entries, 8)
    assert entries == [10, 20, 30, 40, 50, 60, 10, 20]
