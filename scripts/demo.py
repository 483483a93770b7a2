"""The main job on real files that ship with pydicom: a CD image, and proof that it is one."""

import contextlib
import io
import sys
import warnings
from pathlib import Path

from jacket.cli import main

OUT = Path("out")


def test_files() -> Path:
    """Return the folder of real files in pydicom's wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydicom.data

    return Path(pydicom.data.__file__).parent / "test_files"


def sources(folder: Path) -> list[str]:
    """Return a real File-set with four patients, and single files of many kinds."""
    names = (
        *("CT_small.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm"),
        *("rtplan.dcm", "rtstruct.dcm", "reportsi.dcm", "waveform_ecg.dcm", "examples_overlay.dcm"),
        *("MR_small_RLE.dcm", "MR_truncated.dcm", "README.txt"),
    )
    single = [str(folder / name) for name in names if (folder / name).exists()]
    return [
        str(folder / "dicomdirtests" / "98892003"),
        str(folder / "dicomdirtests" / "77654033"),
        str(folder / "dicomdirtests" / "DICOMDIR"),
        *single,
    ]


def step(*words: str) -> int:
    """Show a command, run it, return its exit code."""
    print(f"\n$ jacket {' '.join(words)}")
    return main(list(words))


def run() -> int:
    """Run the demo; return 0 when the image verifies as compliant."""
    OUT.mkdir(exist_ok=True)
    iso, report = OUT / "demo.iso", OUT / "demo-report.html"
    words = sources(test_files())
    print("Filmjacket puts real files on a CD image. Some are not fit for it, on purpose.")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        code = main(["author", *words, "-o", str(iso)])
    print(f"\n$ jacket author SOURCES -o {iso}      ({len(words)} files and folders of pydicom's)")
    folder = str(test_files()) + "/"
    print(shown.getvalue().replace(folder, ""), end="")
    if code not in (0, 1) or step(
        "verify", str(iso), "--profile", "STD-GEN-CD", "--html", str(report)
    ):
        return 1
    step("ls", str(iso))
    print(
        f"""
Look at {report} in a browser: it is the report to print and file.

Try next, with {".venv/bin/jacket" if Path(".venv/bin/jacket").exists() else "jacket"}:
  jacket author YOUR-FOLDER -o disc.iso      your own files
  jacket verify SOME.iso                     a disc that somebody brought
  jacket author YOUR-FOLDER -o disc.iso --dry-run
  jacket profiles STD-GEN-CD
"""
    )
    return 0


if __name__ == "__main__":
    sys.exit(run())
