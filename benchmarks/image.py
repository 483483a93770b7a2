"""Measures images beside genisoimage: whole processes, as run.py does and in its columns.

    python benchmarks/image.py             265 MB, 1.5 GB and 20,000 small files (about 5 GB)
    python benchmarks/image.py S --rounds 3

ISO 9660 level 1, its bridge with UDF 1.02, and UDF 2.50, which no peer here makes and which stands
beside genisoimage's bridge. Each is made bare, as the peer does, by a program of its own and by
one that runs already (a kiosk, a station that makes one medium after the other); and with the
SHA-256 of every file, the list of them, and the SHA-256 of the image, beside genisoimage and then
openssl over its image and the files.
Exit code 1 when a goal is missed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from corpora import corpus
from run import ROOT, SERVE, Contest, Running, contest

WRITE = Path(__file__).with_name("write_image.py")
KINDS = {"iso9660": [], "bridge": ["-udf"], "udf": ["-udf"]}
# theirs / ours, at least: 1.1 times genisoimage, and 1.5 times for small files.
GOALS = {"S": 1 / 1.1, "M": 1 / 1.1, "L": 1 / 1.5}


def peers(folder: Path, image: Path, kind: str, way: str) -> list[list[str]]:
    """Return the commands that do the same."""
    make = ["genisoimage", "-quiet", "-iso-level", "1", "-sysid", "", *KINDS[kind]]
    commands = [[*make, "-V", "MEASURED", "-o", str(image), str(folder)]]
    if way == "digests":
        files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
        commands += [["openssl", "dgst", "-sha256", str(image)]]
        commands += [["openssl", "dgst", "-sha256", *files]]
    return commands


def beside_genisoimage(base: Path, name: str, kind: str, way: str, rounds: int) -> bool:
    """Measure one set, as one kind of image, in one way."""
    folder = corpus(base, name)
    ours, theirs = base / "ours.iso", base / "theirs.iso"

    def tidy() -> None:
        for image in (ours, theirs):
            image.unlink(missing_ok=True)

    own = [sys.executable, str(WRITE), kind, way, str(folder), str(ours)]
    others = peers(folder, theirs, kind, way)
    good = contest(Contest(f"{kind} {name}, {way}", [own], others, GOALS[name], tidy), rounds)
    if way == "bare":
        with Running([*own[:2], SERVE], own[2:]) as running:
            row = Contest(f"{kind} {name}, {way}, running", running.run, others, GOALS[name], tidy)
            good &= contest(row, rounds)
    return good


def main() -> int:
    """Measure what was asked for; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", choices=[*GOALS, []], default=[])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument(
        "--ways", nargs="+", choices=["bare", "digests"], default=["bare", "digests"]
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    compiled = [str(path.parent) for path in ROOT.glob("*/py.typed")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *compiled], check=True)
    print(f"{'':<34}{'ours':>10} {'theirs':>10} {'wall':>8} {'cpu':>8} {'goal':>7} {'peak':>9}")
    good = True
    for name in arguments.sets or GOALS:
        for way in arguments.ways:
            for kind in arguments.kinds:
                good &= beside_genisoimage(arguments.base, name, kind, way, arguments.rounds)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
