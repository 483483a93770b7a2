"""House rules that no linter knows: packages are typed, files stay small, no address is pinned."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 600  # lines; past this a second thing hides in a file


def problems() -> list[str]:
    """Return what is against the rules."""
    found = []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]
    for package in packages:
        folder = ROOT / package.replace(".", "/")
        if "." not in package and not (folder / "py.typed").exists():
            found.append(f"{package}: no py.typed")
        if not (folder / "__init__.py").exists():
            found.append(f"{package}: no __init__.py")
    for path in sorted(ROOT.glob("tests/**/__init__.py")):
        found.append(f"{path.relative_to(ROOT)}: shadows our packages")
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 (whatever git is there)
        cwd=ROOT,
        capture_output=True,
        check=False,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        found += _problems_of(ROOT / name, name)
    return found


def _problems_of(path: Path, name: str) -> list[str]:
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    found = []
    if path.suffix == ".py" and (lines := text.count("\n")) > LONGEST:
        found.append(f"{name}: {lines} lines")
    if "constraints" in path.name and re.search(r"https?://|@ ", text):
        found.append(f"{name}: holds a download address")
    return found


if __name__ == "__main__":
    bad = problems()
    for line in bad:
        sys.stderr.write(line + "\n")
    sys.exit(bool(bad))
