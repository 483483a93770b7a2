"""What is mounted by Linux in a guest: images of ours and of others, and what is to be on them."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from appended_sessions import start_of_last
from guest_mounts import LARGE as ENOUGH
from guest_mounts import TAIL, content
from media_contents import Peer
from our_volumes import RECORDED, VOLUMES, is_partitioned, plan_of, write, write_structures

from media import NamedSource, PlannedFile
from media.iso9660.append import append_session
from media.update import Change

Name = tuple[str, ...]
Tasks = dict[str, dict[str, Any]]

# What we write, read by Linux

SIZES: dict[Name, int] = {
    ("DICOMDIR",): 70_001,
    **{("DICOM", "P0000001", "S0000001", f"I{n:07}"): n * 30_011 for n in range(5)},
    **{("LEAF", f"I{n:07}"): n for n in range(90)},  # a folder of several sectors
    (*"ABCDEFG", "DEEPEST"): 2048,
    ("EMPTY",): 0,
    ("README.TXT",): 2049,
    ("ZZZ",): 300_000,
}
LONGER: dict[Name, int] = {
    ("A_FOLDER_OF_TWENTY_NINE_LETTER", "A_FILE_OF_THIRTY_CHARACTE.DCM1"): 5000,
    ("A_FOLDER_OF_TWENTY_NINE_LETTER", "NOT8_AND_3"): 500,
}
ANY: dict[Name, int] = {
    ("Grüße.txt",): 100,
    ("снимок 1.2.840.113619 и так далее.dcm",): 5000,
    ("lower case and spaces",): 3,
}


def names_for(kind: str) -> dict[Name, int]:
    if kind.startswith("udf"):
        return {**SIZES, **ANY, ("A folder", "in it.text"): 70}
    if "long names" in kind:
        return {**SIZES, **ANY}
    return {**SIZES, **LONGER} if kind.endswith(("level 2", "level 3")) else SIZES


def sources_for(kind: str) -> list[NamedSource]:
    return [
        NamedSource(name, (content("/".join(name), size),), RECORDED)
        for name, size in names_for(kind).items()
    ]


def as_recorded(name: Name) -> str:
    return "/".join(name) + (";1" if "." in name[-1] else ".;1")


def in_lower_case(name: Name) -> str:
    return "/".join(name).lower()


class View(NamedTuple):
    """A way to mount something, and what a name looks like then."""

    type: str
    options: list[str]
    shown: Callable[[Name], str] = "/".join


ISO = View("iso9660", ["norock", "nojoliet", "map=off"], as_recorded)
VIEWS: dict[str, list[View]] = {
    "iso9660": [ISO, View("iso9660", [], in_lower_case)],
    "bridge": [ISO, View("udf", [])],
    "udf": [View("udf", [])],
    "fat16": [View("vfat", ["iocharset=utf8"])],
    "fat32": [View("vfat", ["iocharset=utf8"])],
}
READ = [(kind, view) for kind in VOLUMES for view in VIEWS[kind.split()[0]]]


def read_id(case: tuple[str, View]) -> str:
    return f"{case[0]} as {case[1].type}" + ("" if case[1].options else " by default")


def file_name(text: str) -> str:
    return text.replace(" ", "-") + ".img"


def reading(folder: Path) -> Tasks:
    for kind in VOLUMES:
        write(kind, sources_for(kind), folder / file_name(kind))
    return {
        f"read {read_id(case)}": task(kind, view, "read") for case in READ for kind, view in [case]
    }


def task(kind: str, view: View, deed: str, image: str = "") -> dict[str, Any]:
    return {
        "image": image or file_name(kind),
        "type": view.type,
        "options": view.options,
        "deed": deed,
        "partition": is_partitioned(kind),
    }


# Large files: only their ends are written, and looked at

BIG = {"BIG": (5 << 30) + 7, "LAST": 100_000}
BIG_ON_FAT = {**BIG, "BIG": (4 << 30) - 1}
LARGE = [
    ("iso9660 level 3", ISO),
    ("bridge level 3", ISO),
    ("bridge level 3", View("udf", [])),
    ("udf 1.02", View("udf", [])),
    ("udf 2.60", View("udf", [])),
    ("fat32 partitioned", View("vfat", [])),
]


def looked_at(size: int) -> int:
    return TAIL if size > ENOUGH else size


def large(folder: Path) -> Tasks:
    for kind in dict(LARGE):
        sizes = BIG_ON_FAT if "fat" in kind else BIG
        plan = plan_of(kind, [PlannedFile((n,), size, RECORDED) for n, size in sizes.items()])
        image = folder / file_name(f"large {kind}")
        write_structures(plan, image)
        with image.open("r+b") as file:
            for (name, size), offset in zip(sizes.items(), plan.offsets, strict=True):
                end = content(name, looked_at(size))
                os.pwrite(file.fileno(), end, offset + size - len(end))
    return {
        f"large {read_id(case)}": task(kind, view, "read", file_name(f"large {kind}"))
        for case in LARGE
        for kind, view in [case]
    }


# Sessions that we append, to discs of ours and of others

AFTER = {**{n: s for n, s in SIZES.items() if n != ("README.TXT",)}, ("ADDED", "NEW"): 30_000}
AFTER[("ZZZ",)] = 2500
LONG = "a rather long name of 1.2.840.113619.dcm"
SESSIONS: dict[str, tuple[View, dict[Name, int]]] = {
    "the first session": (ISO, SIZES),
    "an image that nothing is told of": (ISO, AFTER),
    "the last session": (ISO, AFTER),
    "the last session by Rock Ridge": (View("iso9660", []), {**AFTER, ("LEAF", LONG): 700}),
    "an image that nothing is told of, by Joliet": (
        View("iso9660", ["norock"]),
        {**AFTER, ("LEAF", LONG): 700},
    ),
    "the last session by Joliet": (View("iso9660", ["norock"]), {**AFTER, ("LEAF", LONG): 700}),
}


def with_sessions(folder: Path, peer: Peer) -> Tasks:
    write("iso9660 level 1", sources_for("iso9660 level 1"), folder / "ours.iso")
    others(folder, peer)
    added = tuple(
        NamedSource(name, (content("/".join(name), AFTER[name]),), RECORDED)
        for name in (("ADDED", "NEW"), ("ZZZ",))
    )
    # One with the descriptors of its first session at its front, as a disc would have them.
    shutil.copy(folder / "ours.iso", folder / "disc.iso")
    starts = {}
    for image in ("ours.iso", "others.iso", "disc.iso"):
        for change in (Change(add=added), Change(remove=(("README.TXT",),))):
            front = image != "disc.iso"
            append_session(folder / image, change, recorded=RECORDED, update_first=front)
        starts[image] = start_of_last(folder / image)
    tasks = {}
    for name, (view, _) in SESSIONS.items():
        image = "others.iso" if "by" in name else "disc.iso" if "first" in name else "ours.iso"
        told = [f"sbsector={starts[image]}"] if "last" in name else []
        tasks[name] = {
            "image": image,
            "type": view.type,
            "options": [*view.options, *told],
            "deed": "read",
        }
    return tasks


def others(folder: Path, peer: Peer) -> None:
    """Make a disc with Rock Ridge and Joliet names."""
    for name, size in {**SIZES, ("LEAF", LONG): 700}.items():
        path = folder.joinpath("tree", *name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content("/".join(name), size))
    command = [peer("genisoimage"), "-quiet", "-R", "-J", "-joliet-long", "-V", "OTHER"]
    subprocess.run([*command, "-o", folder / "others.iso", folder / "tree"], check=True)


# What we write, changed by Linux

CHANGED = [
    *(kind for kind in VOLUMES if "fat" in kind and "long" not in kind),
    "udf 1.50 overwritable",
    "udf 2.01 overwritable",
]


def changing(folder: Path) -> Tasks:
    tasks = {}
    for kind in CHANGED:
        image = file_name(f"changed {kind}")
        # A volume of ours is as small as its files allow: what is removed makes room on a disc.
        size = {"size": 60_000_000} if "fat" in kind else {}
        write(kind, sources_for("iso9660 level 1"), folder / image, **size)
        tasks[f"change {kind}"] = task(kind, VIEWS[kind.split()[0]][0], "change", image)
    return tasks


# What Linux writes on what others prepared, read by us

MKUDFFS = {
    **{("hd", r): ("20M", "512") for r in ("1.01", "1.50", "2.01")},
    ("hd", "1.02"): ("20M", "4096"),
    ("hd", "2.00"): ("20M", "1024"),
    **{("dvdram", r): ("20M", "2048") for r in ("1.02", "1.50", "2.00", "2.01")},
    **{("dvdrw", r): ("20M", "2048") for r in ("1.50", "2.01")},
    **{("cdrw", r): ("20M", "2048") for r in ("1.50", "2.00", "2.01")},
}
ODD_FAT = {"12": {"FAT-12"}, "32 with sectors of 2048 bytes": {"FAT-GEOMETRY"}}
MKFS_FAT = {
    "12": ["-F", "12", "-s", "8"],
    "16": ["-F", "16"],
    "16 with clusters of 512 bytes": ["-F", "16", "-s", "1"],
    "32": ["-F", "32", "-s", "1"],
    "32 with sectors of 2048 bytes": ["-F", "32", "-S", "2048", "-s", "1"],
}


def filling(folder: Path, peer: Peer) -> Tasks:
    tasks: Tasks = {}
    for (medium, revision), (size, block) in MKUDFFS.items():
        options = [f"--media-type={medium}", f"--udfrev={revision}", f"--blocksize={block}"]
        tasks |= prepared(folder, f"udf {medium} {revision}", size, peer("mkudffs"), *options)
    for kind, options in MKFS_FAT.items():
        size = {"1": "15M", "3": "300M"}[kind[0]]
        tasks |= prepared(folder, f"vfat {kind}", size, peer("mkfs.fat"), *options)
    return tasks


def prepared(folder: Path, name: str, size: str, *command: str) -> Tasks:
    image = folder / file_name(name)
    subprocess.run(["truncate", "-s", size, str(image)], check=True)
    subprocess.run([*command, str(image)], check=True, capture_output=True)
    view = VIEWS["udf" if name.startswith("udf") else "fat16"][0]
    return {
        f"fill {name}": {
            **view._asdict(),
            "shown": None,
            "image": image.name,
            "deed": "fill",
        }
    }


def all_tasks(folder: Path, peer: Peer) -> Tasks:
    """Make all images in *folder* and return what a guest is to do with them."""
    return {
        **reading(folder),
        **large(folder),
        **with_sessions(folder, peer),
        **changing(folder),
        **filling(folder, peer),
    }
