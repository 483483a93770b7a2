"""Measures Secure DICOM Files beside `openssl cms`: whole processes, as run.py does.

    python benchmarks/secure.py             one file of 200 MB, and 1,000 of 0.5 MB (about 3 GB)
    python benchmarks/secure.py many --rounds 3

OpenSSL takes the digest and then encrypts, or decrypts and then checks: two processes for a file,
once with all of it in memory as it does by itself, once with -stream. It derives the password in
2,048 steps, anew for each file; we derive in 600,000, once: 0.25 s, which -stream sees in full.
What we open is what it has locked, so that we have to derive as often. Exit code 1 when a goal is
missed.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from run import ROOT, Contest, contest, timed

DO = Path(__file__).with_name("write_secure.py")
SETS = {"one": (1, 200_000_000), "many": (1000, 500_000)}
# theirs / ours, at least: sealing, whether with -stream or not; and opening
GOALS = {"one": (1.0, 1.0), "many": (10.0, 1.0)}
CMS = ["openssl", "cms", "-binary"]
WORD = ["-pwri_password", "phrase"]


def sources(base: Path, name: str) -> Path:
    """Return a folder of files that look like DICOM Files, made once."""
    folder = base / f"secure-{name}"
    number, size = SETS[name]
    if not folder.exists():
        folder.mkdir()
        for at in range(number):
            with (folder / f"I{at:07}").open("wb") as file:
                file.write(bytes(128) + b"DICM" + os.urandom(99_868))
                for _ in range(size // 100_000 - 1):  # The peak of a child begins with ours.
                    file.write(os.urandom(100_000))
    return folder


def sealing(folder: Path, target: Path, options: list[str]) -> list[list[str]]:
    """Return the peer's commands that lock every file."""
    inner, commands = str(target / "inner"), []
    for path in sorted(folder.iterdir()):
        digest = [*CMS, "-digest_create", "-md", "sha256", "-outform", "DER", *options]
        commands.append([*digest, "-in", str(path), "-out", inner])
        encrypt = [*CMS, "-encrypt", "-aes256", "-outform", "DER", *options, *WORD]
        commands.append([*encrypt, "-in", inner, "-out", str(target / path.name)])
    return commands


def opening(folder: Path, target: Path) -> list[list[str]]:
    """Return the peer's commands that open every file."""
    inner, commands = str(target / "inner"), []
    for path in sorted(folder.iterdir()):
        decrypt = [*CMS, "-decrypt", "-inform", "DER", *WORD]
        commands.append([*decrypt, "-in", str(path), "-out", inner])
        verify = [*CMS, "-digest_verify", "-inform", "DER"]
        commands.append([*verify, "-in", inner, "-out", str(target / path.name)])
    return commands


def own(way: str, folder: Path, target: Path) -> list[list[str]]:
    """Return our command for all files."""
    return [[sys.executable, str(DO), way, str(folder), str(target)]]


def measure(base: Path, name: str, rounds: int) -> bool:
    """Measure one set in both directions."""
    folder, locked, target = sources(base, name), base / "locked", base / "target"

    def tidy() -> None:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()

    good = True
    goal = GOALS[name][0]
    for title, options in (("", []), (" -stream", ["-stream"])):
        theirs = sealing(folder, target, options)
        row = Contest(f"seal {name}{title}", own("seal", folder, target), theirs, goal, tidy)
        good &= contest(row, rounds)
    shutil.rmtree(locked, ignore_errors=True)
    locked.mkdir()
    timed(sealing(folder, locked, []))
    (locked / "inner").unlink()
    row = Contest(
        f"open {name}", own("open", locked, target), opening(locked, target), GOALS[name][1], tidy
    )
    good &= contest(row, rounds)
    shutil.rmtree(locked)
    shutil.rmtree(target)
    return good


def main() -> int:
    """Measure what was asked for; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(ROOT / "secure"), str(ROOT / "reporting")],
        check=True,
    )
    print(f"{'':<34}{'ours':>10} {'theirs':>10} {'wall':>8} {'cpu':>8} {'goal':>7} {'peak':>9}")
    good = True
    for name in arguments.sets or SETS:
        good &= measure(arguments.base, name, arguments.rounds)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
