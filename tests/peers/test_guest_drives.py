"""On a full Linux kernel: a DVD+R behind /dev/sr0 and a USB stick, burned by the command itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import linux_guest
import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.verification import verify

ROOT = Path(__file__).resolve().parents[2]
MODULES = "iscsi_tcp sr_mod sg sd_mod cdrom isofs xhci_pci usb_storage"
LONGEST = 900  # seconds; two minutes where two processors are free
MIB = 1 << 20

JOB = """
cd {root}
export SOURCE_DATE_EPOCH=1700000000 PYTHONPATH={root}
jacket() {{ {python} -m jacket "$@"; echo "$?" > "/out/$NAME.code"; }}
NAME=before; jacket drives --json > /out/before.json 2> /out/before.err
NAME=disc; jacket burn /out/sources --device /dev/sr0 --no-eject --json \\
    --jobs-folder /out/jobs > /out/disc.json 2> /out/disc.err
NAME=again; jacket burn /out/sources --device /dev/sr0 --no-eject --json \\
    --jobs-folder /out/jobs > /out/again.json 2> /out/again.err
# This burner does not tell the kernel that its disc has grown, so that it is read past the kernel.
sg_dd if=/dev/sr0 of=/out/read.iso bs=2048 count=$(cat /out/blocks) blk_sgio=1 2> /out/dd.err
for disk in /sys/block/sd*; do
    if readlink -f "$disk" | grep -q /usb; then STICK=/dev/$(basename "$disk"); fi
done
NAME=stick; jacket burn /out/sources --device "$STICK" --json \\
    --jobs-folder /out/jobs > /out/stick.json 2> /out/stick.err
NAME=full; jacket burn /out/sources --device "$STICK" --json \\
    --jobs-folder /out/jobs > /out/full.json 2> /out/full.err
sync
"""


@pytest.mark.slow
@pytest.mark.timeout(LONGEST + 60)
def test_a_disc_and_a_stick_on_a_real_kernel(
    rigs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = rigs / "qemu_guest.sh"
    missing = linux_guest.what_is_missing(rig)
    if missing:
        pytest.skip(missing)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(str(get_testdata_file(name)), sources)
    image = tmp_path / "disc.iso"
    author([sources], image, profile_id="STD-GEN-DVD-JPEG")
    (tmp_path / "blocks").write_text(str(image.stat().st_size // 2048))
    stick = tmp_path / "stick.img"
    with stick.open("wb") as file:
        file.truncate(64 * MIB)
    (tmp_path / "job.sh").write_text(JOB.format(root=ROOT, python=sys.executable))
    devices = (
        f"-device qemu-xhci -drive if=none,id=s,file={stick},format=raw "
        "-device usb-storage,drive=s,removable=on"
    )
    done = subprocess.run(
        [
            *("bash", str(rig), "run", "-t", str(LONGEST), "-m", MODULES, "-q", devices),
            *(str(rigs / "guest_iscsi_burner.sh"), "/bin/bash", "/out/job.sh"),
        ],
        check=False,
        capture_output=True,
        env={**os.environ, "RIG_OUT": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr

    def told(name: str) -> Any:
        said = (tmp_path / f"{name}.json").read_text()
        assert said, (tmp_path / f"{name}.err").read_text()
        return json.loads(said)

    def code(name: str) -> int:
        return int((tmp_path / f"{name}.code").read_text())

    kinds = {drive["path"]: drive["kind"] for drive in told("before")["drives"]}
    assert kinds["/dev/sr0"] == "optical"
    assert "stick" in kinds.values()
    assert code("disc") == 0, told("disc")
    assert told("disc")["good"] is True
    assert (tmp_path / "read.iso").read_bytes() == image.read_bytes()
    assert code("again") == 3
    assert "blank disc" in told("again")["error"]["remedy"]
    assert code("stick") == 0, told("stick")
    assert told("stick")["good"] is True
    assert verify(stick, "STD-GEN-USB-JPEG").compliant
    assert code("full") == 3
    assert "something on it" in told("full")["error"]["what"]
    assert "--erase" in told("full")["error"]["remedy"]
