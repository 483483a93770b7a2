"""Measures Secure DICOM Files beside `openssl cms`: whole processes, as run.py does.

    python benchmarks/secure.py             all, below /dev/shm (about 5 GB)
    python benchmarks/secure.py many --rounds 3

"one" is a file of 200 MB, "many" are 1,000 of 0.5 MB. "shared" is the product on an encrypted
folder of 3,000 CT slices, two processes beside one.

OpenSSL takes the digest and then encrypts, or decrypts and then checks: two processes for a file,
once with all of it in memory as it does by itself, once with -stream. It derives the password in
2,048 steps, anew for each file; we derive in 600,000, once: 0.12 s, which -stream sees in full.
What we open is what it has locked, so that we have to derive as often. Exit code 1 when a goal is
missed.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from corpora import corpus
from run import JACKET, ROOT, Contest, contest, timed

DO = Path(__file__).with_name("write_secure.py")
SETS = {"one": (1, 200_000_000), "many": (1000, 500_000)}
# theirs / ours, at least: sealing, whether with -stream or not; and opening
GOALS = {"one": (1.0, 1.0), "many": (10.0, 1.0)}
SHARED_GOAL = 1.4  # one process / two, wall
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


def shared(base: Path, rounds: int) -> bool:
    """Measure what the second core brings to the commands that open a medium."""
    medium, target, word = base / "secure-medium", base / "target", base / "word.txt"
    word.write_text("seven lemon tractors hum\n")
    password = ["--password-file", str(word)]
    if not medium.exists():
        secure = ["--profile", "STD-GEN-SEC-CD", *password]
        timed([[*JACKET, "author", str(corpus(base, "M")), "-o", str(medium), *secure]])

    def tidy() -> None:
        shutil.rmtree(target, ignore_errors=True)

    good = True
    for command in (["decrypt", str(medium), "--to", str(target)], ["verify", str(medium)]):
        alone, together = ([[*JACKET, *command, *password, "--jobs", jobs]] for jobs in "12")
        name = f"{command[0]}, 2 processes beside 1"
        good &= contest(Contest(name, together, alone, SHARED_GOAL, tidy), rounds)
    shutil.rmtree(medium)
    return good


def main() -> int:
    """Measure what was asked for; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", choices=[*SETS, "shared", []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(ROOT / "secure"), str(ROOT / "reporting")],
        check=True,
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before the first round")
    print(f"{'':<34}{'ours':>10} {'theirs':>10} {'wall':>8} {'cpu':>8} {'goal':>7} {'peak':>9}")
    good = True
    for name in arguments.sets or [*SETS, "shared"]:
        if name == "shared":
            good &= shared(arguments.base, arguments.rounds)
        else:
            good &= measure(arguments.base, name, arguments.rounds)
    print("all goals are reached" if good else "a goal is MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
