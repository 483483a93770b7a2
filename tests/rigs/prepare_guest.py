"""Makes what a guest of QEMU needs beside this machine's own files: a kernel, and a few programs.

    prepare_guest.py [FOLDER]

The packages are fetched and unpacked, not installed: nothing on this machine changes but FOLDER,
by default ~/.cache/filmjacket-guest. That takes a quarter of a minute, once; what is there already
is left as it is. Needs Debian 12 (apt-get, dpkg-deb) on amd64, and root for nothing.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path

CACHE = Path.home() / ".cache" / "filmjacket-guest"
# In the order in which they are loaded, each after those that it depends on. None is loaded on
# demand: the guest has no modprobe.
MODULES = (
    *("virtio_pci", "9pnet_virtio", "9p", "overlay"),
    *("loop", "isofs", "udf", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"),
    *("sd_mod", "sr_mod", "sg", "ahci", "xhci_pci", "usb_storage"),
    *("crc32c_generic", "iscsi_tcp"),
    *("configfs", "target_core_user", "tcm_loop"),
)
# Programs of the guest, and the libraries of these that a small system lacks.
PACKAGES = (
    "busybox-static",
    *("open-iscsi", "libopeniscsiusr", "libisns0", "libkmod2"),
    *("tcmu-runner", "libtcmu2", "libnl-3-200", "libnl-genl-3-200", "libglib2.0-0"),
)
_AS_ROOT = ("-o", "APT::Sandbox::User=root")  # the folder is for its owner alone
_INIT = Path(__file__).with_name("guest_init.sh")
_MERGED = re.compile(r"^\./(bin|sbin|lib|lib64)/")  # folders that are links on a system of today


def prepared(cache: Path = CACHE) -> Path:
    """Return the folder of a guest's `kernel`, `initramfs` and `programs`, made if need be.

    Raises:
        OSError, subprocess.CalledProcessError: there is no Debian, or no way to its packages.
    """
    cache.mkdir(parents=True, exist_ok=True)
    recipe = Path(__file__).read_bytes() + _INIT.read_bytes()
    made = cache / f"guest-{hashlib.sha256(recipe).hexdigest()[:16]}"
    with (cache / "lock").open("w") as lock:
        flock(lock, LOCK_EX)  # of several tests at once, one makes it
        if not made.is_dir():
            for left_over in cache.glob("making-*"):  # by one that was killed
                shutil.rmtree(left_over)
            with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as making:
                _make(Path(making))
                Path(making, "made").rename(made)
    return made


def _make(folder: Path) -> None:
    made, packages = folder / "made", folder / "packages"
    packages.mkdir()
    kernel = _kernel_package()
    subprocess.run(
        ["apt-get", "-qq", *_AS_ROOT, "download", kernel, *PACKAGES], cwd=packages, check=True
    )
    (image,) = packages.glob("linux-image-*.deb")
    subprocess.run(["dpkg-deb", "-x", image, folder / "linux"], check=True)
    for package in packages.glob("*.deb"):
        if package != image:
            _unpack(package, made / "programs")
    (loaded,) = folder.glob("linux/boot/vmlinuz-*")
    shutil.copyfile(loaded, made / "kernel")
    modules = list(_in_order(folder / "linux" / "lib" / "modules"))
    files = {module.name: module for module in modules}
    order = "".join(f"{name}\n" for name in files).encode()
    busybox = made / "programs" / "usr" / "bin" / "busybox"
    (made / "initramfs").write_bytes(
        _archive(
            {
                "init": _INIT.read_bytes(),
                "busybox": busybox.read_bytes(),
                "order": order,
                **{name: path.read_bytes() for name, path in files.items()},
            }
        )
    )


def _kernel_package() -> str:
    """Return the name of the newest kernel; the cloud's one would have no USB."""
    told = subprocess.run(
        ["apt-cache", "depends", "linux-image-amd64"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"Depends: (linux-image-\d\S+)", told)
    if not found:
        raise OSError("apt knows no linux-image-amd64: apt-get update, or no Debian on amd64")
    return found[1]


def _unpack(package: Path, folder: Path) -> None:
    """Unpack a package so that it can lie over a system whose /bin and /lib are in /usr."""
    read = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
    with read, tarfile.open(fileobj=read.stdout, mode="r|") as archive:
        # Debian 12's own Python knows no filters; later ones insist on one.
        archive.extraction_filter = getattr(tarfile, "tar_filter", None)
        for member in archive:
            member.name = _MERGED.sub(r"./usr/\1/", member.name)
            if not member.isdir():
                archive.extract(member, folder)


def _in_order(folder: Path) -> Iterator[Path]:
    """Yield the modules of a kernel that are loaded, each after those that it depends on."""
    found = {_plain(path.stem): path for path in folder.rglob("*.ko")}
    (told,) = folder.glob("*/modules.builtin")
    built_in = {_plain(Path(line).stem) for line in told.read_text().splitlines()}
    seen: set[str] = set()

    def walk(names: Iterable[str]) -> Iterator[Path]:
        for name in names:
            if name in seen or name in built_in:
                continue
            seen.add(name)
            yield from walk(_needed(found[name]))
            yield found[name]

    return walk(MODULES)


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _needed(module: Path) -> list[str]:
    """Return what a module depends on, as it says itself."""
    told = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [_plain(name) for name in (told[1] if told else b"").decode().split(",") if name]


def _archive(files: dict[str, bytes]) -> bytes:
    """Return an initramfs with *files* at its top (cpio, newc), all to be executed."""
    parts = []
    for number, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        mode = 0 if name == "TRAILER!!!" else 0o100755
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]
    return b"".join(parts)


if __name__ == "__main__":
    sys.stdout.write(f"{prepared(Path(sys.argv[1]) if sys.argv[1:] else CACHE)}\n")
