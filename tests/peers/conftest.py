"""Discs of real files, taken apart by other people's software."""

import contextlib
import io
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest

from jacket.cli import main

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Disc:
    """An image that we made, and what is in it according to pycdlib and pydicom."""

    sources: tuple[str, ...]  # every file that was there
    answer: dict[str, Any]  # of `jacket author --json`
    image: Path
    folder: Path  # the image's files, taken out by pycdlib
    records: dict[str, pydicom.Dataset]  # SOP Instance UID → Directory Record

    def file_of(self, uid: str) -> Path:
        file_id = self.records[uid].ReferencedFileID
        return self.folder.joinpath(*([file_id] if isinstance(file_id, str) else file_id))


@pytest.fixture(autouse=True)
def _quiet_pydicom() -> Iterator[None]:
    """The peer warns about real files, which is not the matter of any test here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\..*")
        yield


@pytest.fixture(scope="session", params=["pydicom's wheel", "collection"])
def disc(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    pydicom_files: list[Path],
) -> Disc:
    """A CD image of all real files that there are."""
    if request.param == "collection":
        if not SHARED_DATA.is_dir():
            pytest.skip(f"no collection of real files at {SHARED_DATA}")
        root = SHARED_DATA
    else:
        root = next(path.parent for path in pydicom_files if path.name == "CT_small.dcm")
    folder = tmp_path_factory.mktemp("disc")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        main(["author", str(root), "-o", str(folder / "disc.iso"), "--json"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Disc(
            tuple(os.path.join(place, name) for place, _, names in os.walk(root) for name in names),  # noqa: PTH118 (as they are told in the answer)
            json.loads(said.getvalue()),
            folder / "disc.iso",
            taken_out(folder / "disc.iso", folder / "files"),
            records_of(folder / "files" / "DICOMDIR"),
        )


def taken_out(image: Path, folder: Path) -> Path:
    """Take all files out of an image with pycdlib."""
    from pycdlib import PyCdlib

    iso = PyCdlib()
    iso.open(str(image))
    for place, _, names in iso.walk(iso_path="/"):
        inside = folder / place.strip("/")
        inside.mkdir(parents=True)
        for name in names:
            plain = name.partition(";")[0].rstrip(".")
            iso.get_file_from_iso(str(inside / plain), iso_path=f"{place.rstrip('/')}/{name}")
    iso.close()
    return folder


def records_of(dicomdir: Path) -> dict[str, pydicom.Dataset]:
    return {
        str(record.ReferencedSOPInstanceUIDInFile): record
        for record in pydicom.dcmread(dicomdir).DirectoryRecordSequence
        if "ReferencedFileID" in record
    }
