"""Measures FAT images beside ``mkfs.fat -C`` and ``mcopy -s``: as run.py does, in its columns.

    python benchmarks/fat.py             265 MB, 1.5 GB and 20,000 small files (about 5 GB)
    python benchmarks/fat.py S --rounds 3

Each set is written bare, as the two tools do, by a process that runs already (a kiosk, a station
that writes one medium after the other); bare, as a program of its own; with the digests of all
files and the list of them; and with the digest of the image besides. The tools compute no digests:
where ours does, it runs beside them alone, and beside them and ``openssl dgst`` of the same.
Exit code 1 when a goal is missed.
"""

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_LINE = 128  # bytes that a file takes in the list of digests, at most
_SLACK = 64 << 20  # bytes the peers' volume is larger than its files, for clusters and tables
# How many times as fast we must be as the two tools alone, and as these and openssl. SHA-256 of
# everything takes a core for about as long as the tools take in all: what two cores can do of
# that is the goal, and it needs both of them.
GOALS = {"bare": (1.0, 1.0), "files": (0.6, 0.85), "both": (0.4, 1.0)}
WRITE = "--write"


def write(digests: str, folder: str, image: str) -> None:
    """Write *image* of what is in *folder*: the whole of our program beside mkfs.fat and mcopy."""
    sys.path.insert(0, str(ROOT))
    gc.set_threshold(100_000, 20, 20)  # as the command has it
    from datetime import UTC, datetime

    from media import DigestList, FileRange, NamedSource, write_fat

    now = datetime(2026, 1, 1, tzinfo=UTC)
    sources = [
        NamedSource(name, (FileRange(path, 0, size),), now) for name, path, size in files_in(folder)
    ]
    length = _LINE * len(sources)

    def compose(found: Mapping[tuple[str, ...], str]) -> bytes:
        lines = "".join(f"{digest}  {'/'.join(name)}\n" for name, digest in found.items())
        return lines.encode().ljust(length)

    listed = DigestList(("MANIFEST.TXT",), length, compose, now)
    write_fat(
        sources,
        Path(image),
        label="MEASURED",
        recorded=now,
        digest_list=None if digests == "bare" else listed,
        image_digest=digests == "both",
    )


def files_in(
    folder: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Yield name, path and size of all files, by name."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir():
            yield from files_in(entry.path, (*above, entry.name))
        else:
            yield (*above, entry.name), entry.path, entry.stat().st_size


def against_mtools(base: Path, name: str, digests: str, rounds: int) -> bool:
    """One set in one way against the two tools one after the other."""
    from corpora import corpus
    from run import SERVE, Contest, Running, contest

    folder = corpus(base, name)
    ours, theirs = base / "ours.img", base / "theirs.img"

    def tidy() -> None:
        for image in (ours, theirs):
            image.unlink(missing_ok=True)

    own = [sys.executable, __file__, WRITE, digests, str(folder), str(ours)]
    tools, hashing = peers(folder, theirs, digests)
    alone, together = GOALS[digests]
    label = f"FAT {name}, {digests}"
    good = True
    if digests == "bare":
        with Running([sys.executable, __file__, SERVE], own[2:]) as running:
            row = Contest(f"{label}, running", running.run, tools, alone, tidy)
            good &= contest(row, rounds)
    good &= contest(Contest(label, [own], tools, alone, tidy), rounds)
    if hashing:
        row = Contest(f"{label} (and openssl)", [own], [*tools, *hashing], together, tidy)
        good &= contest(row, rounds)
    return good


def peers(folder: Path, image: Path, digests: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return the commands that make such a volume, and those that compute the digests."""
    files = list(files_in(str(folder)))
    taken = sum(size for _, _, size in files)
    kib = (taken + taken // 8 + _SLACK) >> 10
    members = sorted(str(path) for path in folder.iterdir())
    tools = [
        ["mkfs.fat", "-C", str(image), str(kib)],
        ["mcopy", "-s", "-i", str(image), *members, "::"],
    ]
    dgst = ["openssl", "dgst", "-sha256"]
    of_files = [[*dgst, *(path for _, path, _ in files)]] if digests != "bare" else []
    of_image = [[*dgst, str(image)]] if digests == "both" else []
    return tools, [*of_files, *of_image]


def main() -> int:
    """Measure what was asked for; return 1 when a goal is missed."""
    import argparse
    import compileall

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", default=["S", "M", "L"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ways", nargs="*", default=[*GOALS], choices=[*GOALS])
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    for room in ROOT.glob("*/py.typed"):
        compileall.compile_dir(room.parent, quiet=1)
    good = True
    for name in arguments.sets:
        for digests in arguments.ways:
            good &= against_mtools(arguments.base, name, digests, arguments.rounds)
    return 0 if good else 1


if __name__ == "__main__":
    # Imports are paid where they are needed: what is measured is the writing.
    if sys.argv[1:2] == ["--serve"]:
        from served import serve

        sys.exit(serve(lambda words: write(*words[1:])))
    if sys.argv[1:2] == [WRITE]:
        from served import leave

        write(*sys.argv[2:])
        leave()
    sys.exit(main())
