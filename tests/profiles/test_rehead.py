import warnings
from io import BytesIO
from pathlib import Path

import pytest

from dicomdir.scan import scan
from profiles.rehead import rehead

NAMES = (
    "ExplVR_LitEndNoMeta.dcm",  # a bare data set
    "rtstruct.dcm",  # a bare data set in another syntax
    "2062",  # text in the preamble
    "rtplan.dcm",  # another SOP Instance UID in the head
    "MR_small.dcm",  # nothing wrong
)


@pytest.mark.parametrize("name", NAMES)
def test_a_new_head_and_the_old_data_set_make_a_conformant_file(
    name: str, pydicom_files: list[Path]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydicom import dcmread
    path = next(p for p in pydicom_files if p.name == name)
    (instance,) = scan([path]).instances
    head, offset, length = rehead(instance)
    content = path.read_bytes()
    assert offset + length == len(content)
    new = head + content[offset:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read, before = dcmread(BytesIO(new)), dcmread(path, force=True)
        assert new[:132] == bytes(128) + b"DICM"
        assert read == before
        assert read.file_meta.MediaStorageSOPInstanceUID == before.SOPInstanceUID
        assert read.file_meta.TransferSyntaxUID == instance.transfer_syntax_uid
    assert new.endswith(content[offset:])
