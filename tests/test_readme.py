"""What the README shows works as it is shown."""

import re
import shutil
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    folder = tmp_path / "YOUR-FOLDER"
    folder.mkdir()
    shutil.copy(str(get_testdata_file("CT_small.dcm")), folder)
    (folder / "notes").write_bytes(bytes(range(256)))
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 (our own README)
    said = capsys.readouterr().out
    assert "notes not DICOM" in said
    assert "True {'P10-PREAMBLE-TIFF'}" in said


def test_every_folder_and_page_it_names_is_there() -> None:
    for name in re.findall(r"\| `([a-z]+)/`", README):
        assert (ROOT / name).is_dir(), name
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_command_of_the_table_is_one() -> None:
    from jacket.cli import COMMANDS

    assert set(re.findall(r"\| `jacket ([a-z]+)", README)) == COMMANDS.keys()
